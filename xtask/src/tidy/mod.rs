//! What the compiler cannot check.
//!
//! Each rule is a pure function from text to findings, in a file of its own with its tests beneath; this file reads the
//! tree once, asks every rule, and prints. One finding fails the run. A rule that fits badly is changed, never switched
//! off for one place.

mod arrows;
mod coverage;
mod dependencies;
mod documents;
mod licences;
mod names;
mod private;
mod purity;
mod rust;
mod sizes;
mod sleeps;
mod snapshots;
mod tree;

use std::process::ExitCode;

pub(crate) use dependencies::{Package, read as packages};
use tree::Tree;

/// One thing to mend.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    /// Counted from 1; 0 where the whole file is meant.
    line: usize,
    text: String,
}

impl Finding {
    fn new(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, text: text.into() }
    }
}

type Rule = (&'static str, fn(&Tree) -> Vec<Finding>);

/// Every rule that looks at the tree alone, with the name that a finding is printed under.
const RULES: &[Rule] = &[
    ("arrows between modules", arrows::between_modules),
    ("mail is pure", purity::findings),
    ("sizes", sizes::findings),
    ("names of modules", names::findings),
    ("paths named in the documents", documents::paths),
    ("links", documents::links),
    ("documents that are named", documents::named),
    ("private matters", private::findings),
    ("snapshots", snapshots::findings),
    ("sleeps in tests", sleeps::findings),
    ("conformance of the store", coverage::conformance),
    ("tests of the invariants", coverage::invariants),
];

/// Asks every rule and prints what was found.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let tree = Tree::read(crate::root())?;
    let mut found = 0;
    for (name, rule) in RULES {
        found += print(name, rule(&tree));
    }
    let built = packages(crate::root())?;
    found += print("arrows between crates", dependencies::between_crates(&built));
    found += print("dependencies", dependencies::refused(&built));
    crate::say(&sizes::report(&tree));
    crate::say(&format!("tidy: {} rules, {found} findings", RULES.len() + 2));
    Ok(if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(rule: &str, mut findings: Vec<Finding>) -> usize {
    findings.sort();
    for finding in &findings {
        let line = if finding.line == 0 { String::new() } else { format!(":{}", finding.line) };
        crate::say(&format!("{}{line}: {} [{rule}]", finding.path, finding.text));
    }
    findings.len()
}
