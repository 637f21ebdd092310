//! The headers of an editor, without which Copilot does not answer.

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};
use llm_provider_core::{Call, EncodeError};
use llm_types::{ChatRequest, ContentPart, Message, MessageContent, Role};

/// What every request carries, the exchange of tokens included. The caller's headers win.
pub(crate) const EDITOR: &[(&str, &str)] = &[
    ("editor-version", "vscode/1.95.0"),
    ("editor-plugin-version", "copilot-chat/0.26.7"),
    ("copilot-integration-id", "vscode-chat"),
    ("user-agent", "GitHubCopilotChat/0.26.7"),
    ("x-github-api-version", "2025-04-01"),
];

/// Headers of a request: the editor's, the credential, and what the conversation asks for.
pub(crate) fn headers(call: &Call<'_>, request: Option<&ChatRequest>) -> Result<HeaderMap, EncodeError> {
    let mut headers = HeaderMap::new();
    for (name, value) in EDITOR {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    headers.insert("openai-intent", HeaderValue::from_static("conversation-panel"));
    if let Some(request) = request {
        let agent = request
            .messages
            .iter()
            .any(|message| matches!(message.role, Role::Assistant | Role::Tool | Role::Function));
        headers.insert("x-initiator", HeaderValue::from_static(if agent { "agent" } else { "user" }));
        if request.messages.iter().any(has_image) {
            headers.insert("copilot-vision-request", HeaderValue::from_static("true"));
        }
    }
    if let Some(key) = call.key() {
        let (token, _) = crate::login::parts(key.expose());
        let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| EncodeError::Setup("the key holds what a header cannot".to_owned()))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    for name in call.headers.keys() {
        headers.remove(name);
    }
    headers.extend(call.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    Ok(headers)
}

fn has_image(message: &Message) -> bool {
    matches!(message.content.get(), Some(MessageContent::Parts(parts))
        if parts.iter().any(|part| matches!(part, ContentPart::ImageUrl(_))))
}
