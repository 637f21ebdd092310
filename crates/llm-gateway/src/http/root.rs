//! `GET /`: what this is, and where the rest is.

use bytes::Bytes;
use http::{HeaderMap, Response, header};

use super::openapi::page;

const TEXT: &str = concat!(
    "llm-gateway ",
    env!("CARGO_PKG_VERSION"),
    " is running\n\n\
     /v1/models         the models\n\
     /docs              all routes; /openapi.json for machines\n\
     /health/readiness  whether new requests are welcome\n\
     /health            the deployments and how they are\n\
     /metrics           counts, for Prometheus\n",
);

const PAGE: &str = concat!(
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
     <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
     <meta name=\"color-scheme\" content=\"light dark\">\n<title>llm-gateway</title>\n\
     <link rel=\"icon\" href=\"data:,\">\n<h1>llm-gateway ",
    env!("CARGO_PKG_VERSION"),
    "</h1>\n<p>is running.</p>\n<ul>\n\
     <li><a href=\"v1/models\">/v1/models</a>: the models\n\
     <li><a href=\"docs\">/docs</a>: all routes; <a href=\"openapi.json\">/openapi.json</a> for machines\n\
     <li><a href=\"health/readiness\">/health/readiness</a>: whether new requests are welcome\n\
     <li><a href=\"health\">/health</a>: the deployments and how they are\n\
     <li><a href=\"metrics\">/metrics</a>: counts, for Prometheus\n</ul>\n",
);

/// A page for whoever takes one, else the same as text. Nothing in it is secret: it needs no key.
pub fn root(headers: &HeaderMap) -> Response<Bytes> {
    let takes_page =
        |accept: &http::HeaderValue| accept.to_str().is_ok_and(|kinds| kinds.contains("text/html"));
    match headers.get_all(header::ACCEPT).iter().any(takes_page) {
        true => page("text/html; charset=utf-8", PAGE),
        false => page("text/plain; charset=utf-8", TEXT),
    }
}
