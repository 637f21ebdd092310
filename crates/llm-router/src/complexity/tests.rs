use super::*;

#[test]
fn prompts_are_of_the_tier_that_their_words_tell() {
    for (prompt, tier) in [
        ("", Tier::Simple),
        ("Hi!", Tier::Simple),
        ("What is the capital of France?", Tier::Simple),
        ("Thanks, that was all.", Tier::Simple),
        ("Write a python function that adds two numbers and returns them as a list of digits.", Tier::Medium),
        (
            "Refactor this Rust function so that the scheduler of our distributed database keeps its throughput when the \
             cache is cold, and add a unit test for the mutex.",
            Tier::Complex,
        ),
        ("Prove that the square root of two is irrational. Show your work.", Tier::Reasoning),
        ("Think through the pros and cons of moving to another city, step by step.", Tier::Reasoning),
    ] {
        let judged = Complexity::of(prompt);
        assert_eq!(judged.tier, tier, "{prompt}: {judged:?}");
    }
}

#[test]
fn the_weights_are_those_of_the_source() {
    let close = |prompt: &str, score: f64| {
        let judged = Complexity::of(prompt).score;
        assert!((judged - score).abs() < 1e-9, "{prompt}: {judged} for {score}");
    };
    let filler = "plum ".repeat(20);
    close(&filler, 0.0);
    close("plum", -0.10);
    close("hello plum", -0.15);
    close(&format!("{filler}python"), 0.15);
    close(&format!("{filler}python regex"), 0.30);
    close(&format!("{filler}derive"), 0.125);
    close(&format!("{filler}theorem matrix"), 0.125);
    close(&format!("{filler}theorem matrix tensor integral"), 0.25);
    close(&"plum ".repeat(400), 0.10);
    close(&format!("{filler}finally"), 0.03);
    close(&format!("{filler}\n1. plum\n2) plum"), 0.03);
    close(&format!("{filler}? ? ? ?"), 0.02);
}

#[test]
fn words_are_whole_words() {
    assert!(contains_word("a bug.", "bug"));
    assert!(!contains_word("ladybugs", "bug"));
    assert!(contains_word("c++ and", "c++"));
    assert!(!contains_word("history", "hi"));
    assert!(contains_word("übermut, hi", "hi"));
}

#[test]
fn a_long_prompt_is_read_at_both_ends() {
    let middle = "ü".repeat(40_000);
    assert!(Complexity::of(&format!("Prove that. {middle} Show your work.")).tier == Tier::Reasoning);
    assert!(Complexity::of(&format!("{middle} prove that, show your work {middle}")).tier == Tier::Simple);
}
