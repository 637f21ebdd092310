//! [`SageMaker`]: the vendor itself, in two forms.

use std::sync::LazyLock;

use llm_provider_bedrock::Bedrock;
use llm_provider_core::{
    Capabilities, Chat, Embeddings, Login, ParameterInfo, Parameters, Provider, Secret, Translator,
    VendorInfo,
};
use llm_provider_envelope::EnvelopeWire;
use llm_provider_openai::{Auth, DoneMarker, OutputLimit, RequestOptions, WireOptions};

use crate::chat::ChatEndpoint;
use crate::text::TextEndpoint;

static CHAT: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "sagemaker_chat".into(),
    aliases: vec!["sagemaker_nova".into()],
    name: "Amazon SageMaker, chat".into(),
    capabilities: Capabilities {
        streaming: true,
        tools: true,
        images: true,
        documents: true,
        reasoning: true,
        json_schema: true,
        count_tokens: false,
    },
    ..common()
});

static TEXT: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "sagemaker".into(),
    name: "Amazon SageMaker".into(),
    capabilities: Capabilities { streaming: true, json_schema: true, ..Capabilities::default() },
    ..common()
});

/// What both have in common. How keys are got is Amazon's, and Bedrock's crate knows it.
fn common() -> VendorInfo {
    let amazons = Bedrock
        .info()
        .parameters
        .iter()
        .filter(|parameter| parameter.name.starts_with("aws_") && !parameter.name.contains("bedrock"));
    let own = [
        ParameterInfo::new("hf_model_name", &[], "the model's name inside the container"),
        ParameterInfo::new("model_id", &[], "the inference component"),
        ParameterInfo::new("sagemaker_base_url", &[], "the whole address of a request"),
    ];
    VendorInfo {
        docs: "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html"
            .into(),
        key_optional: true,
        parameters: amazons.cloned().chain(own).collect(),
        ..VendorInfo::default()
    }
}

/// Amazon SageMaker's endpoints.
///
/// Source: Amazon SageMaker Runtime API Reference, "InvokeEndpoint" and "InvokeEndpointWithResponseStream"
/// (docs.aws.amazon.com/sagemaker/latest/APIReference), read 2026-11.
#[derive(Debug)]
pub struct SageMaker(Form);

#[derive(Debug)]
enum Form {
    Chat(Box<EnvelopeWire<ChatEndpoint>>),
    Text(Box<EnvelopeWire<TextEndpoint>>),
}

impl SageMaker {
    /// Endpoints whose containers speak OpenAI's chat: `sagemaker_chat`.
    pub fn chat() -> Self {
        Self(Form::Chat(Box::new(EnvelopeWire::new(ChatEndpoint, options()))))
    }

    /// Endpoints that generate text from a prompt: `sagemaker`.
    pub fn text() -> Self {
        let mut options = options();
        options.request.limit = OutputLimit::AsGiven;
        options.request.top_k = true;
        options.request.stream_usage = false;
        options.answer.think_tags = true;
        Self(Form::Text(Box::new(EnvelopeWire::new(TextEndpoint, options))))
    }
}

/// In what containers differ from OpenAI: they end their streams as they like.
pub(crate) fn options() -> WireOptions {
    let mut options = WireOptions {
        base_url: String::new(),
        auth: Auth::None,
        request: RequestOptions { limit: OutputLimit::MaxTokens, top_k: true, ..RequestOptions::default() },
        ..WireOptions::default()
    };
    options.answer.done = DoneMarker::Optional;
    options
}

impl Provider for SageMaker {
    fn info(&self) -> &VendorInfo {
        match &self.0 {
            Form::Chat(_) => &CHAT,
            Form::Text(_) => &TEXT,
        }
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(match &self.0 {
            Form::Chat(wire) => wire.as_ref(),
            Form::Text(wire) => wire.as_ref(),
        })
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(&crate::embeddings::Vectors)
    }

    fn login(
        &self,
        parameters: &Parameters,
        _key: Option<&Secret>,
    ) -> Result<Option<Box<dyn Login>>, String> {
        // A key alone opens no endpoint.
        Bedrock.login(parameters, None)
    }
}
