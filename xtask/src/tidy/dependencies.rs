//! Which crate may use which, and what may not come in from outside.

use std::{collections::BTreeSet, path::Path, process::Command};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use super::{Finding, licences};

/// One package of the build, as `cargo metadata` tells it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    /// Absent for the project's own.
    pub(crate) source: Option<String>,
    pub(crate) manifest_path: std::path::PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Clone, Deserialize)]
struct Dependency {
    name: String,
    /// Absent for a normal one; `dev` or `build` otherwise.
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// The project's crates in a straight line, and what each may use; in tests `testkit` too.
const CRATES: &[(&str, &[&str])] = &[
    ("mail", &[]),
    ("store", &["mail"]),
    ("bookpost", &["store", "mail"]),
    ("testkit", &["mail"]),
    ("xtask", &["testkit", "mail", "store"]),
];

/// One TLS provider (aws-lc-rs) is enough to keep up to date; a C library of the system is none of ours.
const REFUSED: &[&str] = &[
    "openssl",
    "openssl-sys",
    "native-tls",
    "ring",
    "boring",
    "boring-sys",
    "mbedtls",
    "aws-lc-fips-sys",
    "rustls-openssl",
    "rustls-rustcrypto",
    "rustls-graviola",
    "sqlx",
];

/// Asks cargo for everything that the program is built from on Linux.
///
/// `cargo metadata` also lists optional packages that no feature asks for; `cargo tree` lists what is built.
pub(crate) fn read(root: &Path) -> anyhow::Result<Vec<Package>> {
    let metadata = cargo(root, &["metadata", "--format-version=1", "--filter-platform", TARGET])?;
    let metadata: Metadata = serde_json::from_slice(&metadata).context("cargo metadata")?;
    let built = cargo(root, &["tree", "--workspace", "--prefix=none", "--format={p}", "--target", TARGET])?;
    let built = String::from_utf8(built).context("cargo tree")?;
    let built: BTreeSet<_> = built.lines().map(name_and_version).collect();
    let is_built = |package: &Package| {
        package.source.is_none() || built.contains(&(package.name.as_str(), package.version.as_str()))
    };
    Ok(metadata.packages.into_iter().filter(is_built).collect())
}

const TARGET: &str = "x86_64-unknown-linux-gnu";

fn cargo(root: &Path, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
    let what = arguments.first().copied().unwrap_or_default();
    let told = Command::new("cargo").args(arguments).arg("--locked").current_dir(root).output();
    let told = told.with_context(|| format!("cargo {what} does not start"))?;
    ensure!(told.status.success(), "cargo {what}: {}", String::from_utf8_lossy(&told.stderr).trim());
    Ok(told.stdout)
}

/// `serde v1.0.2 (proc-macro)` is `serde` at `1.0.2`.
fn name_and_version(line: &str) -> (&str, &str) {
    let mut words = line.split(' ');
    let (name, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    (name, version.trim_start_matches('v'))
}

/// The rule: arrows between the project's crates.
pub(super) fn between_crates(packages: &[Package]) -> Vec<Finding> {
    let ours = |name: &str| packages.iter().any(|package| package.source.is_none() && package.name == name);
    let mut found = Vec::new();
    for package in packages.iter().filter(|package| package.source.is_none()) {
        let Some((_, may_use)) = CRATES.iter().find(|(name, _)| *name == package.name) else {
            found.push(Finding::new(
                "Cargo.toml",
                0,
                format!("crate `{}` has no row of arrows", package.name),
            ));
            continue;
        };
        let own = package.dependencies.iter().filter(|dependency| ours(&dependency.name));
        let wrong = own.filter(|dependency| match dependency.kind.as_deref() {
            Some("dev") => dependency.name != "testkit" && !may_use.contains(&dependency.name.as_str()),
            _ => !may_use.contains(&dependency.name.as_str()),
        });
        found.extend(wrong.map(|dependency| {
            Finding::new("Cargo.toml", 0, format!("`{}` may not use `{}`", package.name, dependency.name))
        }));
    }
    found
}

/// The rule: what may not come in.
pub(super) fn refused(packages: &[Package]) -> Vec<Finding> {
    let mut found = Vec::new();
    for package in packages.iter().filter(|package| package.source.is_some()) {
        let licence = package.license.as_deref().unwrap_or("none");
        if REFUSED.contains(&package.name.as_str()) {
            found.push(Finding::new("Cargo.lock", 0, format!("`{}` is refused", package.name)));
        }
        if !licences::accepted(licence) {
            let text = format!("`{}`: the licence {licence} is not on the list", package.name);
            found.push(Finding::new("Cargo.lock", 0, text));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, source: Option<&str>, licence: &str, uses: &[(&str, Option<&str>)]) -> Package {
        Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: Some(licence.to_owned()),
            source: source.map(str::to_owned),
            manifest_path: "Cargo.toml".into(),
            dependencies: uses
                .iter()
                .map(|&(name, kind)| Dependency { name: name.to_owned(), kind: kind.map(str::to_owned) })
                .collect(),
        }
    }

    #[test]
    fn crates_stand_in_a_line() {
        for (name, uses, expected) in [
            ("mail", vec![("store", None)], 1),
            ("mail", vec![("testkit", Some("dev"))], 0),
            ("mail", vec![("testkit", None)], 1),
            ("store", vec![("mail", None), ("serde", None)], 0),
            ("other", vec![], 1),
        ] {
            let mut packages: Vec<_> =
                ["mail", "store", "testkit"].iter().map(|name| package(name, None, "", &[])).collect();
            packages.retain(|package| package.name != name);
            packages.push(package(name, None, "", &uses));
            assert_eq!(between_crates(&packages).len(), expected, "{name} {uses:?}");
        }
    }

    #[test]
    fn providers_and_licences_are_refused() {
        for (name, licence, expected) in [("serde", "MIT", 0), ("ring", "MIT", 1), ("x", "SSPL-1.0", 1)] {
            assert_eq!(refused(&[package(name, Some("r"), licence, &[])]).len(), expected, "{name}");
        }
    }
}
