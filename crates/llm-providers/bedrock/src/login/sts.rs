//! STS: a form is asked, XML is answered.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response};
use llm_provider_core::{AwsKeys, Credential, LoginStep, Secret, SigV4};
use llm_types::UnixMs;

use crate::head::dns_suffix;
use crate::model::is_region;

/// The region that requests to the one host for the whole world are signed for.
const GLOBAL: &str = "us-east-1";

/// Where STS is.
#[derive(Debug, Clone)]
pub(super) struct Sts {
    address: String,
    region: String,
}

/// Whose keys are wanted.
pub(super) struct Assume<'a> {
    pub(super) role: &'a str,
    pub(super) session: &'a str,
    pub(super) external_id: Option<&'a str>,
    pub(super) token: Option<&'a str>,
}

impl Sts {
    pub(super) fn new(endpoint: Option<String>, region: Option<&str>) -> Result<Self, String> {
        if let Some(region) = region.filter(|region| !is_region(region)) {
            return Err(format!("`{region}` is no region of Amazon's"));
        }
        let address = endpoint.unwrap_or_else(|| match region {
            Some(region) => format!("https://sts.{region}.{}", dns_suffix(region)),
            None => "https://sts.amazonaws.com".to_owned(),
        });
        Ok(Self {
            address: address.trim_end_matches('/').to_owned(),
            region: region.unwrap_or(GLOBAL).to_owned(),
        })
    }

    /// The request; signed with `keys`, unless a token says who asks.
    pub(super) fn request(
        &self,
        assume: &Assume<'_>,
        keys: Option<&AwsKeys>,
        now: UnixMs,
    ) -> Result<Request<Bytes>, String> {
        let action = if assume.token.is_some() { "AssumeRoleWithWebIdentity" } else { "AssumeRole" };
        let mut form = format!("Action={action}&Version=2011-06-15");
        let members = [
            ("RoleArn", Some(assume.role)),
            ("RoleSessionName", Some(assume.session)),
            ("ExternalId", assume.external_id),
            ("WebIdentityToken", assume.token),
        ];
        for (name, value) in members {
            if let Some(value) = value {
                form.push('&');
                form.push_str(name);
                form.push('=');
                form.push_str(&SigV4::percent_encode(value));
            }
        }
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = Method::POST;
        let address = format!("{}/", self.address);
        parts.uri = address.parse().map_err(|error| format!("`{address}` is no address: {error}"))?;
        parts.headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8"),
        );
        if let Some(keys) = keys {
            SigV4 { keys, region: &self.region, service: "sts", now }
                .sign(&mut parts, form.as_bytes())
                .map_err(|error| error.to_string())?;
        }
        Ok(Request::from_parts(parts, form.into()))
    }
}

/// Reads what STS answered.
pub(super) fn read(answer: &Response<Bytes>) -> LoginStep {
    let text = String::from_utf8_lossy(answer.body());
    if !answer.status().is_success() {
        let code = element(&text, "Code").unwrap_or_else(|| answer.status().to_string());
        let message = element(&text, "Message").unwrap_or_else(|| "without a word".to_owned());
        return LoginStep::Fail(format!("STS refused the role: {code}: {message}"));
    }
    let (Some(access_key_id), Some(secret), Some(token)) =
        (element(&text, "AccessKeyId"), element(&text, "SecretAccessKey"), element(&text, "SessionToken"))
    else {
        return LoginStep::Fail("STS gave an answer without keys".to_owned());
    };
    LoginStep::Done {
        credential: Credential::Aws(AwsKeys {
            access_key_id,
            secret_access_key: Secret::new(secret),
            session_token: Some(Secret::new(token)),
        }),
        expires_at: element(&text, "Expiration").as_deref().and_then(instant),
    }
}

/// The text of the first element of this name. STS writes elements without attributes, comments and nesting of the same
/// name, so no reader of XML is needed for them; an element of another form is none.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    if text.contains('<') {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (entity, after) = after.split_once(';')?;
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let number = entity.strip_prefix('#')?;
                let number = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => number.parse(),
                };
                char::from_u32(number.ok()?)?
            }
        });
        rest = after;
    }
    out.push_str(rest);
    Some(out.trim().to_owned())
}

/// An instant such as `2019-11-09T13:34:41Z` or `2019-11-09T13:34:41.000Z`.
fn instant(text: &str) -> Option<UnixMs> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.split('-').map(|step| step.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time =
        time.split_once('.').map_or(time, |(whole, _)| whole).split(':').map(|step| step.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1970-01-01, in years that begin on a first of March.
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days =
        365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468;
    Some(UnixMs(((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants() {
        for (text, wanted) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T00:00:00Z", Some(951_782_400_000)),
            ("2015-08-30T12:36:00.123Z", Some(1_440_938_160_000)),
            ("2025-02-28T23:59:59Z", Some(1_740_787_199_000)),
            ("2019-13-09T13:34:41Z", None),
            ("soon", None),
        ] {
            assert_eq!(instant(text), wanted.map(UnixMs), "{text}");
        }
    }

    #[test]
    fn elements() {
        let xml = "<A><B>x &amp; y&#43;&#x2b; &lt;z&gt;</B><C><D>1</D></C><E>&bad;</E></A>";
        assert_eq!(element(xml, "B").as_deref(), Some("x & y++ <z>"));
        assert_eq!(element(xml, "D").as_deref(), Some("1"));
        for none in ["A", "C", "E", "F"] {
            assert_eq!(element(xml, none), None, "{none}");
        }
    }
}
