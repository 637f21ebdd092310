//! What is wrong with a config, and where.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A place in a config file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// The file as it was named to us, or a description of where the setting comes from.
    pub file: Arc<str>,
    /// Counted from 1; 0 where there is no text behind the setting.
    pub line: u32,
    /// In characters, counted from 1; 0 where there is no text behind the setting.
    pub column: u32,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => f.write_str(&self.file),
            (line, column) => write!(f, "{}:{line}:{column}", self.file),
        }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The config cannot be used.
    Error,
    /// The config can be used, but does not do all that it says.
    Warning,
}

/// One thing that is wrong with a config.
///
/// Shown as `config.yaml:12:7: unknown key "modle_list", did you mean "model_list"?`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    #[serde(flatten)]
    pub at: Mark,
    /// What it is, in one line.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.severity == Severity::Warning { "warning: " } else { "" };
        write!(f, "{}: {kind}{}", self.at, self.message)
    }
}

/// Why a config cannot be used: every error that could be found, in the order of the files' lines, with the
/// warnings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// At least one error, and all warnings.
    pub diagnostics: Vec<Diagnostic>,
}

impl ConfigErrors {
    /// The errors, without the warnings.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|d| d.severity == Severity::Error)
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, error) in self.errors().enumerate() {
            let line_break = if place == 0 { "" } else { "\n" };
            write!(f, "{line_break}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Where errors and warnings are gathered, so that a user sees all of them at once.
#[derive(Debug, Clone, Default)]
pub(super) struct Diagnostics {
    found: Vec<Diagnostic>,
}

impl Diagnostics {
    pub(super) fn error(&mut self, at: &Mark, message: impl Into<String>) {
        self.push(Severity::Error, at, message.into());
    }

    pub(super) fn warning(&mut self, at: &Mark, message: impl Into<String>) {
        self.push(Severity::Warning, at, message.into());
    }

    fn push(&mut self, severity: Severity, at: &Mark, message: String) {
        let diagnostic = Diagnostic { severity, at: at.clone(), message };
        if !self.found.contains(&diagnostic) {
            self.found.push(diagnostic);
        }
    }

    fn has_errors(&self) -> bool {
        self.found.iter().any(|d| d.severity == Severity::Error)
    }

    /// All warnings, or all that was found if there is an error in it.
    pub(super) fn finish(self) -> Result<Vec<Diagnostic>, ConfigErrors> {
        if self.has_errors() { Err(self.into_errors()) } else { Ok(self.sorted()) }
    }

    pub(super) fn into_errors(self) -> ConfigErrors {
        ConfigErrors { diagnostics: self.sorted() }
    }

    fn sorted(mut self) -> Vec<Diagnostic> {
        // Stable, so that the order of discovery decides between files and within a place.
        let mut files: Vec<Arc<str>> = Vec::new();
        for diagnostic in &self.found {
            if !files.contains(&diagnostic.at.file) {
                files.push(diagnostic.at.file.clone());
            }
        }
        self.found
            .sort_by_key(|d| (files.iter().position(|file| *file == d.at.file), d.at.line, d.at.column));
        self.found
    }
}
