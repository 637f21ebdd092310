//! Address, headers and signature of a request.
//!
//! Source: Amazon Bedrock endpoints and quotas (docs.aws.amazon.com/general/latest/gr/bedrock.html) and the partitions
//! and endpoint rules that Amazon publishes with botocore 1.44.5, read 2026-11.

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Uri, request};
use llm_provider_core::{Call, Credential, EncodeError, Framing, Parameters, Payload, SigV4};

use crate::model::{Model, is_region};

/// The region of those who name none: LiteLLM's, so that a deployment moved from there finds its models.
const DEFAULT_REGION: &str = "us-west-2";

/// The name that requests to Bedrock are signed for, whichever of its hosts they go to.
const SERVICE: &str = "bedrock";

/// One of Bedrock's operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Converse,
    ConverseStream,
    Invoke,
    InvokeStream,
    CountTokens,
    Rerank,
}

impl Endpoint {
    fn path(self, model: &str) -> String {
        let operation = match self {
            Self::Converse => "converse",
            Self::ConverseStream => "converse-stream",
            Self::Invoke => "invoke",
            Self::InvokeStream => "invoke-with-response-stream",
            Self::CountTokens => "count-tokens",
            Self::Rerank => return "/rerank".to_owned(),
        };
        format!("/model/{}/{operation}", SigV4::percent_encode(model))
    }

    const fn accept(self) -> &'static str {
        match self {
            Self::ConverseStream | Self::InvokeStream => Framing::EventStream.content_type(),
            _ => "application/json",
        }
    }

    const fn host(self) -> &'static str {
        match self {
            Self::Rerank => "bedrock-agent-runtime",
            _ => "bedrock-runtime",
        }
    }
}

/// A whole request: signed, or with a bearer key.
pub(crate) fn request(
    endpoint: Endpoint,
    model: &Model<'_>,
    call: &Call<'_>,
    headers: &HeaderMap,
    body: Vec<u8>,
) -> Result<Request<Payload>, EncodeError> {
    let mut parts = head(endpoint, model, call, headers)?;
    sign(&mut parts, model, call, &body)?;
    Ok(Request::from_parts(parts, body.into()))
}

/// Signs a head over its body, unless the key is one that is borne.
pub(crate) fn sign(
    parts: &mut request::Parts,
    model: &Model<'_>,
    call: &Call<'_>,
    body: &[u8],
) -> Result<(), EncodeError> {
    match call.credential {
        Some(Credential::Aws(keys)) => {
            let region = region(model, call.parameters)?;
            SigV4 { keys, region, service: SERVICE, now: call.now }.sign(parts, body)
        }
        _ => Ok(()),
    }
}

/// Method, address and headers, without a signature. The caller's headers win.
pub(crate) fn head(
    endpoint: Endpoint,
    model: &Model<'_>,
    call: &Call<'_>,
    own: &HeaderMap,
) -> Result<request::Parts, EncodeError> {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = Method::POST;
    parts.uri = address(endpoint, model, call)?;
    let headers = &mut parts.headers;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static(endpoint.accept()));
    if let Some(key) = call.key() {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose()))
            .map_err(|_| EncodeError::Setup("the key holds what a header cannot".to_owned()))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    for given in [own, call.headers] {
        for name in given.keys() {
            headers.remove(name);
        }
        headers.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    // Betas travel in the body here; a header of that name means nothing to Bedrock.
    headers.remove(HeaderName::from_static("anthropic-beta"));
    Ok(parts)
}

fn address(endpoint: Endpoint, model: &Model<'_>, call: &Call<'_>) -> Result<Uri, EncodeError> {
    let base = match call.parameter("aws_bedrock_runtime_endpoint").or(call.base_url) {
        // A private link to the runtime has a sister for the agents' runtime.
        Some(given) => {
            given.trim_end_matches('/').replace("://bedrock-runtime", &format!("://{}", endpoint.host()))
        }
        None => {
            let region = region(model, call.parameters)?;
            format!("https://{}.{region}.{}", endpoint.host(), dns_suffix(region))
        }
    };
    if model.id.is_empty() {
        return Err(EncodeError::Setup("the deployment names no model of Bedrock's".to_owned()));
    }
    format!("{base}{}", endpoint.path(model.id))
        .parse()
        .map_err(|error| EncodeError::Setup(format!("`{base}` is no address: {error}")))
}

/// The region: where the model is if its name tells, else where the deployment says.
pub(crate) fn region<'a>(model: &Model<'a>, parameters: &'a Parameters) -> Result<&'a str, EncodeError> {
    let region = model.region.or_else(|| parameters.get("aws_region_name")).unwrap_or(DEFAULT_REGION);
    if is_region(region) {
        Ok(region)
    } else {
        Err(EncodeError::Setup(format!("`{region}` is no region of Amazon's")))
    }
}

/// What the hosts of a region end in.
pub(crate) fn dns_suffix(region: &str) -> &'static str {
    const SUFFIXES: &[(&str, &str)] = &[
        ("cn-", "amazonaws.com.cn"),
        ("eusc-", "amazonaws.eu"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("us-iso-", "c2s.ic.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
    ];
    SUFFIXES
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("amazonaws.com", |(_, suffix)| suffix)
}

#[cfg(test)]
mod tests {
    use llm_provider_core::{AwsKeys, Secret};
    use llm_types::UnixMs;

    use super::*;

    fn uri(endpoint: Endpoint, name: &str, call: &Call<'_>) -> String {
        address(endpoint, &Model::of(name), call).unwrap().to_string()
    }

    #[test]
    fn addresses() {
        let none = HeaderMap::new();
        let call = Call::new("m", &none);
        assert_eq!(
            uri(Endpoint::Converse, "us.amazon.nova-pro-v1:0", &call),
            "https://bedrock-runtime.us-west-2.amazonaws.com/model/us.amazon.nova-pro-v1%3A0/converse"
        );
        let parameters: Parameters = [("aws_region_name", "cn-north-1")].into_iter().collect();
        let call = Call { parameters: &parameters, ..call };
        assert_eq!(
            uri(Endpoint::InvokeStream, "m", &call),
            "https://bedrock-runtime.cn-north-1.amazonaws.com.cn/model/m/invoke-with-response-stream"
        );
        let arn = "arn:aws:bedrock:eu-west-3:1:application-inference-profile/a1";
        assert_eq!(
            uri(Endpoint::ConverseStream, arn, &call),
            "https://bedrock-runtime.eu-west-3.amazonaws.com/model/\
             arn%3Aaws%3Abedrock%3Aeu-west-3%3A1%3Aapplication-inference-profile%2Fa1/converse-stream"
        );
        assert_eq!(
            uri(Endpoint::Rerank, "m", &call),
            "https://bedrock-agent-runtime.cn-north-1.amazonaws.com.cn/rerank"
        );
        let call = Call { base_url: Some("http://127.0.0.1:9/"), ..call };
        assert_eq!(uri(Endpoint::CountTokens, "m", &call), "http://127.0.0.1:9/model/m/count-tokens");
        let parameters: Parameters =
            [("aws_bedrock_runtime_endpoint", "https://bedrock-runtime.vpce-1.example")]
                .into_iter()
                .collect();
        let call = Call { parameters: &parameters, ..call };
        assert_eq!(uri(Endpoint::Rerank, "m", &call), "https://bedrock-agent-runtime.vpce-1.example/rerank");
    }

    #[test]
    fn a_region_cannot_name_another_host() {
        let none = HeaderMap::new();
        let parameters: Parameters = [("aws_region_name", "us-east-1.evil.example/")].into_iter().collect();
        let call = Call { parameters: &parameters, ..Call::new("m", &none) };
        let error = address(Endpoint::Converse, &Model::of("m"), &call).unwrap_err();
        assert!(matches!(error, EncodeError::Setup(_)), "{error}");
    }

    #[test]
    fn keys_that_sign_and_keys_that_are_borne() {
        let mut given = HeaderMap::new();
        given.insert("x-amzn-bedrock-trace", HeaderValue::from_static("ENABLED"));
        given.insert("anthropic-beta", HeaderValue::from_static("x"));
        let keys = Credential::Aws(AwsKeys {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: Secret::new("secret"),
            session_token: Some(Secret::new("token")),
        });
        let now = UnixMs(1_440_938_160_000);
        let call = Call { credential: Some(&keys), now, ..Call::new("m", &given) };
        let signed =
            request(Endpoint::Converse, &Model::of("m"), &call, &HeaderMap::new(), b"{}".to_vec()).unwrap();
        let authorization = signed.headers()["authorization"].to_str().unwrap();
        assert!(
            authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-west-2/bedrock/aws4_request, \
            SignedHeaders=accept;content-type;host;x-amz-date;x-amz-security-token;x-amzn-bedrock-trace, Signature="),
            "{authorization}"
        );
        assert!(!signed.headers().contains_key("anthropic-beta"));
        let key = Credential::Key(Secret::new("ABSK-1"));
        let call = Call { credential: Some(&key), ..call };
        let borne =
            request(Endpoint::Converse, &Model::of("m"), &call, &HeaderMap::new(), b"{}".to_vec()).unwrap();
        assert_eq!(borne.headers()["authorization"], "Bearer ABSK-1");
        assert!(borne.headers()["authorization"].is_sensitive());
        assert!(!borne.headers().contains_key("x-amz-date"));
    }
}
