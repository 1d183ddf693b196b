//! The client's commands on the wire (RFC 5321 section 4.1.1) with the parameters of the extensions.
//!
//! What would break a command line (a CR, LF or blank in an address) is refused here once more, whoever let it in.

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};

use super::capabilities::Capabilities;
use crate::{
    Address, Recipient, ReversePath,
    envelope::{Ret, is_xtext},
};

/// The parameters of MAIL FROM. Only what the server offers is written.
#[derive(Debug, Clone, Copy)]
pub struct MailParameters<'a> {
    /// Octets of the message, for `SIZE=`.
    pub size: usize,
    /// `BODY=8BITMIME`
    pub eight_bit: bool,
    /// `SMTPUTF8`
    pub smtputf8: bool,
    /// `RET=`
    pub ret: Option<Ret>,
    /// `ENVID=`, xtext
    pub envelope_id: Option<&'a str>,
}

/// Why an address cannot be put into a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathError {
    /// The local part needs SMTPUTF8, which is not offered.
    NeedsUtf8,
    /// It has characters that cannot stand in a command, or a domain that has no ASCII form.
    Unsendable,
}

/// An address as it is written between angle brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path<'a> {
    text: Cow<'a, str>,
    /// Whether it is not ASCII, so that the transaction needs SMTPUTF8.
    pub is_utf8: bool,
}

impl<'a> Path<'a> {
    /// The path of the address towards a server that offers SMTPUTF8 or does not.
    ///
    /// A domain with letters beyond ASCII is written in A-labels: every server understands these. Only a local part
    /// beyond ASCII needs SMTPUTF8, and then the domain stays as it is.
    pub fn new(address: &'a Address, smtputf8: bool) -> Result<Self, PathError> {
        let text = address.as_str();
        if text.contains(|c: char| c.is_control()) || !is_closed(address.local()) {
            return Err(PathError::Unsendable);
        }
        if text.is_ascii() {
            return Ok(Self { text: Cow::Borrowed(text), is_utf8: false });
        }
        if address.local().is_ascii() {
            let domain = idna::domain_to_ascii(address.domain()).map_err(|_| PathError::Unsendable)?;
            return Ok(Self { text: Cow::Owned(format!("{}@{domain}", address.local())), is_utf8: false });
        }
        if smtputf8 {
            Ok(Self { text: Cow::Borrowed(text), is_utf8: true })
        } else {
            Err(PathError::NeedsUtf8)
        }
    }

    /// `<>`
    pub fn null() -> Self {
        Self { text: Cow::Borrowed(""), is_utf8: false }
    }

    /// The path of a reverse-path.
    pub fn reverse(path: &'a ReversePath, smtputf8: bool) -> Result<Self, PathError> {
        path.address().map_or_else(|| Ok(Self::null()), |address| Self::new(address, smtputf8))
    }
}

/// Whether blanks and angle brackets stand only inside quotes, and every quote is closed.
fn is_closed(local: &str) -> bool {
    let mut quoted = false;
    let mut characters = local.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => quoted = !quoted,
            '\\' if quoted => drop(characters.next()),
            ' ' | '<' | '>' if !quoted => return false,
            _ => {}
        }
    }
    !quoted
}

/// `EHLO name`
pub fn ehlo(name: &str, out: &mut BytesMut) {
    line(out, &["EHLO ", &host(name)]);
}

/// `HELO name`
pub fn helo(name: &str, out: &mut BytesMut) {
    line(out, &["HELO ", &host(name)]);
}

/// `MAIL FROM:<path>` with its parameters
pub fn mail(path: &Path<'_>, parameters: &MailParameters<'_>, offered: &Capabilities, out: &mut BytesMut) {
    put(out, &["MAIL FROM:<", &path.text, ">"]);
    if offered.size {
        put(out, &[" SIZE=", &parameters.size.to_string()]);
    }
    if parameters.eight_bit && offered.eight_bit_mime {
        put(out, &[" BODY=8BITMIME"]);
    }
    if parameters.smtputf8 && offered.smtputf8 {
        put(out, &[" SMTPUTF8"]);
    }
    if offered.dsn {
        if let Some(ret) = parameters.ret {
            put(out, &[" RET=", &ret.to_string()]);
        }
        parameter(out, " ENVID=", parameters.envelope_id);
    }
    line(out, &[]);
}

/// `RCPT TO:<path>` with its parameters
pub fn rcpt(path: &Path<'_>, recipient: &Recipient, offered: &Capabilities, out: &mut BytesMut) {
    put(out, &["RCPT TO:<", &path.text, ">"]);
    if offered.dsn {
        if let Some(notify) = recipient.notify {
            put(out, &[" NOTIFY=", &notify.to_string()]);
        }
        parameter(out, " ORCPT=", recipient.original.as_deref());
    }
    line(out, &[]);
}

/// A command without arguments, or one whose arguments are ready: no CR or LF in it.
pub fn plain(command: &str, out: &mut BytesMut) {
    line(out, &[command]);
}

/// A parameter in xtext. One that is not would break the line: it is left out, because a wish about reports must not stop a
/// message.
fn parameter(out: &mut BytesMut, name: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| is_xtext(value)) {
        put(out, &[name, value]);
    }
}

fn host(name: &str) -> Cow<'_, str> {
    if name.bytes().all(|octet| octet.is_ascii_graphic()) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.chars().filter(char::is_ascii_graphic).collect())
}

fn put(out: &mut BytesMut, words: &[&str]) {
    for word in words {
        out.put_slice(word.as_bytes());
    }
}

fn line(out: &mut BytesMut, words: &[&str]) {
    put(out, words);
    out.put_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::Notify;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn everything() -> Capabilities {
        Capabilities {
            size: true,
            eight_bit_mime: true,
            smtputf8: true,
            dsn: true,
            ..Capabilities::default()
        }
    }

    fn written(write: impl FnOnce(&mut BytesMut)) -> String {
        let mut out = BytesMut::new();
        write(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn paths() {
        for (text, offered, path, is_utf8) in [
            ("alice@example.org", false, "alice@example.org", false),
            ("alice@bücher.example", false, "alice@xn--bcher-kva.example", false),
            ("alice@bücher.example", true, "alice@xn--bcher-kva.example", false),
            ("jürgen@bücher.example", true, "jürgen@bücher.example", true),
        ] {
            assert_eq!(
                Path::new(&address(text), offered),
                Ok(Path { text: Cow::Borrowed(path), is_utf8 }),
                "{text}"
            );
        }
        assert_eq!(Path::new(&address("jürgen@example.org"), false), Err(PathError::NeedsUtf8));
    }

    #[test]
    fn a_local_part_stays_in_its_brackets() {
        for (local, closed) in [
            ("a", true),
            ("\"a b\"", true),
            ("\"a\\\" b>\"", true),
            ("a b", false),
            ("a>", false),
            ("\"a", false),
            ("\"a\\\"> b", false),
        ] {
            assert_eq!(is_closed(local), closed, "{local}");
        }
    }

    #[test]
    fn mail_has_what_is_offered() {
        let alice = address("alice@example.org");
        let path = Path::new(&alice, true).unwrap();
        let parameters = MailParameters {
            size: 42,
            eight_bit: true,
            smtputf8: true,
            ret: Some(Ret::Headers),
            envelope_id: Some("a+2Bb"),
        };
        let everything = written(|out| mail(&path, &parameters, &everything(), out));
        assert_eq!(
            everything,
            "MAIL FROM:<alice@example.org> SIZE=42 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb\r\n"
        );
        let nothing = written(|out| mail(&Path::null(), &parameters, &Capabilities::default(), out));
        assert_eq!(nothing, "MAIL FROM:<>\r\n");
    }

    #[test]
    fn rcpt_has_what_is_offered() {
        let bob = address("bob@example.org");
        let path = Path::new(&bob, true).unwrap();
        let recipient = |notify, original: &str| Recipient {
            address: address("bob@example.org"),
            notify,
            original: Some(original.to_owned()),
        };
        let on = |success, failure, delay| Some(Notify::On { success, failure, delay });
        for (recipient, expected) in [
            (recipient(Some(Notify::Never), "rfc822;b@c"), " NOTIFY=NEVER ORCPT=rfc822;b@c"),
            (recipient(on(true, false, true), "rfc822;b c"), " NOTIFY=SUCCESS,DELAY"),
            (recipient(on(false, true, false), "x\r\nDATA"), " NOTIFY=FAILURE"),
            (recipient(None, ""), ""),
            (recipient(None, "rfc822;b=c"), ""),
            (recipient(None, "rfc822;b+2g@c"), ""),
            (recipient(on(false, false, false), "rfc822;b+2Bc@d"), " NOTIFY=NEVER ORCPT=rfc822;b+2Bc@d"),
        ] {
            let line = written(|out| rcpt(&path, &recipient, &everything(), out));
            assert_eq!(line, format!("RCPT TO:<bob@example.org>{expected}\r\n"));
        }
    }

    #[test]
    fn a_host_name_stays_in_its_line() {
        assert_eq!(written(|out| ehlo("a\r\nb c", out)), "EHLO abc\r\n");
    }
}
