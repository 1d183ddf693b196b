//! The way in.

use jiff::Timestamp;

use super::{
    Sqlite,
    codes::{
        class_code, door_code, kind_code, micros, notify_code, ret_code, state_code, whole, written_tags,
    },
    events::{self, Noted},
    writer::Tx,
};
use crate::{
    Accepted, Error, EventKind, Kind, MOST_RECIPIENTS, MessageId, NewMessage, RecipientId, Source, State,
};

const MESSAGE: &str =
    "INSERT INTO message (id, kind, class, practice, application, site, run, reverse_path, ret, envelope_id,
        message_id, subject, patron_name, patron_number, size, accepted_at, first_due_at, tags, door)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)";
const BODY: &str = "INSERT INTO body (message, bytes) VALUES (?1, ?2)";
const RECIPIENT: &str =
    "INSERT INTO recipient (id, state, class, practice, due_at, expires_at, lease, address, notify, original,
        source)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

impl Sqlite {
    pub(crate) async fn accept(
        &self,
        messages: Vec<NewMessage>,
        stored: impl FnOnce(&[Accepted]) + Send + 'static,
        now: Timestamp,
    ) -> Result<Vec<Accepted>, Error> {
        let store_all =
            move |tx: &mut Tx<'_>| messages.iter().map(|message| store(tx, message, now)).collect();
        self.writer.write_if_heard(store_all, |accepted: &Vec<Accepted>| stored(accepted)).await
    }
}

/// Stores one message with its body and recipients.
pub(super) fn store(tx: &mut Tx<'_>, message: &NewMessage, now: Timestamp) -> Result<Accepted, Error> {
    tx.draft.seen(now);
    let id = MessageId(tx.draft.take_id());
    let envelope = &message.envelope;
    let patron = message.patron.as_ref();
    tx.sql.prepare_cached(MESSAGE)?.execute(rusqlite::params![
        id.0,
        kind_code(message.kind),
        class_code(message.class),
        message.practice,
        message.application,
        message.site,
        message.run.map(|run| run.0),
        envelope.reverse_path.address().map(mail::Address::as_str),
        envelope.ret.map(ret_code),
        envelope.envelope_id,
        message.message_id,
        message.subject,
        patron.map(|patron| &patron.name),
        patron.and_then(|patron| patron.number.as_ref()),
        whole(message.bytes.len()),
        micros(now),
        micros(message.first_due_at),
        written_tags(&message.tags)?,
        door_code(message.door),
    ])?;
    tx.sql.prepare_cached(BODY)?.execute((id.0, &message.bytes[..]))?;
    tx.bytes += message.bytes.len();
    let accepted = store_recipients(tx, id, message)?;
    if message.kind == Kind::Mail {
        let source = Source::of(&message.application, message.run);
        events::note(tx, source, Noted::new(EventKind::Accepted, RecipientId::of(id, 0)), now)?;
    }
    Ok(accepted)
}

fn store_recipients(tx: &mut Tx<'_>, id: MessageId, message: &NewMessage) -> Result<Accepted, Error> {
    let state = if message.lease.is_some() { State::Sending } else { State::Waiting };
    let recipients = message.envelope.recipients();
    if recipients.len() > MOST_RECIPIENTS {
        return Err(Error::TooManyRecipients { found: recipients.len() });
    }
    let source = Source::of(&message.application, message.run);
    let mut statement = tx.sql.prepare_cached(RECIPIENT)?;
    for (ordinal, recipient) in (0_u16..=u16::MAX).zip(recipients) {
        let recipient_id = RecipientId::of(id, ordinal).0;
        statement.execute((
            recipient_id,
            state_code(state),
            class_code(message.class),
            message.practice,
            micros(message.first_due_at),
            micros(message.expires_at),
            message.lease.map(|lease| lease.0),
            recipient.address.as_str(),
            recipient.notify.map(notify_code),
            recipient.original.as_deref(),
            source.0,
        ))?;
        if message.lease.is_some() {
            tx.fresh.entered.push(recipient_id);
        }
    }
    tx.draft.entered(state, recipients.len() as u64);
    Ok(Accepted { id, recipients: recipients.len() })
}
