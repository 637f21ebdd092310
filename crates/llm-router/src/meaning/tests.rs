use serde_json::json;

use super::*;

fn settings() -> MeaningSettings {
    serde_json::from_value(json!({"embedding_model": "e", "routes": [
        {"model": "law", "utterances": ["a", "b"], "score_threshold": 0.8},
        {"model": "code", "utterances": ["c"]},
    ]}))
    .unwrap()
}

fn meanings() -> Meanings {
    Meanings::new(&settings(), vec![vec![2.0, 0.0], vec![0.0, 3.0], vec![-1.0, 0.0]]).unwrap()
}

#[test]
fn the_nearest_route_that_is_near_enough_is_taken() {
    let of = |x: f32, y: f32| meanings().judge(vec![x, y]).unwrap();
    // The length of a vector does not matter, and a route is as near as its nearest example.
    assert_eq!(of(10.0, 0.0).model.as_deref(), Some("law"));
    assert_eq!(of(0.1, 0.9).model.as_deref(), Some("law"));
    assert_eq!(of(-1.0, 0.1).model.as_deref(), Some("code"));
    // 0.6 is enough for the second route alone, 0.71 for neither of two that want 0.8.
    assert_eq!(of(-0.6, -0.8).model.as_deref(), Some("code"));
    assert_eq!(of(1.0, -1.0).model, None);
    let judged = of(-0.6, -0.8);
    let scores: Vec<(&str, i64, f64)> =
        judged.scores.iter().map(|s| (&*s.model, (s.score * 100.0).round() as i64, s.threshold)).collect();
    assert_eq!(scores, [("law", -60, 0.8), ("code", 60, 0.5)]);
}

#[test]
fn vectors_that_do_not_go_together_are_told() {
    let of = |vectors: Vec<Vec<f32>>| Meanings::new(&settings(), vectors).unwrap_err();
    assert_eq!(of(vec![vec![1.0]]), MeaningFault::Count { expected: 3, found: 1 });
    let uneven = of(vec![vec![1.0], vec![1.0, 2.0], vec![1.0]]);
    assert_eq!(uneven, MeaningFault::Dimensions { expected: 1, found: 2 });
    assert_eq!(of(vec![vec![1.0], vec![0.0], vec![1.0]]), MeaningFault::Empty);
    assert_eq!(of(vec![vec![f32::NAN], vec![1.0], vec![1.0]]), MeaningFault::Empty);
    assert_eq!(meanings().judge(vec![1.0]).unwrap_err(), MeaningFault::Dimensions { expected: 2, found: 1 });
}

#[test]
fn a_long_prompt_is_cut_between_characters() {
    let settings = MeaningSettings { max_input_chars: Some(3), ..settings() };
    assert_eq!(settings.part("äöüß"), "äöü");
    assert_eq!(settings.part("äö"), "äö");
}
