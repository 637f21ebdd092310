//! No vendor's wire and no client's dialect loses anything of a request in silence: requests at random, for every vendor
//! that is built in, as the canonical form has them and as clients of each dialect write them.
//!
//! `LLM_FUZZ_ITERATIONS` makes it long.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod claims;
mod hostile;
#[path = "../common/lost.rs"]
mod lost;
mod mcp;
#[path = "../common/parameters.rs"]
mod parameters;
mod prefix;
mod server_tools;

use http::HeaderMap;
use llm_providers::core::{
    Call, Chat, Credential, Dialect, EncodeError, Encoded, OnUnsupported, Payload, Provider, Secret,
    Translator,
};
use llm_providers::openai::{ResponsesOptions, ResponsesWire};
use llm_providers::types::{ChatRequest, OPENAI_ONLY};
use llm_testkit::fuzz::iterations;
use llm_testkit::laws;
use llm_testkit::{Random, random_request, sprinkle};
use serde_json::{Value, json};

use lost::Lost;
use parameters::parameters;

/// Names of models, of which some have rules of their own.
const MODELS: &[&str] = &[
    "model-1",
    "gpt-4o",
    "gpt-5.1",
    "o3",
    "claude-opus-4-6",
    "claude-3-haiku-20240307",
    "gemini-2.5-flash",
    "gemini-3-pro-preview",
    "amazon.nova-pro-v1:0",
    "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "meta.llama3-1-70b-instruct-v1:0",
    "cohere.command-a-03-2025",
    "mistral-large-latest",
    "magistral-medium-latest",
    "deepseek-reasoner",
    "openai/gpt-oss-120b",
];

fn encode(
    provider: &dyn Provider,
    translator: &dyn Translator<Chat>,
    request: &ChatRequest,
    model: &str,
    unsupported: OnUnsupported,
) -> Result<Encoded, EncodeError> {
    let (key, headers) = (Credential::Key(Secret::new("key")), HeaderMap::new());
    let parameters = parameters(provider);
    let call = Call {
        base_url: Some("https://vendor.example"),
        credential: Some(&key),
        parameters: &parameters,
        unsupported,
        ..Call::new(model, &headers)
    };
    translator.encode(request, &call)
}

/// Puts data where the gateway would have fetched it for a vendor that does not fetch.
fn fetched(provider: &dyn Provider, request: ChatRequest) -> ChatRequest {
    fn fetch(provider: &dyn Provider, value: &mut Value) {
        match value {
            Value::Object(members) => members.values_mut().for_each(|value| fetch(provider, value)),
            Value::Array(items) => items.iter_mut().for_each(|value| fetch(provider, value)),
            Value::String(url) => {
                if let Some(number) = url.strip_prefix("https://pictures.example/-")
                    && provider.wants_fetched(url)
                {
                    *url = format!("data:image/png;base64,AAAA70{number}");
                }
            }
            _ => {}
        }
    }
    let mut tree = serde_json::to_value(request).unwrap();
    fetch(provider, &mut tree);
    llm_providers::types::from_value(tree).unwrap()
}

/// Vendors with chat, each with how many requests it gets: those that share OpenAI's wire get fewer each.
fn vendors(short: u64) -> Vec<(&'static dyn Provider, u64)> {
    let all = llm_providers::providers().iter().map(|provider| &**provider);
    all.filter(|provider| provider.chat().is_some())
        .map(|provider| {
            let shares = llm_providers::openai_compat::find(&provider.info().id).is_some();
            (provider, iterations(if shares { short.div_ceil(12) } else { short }))
        })
        .collect()
}

/// What a vendor loses of a request, and whether it took it at all.
fn send(
    provider: &dyn Provider,
    request: &ChatRequest,
    turn: u64,
    lost: &mut Lost,
    told: impl Fn() -> String,
) -> bool {
    let model = MODELS[(turn % MODELS.len() as u64) as usize];
    // Every third caller wants to hear of losses as errors.
    let unsupported = if turn % 3 == 2 { OnUnsupported::Reject } else { OnUnsupported::Drop };
    let id = &provider.info().id;
    // Some name models by where they are.
    let model = match &**id {
        "ragflow" => format!("chat/id/{model}"),
        "openai" if turn % 2 == 1 => format!("responses/{model}"),
        _ => model.to_owned(),
    };
    match encode(provider, provider.chat().unwrap(), request, &model, unsupported) {
        Ok(encoded) => {
            let losses = laws::losses(request, &encoded, &claims::of_vendor(id));
            lost.add(id, losses, || format!("{model}, {}", told()));
            true
        }
        Err(EncodeError::Unsupported { path, reason } | EncodeError::Invalid { path, reason }) => {
            assert!(!path.is_empty() && !reason.is_empty(), "{id}, {}: `{path}`: `{reason}`", told());
            false
        }
        Err(error) => panic!("{id}, {}: {error}", told()),
    }
}

#[test]
fn requests_at_random() {
    let mut lost = Lost::default();
    let mut refusers = Vec::new();
    for (place, (provider, turns)) in vendors(240).into_iter().enumerate() {
        let mut asked = 0;
        let mut taken = 0;
        for turn in 0..turns {
            let seed = place as u64 * 0x1_0000_0000 + turn;
            let request = fetched(provider, random_request(seed));
            let is_strict = turn % 3 == 2;
            let was_taken = send(provider, &request, turn, &mut lost, || format!("seed {seed:#x}"));
            asked += u64::from(!is_strict);
            taken += u64::from(was_taken && !is_strict);
        }
        if taken * 2 < asked {
            refusers.push(format!("{} takes {taken} of {asked}", provider.info().id));
        }
    }
    lost.expect_none();
    assert!(refusers.is_empty(), "a vendor that refuses is no proof of anything: {refusers:#?}");
}

#[test]
fn what_only_openai_knows_stays_with_openai() {
    let mut request = random_request(1);
    for name in OPENAI_ONLY {
        request.extra.insert((*name).to_owned(), json!({ "mode": "explicit" }));
    }
    let send = |id: &str, model: &str| {
        let vendor = llm_providers::find(id).unwrap();
        let request = fetched(&*vendor, request.clone());
        let encoded = encode(&*vendor, vendor.chat().unwrap(), &request, model, OnUnsupported::Drop).unwrap();
        let Payload::Bytes(body) = encoded.request.body() else { panic!("segments") };
        let body: Value = serde_json::from_slice(body).unwrap();
        let sent = OPENAI_ONLY.iter().filter(|name| body.to_string().contains(**name)).count();
        let told = encoded.notes.iter().filter(|note| OPENAI_ONLY.contains(&&*note.path)).count();
        (sent, told)
    };
    assert_eq!(send("openai", "gpt-5.6"), (OPENAI_ONLY.len(), 0));
    let claude = "anthropic.claude-sonnet-4-5-20250929-v1:0";
    for (id, model) in [
        ("anthropic", "claude-sonnet-4-5"),
        ("bedrock", claude),
        ("bedrock", "amazon.nova-pro-v1:0"),
        ("gemini", "gemini-2.5-flash"),
        ("vertex_ai", "gemini-2.5-flash"),
        ("cohere", "command-a-03-2025"),
        ("ollama", "qwen3"),
    ] {
        assert_eq!(send(id, model), (0, OPENAI_ONLY.len()), "{id}/{model}");
    }
}

/// Dialects, each with the vendor whose wire it is: what that one's translator writes is what such a client sends.
const SPOKEN: &[(Dialect, &str)] = &[
    (Dialect::OpenAiChat, "openai"),
    (Dialect::OpenAiResponses, "openai"),
    (Dialect::AnthropicMessages, "anthropic"),
    (Dialect::Gemini, "gemini"),
    (Dialect::BedrockConverse, "bedrock"),
    (Dialect::CohereChat, "cohere"),
    (Dialect::OllamaChat, "ollama"),
];

/// A request as a client of the dialect writes it.
fn spoken(dialect: Dialect, vendor: &dyn Provider, seed: u64) -> Option<Value> {
    let request = fetched(vendor, random_request(seed));
    let responses = ResponsesWire::new(ResponsesOptions::default());
    let translator = match dialect {
        Dialect::OpenAiResponses => &responses,
        _ => vendor.chat().unwrap(),
    };
    let encoded = encode(vendor, translator, &request, "model-1", OnUnsupported::Drop).ok()?;
    let Payload::Bytes(body) = encoded.request.body() else { return None };
    Some(serde_json::from_slice(body).unwrap())
}

#[test]
fn requests_in_every_dialect() {
    let (mut lost_here, mut lost_there) = (Lost::default(), Lost::default());
    let vendors = vendors(240);
    for &(dialect, speaker) in SPOKEN {
        let speaker = llm_providers::find(speaker).unwrap();
        let mut read = 0;
        let turns = iterations(300);
        for turn in 0..turns {
            let seed = 0x00D1_A1EC_0000_0000 + turn;
            let Some(mut body) = spoken(dialect, &*speaker, seed) else { continue };
            sprinkle(&mut body, &mut Random::new(seed));
            let told = || format!("{}, seed {seed:#x}", dialect.label());
            let Ok(incoming) = llm_providers::ingress(dialect).read(body.to_string().as_bytes()) else {
                continue;
            };
            read += 1;
            let losses = laws::reading_losses(&body, &incoming, &claims::of_dialect(dialect));
            lost_here.add(dialect.label(), losses, told);
            let (provider, _) = vendors[(turn as usize * 7 + dialect.index()) % vendors.len()];
            send(provider, &fetched(provider, incoming.request), turn, &mut lost_there, told);
        }
        assert!(read * 2 > turns, "{dialect:?}: {read} of {turns} were read");
    }
    lost_here.found.append(&mut lost_there.found);
    lost_here.expect_none();
}
