//! Names of documents: in Bedrock's letters, and each its own.
//!
//! Source: Amazon Bedrock API Reference, "DocumentBlock", read 2026-11.

/// How many letters a name has at most.
const LONGEST: usize = 200;

/// The names that are given away.
#[derive(Debug, Default)]
pub(super) struct Documents(Vec<String>);

impl Documents {
    /// A name that is taken already.
    pub(super) fn take(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    /// A name for the file of this name: without its ending, other letters as spaces, with a number if it was given
    /// before.
    pub(super) fn name(&mut self, file: Option<&str>) -> String {
        let stem = file.map(|file| {
            file.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map_or(file, |(stem, _)| stem)
        });
        let mut name = String::new();
        for letter in stem.unwrap_or_default().chars().take(LONGEST - 8) {
            if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '(' | ')' | '[' | ']') {
                name.push(letter);
            } else if !name.is_empty() && !name.ends_with(' ') {
                name.push(' ');
            }
        }
        let plain = match name.trim() {
            "" => "Document".to_owned(),
            name => name.to_owned(),
        };
        let mut unique = plain.clone();
        let mut number = 2_usize;
        while self.0.contains(&unique) {
            unique = format!("{plain} {number}");
            number += 1;
        }
        self.0.push(unique.clone());
        unique
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_legal_and_each_its_own() {
        let mut documents = Documents::default();
        documents.take("Report");
        for (file, wanted) in [
            (Some("report.pdf"), "report"),
            (Some("report.pdf"), "report 2"),
            (Some("Report.docx"), "Report 2"),
            (Some("a__b/c.tar (1).csv"), "a b c tar (1)"),
            (Some("Größe.txt"), "Gr e"),
            (Some(".pdf"), "pdf"),
            (Some("..."), "Document"),
            (None, "Document 2"),
        ] {
            assert_eq!(documents.name(file), wanted, "{file:?}");
        }
        assert!(documents.name(Some(&"x".repeat(500))).len() <= LONGEST);
    }
}
