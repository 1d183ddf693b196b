//! Where mail comes back to that a server had accepted, and how it is read.

use std::path::PathBuf;

use mail::Address;

use super::raw::Raw;

/// Octets in front of the @ beside the star: what stands in its place must fit in 64 with them (RFC 5321 section 4.5.3.1.1).
const LONGEST_BESIDE: usize = 20;

/// Mail that comes back later.
#[derive(Debug, Clone, Default)]
pub struct Undeliverable {
    /// The mailbox. None: it is known by the libraries' own addresses only.
    pub address: Option<ReadAddress>,
    /// The folder (Maildir) in which its mail lies.
    pub maildir: Option<PathBuf>,
    /// The file (mbox) in which it stands.
    pub mbox: Option<PathBuf>,
    /// The SMTP door takes mail for it from anybody.
    pub by_smtp: bool,
}

/// An address that is read. A `*` in front of the @ stands for what names one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadAddress {
    /// In front of the star, or of the @.
    before: String,
    /// Behind the star, up to the @. None: there is no star.
    after: Option<String>,
    domain: String,
}

impl Undeliverable {
    /// Somebody reads what comes back.
    pub fn is_read(&self) -> bool {
        self.maildir.is_some() || self.mbox.is_some() || self.takes_by_smtp()
    }

    /// The SMTP door takes it: only what names a message, as anybody may bring it.
    pub fn takes_by_smtp(&self) -> bool {
        self.by_smtp && self.address.as_ref().is_some_and(ReadAddress::names_messages)
    }

    /// The address with a place for what names a message, while somebody reads it.
    pub fn naming(&self) -> Option<&ReadAddress> {
        self.address.as_ref().filter(|address| self.is_read() && address.names_messages())
    }
}

impl ReadAddress {
    /// None: it is no address with a place for at most one message.
    pub fn parse(text: &str) -> Option<Self> {
        // In quotes a star is a letter like others.
        let (local, domain) = text.rsplit_once('@').filter(|_| !text.contains('"'))?;
        let (before, after) = match local.split_once('*') {
            Some((before, after)) => (before, Some(after)),
            None => (local, None),
        };
        let read = Self {
            before: before.to_owned(),
            after: after.map(str::to_owned),
            domain: Address::parse(&format!("x@{domain}")).ok()?.domain().to_owned(),
        };
        let beside = before.len() + after.map_or(0, str::len);
        let fits = after.is_none() || beside <= LONGEST_BESIDE;
        (fits && !after.is_some_and(|after| after.contains('*'))).then_some(())?;
        read.with("x").map(|_| read)
    }

    /// There is a place for what names a message.
    pub fn names_messages(&self) -> bool {
        self.after.is_some()
    }

    /// The address that names a message by `word`.
    pub fn with(&self, word: &str) -> Option<Address> {
        let (before, domain) = (&self.before, &self.domain);
        let local =
            self.after.as_ref().map_or_else(|| before.clone(), |after| format!("{before}{word}{after}"));
        Address::parse(&format!("{local}@{domain}")).ok()
    }

    /// What stands in the place of the star, in small letters: on its way an address may be written in others.
    pub fn word_in(&self, address: &Address) -> Option<String> {
        let after = self.after.as_ref()?;
        if !address.domain().eq_ignore_ascii_case(&self.domain) {
            return None;
        }
        let local = address.local().to_ascii_lowercase();
        let word = local.strip_prefix(&self.before.to_ascii_lowercase())?;
        word.strip_suffix(&after.to_ascii_lowercase()).map(str::to_owned)
    }

    /// Whether mail with the envelope of this domain may as well have it from here: the domain is the same, or above this one, so
    /// that SPF still stands for whoever the mail is from.
    pub fn is_of(&self, domain: &str) -> bool {
        let (own, domain) = (self.domain.to_ascii_lowercase(), domain.to_ascii_lowercase());
        own == domain || own.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
    }
}

impl std::fmt::Display for ReadAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let star = if self.names_messages() { "*" } else { "" };
        write!(f, "{}{star}{}@{}", self.before, self.after.as_deref().unwrap_or_default(), self.domain)
    }
}

/// Problems are noted in `raw`.
pub(super) fn undeliverable(raw: &mut Raw) -> Undeliverable {
    let text: Option<String> = raw.get("undeliverable.address");
    let address = text.as_deref().and_then(|text| {
        let read = ReadAddress::parse(text);
        if read.is_none() {
            raw.problem(
                "undeliverable.address",
                format!("{text:?} is no address with at most one * in front of the @, and at most {LONGEST_BESIDE} other letters there"),
                "write it like \"returns+*@library.example\", or without the * where the mail server knows no such addresses",
            );
        }
        read
    });
    let (maildir, mbox) = (raw.get("undeliverable.maildir"), raw.get("undeliverable.mbox"));
    let by_smtp = raw.get("undeliverable.by_smtp").unwrap_or(false);
    let names_none = text.is_none() || address.as_ref().is_some_and(|address| !address.names_messages());
    if by_smtp && names_none {
        raw.problem(
            "undeliverable.by_smtp",
            "anybody could bring mail to an address that names no message",
            "set `undeliverable.address` with a *, such as \"*@returns.library.example\"",
        );
    }
    Undeliverable { address, maildir, mbox, by_smtp }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn a_star_stands_for_what_names_a_message() {
        for (text, named) in [
            ("returns+*@library.example", "returns+r7@library.example"),
            ("*@returns.library.example", "r7@returns.library.example"),
            ("b-*-x@library.example", "b-r7-x@library.example"),
        ] {
            let read = ReadAddress::parse(text).unwrap();
            assert_eq!(read.with("r7"), Some(address(named)), "{text}");
            assert_eq!(read.word_in(&address(&named.to_uppercase())).as_deref(), Some("r7"), "{text}");
            assert_eq!(read.word_in(&address("r7@other.example")), None, "{text}");
            assert_eq!(read.to_string(), text);
        }
        let plain = ReadAddress::parse("returns@library.example").unwrap();
        assert_eq!(
            (plain.names_messages(), plain.word_in(&address("returns@library.example"))),
            (false, None)
        );
        for wrong in
            ["", "returns", "*", "a*b*@library.example", "a@*", "a b*@x.org", "quite-a-long-address+*@x.org"]
        {
            assert_eq!(ReadAddress::parse(wrong), None, "{wrong}");
        }
    }

    /// The mail of others keeps its return address.
    #[test]
    fn it_stands_for_its_own_domain_and_those_above() {
        let read = ReadAddress::parse("*@returns.library.example").unwrap();
        for (domain, is_of) in [
            ("returns.library.example", true),
            ("library.example", true),
            ("Library.Example", true),
            ("brary.example", false),
            ("other.example", false),
            ("a.returns.library.example", false),
        ] {
            assert_eq!(read.is_of(domain), is_of, "{domain}");
        }
    }

    #[test]
    fn nobody_is_let_in_at_an_address_that_names_no_message() {
        let door = |text: &str| Undeliverable {
            address: ReadAddress::parse(text),
            by_smtp: true,
            ..Undeliverable::default()
        };
        assert!(door("*@returns.library.example").takes_by_smtp());
        assert!(!door("returns@library.example").takes_by_smtp());
        assert!(!Undeliverable { by_smtp: true, ..Undeliverable::default() }.is_read());
    }
}
