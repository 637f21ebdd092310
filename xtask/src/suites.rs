//! All tests, by whichever runner, and one line that sums them up.

mod count;

use std::path::Path;

use crate::{
    clock, gateway,
    shell::{Cmd, Teed},
    workspace::{EVERYTHING, Workspace},
};

use count::Count;

/// Set where nothing may be left out, as in CI.
const TEST_ALL: &str = "LLM_GATEWAY_TEST_ALL";

enum Outcome {
    Ran(Count),
    /// With what to do to have it run.
    LeftOut(String),
}

/// Runs every suite to its end and prints the sum; true when all passed.
///
/// The last line is `N passed, N failed`.
pub(crate) fn run() -> anyhow::Result<bool> {
    let root = Workspace::load()?.workspace_root;
    let ended = [
        ("unit and integration tests", rust_tests()?),
        ("documentation examples", documentation_examples()?),
        ("tests with Redis", redis_tests()?),
        ("tests with PostgreSQL", database_tests(&POSTGRES)?),
        ("tests with MariaDB", database_tests(&MARIADB)?),
        ("crash test and race", lab_tests()?),
        ("SDK suites", sdk_suites(&root)?),
    ];
    let strict = clock::env(TEST_ALL).is_some_and(|value| !value.is_empty());
    Ok(summarise(&ended, strict))
}

fn summarise(ended: &[(&str, Outcome)], strict: bool) -> bool {
    println!("\nTests");
    let mut sum = Count::default();
    let mut left_out = 0;
    for (name, outcome) in ended {
        match outcome {
            Outcome::Ran(count) => {
                println!(
                    "{name:<28}{:>6} passed, {} failed, {} skipped",
                    count.passed, count.failed, count.skipped
                );
                sum.passed += count.passed;
                sum.failed += count.failed;
            }
            Outcome::LeftOut(how) => {
                println!("{name:<28}left out; to run them: {how}");
                left_out += 1;
            }
        }
    }
    if strict && left_out > 0 {
        println!("{TEST_ALL} is set, so what was left out has failed");
        sum.failed += left_out;
    }
    println!("{} passed, {} failed", sum.passed, sum.failed);
    sum.failed == 0
}

fn rust_tests() -> anyhow::Result<Outcome> {
    if Cmd::cargo("nextest --version").succeeds() {
        let teed = Cmd::cargo("nextest run --no-fail-fast").args(EVERYTHING).tee()?;
        return Ok(ran(&teed, count::nextest));
    }
    // Without --all-targets, which would run the benchmarks too.
    let teed = Cmd::cargo("test --no-fail-fast --lib --bins --tests --examples").args(EVERYTHING).tee()?;
    Ok(ran(&teed, count::libtest))
}

fn documentation_examples() -> anyhow::Result<Outcome> {
    let teed = Cmd::cargo("test --no-fail-fast --doc").args(EVERYTHING).tee()?;
    Ok(ran(&teed, count::libtest))
}

/// Tests that start a Redis of their own, one after the other because some of them measure. Other runs pass over them.
fn redis_tests() -> anyhow::Result<Outcome> {
    const NEXTEST: &str = "nextest run --no-fail-fast --run-ignored only --test-threads 1";
    const WHICH: &str = "package(llm-gateway-shared) or (package(llm-cli) and test(/^shared::/))";
    if !Cmd::new("redis-server").arg("--version").succeeds() {
        return Ok(Outcome::LeftOut("apt-get install redis-server".to_owned()));
    }
    if Cmd::cargo("nextest --version").succeeds() {
        let teed = Cmd::cargo(NEXTEST).args(EVERYTHING).args(["-E", WHICH]).tee()?;
        return Ok(ran(&teed, count::nextest));
    }
    let cargo = Cmd::cargo("test --no-fail-fast -p llm-gateway-shared -p llm-cli --test redis --test e2e --");
    let teed = cargo
        .args(["--ignored", "--test-threads", "1", "--skip", "tenants::databases", "--skip", "ledger::"])
        .tee()?;
    Ok(ran(&teed, count::libtest))
}

/// A database server that tests start by themselves.
struct Database {
    /// A program of its, and where it may be besides the path.
    program: &'static str,
    folder: &'static str,
    package: &'static str,
    /// A word that the names of its tests hold, and no others'.
    word: &'static str,
}

const POSTGRES: Database =
    Database { program: "initdb", folder: "/usr/lib/postgresql", package: "postgresql", word: "postgres" };
const MARIADB: Database =
    Database { program: "mariadbd", folder: "/usr/sbin", package: "mariadb-server", word: "mariadb" };

/// Tests that start a database server of their own, one after the other. Other runs pass over them.
fn database_tests(database: &Database) -> anyhow::Result<Outcome> {
    let Database { program, folder, package, word } = database;
    if !Cmd::new(program).arg("--version").succeeds() && !holds(Path::new(folder), program) {
        return Ok(Outcome::LeftOut(format!("apt-get install {package}")));
    }
    if Cmd::cargo("nextest --version").succeeds() {
        // What measures takes long, and is run by hand.
        let which =
            format!("(package(llm-store) or package(llm-cli)) and test({word}) and not test(/^million::/)");
        let nextest = Cmd::cargo("nextest run --no-fail-fast --run-ignored only --test-threads 1");
        return Ok(ran(&nextest.args(EVERYTHING).args(["-E", &which]).tee()?, count::nextest));
    }
    let cargo =
        Cmd::cargo("test --no-fail-fast -p llm-store -p llm-cli --all-features --test store --test e2e --");
    let teed = cargo.args(["--ignored", "--test-threads", "1", word]).tee()?;
    Ok(ran(&teed, count::libtest))
}

/// The crash test and the race for budgets in their short forms, one after the other. Other runs pass over them.
fn lab_tests() -> anyhow::Result<Outcome> {
    let is_there = |program: &str| Cmd::new(program).arg("--version").succeeds();
    let has_postgres = is_there(POSTGRES.program) || holds(Path::new(POSTGRES.folder), POSTGRES.program);
    if !(is_there("sqlite3") && is_there("redis-server") && is_there("prlimit") && has_postgres) {
        return Ok(Outcome::LeftOut("apt-get install sqlite3 redis-server util-linux postgresql".to_owned()));
    }
    if Cmd::cargo("nextest --version").succeeds() {
        let nextest = Cmd::cargo("nextest run --no-fail-fast --run-ignored only --test-threads 1");
        let which = ["-E", "package(llm-cli) and test(/^ledger::/)"];
        return Ok(ran(&nextest.args(EVERYTHING).args(which).tee()?, count::nextest));
    }
    let cargo =
        Cmd::cargo("test --no-fail-fast -p llm-cli --test e2e -- --ignored --test-threads 1 ledger::");
    Ok(ran(&cargo.tee()?, count::libtest))
}

/// Whether a folder holds a program, or the folder `bin` of one of its folders does, as Debian's PostgreSQL.
fn holds(folder: &Path, program: &str) -> bool {
    let versions = std::fs::read_dir(folder).into_iter().flatten().flatten();
    folder.join(program).is_file()
        || versions.map(|entry| entry.path().join("bin")).any(|bin| bin.join(program).is_file())
}

/// The vendors' own Python SDKs against the binary.
fn sdk_suites(root: &Path) -> anyhow::Result<Outcome> {
    let python = root.join("tests/.venv/bin/python");
    if !python.is_file() {
        return Ok(Outcome::LeftOut(
            "python3 -m venv tests/.venv && tests/.venv/bin/pip install -r tests/sdk/requirements.txt"
                .to_owned(),
        ));
    }
    let binary = gateway::build()?;
    let pytest = Cmd::new(&python).args(["-m", "pytest", "--quiet"]).arg(root.join("tests/sdk"));
    Ok(ran(&pytest.env("LLM_GATEWAY_BIN", binary).tee()?, count::pytest))
}

/// A runner that failed, or that ended without its closing line, has at least one failure.
fn ran(teed: &Teed, read: fn(&str) -> Option<Count>) -> Outcome {
    let counted = read(&teed.text);
    let whole = teed.success && counted.is_some();
    let mut count = counted.unwrap_or_default();
    if !whole {
        count.failed = count.failed.max(1);
    }
    Outcome::Ran(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn teed(success: bool, text: &str) -> Teed {
        Teed { success, text: text.to_owned() }
    }

    fn failures(outcome: &Outcome) -> u64 {
        match outcome {
            Outcome::Ran(count) => count.failed,
            Outcome::LeftOut(_) => 0,
        }
    }

    const PASSED: &str = "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";

    #[test]
    fn a_runner_that_says_nothing_or_fails_has_a_failure() {
        assert_eq!(failures(&ran(&teed(true, PASSED), count::libtest)), 0);
        assert_eq!(failures(&ran(&teed(false, PASSED), count::libtest)), 1);
        assert_eq!(failures(&ran(&teed(true, ""), count::libtest)), 1);
        assert_eq!(failures(&ran(&teed(false, "error: could not compile"), count::libtest)), 1);
    }

    #[test]
    fn what_is_left_out_fails_only_where_nothing_may_be() {
        let ended =
            [("a", ran(&teed(true, PASSED), count::libtest)), ("b", Outcome::LeftOut("buy it".to_owned()))];
        assert!(summarise(&ended, false));
        assert!(!summarise(&ended, true));
        assert!(summarise(&ended[..1], true));
    }

    #[test]
    fn programs_are_found_where_debian_has_them() {
        let folder = std::env::temp_dir().join(format!("xtask-suites-{}", std::process::id()));
        let bin = folder.join("17/bin");
        std::fs::create_dir_all(&bin).unwrap();
        assert!(!holds(&folder, "initdb"));
        std::fs::write(bin.join("initdb"), "").unwrap();
        assert!(holds(&folder, "initdb") && holds(&bin, "initdb") && !holds(&folder, "postgres"));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn one_failure_fails_all() {
        let failed = Count { passed: 9, failed: 1, skipped: 0 };
        assert!(!summarise(&[("a", Outcome::Ran(failed))], false));
    }
}
