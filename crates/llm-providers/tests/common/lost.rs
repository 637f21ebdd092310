//! What tests of laws found lost in silence.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use llm_testkit::laws::Loss;

/// What went nowhere, by vendor or dialect and by member, each with one example.
#[derive(Default)]
pub(crate) struct Lost {
    pub(crate) found: BTreeMap<String, (usize, String)>,
}

impl Lost {
    pub(crate) fn add(&mut self, who: &str, losses: Vec<Loss>, example: impl Fn() -> String) {
        for loss in losses {
            let place = format!("{who}: {}", without_indices(&loss.path));
            let (count, _) = self.found.entry(place).or_insert_with(|| (0, format!("{loss}, {}", example())));
            *count += 1;
        }
    }

    #[track_caller]
    pub(crate) fn expect_none(&self) {
        let mut list = String::new();
        for (place, (count, example)) in &self.found {
            writeln!(list, "  {place} ({count} times, such as {example})").unwrap();
        }
        assert!(list.is_empty(), "lost in silence:\n{list}");
    }
}

/// `messages[3].content[0].text` as `messages[*].content[*].text`.
pub(crate) fn without_indices(path: &str) -> String {
    let mut plain = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('[') {
        plain.push_str(before);
        plain.push_str("[*]");
        rest = after.split_once(']').map_or("", |(_, rest)| rest);
    }
    plain + rest
}
