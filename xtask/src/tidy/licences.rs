//! Licence expressions (SPDX), as far as package manifests use them.

/// Licences that let a library use, pass on and change the program, and their exceptions.
const ACCEPTED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// May a package under this expression be used? One side of each `OR`, both sides of each `AND`.
pub(super) fn accepted(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    any(&mut rest) == Some(true) && rest.is_empty()
}

fn any(rest: &mut &[&str]) -> Option<bool> {
    let mut good = all(rest)?;
    while taken(rest, "OR") {
        good |= all(rest)?;
    }
    Some(good)
}

fn all(rest: &mut &[&str]) -> Option<bool> {
    let mut good = one(rest)?;
    while taken(rest, "AND") {
        good &= one(rest)?;
    }
    Some(good)
}

fn one(rest: &mut &[&str]) -> Option<bool> {
    if taken(rest, "(") {
        let good = any(rest)?;
        return taken(rest, ")").then_some(good);
    }
    let name = next(rest)?;
    if !taken(rest, "WITH") {
        return Some(ACCEPTED.contains(&name));
    }
    let whole = format!("{name} WITH {}", next(rest)?);
    Some(ACCEPTED.contains(&whole.as_str()))
}

fn taken(rest: &mut &[&str], token: &str) -> bool {
    let there = rest.first() == Some(&token);
    if there {
        next(rest);
    }
    there
}

fn next<'a>(rest: &mut &[&'a str]) -> Option<&'a str> {
    let (first, others) = rest.split_first()?;
    *rest = others;
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        for (expression, expected) in [
            ("MIT", true),
            ("MIT OR Apache-2.0", true),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0-only", false),
            ("GPL-3.0-only OR MIT", true),
            ("ISC AND (Apache-2.0 OR GPL-2.0)", true),
            ("ISC AND GPL-2.0", false),
            ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true),
            ("Apache-2.0 WITH Other-exception", false),
            ("(MIT", false),
            ("", false),
        ] {
            assert_eq!(accepted(expression), expected, "{expression}");
        }
    }
}
