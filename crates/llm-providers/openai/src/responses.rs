//! The Responses API: on the client's side, on the vendor's, and passed through.

mod by_model;
mod chat;
mod ingress;
mod items;
mod kept;
mod names;
mod options;
mod relay;
mod usage;
pub mod wire;

pub use by_model::{ByModel, ByModelRelay, is_responses_model};
pub use chat::{ResponsesInterpret, ResponsesWire};
pub use ingress::ResponsesIngress;
pub use options::{EncryptedThinking, ResponsesOptions};
pub use relay::{ResponsesListener, ResponsesRelay};

/// Where the items of an answer stand in a message's `provider_specific_fields`, if thinking, text and calls in this
/// order do not say it all.
const OUTPUT_ITEMS: &str = "output_items";

/// Where one item that only this API has stands in `provider_specific_fields` of a delta, in its turn.
pub(crate) const OUTPUT_ITEM: &str = "output_item";

/// Where the images that a model made stand beside the text, in a message and in a delta.
const IMAGES: &str = "images";

/// Where an item of thinking stands in its block, to go back as it came.
pub(crate) const REASONING_ITEM: &str = "reasoning_item";

/// Who made it, beside it.
const REASONING_VENDOR: &str = "reasoning_vendor";

/// What stands between the texts of one item of thinking.
const BETWEEN: &str = "\n\n";
