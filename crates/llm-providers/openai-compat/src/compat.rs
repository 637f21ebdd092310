//! [`Compat`]: a vendor made of a row.

use std::borrow::Cow;
use std::sync::Arc;

use llm_provider_core::{
    Call, Chat, Decoded, Decoder, Dialect, Edit, EncodeError, Encoded, Listener, Peek, Provider, Relay,
    RelayOperation, Translator, UpstreamError, VendorInfo,
};
use llm_provider_openai::{Changes, ChatRelay, ChatWire, MessageGlance};
use llm_types::{ChatRequest, ChatResponse};

use crate::{RowError, VendorRow, quirk};

/// A vendor that speaks OpenAI chat.
#[derive(Debug, Clone)]
pub struct Compat {
    row: Arc<VendorRow>,
    info: VendorInfo,
    wire: ChatWire,
    relay: CompatRelay,
}

/// Requests that pass through as bytes, unless a quirk touches them.
#[derive(Debug, Clone)]
struct CompatRelay {
    row: Arc<VendorRow>,
    relay: ChatRelay,
}

impl Compat {
    /// The vendor of a row.
    ///
    /// # Errors
    /// [`RowError`] if the row makes no sense.
    pub fn new(row: VendorRow) -> Result<Self, RowError> {
        row.check()?;
        let wire = row.wire()?;
        let row = Arc::new(row);
        Ok(Self {
            info: row.info(),
            wire: ChatWire::new(wire.clone()),
            relay: CompatRelay { row: Arc::clone(&row), relay: ChatRelay::new(wire) },
            row,
        })
    }

    /// The row.
    pub fn row(&self) -> &VendorRow {
        &self.row
    }
}

impl VendorRow {
    /// The model's name at the vendor.
    fn model<'m>(&self, model: &'m str) -> Cow<'m, str> {
        if self.model_prefix.is_empty() || model.contains('/') {
            model.into()
        } else {
            format!("{}{model}", self.model_prefix).into()
        }
    }
}

impl Provider for Compat {
    fn info(&self) -> &VendorInfo {
        &self.info
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }

    fn relay(&self, dialect: Dialect) -> Option<&dyn Relay> {
        (dialect == Dialect::OpenAiChat).then_some(&self.relay)
    }
}

impl Translator<Chat> for Compat {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut changes = Changes::new(call);
        let mut request = Cow::Borrowed(request);
        for quirk in &self.row.quirks {
            quirk.apply(&mut request, &mut changes);
        }
        if let Some(limit) = self.row.max_temperature {
            quirk::lower_temperature(limit, &mut request, &mut changes);
        }
        let model = self.row.model(call.model);
        self.wire.encode_changed(&request, &Call { model: &model, ..call.clone() }, changes)
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        self.wire.decode(response)
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        self.wire.decoder()
    }
}

impl Relay for CompatRelay {
    fn dialect(&self) -> Dialect {
        self.relay.dialect()
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        let row = &self.row;
        let hot = row.max_temperature.is_some_and(|limit| {
            peek.get::<f64>("temperature").ok().flatten().is_some_and(|temperature| temperature > limit)
        });
        if hot || matches!(row.model(call.model), Cow::Owned(_)) {
            return None;
        }
        if !row.quirks.is_empty() {
            let messages = if row.quirks.iter().any(|quirk| quirk.reads_messages()) {
                MessageGlance::all(peek)?
            } else {
                Vec::new()
            };
            if row.quirks.iter().any(|quirk| quirk.touches(peek, &messages)) {
                return None;
            }
        }
        self.relay.edits(peek, call)
    }

    fn takes_include_usage(&self) -> bool {
        self.relay.takes_include_usage()
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<http::request::Parts, EncodeError> {
        self.relay.head(operation, call)
    }

    fn error(&self, response: http::Response<&[u8]>) -> UpstreamError {
        self.relay.error(response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        self.relay.listener()
    }
}
