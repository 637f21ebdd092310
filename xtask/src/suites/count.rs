//! Reading the closing lines of test runners.

/// How many tests ended in which way.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

/// cargo-nextest: the last `Summary [ 1.2s] 4 tests run: 3 passed, 1 failed, 0 skipped`.
pub(crate) fn nextest(text: &str) -> Option<Count> {
    let line = text.lines().rev().find(|line| line.trim_start().starts_with("Summary ["))?;
    let (_, line) = line.split_once("run:")?;
    // `1 exec failed` is a test that could not be started.
    let failed = before(line, "failed") + before(line, "timed") + before(line, "exec");
    Some(Count { passed: before(line, "passed"), failed, skipped: before(line, "skipped") })
}

/// cargo test: the sum of all lines `test result: ok. 5 passed; 0 failed; 1 ignored; ...`.
pub(crate) fn libtest(text: &str) -> Option<Count> {
    let lines = text.lines().filter(|line| line.starts_with("test result:"));
    lines
        .map(|line| Count {
            passed: before(line, "passed"),
            failed: before(line, "failed"),
            skipped: before(line, "ignored"),
        })
        .reduce(|sum, more| Count {
            passed: sum.passed + more.passed,
            failed: sum.failed + more.failed,
            skipped: sum.skipped + more.skipped,
        })
}

/// pytest: the last line, `1 failed, 2 passed, 1 skipped, 1 error in 0.12s`.
pub(crate) fn pytest(text: &str) -> Option<Count> {
    let line = text.lines().rev().find(|line| line.contains(" in "))?;
    let count = Count {
        passed: before(line, "passed"),
        failed: before(line, "failed") + before(line, "error") + before(line, "errors"),
        skipped: before(line, "skipped"),
    };
    (count != Count::default()).then_some(count)
}

/// The number that stands right before a word; 0 when the word is not there.
fn before(line: &str, word: &str) -> u64 {
    let words: Vec<&str> =
        line.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    words.windows(2).filter(|pair| pair[1] == word).find_map(|pair| pair[0].parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn count(passed: u64, failed: u64, skipped: u64) -> Option<Count> {
        Some(Count { passed, failed, skipped })
    }

    #[test]
    fn nextest_is_read() {
        assert_eq!(nextest("     Summary [   0.029s] 10 tests run: 10 passed, 2 skipped\n"), count(10, 0, 2));
        assert_eq!(
            nextest(
                "Summary [ 1.0s] 9 tests run: 5 passed (1 slow), 2 failed, 1 timed out, 1 exec failed, 0 skipped"
            ),
            count(5, 4, 0)
        );
        assert_eq!(nextest("error: could not compile"), None);
    }

    #[test]
    fn libtest_is_summed() {
        let text = "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
                    running 2 tests\n\
                    test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 3 filtered out\n";
        assert_eq!(libtest(text), count(6, 1, 1));
        assert_eq!(libtest("running 0 tests\n"), None);
    }

    #[test]
    fn pytest_is_read() {
        assert_eq!(pytest("....\n4 passed in 0.12s\n"), count(4, 0, 0));
        assert_eq!(pytest("=== 1 failed, 2 passed, 3 skipped, 2 errors in 1.00s ===\n"), count(2, 3, 3));
        assert_eq!(pytest("no tests ran in 0.01s\n"), None);
    }
}
