//! The grammar of RFC 5321 section 4.1.2 and 4.1.3, widened by RFC 6531 section 3.3.

use std::{
    borrow::Cow,
    net::{Ipv4Addr, Ipv6Addr},
};

/// RFC 1035 section 2.3.4.
const MOST_LABEL_OCTETS: usize = 63;

/// Dot-string or quoted string.
pub(super) fn is_local_part(text: &str) -> bool {
    match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').is_some_and(is_quoted_content),
        None => text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_character)),
    }
}

/// The domain in the one spelling that is kept: ASCII in lower case, U-labels mapped (UTS 46). `None` when it cannot exist.
pub(super) fn domain(text: &str) -> Option<String> {
    if let Some(literal) = text.strip_prefix('[') {
        let inner = literal.strip_suffix(']')?;
        return is_address_literal(inner).then(|| text.to_ascii_lowercase());
    }
    let lower = if text.is_ascii() { text.to_ascii_lowercase() } else { mapped(text)? };
    let ascii = to_a_labels(&lower);
    if !is_ldh_domain(&ascii) {
        return None;
    }
    // A-labels must decode, or no resolver and no other mail program would agree with us on what they mean.
    let has_a_label = ascii.split('.').any(|label| label.starts_with("xn--"));
    (!has_a_label || idna::domain_to_ascii_strict(&ascii).is_ok()).then_some(lower)
}

/// The domain in A-labels; ASCII is returned as it is.
pub(super) fn to_a_labels(domain: &str) -> Cow<'_, str> {
    if domain.is_ascii() {
        return Cow::Borrowed(domain);
    }
    idna::domain_to_ascii_strict(domain).map_or(Cow::Borrowed(domain), Cow::Owned)
}

fn mapped(text: &str) -> Option<String> {
    let (unicode, checked) = idna::domain_to_unicode(text);
    (checked.is_ok() && idna::domain_to_ascii_strict(&unicode).is_ok()).then_some(unicode)
}

/// Letters, digits and hyphens, and a last label that is not a number: `a@192.0.2.1` is an unfinished address literal.
fn is_ldh_domain(text: &str) -> bool {
    let ends_in_number =
        text.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    !ends_in_number && text.split('.').all(is_ldh_label)
}

fn is_ldh_label(label: &str) -> bool {
    (1..=MOST_LABEL_OCTETS).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// IPv4 and IPv6; no other tag was ever registered.
fn is_address_literal(inner: &str) -> bool {
    match inner.split_at_checked(5) {
        Some((tag, address)) if tag.eq_ignore_ascii_case("ipv6:") => address.parse::<Ipv6Addr>().is_ok(),
        _ => inner.parse::<Ipv4Addr>().is_ok(),
    }
}

fn is_atom_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_visible_non_ascii(c)
}

fn is_quoted_content(text: &str) -> bool {
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        let allowed = match c {
            '\\' => characters.next().is_some_and(|escaped| (' '..='~').contains(&escaped)),
            '"' => false,
            _ => (' '..='~').contains(&c) || is_visible_non_ascii(c),
        };
        if !allowed {
            return false;
        }
    }
    true
}

/// Not ASCII, and nothing that hides or reorders what a person sees.
fn is_visible_non_ascii(c: char) -> bool {
    let hides = matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffd}');
    !c.is_ascii() && !c.is_control() && !c.is_whitespace() && !hides
}
