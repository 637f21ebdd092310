//! The names of `options`: how to sample, and how to run the model.
//!
//! Source: Ollama docs, "Modelfile reference", "Valid parameters and values", and the options of its API, read 2026-11.

/// Options that requests of other dialects may name at the top level, as LiteLLM's users do. Those of OpenAI's own
/// (`temperature`, `top_p`, `seed`, `stop`, the penalties) are not among them.
pub(crate) const OWN: &[&str] = &[
    "draft_num_predict",
    "embedding_only",
    "f16_kv",
    "logits_all",
    "low_vram",
    "main_gpu",
    "min_p",
    "mirostat",
    "mirostat_eta",
    "mirostat_tau",
    "num_batch",
    "num_ctx",
    "num_gpu",
    "num_keep",
    "num_predict",
    "num_thread",
    "numa",
    "penalize_newline",
    "repeat_last_n",
    "repeat_penalty",
    "tfs_z",
    "top_k",
    "typical_p",
    "use_mlock",
    "use_mmap",
    "vocab_only",
];
