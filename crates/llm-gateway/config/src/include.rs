//! Files that include files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::diagnostic::{Diagnostics, Mark};
use super::tree::{self, Entry, Node, Value};

/// What was read from disk.
pub(super) struct Loaded {
    /// All files merged into one.
    pub(super) root: Node,
    /// Every file that was read, the first one first.
    pub(super) files: Vec<PathBuf>,
    /// Over the text of all files.
    pub(super) digest: Sha256,
}

/// Reads `path` and all that it includes.
///
/// Lists are appended and maps merged. Of two values for one key, that of the included file holds, as in
/// LiteLLM; a warning names both places.
pub(super) fn load(path: &Path, diagnostics: &mut Diagnostics) -> Option<Loaded> {
    let mut loader = Loader { diagnostics, files: Vec::new(), way: Vec::new(), digest: Sha256::new() };
    let named: Arc<str> = path.display().to_string().into();
    let root = loader.file(path, &Mark { file: named, line: 0, column: 0 })?;
    Some(Loaded { root, files: loader.files, digest: loader.digest })
}

/// Reads one text, which is a map or nothing at all.
pub(super) fn parse(file: &Arc<str>, text: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut root = tree::parse(file, text, diagnostics)?;
    if matches!(root.value, Value::Null) {
        root.value = Value::Map(Vec::new());
    }
    if !matches!(root.value, Value::Map(_)) {
        diagnostics.error(&root.at, "expected a map of keys such as model_list");
        return None;
    }
    Some(root)
}

/// Reads a file. A pipe is told what it is: a configuration is read more than once, and there would be nothing the next time.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    #[cfg(unix)]
    if std::os::unix::fs::FileTypeExt::is_fifo(&std::fs::metadata(path)?.file_type()) {
        return Err(std::io::Error::other("it is a pipe, which can be read only once, and must be a file"));
    }
    std::fs::read(path)
}

struct Loader<'a> {
    diagnostics: &'a mut Diagnostics,
    files: Vec<PathBuf>,
    /// From the first file to the one being read.
    way: Vec<PathBuf>,
    digest: Sha256,
}

impl Loader<'_> {
    fn file(&mut self, path: &Path, asked_at: &Mark) -> Option<Node> {
        let bytes = match read(path) {
            Ok(bytes) => bytes,
            Err(error) if asked_at.line == 0 => {
                self.diagnostics.error(asked_at, format!("cannot be read: {error}"));
                return None;
            }
            Err(error) => {
                self.diagnostics.error(asked_at, format!("cannot read {}: {error}", path.display()));
                return None;
            }
        };
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let (before, _) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
                self.diagnostics.error(&end_of(path, before), "not UTF-8");
                return None;
            }
        };
        // The real path, so that a loop through a symbolic link is found as well.
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if self.way.contains(&real) {
            let way: Vec<_> = self.way.iter().chain([&real]).map(|path| name_of(path)).collect();
            self.diagnostics.error(asked_at, format!("files include each other: {}", way.join(" → ")));
            return None;
        }
        self.digest.update(text.as_bytes());
        if !self.files.contains(&path.to_owned()) {
            self.files.push(path.to_owned());
        }

        let named: Arc<str> = path.display().to_string().into();
        let mut root = parse(&named, &text, self.diagnostics)?;
        let Value::Map(entries) = &mut root.value else { return None };
        let include = entries.iter().position(|entry| entry.key == "include").map(|at| entries.remove(at));
        self.way.push(real);
        let included = include.as_ref().map_or_else(Vec::new, |entry| self.included(entry));
        for node in included {
            let Value::Text(relative) = &node.value else { continue };
            let target = path.parent().unwrap_or(Path::new("")).join(relative);
            if let Some(other) = self.file(&target, &node.at) {
                merge(&mut root, other, self.diagnostics);
            }
        }
        self.way.pop();
        Some(root)
    }

    /// The names of the files to include.
    fn included<'e>(&mut self, entry: &'e Entry) -> Vec<&'e Node> {
        let nodes = match &entry.node.value {
            Value::List(nodes) => nodes.iter().collect(),
            Value::Null => Vec::new(),
            _ => vec![&entry.node],
        };
        for node in &nodes {
            if !matches!(node.value, Value::Text(_)) {
                self.diagnostics.error(&node.at, "include: expected the name of a file");
            }
        }
        nodes
    }
}

/// The place that a text has come to.
fn end_of(path: &Path, text: &[u8]) -> Mark {
    let text = String::from_utf8_lossy(text);
    let last = text.rsplit('\n').next().unwrap_or_default();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
    let file = path.display().to_string().into();
    Mark { file, line: count(text.matches('\n').count()), column: count(last.chars().count()) }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn merge(base: &mut Node, other: Node, diagnostics: &mut Diagnostics) {
    let (Value::Map(entries), Value::Map(others)) = (&mut base.value, other.value) else { return };
    for new in others {
        let Some(old) = entries.iter_mut().find(|entry| entry.key == new.key) else {
            entries.push(new);
            continue;
        };
        let same = old.node.to_json() == new.node.to_json();
        match (&mut old.node.value, &new.node.value) {
            (Value::Map(_), Value::Map(_)) => merge(&mut old.node, new.node, diagnostics),
            (Value::List(nodes), Value::List(more)) => nodes.extend(more.iter().cloned()),
            (_, Value::Null) => {}
            (Value::Null, _) => *old = new,
            _ if same => {}
            _ => {
                let what =
                    format!("\"{}\" is set at {} as well; the included file's value holds", new.key, old.at);
                diagnostics.warning(&new.at, what);
                *old = new;
            }
        }
    }
}
