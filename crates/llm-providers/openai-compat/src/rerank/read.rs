//! What is answered: a ranking in any of the forms in use.

use std::cmp::Ordering;

use llm_types::{BilledUnits, Extra, Nullable, RerankMeta, RerankResponse, RerankResult, RerankTokens};
use serde_json::{Number, Value, json};

/// Reads `results` (or `data`, or `scores` alone), `relevance_score` (or `score`), and whatever tells of tokens. The
/// best comes first, also where the vendor keeps the order of the documents.
///
/// # Errors
/// In words: what is missing, and where.
pub fn read_ranking(body: &[u8]) -> Result<RerankResponse, String> {
    let mut tree = match serde_json::from_slice(body).map_err(|error| error.to_string())? {
        Value::Object(tree) => tree,
        list @ Value::Array(_) => Extra::from_iter([("results".to_owned(), list)]),
        _ => return Err("neither an object nor an array".to_owned()),
    };
    let mut results = results(&mut tree)?;
    results.sort_by(best_first);
    let text = |tree: &mut Extra, name: &str| match tree.shift_remove(name) {
        Some(Value::String(text)) => Nullable::Value(text),
        _ => Nullable::Absent,
    };
    let mut answer = RerankResponse {
        id: text(&mut tree, "id"),
        model: text(&mut tree, "model"),
        ..RerankResponse::new(results)
    };
    answer.meta = meta(&mut tree).into();
    answer.extra = tree;
    Ok(answer)
}

fn results(tree: &mut Extra) -> Result<Vec<RerankResult>, String> {
    if let Some(Value::Array(scores)) = tree.shift_remove("scores") {
        let result = |(score, index)| match score {
            Value::Number(score) => Ok(RerankResult::new(index, score)),
            _ => Err(format!("scores[{index}] is no number")),
        };
        return scores.into_iter().zip(0..).map(result).collect();
    }
    let list = tree.shift_remove("results").or_else(|| tree.shift_remove("data"));
    let Some(Value::Array(list)) = list else { return Err("results: an array is missing".to_owned()) };
    let mut results = Vec::with_capacity(list.len());
    for (at, mut item) in list.into_iter().enumerate() {
        if let Some(members) = item.as_object_mut() {
            if !members.contains_key("relevance_score")
                && let Some(score) = members.shift_remove("score")
            {
                members.insert("relevance_score".to_owned(), score);
            }
            // A document that comes back is an object to whoever reads the canonical form.
            if let Some(document @ Value::String(_)) = members.get_mut("document") {
                *document = json!({ "text": document.take() });
            }
        }
        let result: RerankResult =
            llm_types::from_value(item).map_err(|error| format!("results[{at}].{error}"))?;
        results.push(result);
    }
    Ok(results)
}

fn best_first(one: &RerankResult, other: &RerankResult) -> Ordering {
    let score = |result: &RerankResult| result.relevance_score.as_f64().unwrap_or(f64::NEG_INFINITY);
    score(other).total_cmp(&score(one))
}

/// Cohere's `meta`, `tokens` beside it, or OpenAI's `usage`.
fn meta(tree: &mut Extra) -> Option<RerankMeta> {
    let told = tree.get("meta").cloned().map(llm_types::from_value::<RerankMeta>);
    let mut meta = match told {
        Some(Ok(meta)) => {
            tree.shift_remove("meta");
            meta
        }
        _ => RerankMeta::default(),
    };
    if !meta.tokens.is_value() {
        meta.tokens = tree.get("tokens").and_then(tokens_of).into();
        if meta.tokens.is_value() {
            tree.shift_remove("tokens");
        }
    }
    if !meta.tokens.is_value() {
        meta.tokens = tree.get("usage").and_then(tokens_of).or_else(|| tokens_of_all(tree)).into();
    }
    let is_told = meta.tokens.is_value() || meta.billed_units.is_value() || !meta.extra.is_empty();
    is_told.then(|| {
        let total = tree.get("usage").and_then(|usage| number(usage, "total_tokens"));
        if !meta.billed_units.is_value() && total.is_some() {
            meta.billed_units =
                Nullable::Value(BilledUnits { total_tokens: total.into(), ..BilledUnits::default() });
        }
        meta
    })
}

fn tokens_of(usage: &Value) -> Option<RerankTokens> {
    let input =
        ["prompt_tokens", "input_tokens", "total_tokens"].into_iter().find_map(|name| number(usage, name))?;
    let output = ["completion_tokens", "output_tokens"].into_iter().find_map(|name| number(usage, name));
    Some(RerankTokens { input_tokens: input.into(), output_tokens: output.into(), ..RerankTokens::default() })
}

/// `input_tokens` at the top.
fn tokens_of_all(tree: &Extra) -> Option<RerankTokens> {
    match tree.get("input_tokens") {
        Some(Value::Number(input)) => {
            Some(RerankTokens { input_tokens: Nullable::Value(input.clone()), ..RerankTokens::default() })
        }
        _ => None,
    }
}

fn number(value: &Value, name: &str) -> Option<Number> {
    match &value[name] {
        Value::Number(number) => Some(number.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(answer: &RerankResponse) -> Option<u64> {
        answer.meta.get()?.tokens.get()?.input_tokens.get()?.as_u64()
    }

    fn indices(answer: &RerankResponse) -> Vec<u64> {
        answer.results.iter().map(|result| result.index).collect()
    }

    #[test]
    fn either_form_is_read() {
        let together = br#"{"object":"rerank","id":"r","model":"m","results":[{"index":1,"relevance_score":0.9,"document":{"text":"b"}}],"usage":{"prompt_tokens":7,"total_tokens":8}}"#;
        let answer = read_ranking(together).unwrap();
        assert_eq!(answer.results[0].relevance_score.as_f64(), Some(0.9));
        assert_eq!(input(&answer), Some(7));
        let billed = answer.meta.get().unwrap().billed_units.get().unwrap();
        assert_eq!(billed.total_tokens.get(), Some(&8.into()));
        assert_eq!(answer.extra["object"], "rerank");
        let other =
            read_ranking(br#"{"data":[{"index":0,"score":0.5}],"meta":{"billed_units":{"search_units":1}}}"#)
                .unwrap();
        assert_eq!(other.results[0].relevance_score.as_f64(), Some(0.5));
        assert!(other.meta.get().unwrap().billed_units.get().unwrap().search_units.is_value());
        let bare = read_ranking(br#"[{"index":1,"score":2.5,"text":"b"}]"#).unwrap();
        assert_eq!((indices(&bare), bare.meta.is_value()), (vec![1], false));
        let words = read_ranking(br#"{"results":[{"index":0,"relevance_score":1,"document":"a"}]}"#).unwrap();
        assert_eq!(words.results[0].document.get(), Some(&json!({"text": "a"})));
    }

    #[test]
    fn the_best_comes_first() {
        let answer = read_ranking(
            br#"{"scores":[0.1,0.9,-3],"input_tokens":42,"request_id":null,"inference_status":{"cost":0.1}}"#,
        )
        .unwrap();
        assert_eq!((indices(&answer), input(&answer)), (vec![1, 0, 2], Some(42)));
        assert_eq!(answer.extra["inference_status"]["cost"], 0.1);
        let answer = read_ranking(
            br#"{"results":[{"index":0,"relevance_score":0.2},{"index":1,"relevance_score":0.7}],"tokens":{"input_tokens":5,"output_tokens":1}}"#,
        )
        .unwrap();
        assert_eq!((indices(&answer), input(&answer)), (vec![1, 0], Some(5)));
        assert_eq!(answer.meta.get().unwrap().tokens.get().unwrap().output_tokens.get(), Some(&1.into()));
    }

    #[test]
    fn what_is_no_ranking() {
        for (body, place) in [
            (r#"{"ok":true}"#, "results"),
            (r#"{"results":[{"index":0}]}"#, "results[0]"),
            (r#"{"scores":["a"]}"#, "scores[0]"),
            ("7", "neither"),
            ("{", "EOF"),
        ] {
            let error = read_ranking(body.as_bytes()).unwrap_err();
            assert!(error.starts_with(place), "{error}");
        }
    }
}
