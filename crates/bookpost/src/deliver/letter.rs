//! What an attempt sends: the message as it waits, or, of a letter that is sealed until then, the letter.

use bytes::Bytes;
use mail::{Envelope, Recipient, message::with_fields, submission::recipients_of_headers};
use store::{Claimed, ClaimedRecipient, Kind};

use crate::{
    config::Settings,
    secrets::{SealingKey, letter},
};

/// The bytes of this message for a server. The practice mailbox keeps what it gets in files, and gets letters as they are sealed.
pub fn bytes_of(job: &Claimed, settings: &Settings) -> Bytes {
    let recipients = job.envelope.recipients();
    match recipients.first().filter(|_| job.kind == Kind::Staff && !job.practice) {
        Some(to) => {
            let key = SealingKey::load(&settings.now().sealing_key);
            let key = key.inspect_err(|error| tracing::error!(%error, "a letter cannot be opened"));
            letter::open(&job.bytes, &to.address, key.ok().as_ref()).into()
        }
        None => of_its_own(job).unwrap_or_else(|| job.bytes.clone()),
    }
}

/// Of the notice of a run each address gets a mail of its own: who else has it, of patrons and parents, is nobody's business but the
/// library's. Any other message stays one.
pub fn for_each_address(job: Claimed) -> Vec<Claimed> {
    if job.run.is_none() || job.kind != Kind::Mail || job.recipients.len() < 2 {
        return vec![job];
    }
    let recipients = job.envelope.recipients().iter().zip(&job.recipients);
    let one = |(to, recipient): (&Recipient, &ClaimedRecipient)| {
        let mut envelope = Envelope::new(job.envelope.reverse_path.clone(), vec![to.clone()]).ok()?;
        (envelope.ret, envelope.envelope_id) = (job.envelope.ret, job.envelope.envelope_id.clone());
        Some(Claimed { envelope, recipients: vec![*recipient], ..job.clone() })
    };
    recipients.filter_map(one).collect()
}

/// The notice as one of several addresses gets it: none of the others stands in it, nor a name that may be another's.
fn of_its_own(job: &Claimed) -> Option<Bytes> {
    let [to] = job.envelope.recipients() else { return None };
    if job.run.is_none() || job.kind != Kind::Mail {
        return None;
    }
    let named = recipients_of_headers(&job.bytes, None).unwrap_or_default();
    let is_it = |one: &mail::Address| one.as_str().eq_ignore_ascii_case(to.address.as_str());
    if named.len() == 1 && named.iter().all(is_it) {
        return None;
    }
    Some(with_fields(&job.bytes, &[("To", to.address.as_str())]).into())
}

#[cfg(test)]
mod tests {
    use store::RunId;

    use super::{super::for_tests, *};

    fn job(run: Option<RunId>, to: &[&str], header: &str) -> Claimed {
        let bytes = format!("To: {header}\r\nSubject: Overdue\r\n\r\nTo: read\r\n").into();
        Claimed { run, bytes, ..for_tests::job(to) }
    }

    /// Parents who live apart do not learn each other's address from a library.
    #[test]
    fn each_address_of_a_notice_gets_a_mail_of_its_own() {
        let run = Some(RunId(7));
        let (all, eve) = (["eve@example.org", "dad@example.org", "mum@example.org"], "Eve <eve@example.org>");
        let mails: Vec<_> = for_each_address(job(run, &all, eve)).iter().map(sent).collect();
        assert_eq!(
            mails,
            [
                (0, "To: Eve <eve@example.org>\r\nSubject: Overdue\r\n\r\nTo: read\r\n".to_owned()),
                (1, "To: dad@example.org\r\nSubject: Overdue\r\n\r\nTo: read\r\n".to_owned()),
                (2, "To: mum@example.org\r\nSubject: Overdue\r\n\r\nTo: read\r\n".to_owned()),
            ]
        );
        // One that was stored with all of them in its header, and waits for one.
        let both = "Eve <eve@example.org>, Eve <dad@example.org>";
        let (_, old) = sent(&job(run, &["EVE@example.org"], both));
        assert!(old.starts_with("To: EVE@example.org\r\n") && !old.contains("dad@"), "{old}");
        // What a program sends is one mail.
        assert_eq!(for_each_address(job(None, &all, both)).len(), 1);
        assert_eq!(of_its_own(&job(None, &all[..1], both)), None);
    }

    /// For which recipient, and what it gets.
    fn sent(job: &Claimed) -> (i64, String) {
        assert_eq!((job.recipients.len(), job.envelope.recipients().len()), (1, 1));
        let bytes = of_its_own(job).unwrap_or_else(|| job.bytes.clone());
        (job.recipients[0].id.0 % 65_536, String::from_utf8(bytes.to_vec()).unwrap())
    }
}
