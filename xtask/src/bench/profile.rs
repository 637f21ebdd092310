//! What of the program ran how often, as the program itself counts it: release builds are guided by it.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, ensure};

use super::{
    lab::{Lab, Watched, Watcher},
    scenario::{ALL, Scenario},
};
use crate::{
    shell::{self, Cmd},
    workspace::Workspace,
};

/// Where `.cargo/rustc` looks for it.
const FILE: &str = ".cargo/release.profdata";
/// How long each scenario runs, with a database and without.
const SECONDS: f64 = 2.0;

/// Builds a gateway that counts, lets it answer as the benchmark asks, and writes what it counted.
pub(crate) fn run() -> anyhow::Result<bool> {
    let merge = llvm_profdata()?;
    let workspace = Workspace::load()?;
    let scratch = workspace.target_directory.join("xtask/profile");
    fs::create_dir_all(&scratch)?;
    // As README.md builds it, in a place of its own: what counts is of no use to anybody else.
    Cmd::cargo("build --release --package llm-cli --bin llm-gateway")
        .arg("--target-dir")
        .arg(&scratch)
        .env("LLM_GATEWAY_COUNTING", "1")
        .run()?;
    let watched = Watched {
        by: Watcher::Itself,
        program: scratch.join("release/llm-gateway"),
        profiles: scratch.clone(),
    };
    let lab = Lab::build(&workspace, false)?.watching(watched);
    let scenarios: Vec<Scenario> =
        ALL.iter().filter(|scenario| scenario.connections <= 64).copied().collect();
    lab.run_through(&scenarios, SECONDS)?;
    let file = workspace.workspace_root.join(FILE);
    let counted = ["gateway", "booked"].map(|name| scratch.join(name).with_extension("profraw"));
    Cmd::new(merge).args(["merge", "--sparse", "--output"]).arg(&file).args(counted).run()?;
    println!(
        "{FILE}: {} KiB; what is built already does not know it: cargo clean --release",
        fs::metadata(&file)?.len() / 1024
    );
    Ok(true)
}

/// The newest `llvm-profdata`: one that is older than the compiler's own format cannot read what was counted.
fn llvm_profdata() -> anyhow::Result<PathBuf> {
    let library = Cmd::new("rustc").args(["--print", "target-libdir"]).output()?;
    let beside = PathBuf::from(library.trim()).join("../bin/llvm-profdata");
    let named = (19..40).rev().map(|version| PathBuf::from(format!("llvm-profdata-{version}")));
    let found = std::iter::once(beside)
        .chain(named)
        .chain(["llvm-profdata".into()])
        .find(|program| program.is_file() || shell::which(&program.to_string_lossy()).is_some());
    let found = found.context("llvm-profdata is not installed: `rustup component add llvm-tools`")?;
    let version = Cmd::new(&found).arg("--version").output()?;
    ensure!(version.contains("LLVM version"), "`{}` is no llvm-profdata", found.display());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What `.cargo/rustc` hands on to the compiler.
    fn handed_on(arguments: &[&str]) -> anyhow::Result<Vec<String>> {
        let wrapper = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.cargo/rustc");
        let cmd = Cmd::new(wrapper).args(["printf", "%s\n"]).args(arguments);
        let cmd = cmd.env("CARGO_PKG_NAME", "some").env("CARGO_PKG_VERSION", "1.2.0");
        Ok(cmd.output()?.lines().map(str::to_owned).collect())
    }

    #[cfg(unix)]
    #[test]
    fn crates_for_release_have_names_that_stay() {
        let release = [
            "--cfg",
            "a \"b c\"",
            "-C",
            "codegen-units=1",
            "-C",
            "metadata=0123",
            "-C",
            "extra-filename=-01",
        ];
        let found = handed_on(&release).unwrap();
        let expected = [
            "--cfg",
            "a \"b c\"",
            "-C",
            "codegen-units=1",
            "-C",
            "metadata=some-1.2.0",
            "-C",
            "extra-filename=-01",
        ];
        assert_eq!(found[..expected.len()], expected);
        assert!(found[expected.len()..].join(" ").contains("profile-use="), "{found:?}");
        // What a test links is another crate than the one that it tests.
        let test = handed_on(&[&release[..], &["--test"]].concat()).unwrap();
        assert!(test.contains(&"metadata=some-1.2.0-test".to_owned()), "{test:?}");
    }

    #[cfg(unix)]
    #[test]
    fn other_crates_are_left_as_they_are() {
        let other = ["--cfg", "a \"b c\"", "-C", "codegen-units=16", "-C", "metadata=0123"];
        assert_eq!(handed_on(&other).unwrap(), other);
    }
}
