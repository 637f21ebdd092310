//! Every form of error that a vendor is known to send.

use super::*;

fn read_with(status: u16, body: &str, codes: &[(String, ErrorKind)]) -> UpstreamError {
    let response = Response::builder()
        .status(status)
        .header("x-request-id", "req-1")
        .header("retry-after", "2")
        .body(body.as_bytes())
        .unwrap();
    read(&response, codes)
}

#[track_caller]
fn check(status: u16, body: &str, kind: ErrorKind, message: &str) -> UpstreamError {
    let error = read_with(status, body, &[]);
    assert_eq!((error.kind, error.message.as_str()), (kind, message), "{body}");
    assert_eq!(error.body, body);
    error
}

#[test]
fn openais_own_form() {
    let error = check(
        400,
        r#"{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
        ErrorKind::ContextWindow,
        "too long",
    );
    assert_eq!(error.code.as_deref(), Some("context_length_exceeded"));
    assert_eq!(error.vendor_type.as_deref(), Some("invalid_request_error"));
    assert_eq!(error.param.as_deref(), Some("messages"));
    assert_eq!((error.request_id.as_deref(), error.retry_after_ms), (Some("req-1"), Some(2000)));
    let coded = |code: &str| format!(r#"{{"error":{{"message":"m","code":"{code}"}}}}"#);
    check(429, &coded("insufficient_quota"), ErrorKind::QuotaExceeded, "m");
    check(429, &coded("rate_limit_exceeded"), ErrorKind::RateLimit, "m");
    check(400, &coded("content_policy_violation"), ErrorKind::ContentPolicy, "m");
    check(404, &coded("model_not_found"), ErrorKind::NotFound, "m");
    check(400, &coded("model_not_found"), ErrorKind::NotFound, "m");
    check(401, &coded("invalid_api_key"), ErrorKind::Authentication, "m");
    check(400, &coded("string_above_max_length"), ErrorKind::InvalidRequest, "m");
    check(503, &coded("overloaded"), ErrorKind::Unavailable, "m");
}

#[test]
fn other_forms() {
    use ErrorKind as Kind;
    check(400, r#"{"error":"bad model","code":"x"}"#, Kind::InvalidRequest, "bad model");
    check(
        400,
        r#"{"code":"c","error":"Incorrect API key provided: s***"}"#,
        Kind::Authentication,
        "Incorrect API key provided: s***",
    );
    check(401, r#"{"message":"Unauthorized"}"#, Kind::Authentication, "Unauthorized");
    check(
        400,
        r#"{"object":"error","message":"Invalid model: x","type":"invalid_model","code":"1500"}"#,
        Kind::NotFound,
        "Invalid model: x",
    );
    check(422, r#"{"detail":"no such thing"}"#, Kind::Unprocessable, "no such thing");
    let error = check(
        422,
        r#"{"detail":[{"loc":["body","messages",0],"msg":"field required","type":"missing"},{"loc":["body","n"],"msg":"too big"}]}"#,
        Kind::Unprocessable,
        "body.messages.0: field required; body.n: too big",
    );
    assert_eq!(error.param.as_deref(), Some("body.messages.0"));
    check(422, r#"{"message":{"detail":[{"loc":["body"],"msg":"bad"}]}}"#, Kind::Unprocessable, "body: bad");
    check(500, r#"{"detail":{"error":"engine died"}}"#, Kind::Internal, "engine died");
    check(400, r#"[{"error":{"code":400,"message":"wrapped"}}]"#, Kind::InvalidRequest, "wrapped");
    check(
        403,
        r#"{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}"#,
        Kind::PermissionDenied,
        "Authentication error",
    );
    check(429, "slow down", Kind::RateLimit, "slow down");
    check(
        400,
        r#"{"code":20015,"msg":"the token is too long","data":null}"#,
        Kind::InvalidRequest,
        "the token is too long",
    );
    check(
        401,
        r#"{"error_code":110,"error_msg":"Access token invalid"}"#,
        Kind::Authentication,
        "Access token invalid",
    );
    check(
        503,
        r#"{"error":"Model is overloaded","error_type":"overloaded"}"#,
        Kind::Unavailable,
        "Model is overloaded",
    );
    check(
        502,
        "<html><head><title>502 Bad Gateway</title></head></html>",
        Kind::BadGateway,
        "502 Bad Gateway",
    );
    check(504, "<html>", Kind::GatewayTimeout, "the vendor answered with a page instead of JSON");
    check(500, "", Kind::Internal, "the vendor gave no reason");
    check(500, "{}", Kind::Internal, "{}");
    assert!(read_with(500, &"é".repeat(600), &[]).message.chars().count() == MESSAGE_CHARS + 1);
}

#[test]
fn a_status_of_success_does_not_count() {
    let error = check(
        200,
        r#"{"error":{"code":429,"message":"upstream limit"}}"#,
        ErrorKind::RateLimit,
        "upstream limit",
    );
    assert_eq!(error.status, 429);
    let error = check(
        200,
        r#"{"base_resp":{"status_code":1004,"status_msg":"login fail"}}"#,
        ErrorKind::Internal,
        "login fail",
    );
    assert_eq!((error.status, error.code.as_deref()), (500, Some("1004")));
}

#[test]
fn words_inside_tell_the_kind() {
    check(
        400,
        r#"{"error":{"message":"blocked","code":"x","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
        ErrorKind::ContentPolicy,
        "blocked",
    );
}

#[test]
fn a_row_may_name_codes() {
    let codes = [("1261".to_owned(), ErrorKind::ContextWindow)];
    let error = read_with(400, r#"{"error":{"code":"1261","message":"prompt"}}"#, &codes);
    assert_eq!(error.kind, ErrorKind::ContextWindow);
}

#[test]
fn what_is_an_error() {
    let is = |body: &str| is_error(&serde_json::from_str(body).unwrap());
    assert!(is(r#"{"error":"x"}"#) && is(r#"{"choices":[],"error":{"code":1}}"#) && is(r#"{"detail":"x"}"#));
    assert!(is(r#"[{"error":"x"}]"#) && is(r#"{"object":"error"}"#));
    assert!(!is(r#"{"choices":[],"error":null,"message":"hi"}"#) && !is(r#"{"type":"ping"}"#) && !is("3"));
    assert!(!is(r#"{"choices":[],"base_resp":{"status_code":0}}"#));
}
