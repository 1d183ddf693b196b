//! The addresses of a header field (RFC 5322 section 3.4): with names, quoted strings, comments, groups, folded lines and
//! the forms of old (section 4.4). What a field says beside its addresses is passed over.

use std::{iter::Peekable, str::CharIndices};

use super::{Address, AddressError, shown};

/// One address of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) address: Address,
    /// The address was written without a domain: where in the value `@domain` is missing.
    pub(crate) without_domain: Option<usize>,
}

/// All addresses of a header field's value, in order. One without a domain is completed with `domain`, if there is one.
pub(crate) fn in_header(value: &str, domain: Option<&str>) -> Result<Vec<Listed>, AddressError> {
    let rest = value.char_indices().peekable();
    let mut reader =
        Reader { value, rest, text: Spec::default(), angle: None, is_ambiguous: false, found: Vec::new() };
    reader.read(domain)?;
    Ok(reader.found)
}

/// All addresses of a list as people write it in a header field or on a command line: with names, comments and groups. One
/// without a domain is completed with `domain`.
pub fn list_of(text: &str, domain: &str) -> Result<Vec<Address>, AddressError> {
    Ok(in_header(text, Some(domain))?.into_iter().map(|listed| listed.address).collect())
}

/// An address as it is put together, and where its last character ends.
#[derive(Debug, Default)]
struct Spec {
    text: String,
    end: usize,
}

impl Spec {
    fn push(&mut self, at: usize, c: char) {
        self.text.push(c);
        if !c.is_whitespace() {
            self.end = at + c.len_utf8();
        }
    }
}

struct Reader<'a> {
    value: &'a str,
    rest: Peekable<CharIndices<'a>>,
    /// What stands outside angle brackets: a name, or an address alone.
    text: Spec,
    angle: Option<Spec>,
    /// Readers would differ in which addresses stand there.
    is_ambiguous: bool,
    found: Vec<Listed>,
}

impl Reader<'_> {
    fn read(&mut self, domain: Option<&str>) -> Result<(), AddressError> {
        let mut in_angle = false;
        while let Some((at, c)) = self.rest.next() {
            match c {
                '(' => self.comment()?,
                '"' => self.keep_to(at, c, in_angle, '"')?,
                '[' => self.keep_to(at, c, in_angle, ']')?,
                '<' if !in_angle && self.angle.is_none() => {
                    in_angle = true;
                    self.angle = Some(Spec { text: String::new(), end: at + 1 });
                }
                '>' if in_angle => in_angle = false,
                ',' | ';' if !in_angle => self.finish(domain)?,
                // What stood before it is the name of a group.
                ':' if !in_angle => {
                    self.is_ambiguous |= self.text.text.contains('@');
                    self.text = Spec::default();
                }
                _ if c.is_whitespace() && in_angle => {}
                _ => self.keep(at, c, in_angle),
            }
        }
        if in_angle {
            return Err(self.unclosed());
        }
        self.finish(domain)?;
        if self.is_ambiguous { Err(AddressError::Ambiguous(shown(self.value))) } else { Ok(()) }
    }

    fn unclosed(&self) -> AddressError {
        AddressError::Unclosed(shown(self.value))
    }

    fn keep(&mut self, at: usize, c: char, in_angle: bool) {
        match &mut self.angle {
            Some(angle) if in_angle => angle.push(at, c),
            // Words behind the brackets; a second address there would be shown by some and not by others.
            Some(_) => self.is_ambiguous |= matches!(c, '@' | '<'),
            None => self.text.push(at, c),
        }
    }

    /// Takes what stands up to the closing character, with it.
    fn keep_to(&mut self, at: usize, open: char, in_angle: bool, close: char) -> Result<(), AddressError> {
        self.keep(at, open, in_angle);
        while let Some((at, c)) = self.rest.next() {
            if matches!(c, '\r' | '\n') {
                continue;
            }
            self.keep(at, c, in_angle);
            if c == close {
                return Ok(());
            }
            if c == '\\'
                && let Some((at, escaped)) = self.rest.next()
            {
                self.keep(at, escaped, in_angle);
            }
        }
        Err(self.unclosed())
    }

    /// Passes a comment over, and those in it.
    fn comment(&mut self) -> Result<(), AddressError> {
        let mut depth = 1_usize;
        while let Some((_, c)) = self.rest.next() {
            match c {
                '\\' => drop(self.rest.next()),
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
        Err(self.unclosed())
    }

    /// One address is over; empty places in a list are allowed.
    fn finish(&mut self, domain: Option<&str>) -> Result<(), AddressError> {
        let (text, angle) = (std::mem::take(&mut self.text), self.angle.take());
        let spec = match angle {
            Some(angle) => Spec { text: without_route(&angle.text).to_owned(), end: angle.end },
            None if text.text.trim().is_empty() => return Ok(()),
            None => text,
        };
        let written = spec.text.trim();
        let listed = match domain {
            Some(domain) if !written.is_empty() && !written.contains('@') => Listed {
                address: Address::parse(&format!("{written}@{domain}"))?,
                without_domain: Some(spec.end),
            },
            _ => Listed { address: Address::parse(written)?, without_domain: None },
        };
        self.found.push(listed);
        Ok(())
    }
}

/// `@a,@b:c@d` is a route of old: `c@d`.
fn without_route(text: &str) -> &str {
    match text.strip_prefix('@').and_then(|route| route.split_once(':')) {
        Some((_, address)) => address,
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn addresses(value: &str) -> Result<Vec<String>, AddressError> {
        Ok(in_header(value, None)?.into_iter().map(|one| one.address.to_string()).collect())
    }

    #[test]
    fn fields_as_they_occur() {
        for (value, expected) in [
            ("", &[][..]),
            (" a@x.org", &["a@x.org"]),
            ("a@x.org, b@y.org,,c@z.org,", &["a@x.org", "b@y.org", "c@z.org"]),
            ("Jane Doe <a@x.org>", &["a@x.org"]),
            ("\"Doe, Jane <j@z.org>\" <a@x.org>, b@y.org", &["a@x.org", "b@y.org"]),
            ("\"a \\\" , b\" <a@x.org>", &["a@x.org"]),
            ("=?utf-8?Q?J=C3=BCrgen?= <a@x.org>", &["a@x.org"]),
            ("=?utf-8?B?RG9lLCBKYW5l?=\r\n =?utf-8?B?IQ==?= <a@x.org>", &["a@x.org"]),
            ("a@x.org (Jane (the \\) first), b@y.org)", &["a@x.org"]),
            ("Friends: a@x.org, Joe <b@y.org>;, c@z.org", &["a@x.org", "b@y.org", "c@z.org"]),
            ("undisclosed-recipients:;", &[]),
            ("a@x.org; b@y.org", &["a@x.org", "b@y.org"]),
            ("a@x.org,\r\n\tb@y.org", &["a@x.org", "b@y.org"]),
            ("<@r.org,@s.org:a@x.org>", &["a@x.org"]),
            ("< a@\r\n x.org >", &["a@x.org"]),
            ("\"jane doe\"@x.org", &["\"jane doe\"@x.org"]),
            ("a@[IPv6:2001:db8::1], b@[192.0.2.1]", &["a@[ipv6:2001:db8::1]", "b@[192.0.2.1]"]),
            ("Jürgen <jürgen@bücher.example>", &["jürgen@bücher.example"]),
            ("a@x.org, a@x.org", &["a@x.org", "a@x.org"]),
        ] {
            assert_eq!(
                addresses(value).as_deref(),
                Ok(&expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..]),
                "{value:?}"
            );
        }
    }

    #[test]
    fn a_faulty_address_is_named() {
        use AddressError::{Domain, Empty, Local, NoAt, Unclosed};
        for (value, error) in [
            ("a@x.org, jane", NoAt("jane".into())),
            ("Doe, Jane <a@x.org>", NoAt("Doe".into())),
            ("a@x.org, b@-y.org", Domain("b@-y.org".into())),
            ("Jane a@x.org", Local("Jane a@x.org".into())),
            ("Jane <>", Empty),
            ("\"Jane <a@x.org>", Unclosed("\"Jane <a@x.org>".into())),
            ("Jane <a@x.org", Unclosed("Jane <a@x.org".into())),
            ("a@x.org (Jane", Unclosed("a@x.org (Jane".into())),
            ("a@[192.0.2.1", Unclosed("a@[192.0.2.1".into())),
        ] {
            assert_eq!(addresses(value), Err(error), "{value:?}");
        }
    }

    #[test]
    fn a_missing_domain_is_completed() {
        for (value, expected) in [
            ("root", "root@h.example"),
            (" root (Cron Daemon)", " root@h.example (Cron Daemon)"),
            ("Cron <root> ", "Cron <root@h.example> "),
            ("a@x.org, root,\r\n joe", "a@x.org, root@h.example,\r\n joe@h.example"),
            ("a@x.org", "a@x.org"),
        ] {
            let mut completed = value.to_owned();
            let found = in_header(value, Some("h.example")).unwrap();
            for at in found.iter().rev().filter_map(|one| one.without_domain) {
                completed.insert_str(at, "@h.example");
            }
            assert_eq!(completed, expected);
            assert!(found.iter().all(|one| one.address.as_str().contains('@')));
        }
    }

    proptest! {
        #[test]
        fn any_field_is_survived(value in "[\"\\\\<>()\\[\\]:@,; \r\na-cé.]{0,40}") {
            for one in in_header(&value, Some("h.example")).into_iter().flatten() {
                prop_assert!(one.without_domain.is_none_or(|at| value.is_char_boundary(at)));
            }
        }
    }

    #[test]
    fn a_list_of_a_command_line_is_completed() {
        let list = list_of("root, Ann <ann@example.org>, (the desk) desk", "host.example").unwrap();
        let list: Vec<_> = list.iter().map(Address::as_str).collect();
        assert_eq!(list, ["root@host.example", "ann@example.org", "desk@host.example"]);
        assert_eq!(list_of(" ", "host.example"), Ok(Vec::new()));
        assert!(list_of("two words", "host.example").is_err());
    }
}
