//! What `cargo xtask test` is made of, and what each part's runner reports.

use std::{fmt, ops::AddAssign};

/// A part of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Part {
    /// The sources are formatted as rustfmt does it.
    Fmt,
    /// Clippy has no warning, for the server's side and for the browser's.
    Clippy,
    /// All crates' own tests, but for those that need machines.
    Unit,
    /// machined's tests, with real machines. Needs root.
    Machines,
    /// The course in content/: it lints, the units that are done cover their rows, and every exercise
    /// holds on real machines. Needs root.
    Course,
    /// The whole classroom in a browser. Needs root.
    Story,
    /// machined's tests once more, on cgroup v2, in a virtual machine. Takes long: only where it is
    /// asked for, and by itself. Needs root.
    Vm,
}

impl Part {
    /// All parts but [`Part::Vm`], in the order in which they are reported.
    pub(crate) const ALL: [Part; 6] = [
        Part::Fmt,
        Part::Clippy,
        Part::Unit,
        Part::Machines,
        Part::Course,
        Part::Story,
    ];

    /// Whether it starts machines.
    pub(crate) fn needs_root(self) -> bool {
        matches!(self, Part::Machines | Part::Course | Part::Story)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Fmt => "fmt",
            Part::Clippy => "clippy",
            Part::Unit => "unit",
            Part::Machines => "machines",
            Part::Course => "course",
            Part::Story => "story",
            Part::Vm => "vm",
        })
    }
}

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// They hold.
    pub(crate) passed: usize,
    /// They do not, or only at a second try.
    pub(crate) failed: usize,
    /// They did not run.
    pub(crate) skipped: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl Tally {
    /// One check, of which only the end is known.
    pub(crate) fn of_one(good: bool) -> Self {
        Self {
            passed: usize::from(good),
            failed: usize::from(!good),
            skipped: 0,
        }
    }

    /// What a runner's output says: cargo-nextest's summary, `cargo test`'s results, the last lines of
    /// Playwright and of `gyosil test-course`.
    pub(crate) fn read(output: &str) -> Self {
        let mut tally = Self::default();
        // Summary [   0.012s] 3 tests run: 2 passed (1 slow), 1 failed, 4 skipped
        let summary = |line: &&str| line.trim().starts_with("Summary [");
        if let Some(summary) = output.lines().rfind(summary) {
            // It counts all; other lines are what tests printed.
            let counts = summary.split_once("run:").map(|(_, counts)| counts);
            return counts.map(Self::of_counts).unwrap_or_default();
        }
        for line in output.lines() {
            let line = line.trim();
            let counts = if let Some(result) = line.strip_prefix("test result:") {
                // test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; …
                result.split_once(". ").map(|(_, counts)| counts)
            } else {
                // 5 passed (1.2m)
                line.starts_with(|c: char| c.is_ascii_digit())
                    .then_some(line)
            };
            tally += counts.map(Self::of_counts).unwrap_or_default();
        }
        tally
    }

    fn of_counts(counts: &str) -> Self {
        let mut tally = Self::default();
        for part in counts.split([',', ';']) {
            let Some((number, what)) = part.trim().split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse::<usize>() else {
                continue;
            };
            // "2 passed (1 slow)": what stands in brackets is counted already.
            match what.split(" (").next().unwrap_or(what) {
                "passed" => tally.passed += number,
                "failed" | "timed out" | "flaky" | "interrupted" => tally.failed += number,
                "skipped" | "ignored" | "did not run" => tally.skipped += number,
                _ => {}
            }
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: usize, failed: usize, skipped: usize) -> Tally {
        Tally {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn nextest_is_read() {
        let output = "    PASS [ 0.1s] (1/7) store a\n\
             \x20   test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 3 filtered out\n\
             ------------\n     Summary [   0.012s] 7 tests run: 4 passed (1 slow), 2 failed, 1 timed out, 3 skipped\n\
                 FAIL [ 0.1s] (3/7) store b\n";
        assert_eq!(Tally::read(output), tally(4, 3, 3));
        let one = "     Summary [   0.004s] 1 test run: 1 passed, 0 skipped\n";
        assert_eq!(Tally::read(one), tally(1, 0, 0));
    }

    #[test]
    fn cargo_test_is_read_crate_by_crate() {
        let output = "running 2 tests\n\
             test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 5 filtered out; finished in 0.01s\n\
             test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n";
        assert_eq!(Tally::read(output), tally(3, 1, 1));
    }

    #[test]
    fn playwright_is_read() {
        let output = "Running 9 tests using 1 worker\n\
               ✓  1 [chromium] › lesson.spec.ts:3:1 › opens (1.2s)\n\n\
               2 failed\n    [chromium] › a.spec.ts:1:1 › b\n  1 flaky\n  1 skipped\n  1 did not run\n  4 passed (1.2m)\n";
        assert_eq!(Tally::read(output), tally(4, 3, 2));
    }

    #[test]
    fn trials_of_a_course_are_read() {
        let output = "[1/2] ok     containers/run run-clock  solution  4.7 s\n\n\
             exercise  tried     result    s\n\n16 passed, 1 failed, 2 weaknesses (361 s)\n";
        assert_eq!(Tally::read(output), tally(16, 1, 0));
    }

    #[test]
    fn other_output_counts_nothing() {
        assert_eq!(
            Tally::read("3 errors, 12 passed over\nno tests to run\n"),
            Tally::default()
        );
    }
}
