//! Where upstream's file comes from: a wheel on PyPI, a wheel, or the file itself.

use std::{fs, path::Path};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use super::snapshot::{Header, Snapshot};
use crate::shell::Cmd;

/// The published table, in the wheel.
const FILE: &str = "litellm/model_prices_and_context_window_backup.json";
const LICENCE: &str = "MIT, Copyright (c) 2023 Berri AI; see LICENSE-litellm";

/// Downloads the latest wheel.
pub(super) fn latest(scratch: &Path) -> anyhow::Result<Snapshot> {
    if scratch.exists() {
        fs::remove_dir_all(scratch)?;
    }
    fs::create_dir_all(scratch)?;
    Cmd::new("pip").args(["download", "litellm", "--no-deps", "--quiet", "--dest"]).arg(scratch).run()?;
    let mut files =
        fs::read_dir(scratch)?.collect::<Result<Vec<_>, _>>()?.into_iter().map(|entry| entry.path());
    let found = files.find(|path| path.extension().is_some_and(|extension| extension == "whl"));
    wheel(&found.context("pip has downloaded no wheel")?)
}

/// Takes the table out of a wheel, which is named `litellm-<version>-<platform>.whl`.
pub(super) fn wheel(path: &Path) -> anyhow::Result<Snapshot> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let version = name.split('-').nth(1).context("the wheel's name has no version")?;
    // Where there is a wheel, there is Python to open it.
    let open = "import sys, zipfile; \
                sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))";
    let text = Cmd::new("python3").args(["-c", open]).arg(path).arg(FILE).output()?;
    snapshot(&text, &format!("litellm {version}"))
}

/// Reads the table from a file.
pub(super) fn json(path: &Path, release: &str) -> anyhow::Result<Snapshot> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    snapshot(&text, release)
}

fn snapshot(text: &str, upstream: &str) -> anyhow::Result<Snapshot> {
    let sha256 = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let header = Header {
        upstream: upstream.to_owned(),
        file: FILE.to_owned(),
        sha256,
        read: Cmd::new("date").args(["-u", "+%F"]).output()?.trim().to_owned(),
        licence: LICENCE.to_owned(),
    };
    Snapshot::of(text, header)
}
