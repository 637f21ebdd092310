//! Amazon's published test vectors ("Signature Version 4 test suite", 2015-08-30), and what the suite leaves out.

use http::{Method, Request};

use super::*;
use crate::Secret;

fn keys(session_token: Option<&str>) -> AwsKeys {
    AwsKeys {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        session_token: session_token.map(Secret::new),
    }
}

fn parts(method: Method, uri: &str, headers: &[(&str, &str)]) -> request::Parts {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

/// The suite's time, 2015-08-30T12:36:00Z.
const NOW: UnixMs = UnixMs(1_440_938_160_000);

fn signed(keys: &AwsKeys, parts: &mut request::Parts, body: &[u8]) -> String {
    let signer = SigV4 { keys, region: "us-east-1", service: "service", now: NOW };
    signer.sign(parts, body).unwrap();
    parts.headers[AUTHORIZATION].to_str().unwrap().to_owned()
}

#[test]
fn the_published_vectors() {
    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
    type Vector = (
        &'static str,
        Method,
        &'static str,
        &'static [(&'static str, &'static str)],
        &'static str,
        &'static str,
        &'static str,
    );
    let vectors: &[Vector] = &[
        (
            "get-vanilla",
            Method::GET,
            "https://example.amazonaws.com/",
            &[],
            "",
            "host;x-amz-date",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "get-vanilla-query-order-key-case",
            Method::GET,
            "https://example.amazonaws.com/?Param2=value2&Param1=value1",
            &[],
            "",
            "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "get-slash-dot-slash",
            Method::GET,
            "https://example.amazonaws.com/./",
            &[],
            "",
            "host;x-amz-date",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "get-relative-relative",
            Method::GET,
            "https://example.amazonaws.com/example1/example2/../..",
            &[],
            "",
            "host;x-amz-date",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "get-header-value-trim",
            Method::GET,
            "https://example.amazonaws.com/",
            &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
            "",
            "host;my-header1;my-header2;x-amz-date",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
        (
            "get-header-value-order",
            Method::GET,
            "https://example.amazonaws.com/",
            &[
                ("my-header1", "value4"),
                ("my-header1", "value1"),
                ("my-header1", "value3"),
                ("my-header1", "value2"),
            ],
            "",
            "host;my-header1;x-amz-date",
            "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
        ),
        (
            "post-vanilla",
            Method::POST,
            "https://example.amazonaws.com/",
            &[],
            "",
            "host;x-amz-date",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            "post-x-www-form-urlencoded",
            Method::POST,
            "https://example.amazonaws.com/",
            &[FORM],
            "Param1=value1",
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ];
    for (name, method, uri, headers, body, names, signature) in vectors {
        let mut parts = parts(method.clone(), uri, headers);
        assert_eq!(
            signed(&keys(None), &mut parts, body.as_bytes()),
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders={names}, Signature={signature}"
            ),
            "{name}"
        );
    }
}

/// The vector `post-sts-header-before`: the token is signed too.
#[test]
fn a_session_token() {
    let token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
    let mut parts = parts(Method::POST, "https://example.amazonaws.com/", &[]);
    assert_eq!(
        signed(&keys(Some(token)), &mut parts, b""),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders=host;x-amz-date;x-amz-security-token, \
         Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"
    );
    assert_eq!(parts.headers["x-amz-security-token"], token);
    assert!(
        parts.headers["x-amz-security-token"].is_sensitive() && parts.headers["authorization"].is_sensitive()
    );
}

/// The example of the signing guide: ListUsers of IAM.
#[test]
fn the_example_of_the_guide() {
    let content_type = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    let uri = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08";
    let mut parts = parts(Method::GET, uri, &[content_type]);
    let keys = keys(None);
    SigV4 { keys: &keys, region: "us-east-1", service: "iam", now: NOW }.sign(&mut parts, b"").unwrap();
    let authorization = parts.headers[AUTHORIZATION].to_str().unwrap();
    assert!(
        authorization.ends_with("Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"),
        "{authorization}"
    );
}

#[test]
fn a_path_is_signed_in_its_second_encoding() {
    let step = SigV4::percent_encode("arn:aws:bedrock:us-east-1:1:inference-profile/a_b~c.v1:0");
    assert_eq!(step, "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fa_b~c.v1%3A0");
    assert_eq!(
        path(&format!("/model/{step}/converse")),
        "/model/arn%253Aaws%253Abedrock%253Aus-east-1%253A1%253Ainference-profile%252Fa_b~c.v1%253A0/converse"
    );
    assert_eq!(path(""), "/");
    assert_eq!(path("/a//b/"), "/a/b/");
}

#[test]
fn hosts() {
    for (uri, wanted) in [
        ("https://h.example:443/x", "h.example"),
        ("http://127.0.0.1:80/x", "127.0.0.1"),
        ("http://127.0.0.1:8080/x", "127.0.0.1:8080"),
        ("https://h.example", "h.example"),
    ] {
        assert_eq!(host(&uri.parse().unwrap()).unwrap(), wanted);
    }
    assert!(host(&"/x".parse().unwrap()).is_err());
}

#[test]
fn what_others_may_change_is_not_signed() {
    let all: Vec<(&str, &str)> = UNSIGNED.iter().map(|name| (*name, "x")).collect();
    let mut parts = parts(Method::GET, "https://example.amazonaws.com/", &all);
    let authorization = signed(&keys(None), &mut parts, b"");
    assert!(authorization.contains("SignedHeaders=host;x-amz-date, "), "{authorization}");
}

#[test]
fn dates_of_all_times() {
    for (ms, wanted) in [
        (0, "19700101T000000Z"),
        (951_782_399_999, "20000228T235959Z"),
        (951_782_400_000, "20000229T000000Z"),
        (1_440_938_160_000, "20150830T123600Z"),
        (1_740_787_199_000, "20250228T235959Z"),
        (4_102_444_800_000, "21000101T000000Z"),
        (-1, "19691231T235959Z"),
    ] {
        assert_eq!(amz_date(UnixMs(ms)), wanted);
    }
}
