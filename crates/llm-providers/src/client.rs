//! The unified client: `chat("anthropic/claude-…", messages)`, and its streaming twin.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use llm_provider_core::{Call, Chat, Credential, OnUnsupported, Parameters, Provider, Secret, VendorInfo};
use llm_transport::{
    CallError, CallOptions, ChunkError, ChunkStream, HttpService, Proxies, TransportError, TransportOptions,
    connect,
};
use llm_types::{ApiError, ChatChunk, ChatRequest, ChatResponse, Message, Nullable, UnixMs};

use crate::{address, bare_name_vendor, parameters, providers};

/// Asks models of any vendor through one interface.
///
/// A model is named `vendor/model`; well-known names such as `gpt-4o` need no vendor. Makes one attempt per call:
/// retries and fallbacks are the router's.
#[derive(Clone)]
pub struct Client {
    client: llm_transport::Client,
    accounts: Arc<HashMap<String, Account>>,
    options: CallOptions,
    unsupported: OnUnsupported,
}

/// How a vendor is reached.
#[derive(Clone)]
pub struct Account {
    /// The vendor.
    pub provider: Arc<dyn Provider>,
    /// The key or another credential, if one is needed.
    pub credential: Option<Credential>,
    /// Settings of the vendor beside model, key and address.
    pub parameters: Parameters,
    /// The address, where it is not the vendor's usual one.
    pub base_url: Option<String>,
    /// How requests are sent there, where it is not over the client's own transport.
    pub service: Option<Arc<dyn HttpService>>,
}

impl Account {
    /// The vendor with no key, at its usual address.
    pub fn new(provider: Arc<dyn Provider>) -> Self {
        Self { provider, credential: None, parameters: Parameters::default(), base_url: None, service: None }
    }

    /// The vendor with key and address from the variables that are usual for it.
    pub fn from_variables(provider: Arc<dyn Provider>, variable: &impl Fn(&str) -> Option<String>) -> Self {
        let info = provider.info();
        let credential = first(&info.key_variables, variable).map(|key| Credential::Key(Secret::new(key)));
        let parameters = parameters(info, variable);
        let base_url = address(info, variable);
        Self { credential, parameters, base_url, ..Self::new(provider) }
    }
}

fn first(
    names: &[std::borrow::Cow<'static, str>],
    variable: &impl Fn(&str) -> Option<String>,
) -> Option<String> {
    names.iter().find_map(|name| variable(name).filter(|value| !value.is_empty()))
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let VendorInfo { id, .. } = self.provider.info();
        f.debug_struct("Account")
            .field("vendor", id)
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("accounts", &self.accounts.len()).finish_non_exhaustive()
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The model's name leads to no vendor.
    #[error("no vendor for the model {0:?}: name it `vendor/model`")]
    UnknownModel(String),
    /// The vendor needs a key and has none.
    #[error("{vendor} has no key: set {}", variables.join(" or "))]
    NoKey {
        /// Which vendor.
        vendor: String,
        /// Where a key is looked for.
        variables: Vec<String>,
    },
    /// The vendor has no chat.
    #[error("{0} has no chat")]
    NoChat(String),
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The transport could not be set up.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl From<ClientError> for ApiError {
    fn from(error: ClientError) -> Self {
        use llm_types::{ErrorKind, Layer};
        let message = error.to_string();
        match error {
            ClientError::Call(error) => error.into(),
            ClientError::Transport(error) => error.into(),
            ClientError::UnknownModel(_) => Self::new(ErrorKind::NotFound, Layer::Router, message),
            ClientError::NoKey { .. } => Self::new(ErrorKind::Authentication, Layer::Client, message),
            ClientError::NoChat(_) => Self::new(ErrorKind::Unsupported, Layer::Translation, message),
        }
    }
}

impl Client {
    /// A client for every vendor that is built in, with keys and addresses from the environment, through the proxies
    /// that the environment names.
    ///
    /// # Errors
    /// [`ClientError::Transport`] if the environment names a proxy that is none.
    pub fn from_env() -> Result<Self, ClientError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "reading the environment is what this constructor is for"
        )]
        let variable = |name: &str| std::env::var(name).ok();
        Self::builder().variables(&variable).build()
    }

    /// A client made step by step.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Asks a model.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn chat(
        &self,
        model: &str,
        messages: impl Into<Vec<Message>>,
    ) -> Result<ChatResponse, ClientError> {
        self.send(ChatRequest::new(model, messages.into())).await
    }

    /// Asks a model; the answer comes in chunks.
    ///
    /// # Errors
    /// [`ClientError`] for what goes wrong before the answer begins.
    pub async fn chat_stream(
        &self,
        model: &str,
        messages: impl Into<Vec<Message>>,
    ) -> Result<ChatStream, ClientError> {
        self.stream(ChatRequest::new(model, messages.into())).await
    }

    /// Sends a whole request.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn send(&self, mut request: ChatRequest) -> Result<ChatResponse, ClientError> {
        request.stream = Nullable::Absent;
        let (account, model) = self.account(&request.model)?;
        let call = self.call(account, model)?;
        let Some(chat) = account.provider.chat() else { return Err(no_chat(account)) };
        Ok(self.client_of(account).send(chat, &request, &call, self.options).await?.value)
    }

    /// Sends a whole request; the answer comes in chunks, usage in the last.
    ///
    /// # Errors
    /// [`ClientError`] for what goes wrong before the answer begins.
    pub async fn stream(&self, mut request: ChatRequest) -> Result<ChatStream, ClientError> {
        request.stream = Nullable::Value(true);
        let (account, model) = self.account(&request.model)?;
        let call = self.call(account, model)?;
        let Some(chat) = account.provider.chat() else { return Err(no_chat(account)) };
        Ok(ChatStream(self.client_of(account).stream(chat, &request, &call, self.options).await?))
    }

    fn client_of(&self, account: &Account) -> llm_transport::Client {
        match &account.service {
            Some(service) => llm_transport::Client::new(service.clone()),
            None => self.client.clone(),
        }
    }

    /// The vendor behind a model's name, and the name without the vendor.
    fn account<'a>(&self, name: &'a str) -> Result<(&Account, &'a str), ClientError> {
        let (vendor, model) = match name.split_once('/') {
            Some((vendor, model)) if self.accounts.contains_key(vendor) => (vendor, model),
            _ => (bare_name_vendor(name).unwrap_or_default(), name),
        };
        let account = self.accounts.get(vendor).ok_or_else(|| ClientError::UnknownModel(name.to_owned()))?;
        Ok((account, model))
    }

    fn call<'a>(&self, account: &'a Account, model: &'a str) -> Result<Call<'a>, ClientError> {
        static NO_HEADERS: std::sync::LazyLock<http::HeaderMap> =
            std::sync::LazyLock::new(http::HeaderMap::new);
        let info = account.provider.info();
        if account.credential.is_none() && !info.key_variables.is_empty() && account.base_url.is_none() {
            let variables = info.key_variables.iter().map(ToString::to_string).collect();
            return Err(ClientError::NoKey { vendor: info.id.to_string(), variables });
        }
        Ok(Call {
            base_url: account.base_url.as_deref(),
            credential: account.credential.as_ref(),
            parameters: &account.parameters,
            unsupported: self.unsupported,
            now: UnixMs(0),
            ..Call::new(model, &NO_HEADERS)
        })
    }
}

fn no_chat(account: &Account) -> ClientError {
    ClientError::NoChat(account.provider.info().id.to_string())
}

/// Makes a [`Client`].
#[derive(Debug, Default)]
pub struct ClientBuilder {
    accounts: HashMap<String, Account>,
    transport: TransportOptions,
    options: CallOptions,
    unsupported: OnUnsupported,
}

impl ClientBuilder {
    /// Every vendor that is built in, with keys, addresses and proxies as `variable` tells them.
    #[must_use]
    pub fn variables(mut self, variable: &impl Fn(&str) -> Option<String>) -> Self {
        for provider in providers() {
            let id = provider.info().id.to_string();
            let account = Account::from_variables(provider.clone(), variable);
            #[cfg(feature = "mock")]
            let account = if id == "mock" {
                Account { service: Some(Arc::new(llm_provider_mock::MockService::default())), ..account }
            } else {
                account
            };
            self.accounts.entry(id).or_insert(account);
        }
        self.transport.proxies = Proxies::from_env(variable);
        self
    }

    /// This vendor, under this name.
    #[must_use]
    pub fn account(mut self, name: impl Into<String>, account: Account) -> Self {
        self.accounts.insert(name.into(), account);
        self
    }

    /// Timeouts and protocol of every call.
    #[must_use]
    pub fn call_options(self, options: CallOptions) -> Self {
        Self { options, ..self }
    }

    /// What to do with what a vendor has no place for; left out by default.
    #[must_use]
    pub fn unsupported(self, unsupported: OnUnsupported) -> Self {
        Self { unsupported, ..self }
    }

    /// The client.
    ///
    /// # Errors
    /// [`ClientError::Transport`] if a proxy or a certificate is none.
    pub fn build(self) -> Result<Client, ClientError> {
        Ok(Client {
            client: llm_transport::Client::new(connect(self.transport)?),
            accounts: Arc::new(self.accounts),
            options: self.options,
            unsupported: self.unsupported,
        })
    }
}

/// An answer in chunks. An error is its last item.
#[derive(Debug)]
pub struct ChatStream(ChunkStream<Chat>);

impl ChatStream {
    /// The next chunk; `None` at the end.
    ///
    /// # Errors
    /// [`ChunkError`] if the stream broke.
    pub async fn next(&mut self) -> Option<Result<ChatChunk, ChunkError>> {
        self.0.next().await
    }
}

impl Stream for ChatStream {
    type Item = Result<ChatChunk, ChunkError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(cx)
    }
}
