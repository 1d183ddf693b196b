//! The ready-made program for a library: binary, checksum, manual pages, completions, licence texts.
//!
//! The binary is linked to the system's C library (static glibc cannot look up names as the system does); the oldest
//! version of it that will do is read from the binary and written beside it.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::{Context as _, ensure};

use crate::tidy::Package;

/// Builds everything into `dist/`.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let root = crate::root();
    let dist = root.join("dist");
    if dist.exists() {
        fs::remove_dir_all(&dist)?;
    }
    fs::create_dir_all(&dist)?;
    call(
        root,
        "cargo",
        &[
            "build",
            "--release",
            "--locked",
            "--package",
            "bookpost",
            "--config",
            "profile.release.strip=true",
        ],
    )?;
    fs::copy(root.join("target/release/bookpost"), dist.join("bookpost"))?;
    let checksum = call(&dist, "sha256sum", &["bookpost"])?;
    fs::write(dist.join("bookpost.sha256"), checksum)?;
    call(&dist, "./bookpost", &["manual", "--to", "manual"])?;
    let packages = crate::tidy::packages(root)?;
    fs::write(dist.join("LICENCES.txt"), licences(&packages))?;
    let binary = fs::read(dist.join("bookpost"))?;
    let needs = glibc(&binary)
        .map_or("no C library".to_owned(), |(major, minor)| format!("glibc {major}.{minor} or newer"));
    fs::write(dist.join("NEEDS.txt"), format!("Linux on {}, {needs}\n", machine(std::env::consts::ARCH)))?;
    crate::say(&format!("dist: bookpost, {} bytes, needs {needs}", binary.len()));
    Ok(ExitCode::SUCCESS)
}

fn call(folder: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
    let done = Command::new(program).args(arguments).current_dir(folder).output();
    let done = done.with_context(|| format!("{program} does not start"))?;
    ensure!(
        done.status.success(),
        "{program} {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&done.stderr).trim()
    );
    Ok(done.stdout)
}

/// What people call this kind of machine. The program is built for the one that builds it, as this one was.
fn machine(arch: &str) -> &str {
    match arch {
        "x86_64" => "x86-64",
        "aarch64" => "64-bit ARM (aarch64)",
        other => other,
    }
}

/// The highest `GLIBC_2.x` that the binary asks for.
fn glibc(binary: &[u8]) -> Option<(u32, u32)> {
    let mark = b"GLIBC_";
    memchr::memmem::find_iter(binary, mark)
        .filter_map(|at| {
            let rest = binary.get(at + mark.len()..)?;
            let end = rest.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
            let mut parts = std::str::from_utf8(rest.get(..end)?).ok()?.split('.');
            Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
        })
        .max()
}

/// What the program is built from, with the text of each licence file as it came.
fn licences(packages: &[Package]) -> String {
    let mut text = String::from("Bookpost is built from these packages, under these licences.\n");
    for package in packages.iter().filter(|package| package.source.is_some()) {
        let licence = package.license.as_deref().unwrap_or("see its text");
        let _ = writeln!(text, "\n==== {} {} ({licence})", package.name, package.version);
        let folder = package.manifest_path.parent().unwrap_or(Path::new("."));
        for file in licence_files(folder) {
            let _ = writeln!(
                text,
                "\n{}",
                String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).trim_end()
            );
        }
    }
    text
}

fn licence_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .filter(|entry| is_licence(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

fn is_licence(name: &str) -> bool {
    let name = name.to_uppercase();
    ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"].iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_asked_for_counts() {
        for (binary, expected) in [
            (&b"..GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.9\0"[..], Some((2, 34))),
            (b"GLIBC_PRIVATE\0GLIBC_2.3\0", Some((2, 3))),
            (b"nothing", None),
        ] {
            assert_eq!(glibc(binary), expected);
        }
    }

    #[test]
    fn the_machine_is_the_one_it_was_built_on() {
        for (arch, expected) in
            [("x86_64", "x86-64"), ("aarch64", "64-bit ARM (aarch64)"), ("riscv64", "riscv64")]
        {
            assert_eq!(machine(arch), expected);
        }
    }

    #[test]
    fn licence_files_are_known_by_their_names() {
        for (name, expected) in
            [("LICENSE-MIT", true), ("license.md", true), ("COPYING", true), ("README.md", false)]
        {
            assert_eq!(is_licence(name), expected, "{name}");
        }
    }
}
