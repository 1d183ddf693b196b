//! One person's notice once more, to another address.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use mail::{Address, Envelope, ReversePath, message::message_id};
use store::{
    Actor, Class, Deed, Door, Kind, MessageId, NewAudit, NewMessage, Once, OnceKey, RecipientId, Row, State,
};

use super::NoticeRuns;
use crate::receive::NotNow;

/// All mail that was sent again has this among its tags.
pub const SENT_AGAIN: &str = "sent again";

/// Why a notice was not sent again.
#[derive(Debug, thiserror::Error)]
pub enum NotAgain {
    #[error("its text is deleted already")]
    Gone,
    #[error("it is still on its way, or was never sent")]
    NotFinished,
    #[error(transparent)]
    NotNow(#[from] NotNow),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The tag by which what was sent again is found from what it was sent for.
pub fn sent_again_for(recipient: RecipientId) -> String {
    format!("{SENT_AGAIN} for {}", recipient.0)
}

/// Whether a notice in this state may go out once more.
pub fn may_go_again(state: State) -> bool {
    matches!(state, State::Returned | State::Delivered | State::Practiced)
}

impl NoticeRuns {
    /// Sends what this recipient was to get to `to`, and writes so in the log. The same `request` sends it once.
    pub async fn send_again(
        &self,
        recipient: RecipientId,
        to: &Address,
        request: &str,
        who: Actor,
    ) -> Result<MessageId, NotAgain> {
        self.receiver.has_room()?;
        let shown = self.store.show(recipient.message()).await?;
        let row = shown.into_iter().map(|(row, _)| row).find(|row| row.recipient == recipient);
        let row = row.filter(|row| row.run.is_some()).ok_or(store::Error::NotFound("message"))?;
        if !may_go_again(row.state) {
            return Err(NotAgain::NotFinished);
        }
        let body = self.store.body(row.message).await?.ok_or(NotAgain::Gone)?;
        let message = self.readdressed(&row, &body, to);
        let fingerprint = digest(&SHA256, format!("{} {to}", recipient.0).as_bytes());
        let key = OnceKey {
            application: row.application.clone(),
            key: format!("{SENT_AGAIN} {request}"),
            fingerprint: fingerprint.as_ref().try_into().unwrap_or_default(),
        };
        let answer =
            |accepted: &[store::Accepted]| accepted.iter().flat_map(|one| one.id.0.to_be_bytes()).collect();
        let id = |answer: &[u8]| answer.try_into().map(i64::from_be_bytes).map(MessageId);
        let once = self.receiver.accept_once(key, vec![message], answer).await?;
        match once {
            Once::Stored { answer, .. } => {
                let about = format!("message {}", row.message.0);
                let (old, new) = (Some(row.to.address.to_string()), Some(to.to_string()));
                let line = NewAudit { who, what: Deed::SentAgain, about, old, new };
                self.store.note_audit(line, self.clock.now()).await?;
                id(&answer).map_err(|_| NotAgain::NotFinished)
            }
            Once::Before(answer) => id(&answer).map_err(|_| NotAgain::NotFinished),
            Once::Another => Err(NotAgain::NotFinished),
        }
    }

    fn readdressed(&self, row: &Row, body: &[u8], to: &Address) -> NewMessage {
        let (now, settings) = (self.clock.now(), self.settings.now());
        let random = u128::from(self.draw()) << 64 | u128::from(self.draw());
        let id = format!("<{}>", message_id(random, &settings.sending.ehlo_name));
        let sender = match &row.reverse_path {
            ReversePath::Address(address) => ReversePath::Address(address.clone()),
            ReversePath::Null => ReversePath::Null,
        };
        NewMessage {
            kind: Kind::Mail,
            class: Class::Normal,
            door: Door::Notices,
            practice: row.practice,
            application: row.application.clone(),
            site: row.site.clone(),
            run: row.run,
            envelope: Envelope::to_one(sender, to.clone()),
            message_id: id.clone(),
            subject: row.subject.clone(),
            tags: vec![SENT_AGAIN.to_owned(), sent_again_for(row.recipient)],
            patron: row.patron.clone(),
            bytes: Bytes::from(with_fields(body, &[("To", to.as_str()), ("Message-ID", &id)])),
            first_due_at: now,
            expires_at: settings.schedule.expires_at(now),
            lease: None,
        }
    }
}

/// A message of ours with other values in these fields of its header; each takes the place of the first of its name, folded or not
/// (RFC 5322 section 2.2.3), and stands once.
fn with_fields(message: &[u8], fields: &[(&str, &str)]) -> Vec<u8> {
    let end = message.windows(4).position(|four| four == b"\r\n\r\n").map_or(message.len(), |at| at + 2);
    let (header, body) = message.split_at(end);
    let mut all = Vec::with_capacity(message.len());
    let (mut skips, mut set) = (false, vec![false; fields.len()]);
    for line in header.split_inclusive(|byte| *byte == b'\n') {
        let is_folded = line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        if !is_folded {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            let known = fields
                .iter()
                .zip(&mut set)
                .find(|((known, _), _)| known.as_bytes().eq_ignore_ascii_case(name));
            skips = known.is_some();
            if let Some(((known, value), set)) = known
                && !std::mem::replace(set, true)
            {
                all.extend_from_slice(format!("{known}: {value}\r\n").as_bytes());
            }
        }
        if !skips {
            all.extend_from_slice(line);
        }
    }
    all.extend_from_slice(body);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whom_it_is_for_is_another() {
        let message = b"From: Desk <d@e.org>\r\nTo: \"Ana Ruiz\"\r\n <ana@old.org>,\r\n\t<ana@older.org>\r\nSubject: To: nobody\r\n\
            message-id: <1@x>\r\nTo: twice@old.org\r\n\r\nTo: in the text\r\n";
        let again = with_fields(message, &[("To", "ana@new.org"), ("Message-ID", "<2@x>")]);
        assert_eq!(
            String::from_utf8(again).unwrap(),
            "From: Desk <d@e.org>\r\nTo: ana@new.org\r\nSubject: To: nobody\r\nMessage-ID: <2@x>\r\n\r\nTo: in the text\r\n"
        );
    }
}
