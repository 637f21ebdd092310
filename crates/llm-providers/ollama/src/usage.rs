//! What an answer took: counts as usage, and durations beside it.

use llm_types::{Extra, Nullable, Usage};
use serde_json::{Number, Value};

/// The members that tell durations, in nanoseconds.
pub(crate) const DURATIONS: [&str; 4] =
    ["total_duration", "load_duration", "prompt_eval_duration", "eval_duration"];

/// The counts in canonical form; `None` if neither is told. A count that is left out stays absent: the prompt was in
/// memory, and nobody has counted it.
pub(crate) fn canonical(read: &Nullable<Number>, written: &Nullable<Number>) -> Option<Usage> {
    match (read.get().map(whole), written.get().map(whole)) {
        (None, None) => None,
        (Some(read), Some(written)) => Some(Usage::new(read, written)),
        (read, written) => Some(Usage {
            prompt_tokens: read.map(Number::from).into(),
            completion_tokens: written.map(Number::from).into(),
            ..Usage::default()
        }),
    }
}

/// The durations that were told, by name.
pub(crate) fn durations(told: [&Nullable<Number>; 4]) -> Extra {
    let pairs = DURATIONS.into_iter().zip(told);
    pairs.filter_map(|(name, told)| Some((name.to_owned(), Value::Number(told.get()?.clone())))).collect()
}

/// A duration that another Ollama told; zero where nobody measured.
pub(crate) fn duration(specifics: Option<&Extra>, name: &str) -> Nullable<Number> {
    let told = specifics.and_then(|own| own.get(name));
    Nullable::Value(match told {
        Some(Value::Number(number)) => number.clone(),
        _ => 0.into(),
    })
}

fn whole(number: &Number) -> u64 {
    number.as_u64().or_else(|| number.as_f64().map(|float| float as u64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        let number = |n: u64| Nullable::Value(Number::from(n));
        assert_eq!(canonical(&Nullable::Absent, &Nullable::Null), None);
        let usage = canonical(&number(3), &number(4)).unwrap();
        assert_eq!((usage.counts().input, usage.counts().output), (3, 4));
        let usage = canonical(&Nullable::Absent, &number(4)).unwrap();
        assert!(usage.prompt_tokens.is_absent() && usage.total_tokens.is_absent());
    }
}
