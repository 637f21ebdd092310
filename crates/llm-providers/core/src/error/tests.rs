//! Waiting times, and errors on their way to a client.

use http::HeaderValue;

use super::*;

fn wait(headers: &[(&'static str, &'static str)]) -> Option<u64> {
    retry_after_ms(
        &headers
            .iter()
            .map(|&(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect(),
    )
}

#[test]
fn waiting_times() {
    const DATE: (&str, &str) = ("date", "Fri, 20 Nov 2026 10:00:00 GMT");
    for (headers, ms) in [
        (&[][..], None),
        (&[("retry-after", "20")], Some(20_000)),
        (&[("retry-after", " 20 ")], Some(20_000)),
        (&[("retry-after", "0")], Some(0)),
        (&[("retry-after", "0.25")], Some(250)),
        (&[("retry-after", "-1")], None),
        (&[("retry-after", "soon")], None),
        (&[("retry-after", "")], None),
        (&[("retry-after", "NaN")], None),
        (&[("retry-after-ms", "1500")], Some(1_500)),
        (&[("retry-after-ms", "1500.7")], Some(1_500)),
        (&[("retry-after-ms", "-5")], None),
        // The finer one wins, unless it cannot be read.
        (&[("retry-after", "20"), ("retry-after-ms", "7")], Some(7)),
        (&[("retry-after", "20"), ("retry-after-ms", "x")], Some(20_000)),
        // A date counts from the answer's own.
        (&[("retry-after", "Fri, 20 Nov 2026 10:00:30 GMT"), DATE], Some(30_000)),
        (&[("retry-after", "Fri, 20 Nov 2026 09:00:00 GMT"), DATE], Some(0)),
        (&[("retry-after", "Fri, 20 Nov 2026 10:00:30 GMT")], None),
        (&[("retry-after", "Friday, 20-Nov-26 10:01:00 GMT"), DATE], Some(60_000)),
    ] {
        assert_eq!(wait(headers), ms, "{headers:?}");
    }
}

#[test]
fn a_waiting_time_without_end_is_none() {
    for text in ["inf", "1e300", "99999999999999999999"] {
        assert_eq!(wait(&[("retry-after", text)]), None, "{text}");
        assert_eq!(wait(&[("retry-after-ms", text)]), None, "{text}");
    }
}

#[test]
fn encode_errors_tell_the_member() {
    let error = ApiError::from(EncodeError::unsupported("logit_bias", "the vendor has no such member"));
    assert_eq!((error.kind, error.layer), (ErrorKind::Unsupported, Layer::Translation));
    assert_eq!(error.param.as_deref(), Some("logit_bias"));
    assert_eq!(error.code.as_deref(), Some("unsupported_parameter"));
    assert_eq!(error.message, "logit_bias: the vendor has no such member");

    let error = ApiError::from(EncodeError::invalid("messages[0]", "is empty"));
    assert_eq!((error.status(), error.param.as_deref()), (400, Some("messages[0]")));
    let error = ApiError::from(EncodeError::Setup("no address".to_owned()));
    assert_eq!((error.status(), error.layer), (500, Layer::Gateway));
}

#[test]
fn a_vendors_words_reach_the_client() {
    let upstream = UpstreamError {
        code: Some("rate_limit_exceeded".to_owned()),
        vendor_type: Some("tokens".to_owned()),
        param: Some("model".to_owned()),
        retry_after_ms: Some(250),
        body: Bytes::from_static(b"{}"),
        ..UpstreamError::new(ErrorKind::RateLimit, 429, "Slow down.")
    };
    assert_eq!(upstream.to_string(), "rate_limit (429): Slow down.");
    let streamed = ApiError::from(StreamError::from(upstream.clone()));
    let error = ApiError::from(upstream);
    assert_eq!(error, streamed, "in a stream it is the same");
    assert_eq!((error.layer, error.status(), error.vendor_status), (Layer::Provider, 429, Some(429)));
    assert_eq!(error.to_string(), "provider: Slow down.");
    assert_eq!(error.retry_after_ms, Some(250));
    assert_eq!(error.vendor_type.as_deref(), Some("tokens"));
}

#[test]
fn a_vendors_status_is_told_where_it_blames_the_request() {
    let told = |kind, status| {
        let error = ApiError::from(UpstreamError::new(kind, status, "m"));
        (error.status(), error.told_kind())
    };
    for (kind, vendors, status, told_kind) in [
        (ErrorKind::NotFound, 400, 400, ErrorKind::InvalidRequest),
        (ErrorKind::Authentication, 400, 400, ErrorKind::InvalidRequest),
        (ErrorKind::ContextWindow, 422, 422, ErrorKind::Unprocessable),
        (ErrorKind::ContextWindow, 400, 400, ErrorKind::ContextWindow),
        // Limits and failures keep the status by which clients try again.
        (ErrorKind::RateLimit, 400, 429, ErrorKind::RateLimit),
        (ErrorKind::QuotaExceeded, 403, 429, ErrorKind::QuotaExceeded),
        (ErrorKind::Unavailable, 400, 503, ErrorKind::Unavailable),
        (ErrorKind::Unavailable, 529, 503, ErrorKind::Unavailable),
        // What no client knows, and what is no failure, says nothing.
        (ErrorKind::InvalidRequest, 498, 400, ErrorKind::InvalidRequest),
        (ErrorKind::ContentPolicy, 200, 400, ErrorKind::ContentPolicy),
    ] {
        assert_eq!(told(kind, vendors), (status, told_kind), "{kind:?} {vendors}");
    }
}

#[test]
fn what_cannot_be_read_is_a_bad_gateway() {
    let error = UpstreamError::unreadable(StatusCode::OK, b"<html>", "expected value");
    assert_eq!((error.kind, error.status, error.body.as_ref()), (ErrorKind::BadGateway, 200, &b"<html>"[..]));
    for error in [StreamError::Truncated, StreamError::Corrupt("bad".to_owned())] {
        let error = ApiError::from(error);
        assert_eq!((error.kind, error.layer), (ErrorKind::BadGateway, Layer::Provider));
    }
}
