//! The parameters of MAIL and RCPT (RFC 1870, 6152, 6531, 3461, 4954), checked against what is offered.

use super::{Settings, SignIn, command::Path, replies, wish::Mail};
use crate::{
    Address, Recipient, ReversePath,
    envelope::{Notify, Ret, is_xtext, utf8_address_encode},
};

/// RFC 3461 section 4.4.
const MOST_ENVELOPE_ID: usize = 100;
/// RFC 3461 section 4.2.
const MOST_ORIGINAL: usize = 500;

type Refusal = &'static str;

impl Mail {
    /// What MAIL says, or the reply that refuses it.
    pub(super) fn read(path: Path<'_>, settings: &Settings) -> Result<Self, Refusal> {
        let (mut size, mut body, mut smtputf8) = (None, None, None);
        let (mut ret, mut envelope_id, mut auth) = (None, None, None);
        for (name, value) in parameters(path.parameters) {
            match (name.to_ascii_uppercase().as_str(), value) {
                ("SIZE", value) => once(&mut size, octets(value))?,
                ("BODY", value) => once(&mut body, eight_bit(value))?,
                ("SMTPUTF8", "") if settings.smtputf8 => once(&mut smtputf8, Some(true))?,
                ("RET", value) if settings.dsn => once(&mut ret, Ret::parse(value))?,
                ("ENVID", value) if settings.dsn => {
                    once(&mut envelope_id, is_envelope_id(value).then(|| value.to_owned()))?;
                }
                // Who the client says has sent it (RFC 4954 section 5): taken, and not believed.
                ("AUTH", value) if settings.sign_in != SignIn::None => {
                    once(&mut auth, is_xtext(value).then_some(()))?;
                }
                (name, _) => return Err(refusal(name)),
            }
        }
        let smtputf8 = smtputf8.is_some();
        let reverse_path = match path.mailbox {
            "" => ReversePath::Null,
            mailbox => ReversePath::Address(address(mailbox, smtputf8, replies::BAD_SENDER)?),
        };
        Ok(Self { reverse_path, size, eight_bit: body == Some(true), smtputf8, ret, envelope_id })
    }
}

impl Recipient {
    /// What RCPT says, or the reply that refuses it. `<postmaster>` is ours (RFC 5321 section 4.5.1).
    pub(super) fn read(path: Path<'_>, smtputf8: bool, settings: &Settings) -> Result<Self, Refusal> {
        let (mut notify, mut original) = (None, None);
        for (name, value) in parameters(path.parameters) {
            match (name.to_ascii_uppercase().as_str(), value) {
                ("NOTIFY", value) if settings.dsn => once(&mut notify, Notify::parse(value))?,
                ("ORCPT", value) if settings.dsn => {
                    once(&mut original, original_recipient(value, smtputf8))?;
                }
                (name, _) => return Err(refusal(name)),
            }
        }
        let address = if path.mailbox.eq_ignore_ascii_case("postmaster") {
            address(&format!("{}@{}", path.mailbox, settings.host_name), smtputf8, replies::BAD_RECIPIENT)?
        } else {
            address(path.mailbox, smtputf8, replies::BAD_RECIPIENT)?
        };
        Ok(Self { address, notify, original })
    }
}

/// Names and values; a value that is missing is empty, and none that is known may be.
fn parameters(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(' ').filter(|word| !word.is_empty()).map(|word| word.split_once('=').unwrap_or((word, "")))
}

/// Not known, or no parameter at all.
fn refusal(name: &str) -> Refusal {
    let is_keyword =
        !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    if is_keyword { replies::UNKNOWN_PARAMETER } else { replies::BAD_PARAMETER }
}

/// Sets what was not set; `None` is a value that cannot be read.
fn once<T>(slot: &mut Option<T>, value: Option<T>) -> Result<(), Refusal> {
    if slot.is_some() || value.is_none() {
        return Err(replies::BAD_PARAMETER);
    }
    *slot = value;
    Ok(())
}

/// A number that has no room is too large in any case.
fn octets(value: &str) -> Option<usize> {
    let is_number = (1..=20).contains(&value.len()) && value.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| value.parse().unwrap_or(usize::MAX))
}

fn eight_bit(value: &str) -> Option<bool> {
    match value.to_ascii_uppercase().as_str() {
        "7BIT" => Some(false),
        "8BITMIME" => Some(true),
        _ => None,
    }
}

fn is_envelope_id(value: &str) -> bool {
    value.len() <= MOST_ENVELOPE_ID && is_xtext(value)
}

/// `rfc822;xtext`, or another type. Beside SMTPUTF8 an address of the type `utf-8` may be written as it is (RFC 6533 section 3).
fn original_recipient(value: &str, smtputf8: bool) -> Option<String> {
    let (kind, address) = value.split_once(';')?;
    let is_type = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    let original = if smtputf8 && kind.eq_ignore_ascii_case("utf-8") {
        format!("{kind};{}", utf8_address_encode(address))
    } else {
        value.to_owned()
    };
    let is_sound =
        !kind.is_empty() && kind.bytes().all(is_type) && !address.is_empty() && is_xtext(&original);
    (is_sound && original.len() <= MOST_ORIGINAL).then_some(original)
}

fn address(text: &str, smtputf8: bool, bad: Refusal) -> Result<Address, Refusal> {
    // The parser drops blanks around an address; in a path there are none.
    let address = Address::parse(text).ok().filter(|_| text.trim().len() == text.len()).ok_or(bad)?;
    if address.is_ascii() || smtputf8 { Ok(address) } else { Err(replies::UTF8_NOT_DECLARED) }
}

#[cfg(test)]
mod tests {
    use proptest::{option, prelude::*, sample::select};
    use smtp_proto::{
        MAIL_BODY_8BITMIME, MAIL_RET_FULL, MAIL_RET_HDRS, MAIL_SMTPUTF8, RCPT_NOTIFY_DELAY,
        RCPT_NOTIFY_FAILURE, RCPT_NOTIFY_NEVER, RCPT_NOTIFY_SUCCESS, Request,
    };

    use super::*;
    use crate::{
        envelope::xtext_decode,
        smtp::server::{Limits, Tls, command::Command},
    };

    fn settings() -> Settings {
        Settings {
            host_name: "mx.example".to_owned(),
            greeting: String::new(),
            tls: Tls::None,
            sign_in: SignIn::None,
            password_on_plain: false,
            smtputf8: true,
            dsn: true,
            chunking: true,
            limits: Limits::default(),
        }
    }

    const ADDRESS: &str = "[a-z0-9+_-]{1,8}(\\.[a-z]{1,4})?@[a-z]{1,8}\\.(example|org)";

    /// One of these, before a blank or more; or nothing.
    fn parameter(values: &'static str) -> impl Strategy<Value = String> {
        option::of((" {1,2}", values))
            .prop_map(|value| value.map_or_else(String::new, |(blanks, value)| blanks + &value))
    }

    proptest! {
        /// Where an address is plain and xtext is ASCII, another reader of commands understands the same
        /// (docs/adr/0008-own-smtp-commands.md says why it is not the one that we use).
        #[test]
        fn mail_as_others_read_it(
            keyword in select(vec!["MAIL FROM:", "mail from:", "Mail  From: "]),
            address in option::of(ADDRESS),
            size in parameter("(SIZE|size)=[0-9]{1,9}"),
            body in parameter("BODY=(7BIT|8BITMIME|8bitmime)"),
            utf8 in parameter("SMTPUTF8"),
            ret in parameter("RET=(FULL|hdrs)"),
            envelope_id in parameter("ENVID=[a-z0-9@.-]{1,5}(\\+2B)?"),
        ) {
            let address = address.unwrap_or_default();
            let line = format!("{keyword}<{address}>{ret}{size}{body}{envelope_id}{utf8}");
            let Ok(Command::Mail(path)) = Command::parse(line.as_bytes()) else { panic!("{line}") };
            let ours = Mail::read(path, &settings()).unwrap();
            let wire = line + "\r\n";
            let Ok(Request::Mail { from }) = Request::parse(&mut wire.as_bytes().iter()) else { panic!("{wire}") };
            let flag = |flag| from.flags & flag != 0;
            prop_assert_eq!(ours.reverse_path.address().map_or("", Address::as_str), &from.address);
            prop_assert_eq!(ours.size.unwrap_or_default(), from.size);
            prop_assert_eq!((ours.eight_bit, ours.smtputf8), (flag(MAIL_BODY_8BITMIME), flag(MAIL_SMTPUTF8)));
            prop_assert_eq!(ours.ret == Some(Ret::Full), flag(MAIL_RET_FULL));
            prop_assert_eq!(ours.ret == Some(Ret::Headers), flag(MAIL_RET_HDRS));
            let envelope_id = ours.envelope_id.and_then(|id| xtext_decode(&id));
            prop_assert_eq!(envelope_id.as_deref(), from.env_id.as_deref());
        }

        #[test]
        fn rcpt_as_others_read_it(
            keyword in select(vec!["RCPT TO:", "rcpt to:", "Rcpt  To: "]),
            route in select(vec!["", "@one.example,@two.example:"]),
            address in ADDRESS,
            notify in parameter("NOTIFY=(NEVER|never|SUCCESS|(FAILURE,)?DELAY|delay,success)"),
            original in parameter("ORCPT=rfc822;[a-z0-9.]{1,5}(\\+2B)?@x\\.example"),
        ) {
            let line = format!("{keyword}<{route}{address}>{original}{notify}");
            let Ok(Command::Rcpt(path)) = Command::parse(line.as_bytes()) else { panic!("{line}") };
            let ours = Recipient::read(path, false, &settings()).unwrap();
            let wire = line + "\r\n";
            let Ok(Request::Rcpt { to }) = Request::parse(&mut wire.as_bytes().iter()) else { panic!("{wire}") };
            let flag = |flag| to.flags & flag != 0;
            prop_assert_eq!(ours.address.as_str(), &to.address);
            prop_assert_eq!(ours.notify == Some(Notify::Never), flag(RCPT_NOTIFY_NEVER));
            let (success, failure, delay) = match ours.notify {
                Some(Notify::On { success, failure, delay }) => (success, failure, delay),
                _ => (false, false, false),
            };
            prop_assert_eq!(
                (success, failure, delay),
                (flag(RCPT_NOTIFY_SUCCESS), flag(RCPT_NOTIFY_FAILURE), flag(RCPT_NOTIFY_DELAY))
            );
            let original = ours.original.as_deref().and_then(|original| original.strip_prefix("rfc822;"));
            let original = original.and_then(xtext_decode);
            prop_assert_eq!(original.as_deref(), to.orcpt.as_deref());
        }
    }
}
