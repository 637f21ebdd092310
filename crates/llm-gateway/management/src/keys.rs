//! Virtual keys.

mod allotment;
mod bounds;
mod bulk;
mod change;
mod check;
mod claims;
mod delete;
mod due;
mod health;
mod list;
mod look;
mod make;
mod members;
mod read;
mod rotate;

use crate::endpoint::{Endpoint, Param};
use crate::shape::Shape;
pub use due::Rotated;
pub(crate) use due::hand_over;
pub(crate) use make::Draft;
pub(crate) use members::Gallery;
use members::members;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    [make::endpoints(), change::endpoints(), delete::endpoints(), look::endpoints(), list::endpoints()]
        .into_iter()
        .chain([bulk::endpoints(), rotate::endpoints(), health::endpoints(), claims::endpoints()])
        .flatten()
        .collect()
}

/// The member of a request that names a key.
const KEY: Param = Param::new("key", Shape::Text, "The key: its text, or the hash of it");

/// What requests may say of a key.
fn settable() -> Vec<Param> {
    let mut all = Param::settable(&members());
    all.extend([
        Param::new(
            "duration",
            Shape::Maybe(&Shape::Text),
            "How long it lives from now on: `30s`, `30m`, `24h`, `7d`, `1mo`; `-1` for ever",
        ),
        Param::new(
            "key_type",
            Shape::Maybe(&Shape::Word(&["default", "llm_api", "management", "read_only"])),
            "What it is for: sets `allowed_routes`",
        ),
        Param::new(
            "metadata",
            Shape::Maybe(&Shape::Object),
            "What else its owner writes down. Members that LiteLLM keeps here, such as `tags` and `model_rpm_limit`, are \
             set as if they were said outside",
        ),
        Param::new(
            "temp_budget_increase",
            Shape::Maybe(&Shape::Number),
            "Dollars that may be spent beyond `max_budget` until `temp_budget_expiry`",
        ),
        Param::new("temp_budget_expiry", Shape::Maybe(&Shape::Time), "Until when"),
        Param::new("spend", Shape::Maybe(&Shape::Number), "Dollars that count as spent; for proxy admins to set"),
    ]);
    all
}

/// What answers show of a key.
fn shown() -> Vec<Param> {
    let mut all = Param::shown(&members());
    all.extend([
        Param::new(
            "status",
            Shape::Word(&["active", "expired", "revoked", "deleted"]),
            "How it stands: `revoked` if it is blocked",
        ),
        Param::new("rotation_due", Shape::Flag, "Whether it should have got another text by now"),
        Param::new("deleted_at", Shape::Time, "When it was deleted, if it was"),
        Param::new("deleted_by", Shape::Maybe(&Shape::Text), "By whom"),
    ]);
    all
}

/// What answers show that make a text.
fn handed() -> Vec<Param> {
    let mut all = vec![
        Param::new("key", Shape::Text, "The text of the key, which nobody tells again"),
        Param::new("token_id", Shape::Text, "Its hash"),
    ];
    all.extend(shown());
    all
}
