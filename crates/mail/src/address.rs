//! Mail addresses (RFC 5321 section 4.1.2, RFC 6531 section 3.3) and their domains (IDNA, UTS 46).

mod header;
mod list;
mod syntax;

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub(crate) use header::in_header;
pub use header::list_of;
pub use list::all_in;

/// RFC 5321 section 4.5.3.1.1.
const MOST_LOCAL_OCTETS: usize = 64;
/// RFC 5321 section 4.5.3.1.3: 256 for a path, of which two are the angle brackets.
const MOST_OCTETS: usize = 254;

/// One mailbox, `local@domain`, checked.
///
/// The text is kept as given, except that the domain is in lower case. Compare addresses of people with `==` only
/// where the local part is known to be the same spelling: its case belongs to the receiving host (RFC 5321 section 2.4).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    text: Box<str>,
    at: usize,
}

/// Why a text is not an address, in words that can be shown to a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing but white space.
    #[error("the address is empty")]
    Empty,
    /// No `@` between two parts.
    #[error("{0:?} has no @ between a name and a domain")]
    NoAt(String),
    /// The part before the `@` is not a local part.
    #[error("the part before the @ in {0:?} is not allowed in an address")]
    Local(String),
    /// The part after the `@` is not a domain or an address literal.
    #[error("{0:?} does not end in a domain that can exist")]
    Domain(String),
    /// Longer than RFC 5321 section 4.5.3.1 allows.
    #[error("{0:?} is longer than an address may be")]
    TooLong(String),
    /// A list of addresses in a header whose quotation mark, bracket or parenthesis is never closed.
    #[error("in {0:?} a quotation mark, bracket or parenthesis is not closed")]
    Unclosed(String),
    /// A list of addresses in which one stands where no address belongs.
    #[error("in {0:?} an address stands behind another one, or in the name of a group")]
    Ambiguous(String),
}

impl Address {
    /// Reads one address, without display name or angle brackets; white space around it is dropped.
    ///
    /// Anything that RFC 5321 and RFC 6531 allow is taken: dot-atoms, quoted strings, address literals, UTF-8 local parts
    /// and U-labels. Control characters, line ends among them, are refused wherever they stand.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        let (local, domain) = text.rsplit_once('@').ok_or_else(|| AddressError::NoAt(shown(text)))?;
        if text.len() > MOST_OCTETS || local.len() > MOST_LOCAL_OCTETS {
            return Err(AddressError::TooLong(shown(text)));
        }
        if !syntax::is_local_part(local) {
            return Err(AddressError::Local(shown(text)));
        }
        let domain = syntax::domain(domain).ok_or_else(|| AddressError::Domain(shown(text)))?;
        let address = Self { text: [local, "@", &domain].concat().into(), at: local.len() };
        if local.len() + 1 + domain.len().max(address.domain_ascii().len()) > MOST_OCTETS {
            return Err(AddressError::TooLong(shown(text)));
        }
        Ok(address)
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        self.text.split_at(self.at).0
    }

    /// The part after the `@`, in lower case, as written (U-labels stay).
    pub fn domain(&self) -> &str {
        self.text.split_at(self.at + 1).1
    }

    /// The domain as DNS and servers without SMTPUTF8 know it: A-labels (`xn--...`).
    pub fn domain_ascii(&self) -> Cow<'_, str> {
        syntax::to_a_labels(self.domain())
    }

    /// The whole address, as written, is ASCII.
    pub fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }

    /// No spelling of this address can be sent without SMTPUTF8 (RFC 6531): its local part is not ASCII.
    pub fn needs_smtputf8(&self) -> bool {
        !self.local().is_ascii()
    }

    /// The same address with its domain in A-labels.
    #[must_use]
    pub fn to_ascii_domain(&self) -> Self {
        Self { text: format!("{}@{}", self.local(), self.domain_ascii()).into(), at: self.at }
    }

    /// The address for logs: the first character of the local part, and the domain.
    pub fn masked(&self) -> String {
        let first = self.local().chars().next().unwrap_or('?');
        format!("{first}***@{}", self.domain())
    }
}

/// The beginning of a refused text: enough to find it, not a whole cell of a broken file.
fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

/// `text` with every word that names a mailbox masked: servers repeat addresses in their answers, and an answer that is logged or
/// told to others must not name a patron. What stands around the address stays.
pub fn mask_addresses(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for word in text.split_inclusive(' ') {
        let Some((before, domain)) = word.rfind('@').and_then(|at| word.split_at_checked(at)) else {
            masked.push_str(word);
            continue;
        };
        let begins = if before.ends_with('"') { None } else { Some(masked.len()) };
        masked.push_str(before);
        // In quotes a name may have spaces (RFC 5321 section 4.1.2).
        let begins = begins.unwrap_or_else(|| opening_quote(&masked));
        let name = masked.split_off(begins);
        let bare = name.trim_start_matches(|c: char| !c.is_alphanumeric());
        masked.push_str(name.strip_suffix(bare).unwrap_or_default());
        masked.push(bare.chars().next().unwrap_or('?'));
        masked.push_str("***");
        masked.push_str(domain);
    }
    masked
}

/// Where the quoted string begins that `text` ends in; 0 where there is no such beginning.
fn opening_quote(text: &str) -> usize {
    let Some(inside) = text.strip_suffix('"') else { return 0 };
    let is_escaped = |at: usize| {
        let before = inside.get(..at).unwrap_or_default();
        (before.len() - before.trim_end_matches('\\').len()) % 2 == 1
    };
    inside.rmatch_indices('"').map(|(at, _)| at).find(|at| !is_escaped(*at)).unwrap_or(0)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Address {
    /// Masked, so that a log line or a panic message never names a patron.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl FromStr for Address {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.text.into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_that_are_taken() {
        let long_local = format!("{}@example.org", "a".repeat(64));
        for (text, local, domain) in [
            ("a@example.org", "a", "example.org"),
            ("  a@Example.ORG\r\n", "a", "example.org"),
            ("Jane.Doe+lib@example.org", "Jane.Doe+lib", "example.org"),
            ("o'brien@example.org", "o'brien", "example.org"),
            ("!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~", "example.org"),
            ("\"jane doe\"@example.org", "\"jane doe\"", "example.org"),
            ("\"a@b\\\"c\"@example.org", "\"a@b\\\"c\"", "example.org"),
            ("a@localhost", "a", "localhost"),
            ("a@[192.0.2.1]", "a", "[192.0.2.1]"),
            ("a@[IPv6:2001:db8::1]", "a", "[ipv6:2001:db8::1]"),
            ("a@3com.example", "a", "3com.example"),
            ("用户@例子.广告", "用户", "例子.广告"),
            ("δοκιμή@παράδειγμα.δοκιμή", "δοκιμή", "παράδειγμα.δοκιμή"),
            ("a@BÜCHEREI.example", "a", "bücherei.example"),
            ("a@xn--bcherei-n2a.example", "a", "xn--bcherei-n2a.example"),
            (&long_local, &"a".repeat(64), "example.org"),
        ] {
            let address = Address::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((address.local(), address.domain()), (local, domain));
        }
    }

    #[test]
    fn addresses_that_are_refused() {
        use AddressError::{Domain, Empty, Local, NoAt, TooLong};
        let long_domain = format!("a@{}example.org", "a23456789.".repeat(25));
        for (text, error) in [
            ("", Empty),
            (" \t ", Empty),
            ("jane", NoAt("jane".into())),
            ("@example.org", Local("@example.org".into())),
            ("a b@example.org", Local("a b@example.org".into())),
            (".a@example.org", Local(".a@example.org".into())),
            ("a.@example.org", Local("a.@example.org".into())),
            ("a..b@example.org", Local("a..b@example.org".into())),
            ("a@b@example.org", Local("a@b@example.org".into())),
            ("\"a\"b\"@example.org", Local("\"a\"b\"@example.org".into())),
            ("\"a\\\"@example.org", Local("\"a\\\"@example.org".into())),
            ("a\r\nRCPT TO:<b@example.org", Local("a\r\nRCPT TO:<b@example.org".into())),
            ("\"a\0\"@example.org", Local("\"a\0\"@example.org".into())),
            ("a\u{202e}b@example.org", Local("a\u{202e}b@example.org".into())),
            ("a\u{85}b@example.org", Local("a\u{85}b@example.org".into())),
            ("a@", Domain("a@".into())),
            ("a@example..org", Domain("a@example..org".into())),
            ("a@example.org.", Domain("a@example.org.".into())),
            ("a@-example.org", Domain("a@-example.org".into())),
            ("a@exam_ple.org", Domain("a@exam_ple.org".into())),
            ("a@example.org\r\nDATA", Domain("a@example.org\r\nDATA".into())),
            ("a@192.0.2.1", Domain("a@192.0.2.1".into())),
            ("a@[192.0.2.256]", Domain("a@[192.0.2.256]".into())),
            ("a@[2001:db8::1]", Domain("a@[2001:db8::1]".into())),
            ("a@exa mple.org", Domain("a@exa mple.org".into())),
            (&format!("{}@example.org", "a".repeat(65)), TooLong(format!("{}@example.org", "a".repeat(65)))),
            (&long_domain, TooLong(long_domain[..100].into())),
        ] {
            assert_eq!(Address::parse(text), Err(error), "{text:?}");
        }
        let long_label = format!("a@{}.org", "a".repeat(64));
        assert!(matches!(Address::parse(&long_label), Err(Domain(_))));
    }

    #[test]
    fn domains_in_a_labels() {
        let address = Address::parse("jörg@Bücherei.example").unwrap();
        assert_eq!(address.domain_ascii(), "xn--bcherei-n2a.example");
        assert_eq!(address.to_ascii_domain().as_str(), "jörg@xn--bcherei-n2a.example");
        assert!(address.needs_smtputf8() && !address.is_ascii());
        let address = Address::parse("j@bücherei.example").unwrap();
        assert!(!address.needs_smtputf8() && !address.is_ascii());
        assert!(address.to_ascii_domain().is_ascii());
        assert_eq!(Address::parse("j@[192.0.2.1]").unwrap().domain_ascii(), "[192.0.2.1]");
    }

    #[test]
    fn logs_show_one_letter() {
        let address = Address::parse("jane.doe@example.org").unwrap();
        assert_eq!(address.masked(), "j***@example.org");
        assert_eq!(format!("{address:?}"), "j***@example.org");
    }

    proptest! {
        #[test]
        fn nothing_read_can_break_a_command_line(text in "\\PC{0,20}[@<> \r\n\0a]{0,3}@\\PC{0,20}") {
            if let Ok(address) = Address::parse(&text) {
                prop_assert!(!address.as_str().chars().any(char::is_control));
                prop_assert!(address.as_str().len() <= MOST_OCTETS);
                prop_assert!(address.domain_ascii().is_ascii());
            }
        }

        #[test]
        fn what_was_read_reads_the_same(text in "[a-zA-Z0-9éß用.+-]{1,12}@[a-zA-Z0-9éßü例-]{1,10}\\.[a-zA-Zü]{2,5}") {
            if let Ok(address) = Address::parse(&text) {
                prop_assert_eq!(Address::parse(address.as_str()), Ok(address.clone()));
                let ascii = address.to_ascii_domain();
                prop_assert_eq!(Address::parse(ascii.as_str()), Ok(ascii));
            }
        }

        #[test]
        fn plain_addresses_are_always_taken(local in "[a-z0-9]{1,10}([.+_-][a-z0-9]{1,10}){0,3}", domain in "([a-z0-9]([a-z0-9]{0,10}[a-z0-9])?\\.){1,4}[a-z]{2,6}") {
            let parsed = Address::parse(&format!("{local}@{domain}"));
            prop_assert!(parsed.is_ok());
        }
    }

    #[test]
    fn an_answer_that_is_passed_on_names_nobody() {
        for (answer, masked) in [
            (
                "554 5.7.1 <ann.lee@example.org>: Relay access denied",
                "554 5.7.1 <a***@example.org>: Relay access denied",
            ),
            ("550 no", "550 no"),
            ("550 to=bob@example.org, gone", "550 t***@example.org, gone"),
            ("cron may not send as ann@x.org; ask", "cron may not send as a***@x.org; ask"),
            ("550 <@x.org>", "550 <?***@x.org>"),
            ("550 <\"ann lee\"@x.org>: no", "550 <\"a***@x.org>: no"),
            ("550 \"a\\\" lee b@c\"@x.org \"no\"", "550 \"a***@x.org \"no\""),
            ("ann lee\"@x.org", "a***@x.org"),
            ("said \"no\" to ann@x.org", "said \"no\" to a***@x.org"),
        ] {
            assert_eq!(mask_addresses(answer), masked);
        }
    }
}
