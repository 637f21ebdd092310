//! The order of functions in the program: which ones a start and requests run, as `callgrind` saw it.

use std::{collections::HashSet, fs, path::Path};

use anyhow::{Context as _, ensure};

use super::{
    lab::{Lab, Watched, Watcher},
    scenario::{ALL, Scenario},
};
use crate::{
    shell::{self, Cmd},
    workspace::Workspace,
};

/// Where the linker is told of it.
const FILE: &str = "crates/llm-cli/link-order.txt";
/// Long enough for each connection to have had answers, at the speed of a program that is watched.
const SECONDS: f64 = 4.0;

/// Writes the names of all functions that ran, of the gateway with a database and without.
///
/// Names have the versions of the compiler and of crates in them: what is not found in another build is passed over.
pub(crate) fn run() -> anyhow::Result<bool> {
    ensure!(shell::which("valgrind").is_some(), "valgrind is not installed");
    let workspace = Workspace::load()?;
    // As README.md builds it: other packages beside it might bring other features, and whatever the profile says is part of
    // names. The names themselves are kept by the linker alone.
    Cmd::cargo("rustc --release --package llm-cli --bin llm-gateway -- -C strip=none").run()?;
    let scratch = workspace.target_directory.join("xtask/order");
    fs::create_dir_all(&scratch)?;
    let program = scratch.join("llm-gateway");
    fs::copy(workspace.target_directory.join("release/llm-gateway"), &program)?;
    let lab = Lab::build(&workspace, false)?.watching(Watched {
        by: Watcher::Callgrind,
        program,
        profiles: scratch.clone(),
    });
    let scenarios: Vec<Scenario> = ALL
        .iter()
        .filter(|scenario| scenario.connections <= 64 && scenario.prompt_bytes < 1 << 20)
        .map(|scenario| Scenario { connections: scenario.connections.min(4), ..*scenario })
        .collect();
    lab.run_through(&scenarios, SECONDS)?;
    let mut names = Vec::new();
    for name in ["gateway", "booked"] {
        names.extend(functions(&scratch.join(format!("{name}.callgrind")))?);
    }
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    ensure!(names.len() > 1_000, "only {} functions have names: was the program stripped?", names.len());
    fs::write(workspace.workspace_root.join(FILE), names.join("\n") + "\n")?;
    println!("{FILE}: {} functions", names.len());
    Ok(true)
}

/// Names of functions of Rust in a profile.
fn functions(profile: &Path) -> anyhow::Result<Vec<String>> {
    let text = fs::read_to_string(profile).with_context(|| format!("{}", profile.display()))?;
    Ok(text.lines().filter_map(function).map(str::to_owned).collect())
}

/// `fn=(12) name` and `cfn=(12) name`; names stand there once, recursions with `'2` behind them.
fn function(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("fn=").or_else(|| line.strip_prefix("cfn="))?;
    let (_, name) = rest.split_once(") ")?;
    let name = name.split('\'').next()?;
    (name.starts_with("_ZN") || name.starts_with("_R")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rust_are_read_once() {
        assert_eq!(function("fn=(3) _ZN4core3fooE"), Some("_ZN4core3fooE"));
        assert_eq!(function("cfn=(4) _RNvCs1234_7mycrate3foo'2"), Some("_RNvCs1234_7mycrate3foo"));
        for other in ["fn=(3)", "cfn=(5) memcpy", "fl=(1) foo.rs", "+3 12", "fn=(9) 0x000000000281825c"] {
            assert_eq!(function(other), None, "{other}");
        }
    }
}
