//! Laws: what holds for every vendor and every fixture. Each is a plain function that panics with the place
//! where it does not hold.

mod answer;
mod chunks;
mod comes_back;
mod decoded;
mod json;
mod loss;
mod stream;

pub use answer::{
    answer_losses, answer_losses_at, no_silent_answer_loss, streamed_losses, streamed_losses_at,
};
pub use chunks::{one_finish_per_choice, stream_laws, tool_indices, usage_once};
pub use comes_back::{comes_back, loss_is_told};
pub use decoded::decoding_losses;
pub use json::json_identity;
pub use loss::{Equivalence, Loss, encode_is_stable, losses, no_silent_loss, reading_losses};
pub use stream::{
    COMMENTS, after_last, chunks, cut_anywhere, read, read_cut, truncation, unknown_events_harmless,
    unknown_members_harmless,
};
