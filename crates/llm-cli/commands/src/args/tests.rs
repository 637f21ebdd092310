//! The command lines of the documentation.

use std::path::{Path, PathBuf};

use super::*;

/// The words of a command line, as a shell takes them apart; up to a comment, a pipe or an ampersand.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None::<char>);
    for c in line.chars() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, '|' | '&' | '>' | ';') => break,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The pages, each with its text.
fn pages() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let docs = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages
        .chain([root.join("README.md")])
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

#[test]
fn what_the_documentation_says_to_type_can_be_typed() {
    let mut seen = 0;
    for (path, text) in pages() {
        let mut in_fence = false;
        for (number, line) in text.lines().enumerate() {
            if line.starts_with("```") {
                in_fence = !in_fence;
                continue;
            }
            let line = line.strip_prefix("$ ").unwrap_or(line);
            if !in_fence || !line.starts_with("llm-gateway ") || line.contains(" listening on ") {
                continue;
            }
            seen += 1;
            let place = format!("{}:{}: {line}", path.display(), number + 1);
            if let Err(error) = Cli::try_parse_from(words(line)) {
                panic!("{place}\n{error}");
            }
        }
    }
    assert!(seen > 15, "only {seen} command lines were found");
}

#[test]
fn limits_go_by_the_names_that_they_have_elsewhere() {
    for name in ["--rpm-limit", "--tpm-limit", "--tpd-limit", "--max-parallel-requests"] {
        assert!(Cli::try_parse_from(["llm-gateway", "keys", "create", name, "5"]).is_ok(), "{name}");
    }
}
