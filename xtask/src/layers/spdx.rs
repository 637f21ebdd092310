//! SPDX licence expressions: `OR`, `AND`, `WITH`, parentheses, and the old `/` that meant `OR`.
//!
//! Source: SPDX specification 2.3, annex D, read 2026-11.

use anyhow::{Context as _, bail};

/// Whether the expression can be satisfied with the allowed licences alone.
pub(super) fn allows(expression: &str, allowed: &[String]) -> anyhow::Result<bool> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    let verdict = reader.any_of()?;
    match reader.words.first() {
        None => Ok(verdict),
        Some(word) => bail!("unexpected {word:?}"),
    }
}

/// Recursive descent; `AND` binds tighter than `OR`, `WITH` tightest.
struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
}

impl<'a> Reader<'a> {
    fn any_of(&mut self) -> anyhow::Result<bool> {
        let mut verdict = self.all_of()?;
        while self.take("OR") {
            verdict |= self.all_of()?;
        }
        Ok(verdict)
    }

    fn all_of(&mut self) -> anyhow::Result<bool> {
        let mut verdict = self.one()?;
        while self.take("AND") {
            verdict &= self.one()?;
        }
        Ok(verdict)
    }

    fn one(&mut self) -> anyhow::Result<bool> {
        if self.take("(") {
            let verdict = self.any_of()?;
            if !self.take(")") {
                bail!("a parenthesis is not closed");
            }
            return Ok(verdict);
        }
        let licence = self.name()?;
        if !self.take("WITH") {
            return Ok(self.allowed.iter().any(|allowed| allowed == licence));
        }
        let exception = self.name()?;
        Ok(self.allowed.iter().any(|allowed| *allowed == format!("{licence} WITH {exception}")))
    }

    fn name(&mut self) -> anyhow::Result<&'a str> {
        let (first, rest) = self.words.split_first().context("it ends too early")?;
        if matches!(*first, "(" | ")" | "AND" | "OR" | "WITH") {
            bail!("unexpected {first:?}");
        }
        self.words = rest;
        Ok(first)
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.words = &self.words[1..];
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(expression: &str) -> Option<bool> {
        let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        allows(expression, &allowed).ok()
    }

    #[test]
    fn expressions_are_evaluated() {
        for (expression, verdict) in [
            ("MIT", Some(true)),
            ("GPL-3.0-only", Some(false)),
            ("MIT OR GPL-3.0-only", Some(true)),
            ("MIT AND GPL-3.0-only", Some(false)),
            ("GPL-3.0-only OR MIT AND ISC", Some(true)),
            ("(GPL-3.0-only OR MIT) AND ISC", Some(true)),
            ("(GPL-3.0-only OR MIT) AND BSD-4-Clause", Some(false)),
            ("Apache-2.0", Some(false)),
            ("Apache-2.0 WITH LLVM-exception", Some(true)),
            ("Apache-2.0 WITH Classpath-exception-2.0", Some(false)),
            ("MIT/Apache-2.0", Some(true)),
            ("GPL-2.0 / Apache-2.0", Some(false)),
        ] {
            assert_eq!(judge(expression), verdict, "{expression}");
        }
    }

    #[test]
    fn what_is_no_expression_is_an_error() {
        for expression in ["", "MIT OR", "AND MIT", "(MIT", "MIT)", "MIT ISC", "MIT WITH", "()"] {
            assert_eq!(judge(expression), None, "{expression}");
        }
    }
}
