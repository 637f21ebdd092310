//! [`Kept`]: what must come back for its vendor, where a client's dialect has no place for it.
//!
//! Vendors sign what their models thought, and want it back: blocks of thinking, calls, whole messages. A client
//! returns what its dialect has a place for, and every dialect in which vendors think has one for a text that nobody
//! reads. There it stands, after a mark of ours, as JSON in base64. It is no secret: the client could read the same in
//! another dialect. No state is kept for it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use llm_types::{Extra, ThinkingBlock, ToolCall};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Note;

/// What sealed content begins with.
const MARK: &str = "llmgw1.";

/// How [`MARK`] begins in base64, of either alphabet.
const MARK_IN_BASE64: &str = "bGxtZ3cx";

/// Members of a message's `provider_specific_fields` that their vendors need back: the message as they made it, or what
/// they signed of it. All others tell of the answer only.
const GO_BACK: &[&str] =
    &["content_blocks", "converse_content", "output_items", "parts", DETAILS, "thought_signatures"];

/// What must come back, and travels sealed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// A block of thinking. Its text may stand beside the seal instead, where the client sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking: Option<ThinkingBlock>,
    /// Members of calls that only their vendor knows, by the calls' ids as the client knows them.
    #[serde(skip_serializing_if = "Extra::is_empty")]
    pub calls: Extra,
    /// Members of `provider_specific_fields`.
    #[serde(skip_serializing_if = "Extra::is_empty")]
    pub fields: Extra,
}

impl Kept {
    /// A block of thinking whose text the client sees, and so is not in the seal.
    pub fn of_thinking(mut block: ThinkingBlock) -> Self {
        block.thinking = llm_types::Nullable::Absent;
        Self { thinking: Some(block), ..Self::default() }
    }

    /// The members of the call `id`.
    pub fn of_call(id: &str, members: Extra) -> Self {
        Self { calls: Extra::from_iter([(id.to_owned(), Value::Object(members))]), ..Self::default() }
    }

    /// What must come back of a message as a whole: of its `provider_specific_fields`, and of the members beside them.
    /// What the client's dialect tells itself, as it does `own`, is not kept.
    pub fn of_message(fields: Option<&Extra>, beside: &Extra, own: &[&str]) -> Self {
        let mut keeping = Keeping::default();
        keeping.add(fields, beside, own);
        keeping.take()
    }

    /// Whether a member of `provider_specific_fields` of a message must come back.
    pub fn goes_back(name: &str) -> bool {
        GO_BACK.contains(&name)
    }

    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// As a text.
    pub fn seal(&self) -> String {
        let mut text = MARK.to_owned();
        URL_SAFE_NO_PAD.encode_string(self.json(), &mut text);
        text
    }

    /// Reads what [`Kept::seal`] wrote; `None` for what somebody else wrote, or changed.
    pub fn open(text: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text.strip_prefix(MARK)?).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// Whether a text is sealed, readable or not: no vendor takes it.
    pub fn is_seal(text: &str) -> bool {
        text.starts_with(MARK)
    }

    /// As bytes, for members that hold base64 and that clients may write in another alphabet of it.
    pub fn seal_bytes(&self) -> Vec<u8> {
        let mut bytes = MARK.as_bytes().to_vec();
        bytes.append(&mut self.json());
        bytes
    }

    /// Reads what [`Kept::seal_bytes`] wrote.
    pub fn open_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes.strip_prefix(MARK.as_bytes())?).ok()
    }

    /// Whether base64 holds sealed bytes, readable or not.
    pub fn is_seal_in_base64(text: &str) -> bool {
        text.starts_with(MARK_IN_BASE64)
    }

    /// Whether seals may stand in a JSON text, as texts or in base64; `false` is certain.
    pub fn may_be_in(json: &str) -> bool {
        let has = |mark: &str| memchr::memmem::find(json.as_bytes(), mark.as_bytes()).is_some();
        has(MARK) || has(MARK_IN_BASE64)
    }

    fn json(&self) -> Vec<u8> {
        // Maps with text as names, numbers and texts always have a JSON text.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// What must come back of a message as a whole, gathered from the pieces of a stream.
#[derive(Debug, Default)]
pub struct Keeping {
    fields: Extra,
    /// Aggregators' `reasoning_details`, pieces of one text joined.
    details: Vec<Value>,
}

impl Keeping {
    /// Takes a piece in: its `provider_specific_fields` but for `own`, which the client's dialect tells itself, and the
    /// members beside them.
    pub fn add(&mut self, fields: Option<&Extra>, beside: &Extra, own: &[&str]) {
        let fields = fields.into_iter().flatten();
        let fields = fields.filter(|(name, _)| Kept::goes_back(name) && !own.contains(&name.as_str()));
        self.fields.extend(fields.map(|(name, value)| (name.clone(), value.clone())));
        let details = beside.get(DETAILS).and_then(Value::as_array).into_iter().flatten();
        // Anthropic's are blocks of thinking as well, and told as those.
        let is_block = |detail: &Value| detail["format"].as_str().is_some_and(|f| f.starts_with("anthropic"));
        for detail in details.filter(|detail| !is_block(detail) || says_more(detail)) {
            match self.details.last_mut() {
                Some(last) if joins(last, detail) => join(last, detail),
                _ => self.details.push(detail.clone()),
            }
        }
    }

    /// What is to be kept of it all; nothing is left.
    pub fn take(&mut self) -> Kept {
        let mut fields = std::mem::take(&mut self.fields);
        let details = std::mem::take(&mut self.details);
        // What is words alone is told as words.
        let is_opaque =
            |detail: &Value| detail["type"] == "reasoning.encrypted" || detail["signature"].is_string();
        if details.iter().any(|detail| is_opaque(detail) || says_more(detail)) {
            fields.entry(DETAILS).or_insert(Value::Array(details));
        }
        Kept { fields, ..Kept::default() }
    }
}

/// A member of a message, or of its `provider_specific_fields`, in which aggregators tell thinking of any vendor.
const DETAILS: &str = "reasoning_details";

/// Members of a detail that come in pieces.
const WORDS: [&str; 2] = ["text", "summary"];

/// Whether a detail has members that nobody here knows.
fn says_more(detail: &Value) -> bool {
    const KNOWN: &[&str] = &["type", "text", "summary", "signature", "data", "id", "format", "index"];
    detail.as_object().is_some_and(|detail| {
        detail.iter().any(|(name, value)| !value.is_null() && !KNOWN.contains(&name.as_str()))
    })
}

/// Whether a detail goes on with `more`.
fn joins(detail: &Value, more: &Value) -> bool {
    let has_words = WORDS.iter().any(|name| detail[name].is_string());
    has_words
        && !detail["signature"].is_string()
        && detail["type"] == more["type"]
        && detail["index"] == more["index"]
}

fn join(detail: &mut Value, more: &Value) {
    for (name, value) in more.as_object().into_iter().flatten() {
        match (&mut detail[name], value) {
            (Value::String(words), Value::String(more)) if WORDS.contains(&name.as_str()) => {
                words.push_str(more);
            }
            (_, Value::Null) => {}
            (member, value) => *member = value.clone(),
        }
    }
}

/// Members of a call that only its vendor knows.
pub fn members_of(call: &ToolCall) -> Extra {
    let members = call.extra.iter().filter(|(name, value)| !value.is_null() && !is_usual_member(name, value));
    members.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Whether a member of a call says what goes without saying: that the model itself calls, and nothing else.
pub fn is_usual_member(name: &str, value: &Value) -> bool {
    name == "caller"
        && value["type"] == "direct"
        && value
            .as_object()
            .is_some_and(|caller| caller.iter().all(|(name, value)| name == "type" || value.is_null()))
}

/// Adds members of a piece of a block to those of the pieces before it: lists grow, of others the last value counts.
pub fn add_members(all: &mut Extra, more: impl IntoIterator<Item = (String, Value)>) {
    for (name, value) in more {
        match (all.get_mut(&name), value) {
            (Some(Value::Array(list)), Value::Array(mut more)) => list.append(&mut more),
            (_, value) => {
                all.insert(name, value);
            }
        }
    }
}

/// Notes on what vendors must have back of a message, or of a piece of one, for a dialect that has no place for it: blocks
/// of thinking, calls, and what would be `kept` of the message as a whole.
/// `place` precedes the names of the members, and `whose` says whose dialect it is.
pub fn lost_signatures(
    blocks: &[ThinkingBlock],
    calls: &[ToolCall],
    kept: &Kept,
    place: &str,
    whose: &str,
) -> Vec<Note> {
    let mut notes = Vec::new();
    // Numbers are a client's help in putting pieces together.
    let is_bare = |block: &ThinkingBlock| {
        block.signature.as_deref().is_none_or(str::is_empty)
            && !block.data.is_value()
            && block.extra.keys().all(|name| name == "index")
    };
    if !blocks.iter().all(is_bare) {
        notes.push(Note::dropped(
            format!("{place}thinking_blocks"),
            format!("{whose} thinking has no signatures"),
        ));
    }
    if calls.iter().any(|call| !members_of(call).is_empty()) {
        notes.push(Note::dropped(format!("{place}tool_calls"), format!("{whose} calls have no signatures")));
    }
    for name in kept.fields.keys() {
        let path = format!("{place}provider_specific_fields.{name}");
        notes.push(Note::dropped(path, format!("{whose} messages have no signatures")));
    }
    notes
}

/// Whether a block of thinking says in `format` that a vendor of another family signed it than that whose formats begin
/// with `family`, or holds another wire's own words in `members`.
pub fn is_signed_elsewhere(block: &ThinkingBlock, family: &str) -> bool {
    let format = block.extra.get("format").and_then(Value::as_str);
    format.is_some_and(|format| !format.starts_with(family)) || block.extra.contains_key("reasoning_item")
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use llm_types::Nullable;
    use serde_json::json;

    use super::*;

    fn kept() -> Kept {
        let block = json!({ "type": "thinking", "thinking": "Hm, \u{1F914} \"so\".", "signature": "c2ln==" });
        let mut kept =
            Kept::of_call("call_1", Extra::from_iter([("thought_signature".to_owned(), json!("x"))]));
        kept.thinking = Some(llm_types::from_value(block).unwrap());
        kept
    }

    #[test]
    fn what_is_kept_comes_back() {
        assert_eq!(Kept::open(&kept().seal()), Some(kept()));
        assert_eq!(Kept::open_bytes(&kept().seal_bytes()), Some(kept()));
        for not_ours in ["", "gAAAA", "llmgw1.%", "llmgw1.AAAA"] {
            assert_eq!(Kept::open(not_ours), None, "{not_ours}");
            assert_eq!(Kept::open_bytes(not_ours.as_bytes()), None, "{not_ours}");
        }
        assert!(Kept::default().is_empty() && !kept().is_empty());
        assert_eq!(Kept::open(&Kept::default().seal()), Some(Kept::default()));
    }

    #[test]
    fn seals_are_known_by_their_beginning() {
        let base64 = STANDARD.encode(kept().seal_bytes());
        assert!(Kept::is_seal(&kept().seal()) && Kept::is_seal("llmgw1.broken"));
        assert!(Kept::is_seal_in_base64(&base64) && !Kept::is_seal_in_base64(&kept().seal()));
        for json in [kept().seal(), base64] {
            assert!(Kept::may_be_in(&format!("{{\"signature\":\"{json}\"}}")));
        }
        assert!(!Kept::may_be_in(r#"{"signature":"EqQB"}"#) && !Kept::is_seal("EqQB"));
    }

    #[test]
    fn the_text_stands_beside_the_seal() {
        let block = kept().thinking.unwrap();
        let sealed = Kept::of_thinking(block.clone()).thinking.unwrap();
        assert_eq!(sealed, ThinkingBlock { thinking: Nullable::Absent, ..block });
    }

    #[test]
    fn only_what_a_vendor_needs_and_the_dialect_lacks_is_kept() {
        let fields = json!({ "parts": [1], "content_blocks": [2], "safety_ratings": [3] });
        let Value::Object(fields) = fields else { unreachable!() };
        let kept = Kept::of_message(Some(&fields), &Extra::new(), &["content_blocks"]);
        assert_eq!(kept.fields, Extra::from_iter([("parts".to_owned(), json!([1]))]));
        assert!(Kept::of_message(None, &Extra::new(), &[]).is_empty());
    }

    #[test]
    fn details_of_a_stream_are_put_together() {
        let kept = |pieces: Value| {
            let mut keeping = Keeping::default();
            for piece in pieces.as_array().unwrap() {
                keeping.add(None, &Extra::from_iter([(DETAILS.to_owned(), json!([piece]))]), &[]);
            }
            keeping.take().fields.shift_remove(DETAILS)
        };
        let summary = |words: &str| json!({ "type": "reasoning.summary", "summary": words, "index": 0 });
        let data = json!({ "type": "reasoning.encrypted", "data": "gA+/==", "format": "openai-responses-v1", "index": 0 });
        assert_eq!(
            kept(json!([summary("Hm"), summary(", so."), data])),
            Some(json!([summary("Hm, so."), data]))
        );
        let text = |words: &str, signature: Value| json!({ "type": "reasoning.text", "text": words, "signature": signature, "index": 0 });
        assert_eq!(
            kept(json!([
                text("a", Value::Null),
                text("b", Value::Null),
                text("", json!("s")),
                text("c", json!("t"))
            ])),
            Some(json!([text("ab", json!("s")), text("c", json!("t"))]))
        );
        assert_eq!(kept(json!([summary("Hm"), summary(".")])), None, "words are told as words");
        let claude = json!({ "type": "reasoning.encrypted", "data": "x", "format": "anthropic-claude-v1" });
        assert_eq!(kept(json!([claude])), None, "a block of thinking says it");
        let odd = json!({ "type": "reasoning.summary", "summary": "Hm", "index": 0, "mood": "glad" });
        assert_eq!(kept(json!([odd])), Some(json!([odd])), "words do not say it");
    }

    #[test]
    fn members_of_pieces_are_put_together() {
        let mut all = Extra::new();
        for piece in [json!({ "parts": [1], "mood": "glad" }), json!({ "parts": [2, 3], "mood": "calm" })] {
            add_members(&mut all, piece.as_object().unwrap().clone());
        }
        assert_eq!(Value::Object(all), json!({ "parts": [1, 2, 3], "mood": "calm" }));
        assert!(is_usual_member("caller", &json!({ "type": "direct" })));
        assert!(!is_usual_member("caller", &json!({ "type": "direct", "mood": "glad" })));
    }

    #[test]
    fn what_is_lost_is_told() {
        let block = |json: Value| -> ThinkingBlock { llm_types::from_value(json).unwrap() };
        let words = block(json!({ "type": "thinking", "thinking": "Hm.", "signature": "", "index": 0 }));
        let mut call = ToolCall::function("a", "f", "{}");
        call.extra.insert("caller".to_owned(), json!({ "type": "direct" }));
        let lost = |blocks: &[ThinkingBlock], call: &ToolCall, kept: &Kept| {
            lost_signatures(blocks, std::slice::from_ref(call), kept, "a.", "Their")
        };
        assert_eq!(lost(std::slice::from_ref(&words), &call, &Kept::default()), []);
        call.extra.insert("extra_content".to_owned(), json!({}));
        let fields = Extra::from_iter([("parts".to_owned(), json!([]))]);
        let kept = Kept { fields, ..Kept::default() };
        for signed in [
            json!({ "type": "thinking", "signature": "s" }),
            json!({ "type": "redacted_thinking", "data": "d" }),
            json!({ "type": "thinking", "reasoning_item": {} }),
        ] {
            let blocks = [words.clone(), block(signed)];
            let notes = lost(&blocks, &call, &kept);
            let paths: Vec<_> = notes.iter().map(|note| note.path.as_str()).collect();
            assert_eq!(paths, ["a.thinking_blocks", "a.tool_calls", "a.provider_specific_fields.parts"]);
            assert_eq!(notes[0].detail, "Their thinking has no signatures");
        }
    }

    #[test]
    fn who_signed() {
        let block = |extra: Value| -> ThinkingBlock {
            let mut members = json!({ "type": "thinking" });
            members.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            llm_types::from_value(members).unwrap()
        };
        assert!(!is_signed_elsewhere(&block(json!({})), "anthropic"));
        assert!(!is_signed_elsewhere(&block(json!({ "format": "anthropic-claude-v1" })), "anthropic"));
        assert!(is_signed_elsewhere(&block(json!({ "format": "google-gemini-v1" })), "anthropic"));
        assert!(is_signed_elsewhere(&block(json!({ "reasoning_item": {} })), "anthropic"));
    }
}
