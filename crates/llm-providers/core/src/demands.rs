//! [`Demands`]: what a vendor refuses a conversation for, and what may be put right before it is asked.

/// What a vendor refuses a conversation for.
///
/// Whoever wants requests put right before they are sent (LiteLLM's `modify_params`) looks here for what to do. Nothing
/// here is done unasked: a translator itself does only what changes no conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent demand")]
pub struct Demands {
    /// Somebody says something beside the instructions.
    pub a_message: bool,
    /// The user speaks first.
    pub user_first: bool,
    /// The user speaks last, unless the model's last words are to be gone on with.
    pub user_last: bool,
    /// Results of tools and words of the user are not one turn: the model speaks in between.
    pub turns: bool,
    /// Each call of a tool is followed by one result, and each result follows its call.
    pub paired_calls: bool,
    /// No text is blank; this stands in for one that is.
    pub instead_of_blank: Option<&'static str>,
    /// A model that thinks has thought, and signed it, before it called tools.
    pub thinking_before_calls: bool,
    /// A cached prompt brings its own instructions and tools; a request that names one has none.
    pub cache_brings_all: bool,
}
