//! Forms: what a request for a token is written in.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Request};

/// Names and values as `application/x-www-form-urlencoded`, in order.
pub fn form<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        encode(name, &mut out);
        out.push('=');
        encode(value, &mut out);
    }
    out
}

/// What is not safe, as `%XX`; a space too, which is right in a form and in a query.
fn encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// A request that posts a form.
///
/// # Errors
/// In words, if `url` is no address.
pub fn form_request<'a>(
    url: &str,
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Request<Bytes>, String> {
    Request::post(url)
        .header(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
        .header(ACCEPT, HeaderValue::from_static("application/json"))
        .body(Bytes::from(form(pairs)))
        .map_err(|_| format!("`{url}` is no address of tokens"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_encoded() {
        assert_eq!(form([("a b", "c&d=é/"), ("e", ""), ("f", "-._~")]), "a%20b=c%26d%3D%C3%A9%2F&e=&f=-._~");
        assert!(form_request("no address", [("a", "b")]).unwrap_err().contains("`no address`"));
        let request = form_request("http://h/token", [("a", "b")]).unwrap();
        assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
    }
}
