//! Where the servers' programs are.

use std::path::{Path, PathBuf};

/// A program of one of these folders, or of the path.
pub(crate) fn find(names: &[&str], folders: &[PathBuf]) -> PathBuf {
    let path = option_env("PATH");
    let path = std::env::split_paths(&path).collect::<Vec<_>>();
    for folder in folders.iter().chain(&path) {
        for name in names {
            let program = folder.join(name);
            if program.is_file() {
                return program;
            }
        }
    }
    panic!("{} is not installed", names.join(" or "))
}

/// Subfolders `bin` of a folder's folders, the last name first: `/usr/lib/postgresql/17/bin`.
pub(crate) fn versions(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(Path::new(folder)).into_iter().flatten().flatten();
    let mut folders: Vec<_> = entries.map(|entry| entry.path().join("bin")).collect();
    folders.sort_unstable();
    folders.reverse();
    folders
}

#[expect(clippy::disallowed_methods, reason = "a helper of tests, which finds programs as a shell does")]
fn option_env(name: &str) -> std::ffi::OsString {
    std::env::var_os(name).unwrap_or_default()
}
