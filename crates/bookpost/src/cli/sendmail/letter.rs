//! From what came on standard input and the command line to a message with its envelope, checked and complete: what is
//! refused is refused here, to whoever wrote it, and not hours later by a report.

use std::collections::HashSet;

use bytes::Bytes;
use jiff::{Timestamp, fmt::rfc2822, tz::TimeZone};
use mail::{
    Address, Envelope, Recipient,
    address::list_of,
    message::message_id,
    submission::{Circumstances, Completion, LineEnds, prepare, recipients_of_headers},
};

use super::{options::Options, sender::Sender, stop::Stop, undeclared::declared};

/// A message that is to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) envelope: Envelope,
    /// CRLF line ends; with its Message-ID, so that it is the same message by whatever way it goes.
    pub(super) message: Bytes,
}

/// Completes `message`. `random` makes the Message-ID where there is none.
pub(super) fn letter(
    options: &Options,
    sender: &Sender,
    message: Vec<u8>,
    now: Timestamp,
    random: u128,
) -> Result<Letter, Stop> {
    let message = declared(message);
    let recipients = recipients(options, &sender.host, &message)?;
    let reverse_path = sender.reverse_path(options)?;
    let from = sender.from(options, &reverse_path)?;
    let date = rfc2822::to_string(&now.to_zoned_datetime(TimeZone::system()))
        .map_err(|_| Stop::temporary("this machine's clock shows no date that a message can have"))?;
    let circumstances = Circumstances {
        received: &format!(
            "Received: by {} (Bookpost sendmail, from userid {});\r\n\t{date}",
            sender.host, sender.uid
        ),
        message_id: &message_id(random, &sender.host),
        date: &date,
        // Loops are for the service to find: it knows the name of its own.
        instance: "",
        line_ends: LineEnds::Any,
        completion: Some(Completion { from: &from, domain: &sender.host }),
    };
    let prepared = prepare(&message.into(), &circumstances).map_err(|error| Stop::data(&error))?;
    let mut envelope = Envelope::new(reverse_path, recipients).map_err(|error| Stop::data(&error))?;
    envelope.ret = options.ret;
    envelope.envelope_id.clone_from(&options.envelope_id);
    Ok(Letter { envelope, message: prepared.bytes })
}

/// Those of the command line, then those of the header, each once.
fn recipients(options: &Options, host: &str, message: &[u8]) -> Result<Vec<Recipient>, Stop> {
    let mut addresses = Vec::new();
    for written in &options.recipients {
        let listed = list_of(written, host).map_err(|error| Stop::data(&error))?;
        addresses.extend(listed);
    }
    if options.recipients_in_header {
        addresses.extend(recipients_of_headers(message, Some(host)).map_err(|error| Stop::data(&error))?);
    }
    let mut known = HashSet::new();
    addresses.retain(|address| known.insert(address.clone()));
    let recipient = |address: Address| Recipient { notify: options.notify, ..Recipient::from(address) };
    Ok(addresses.into_iter().map(recipient).collect())
}

#[cfg(test)]
mod tests {
    use mail::{
        ReversePath,
        envelope::{Notify, Ret},
        message::header,
    };

    use super::*;
    use crate::{cli::Exit, config::Surroundings};

    fn written(line: &str, message: &str) -> Result<Letter, Stop> {
        let options = Options::read(line.split_whitespace().map(str::to_owned)).unwrap();
        let sender = Sender::of_this_process(&Surroundings::given([], Some("desk.example.org")));
        letter(&options, &sender, message.into(), Timestamp::UNIX_EPOCH, 7)
    }

    fn recipients_of(line: &str, message: &str) -> Vec<String> {
        let letter = written(line, message).unwrap();
        letter.envelope.recipients().iter().map(|one| one.address.to_string()).collect()
    }

    #[test]
    fn recipients_stand_on_the_command_line_and_with_t_in_the_header() {
        let message = "To: Ann <ann@x.org>, root\nCc: bob@x.org\nBcc: eve@x.org\n\nhello\n";
        for (line, recipients) in [
            ("ann@x.org", vec!["ann@x.org"]),
            (
                "root ann@x.org,bob ann@x.org",
                vec!["root@desk.example.org", "ann@x.org", "bob@desk.example.org"],
            ),
            ("-t", vec!["ann@x.org", "root@desk.example.org", "bob@x.org", "eve@x.org"]),
            (
                "-t zoe bob@x.org",
                vec!["zoe@desk.example.org", "bob@x.org", "ann@x.org", "root@desk.example.org", "eve@x.org"],
            ),
        ] {
            assert_eq!(recipients_of(line, message), recipients, "{line}");
        }
        let resent = format!("Resent-To: new@x.org\n{message}");
        assert_eq!(recipients_of("-t", &resent), ["new@x.org"]);
    }

    #[test]
    fn blind_copies_are_blind_and_what_is_missing_is_added() {
        for line in ["-t", "-FDesk -fdesk@x.org ann@x.org"] {
            let letter = written(line, "To: ann@x.org\nBcc: eve@x.org\n\nhello\n.\n").unwrap();
            let text = String::from_utf8(letter.message.to_vec()).unwrap();
            assert!(!text.to_lowercase().contains("bcc") && !text.contains("eve@x.org"), "{text}");
            assert!(
                text.ends_with("\r\n\r\nhello\r\n.\r\n") && !text.replace("\r\n", "").contains('\n'),
                "{text}"
            );
            assert_eq!(
                header(&letter.message, "Message-ID").unwrap(),
                format!("<{}7@desk.example.org>", "0".repeat(31))
            );
            assert!(header(&letter.message, "Date").unwrap().contains("1970"), "{text}");
            assert!(header(&letter.message, "Received").unwrap().contains("from userid "), "{text}");
        }
        let letter = written("-FDesk -fdesk@x.org ann@x.org", "no header at all\n").unwrap();
        let from = header(&letter.message, "From").unwrap();
        assert!(from.contains("Desk") && from.contains("<desk@x.org>"), "{from}");
    }

    #[test]
    fn a_header_in_the_character_set_of_the_machine_is_taken() {
        let options = Options::read(["-t".to_owned()]).unwrap();
        let sender = Sender::of_this_process(&Surroundings::given([], Some("desk.example.org")));
        let message = b"To: J\xfcrgen <j@x.org>\nSubject: \xdcberf\xe4llig\n\n".to_vec();
        let letter = letter(&options, &sender, message, Timestamp::UNIX_EPOCH, 7).unwrap();
        assert!(letter.message.is_ascii());
        assert_eq!(header(&letter.message, "Subject").as_deref(), Some("Überfällig"));
        assert_eq!(header(&letter.message, "To").as_deref(), Some("Jürgen <j@x.org>"));
    }

    #[test]
    fn what_is_to_be_reported_is_in_the_envelope() {
        let letter = written("-N never -R hdrs -V a+b -f <> ann@x.org", "\n").unwrap();
        let envelope = letter.envelope;
        assert_eq!(envelope.recipients()[0].notify, Some(Notify::Never));
        assert_eq!((envelope.ret, envelope.envelope_id.as_deref()), (Some(Ret::Headers), Some("a+2Bb")));
        assert_eq!(envelope.reverse_path, ReversePath::Null);
    }

    #[test]
    fn what_cannot_be_a_message_is_refused_at_once() {
        for (line, message) in [
            ("-t", "Subject: for nobody\n\n"),
            ("-t", "To: two words\n\n"),
            ("two@@x.org", "\n"),
            ("ann@x.org", "From: a@x.org\nFrom: b@x.org\n\n"),
            ("ann@x.org", "Subject: a\n\nwith a \0\n"),
        ] {
            assert_eq!(written(line, message).unwrap_err().exit, Exit::Data, "{line} {message:?}");
        }
    }
}
