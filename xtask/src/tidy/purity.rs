//! `mail` is pure: no async, no sockets, no files, no ambient clock or randomness.

use super::{Finding, rust, tree::Tree};

/// What would make it impure, and how it would be spelled.
const IMPURE: &[(&str, &str)] = &[
    ("async fn", "async"),
    (".await", "async"),
    ("tokio", "async"),
    ("std::net::TcpStream", "sockets"),
    ("std::net::TcpListener", "sockets"),
    ("std::net::UdpSocket", "sockets"),
    ("std::fs", "files"),
    ("std::process", "processes"),
    ("std::thread", "threads"),
    ("std::env", "the environment"),
    ("rusqlite", "SQL"),
];

/// The rule.
pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.rust().filter(|file| file.path.starts_with("crates/mail/src/")) {
        for (line, code) in rust::code_lines(rust::without_tests(&file.text)) {
            let impure = IMPURE.iter().filter(|(spelling, _)| rust::says(code, spelling));
            found.extend(
                impure.map(|(_, what)| Finding::new(&file.path, line, format!("no {what} in `mail`"))),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mail_must_be_pure() {
        for (path, text, expected) in [
            ("crates/mail/src/a.rs", "use std::net::IpAddr;", 0),
            ("crates/mail/src/a.rs", "use std::net::TcpStream;", 1),
            ("crates/mail/src/a.rs", "// like tokio", 0),
            ("crates/mail/src/a.rs", "x.await?", 1),
            ("crates/mail/src/a.rs", "x.awaits_release()", 0),
            ("crates/mail/src/a.rs", "async fn f() {}", 1),
            ("crates/mail/tests/a.rs", "std::fs::read(x)", 0),
            ("crates/store/src/a.rs", "std::fs::read(x)", 0),
        ] {
            assert_eq!(findings(&Tree::of(&[(path, text)])).len(), expected, "{path}: {text}");
        }
    }
}
