//! The way in: messages that wait at the same time are stored by one statement.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use mail::Address;
use tokio::sync::oneshot;

use super::{Postgres, event_log, gather::Job, opened::Opened, tx::Tx};
use crate::{
    Accepted, Error, EventKind, Kind, MOST_RECIPIENTS, MessageId, NewMessage, RecipientId, Source, State,
    codes::{
        class_code, door_code, kind_code, micros, notify_code, plain, ret_code, small, state_code, whole,
    },
    events::Happening,
    rows::Columns as _,
};

const IDS: &str = "SELECT nextval('message_id') FROM generate_series(1, $1::BIGINT)";
/// One statement, so that its triggers find the messages that their recipients are of.
const STORE: &str = "WITH messages AS (
        INSERT INTO message (id, run, size, accepted_at, first_due_at, kind, class, door, ret, practice, application, site, reverse_path,
            envelope_id, message_id, subject, patron_name, patron_number, tags)
        SELECT id, run, size, accepted_at, first_due_at, kind, class, door, ret, practice, application, site, reverse_path,
            envelope_id, message_id, subject, patron_name, patron_number,
            CASE WHEN tags IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(tags::JSONB)) END
        FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[], $6::SMALLINT[], $7::SMALLINT[], $8::SMALLINT[],
            $9::SMALLINT[], $10::BOOLEAN[], $11::TEXT[], $12::TEXT[], $13::TEXT[], $14::TEXT[], $15::TEXT[], $16::TEXT[], $17::TEXT[],
            $18::TEXT[], $19::TEXT[])
            AS m (id, run, size, accepted_at, first_due_at, kind, class, door, ret, practice, application, site, reverse_path,
            envelope_id, message_id, subject, patron_name, patron_number, tags)),
    bodies AS (INSERT INTO body (message, bytes) SELECT * FROM unnest($1::BIGINT[], $20::BYTEA[])),
    addressees AS (INSERT INTO addressee (id, notify, address, original)
        SELECT * FROM unnest($21::BIGINT[], $22::SMALLINT[], $23::TEXT[], $24::TEXT[]))
    INSERT INTO live (id, source, expires_at, due_at, lease, claimed_in, state, class, practice)
    SELECT id, source, expires_at, due_at, lease, CASE WHEN lease IS NOT NULL THEN $31::BIGINT END, state, class, practice
    FROM unnest($21::BIGINT[], $25::BIGINT[], $26::BIGINT[], $27::BIGINT[], $28::BIGINT[], $29::SMALLINT[], $30::SMALLINT[], $32::BOOLEAN[])
        AS r (id, source, expires_at, due_at, lease, state, class, practice)";

/// Is called once they are stored.
type Told = Box<dyn FnOnce(&[Accepted]) + Send>;

/// Somebody's messages, all or none of them.
pub(super) struct Accept {
    messages: Vec<NewMessage>,
    now: Timestamp,
    /// In a lock only because several threads may look at the messages beside it.
    stored: Mutex<Told>,
    answer: oneshot::Sender<Result<Vec<Accepted>, Error>>,
}

impl Postgres {
    pub(crate) async fn accept(
        &self,
        messages: Vec<NewMessage>,
        stored: impl FnOnce(&[Accepted]) + Send + 'static,
        now: Timestamp,
    ) -> Result<Vec<Accepted>, Error> {
        fits(messages.iter())?;
        let (answer, answered) = oneshot::channel();
        self.accepts.send(Accept { messages, now, stored: Mutex::new(Box::new(stored)), answer }).await?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

impl Job for Accept {
    fn weight(&self) -> (usize, usize) {
        let recipients = self.messages.iter().map(|message| message.envelope.recipients().len() + 2).sum();
        (recipients, self.messages.iter().map(|message| message.bytes.len()).sum())
    }

    async fn work(opened: &Arc<Opened>, mut jobs: Vec<Self>) {
        // Who has gone was not answered, and will hand it in again.
        jobs.retain(|job| !job.answer.is_closed());
        match store_jobs(opened, &jobs).await {
            Ok(stored) => jobs.into_iter().zip(stored).for_each(|(job, accepted)| job.done(accepted)),
            // Something of one of them cannot be stored: that is nobody else's matter.
            Err(Error::Internal(_)) if jobs.len() > 1 => {
                for job in jobs {
                    let alone = store_jobs(opened, std::slice::from_ref(&job)).await;
                    match alone.map(|mut all| all.pop().unwrap_or_default()) {
                        Ok(accepted) => job.done(accepted),
                        Err(error) => job.failed(&error),
                    }
                }
            }
            Err(error) => jobs.into_iter().for_each(|job| job.failed(&error)),
        }
    }
}

impl Accept {
    fn done(self, accepted: Vec<Accepted>) {
        let Self { stored, answer, .. } = self;
        tell(stored.into_inner().unwrap_or_else(PoisonError::into_inner), &accepted);
        // Who waited may have gone; it is stored all the same.
        drop(answer.send(Ok(accepted)));
    }

    fn failed(self, error: &Error) {
        drop(self.answer.send(Err(error.clone())));
    }
}

/// What follows from being stored.
pub(super) fn tell(stored: impl FnOnce(&[Accepted]), accepted: &[Accepted]) {
    if catch_unwind(AssertUnwindSafe(|| stored(accepted))).is_err() {
        tracing::error!("what follows from an operation of the queue panicked");
    }
}

async fn store_jobs(opened: &Opened, jobs: &[Accept]) -> Result<Vec<Vec<Accepted>>, Error> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let mut connection = opened.connection().await?;
    let tx = opened.write(&mut connection).await?;
    let all: Vec<_> = jobs.iter().flat_map(|job| job.messages.iter().map(|one| (one, job.now))).collect();
    let mut accepted = store_all(opened, &tx, &all).await?.into_iter();
    tx.commit_all(jobs.len()).await?;
    Ok(jobs.iter().map(|job| accepted.by_ref().take(job.messages.len()).collect()).collect())
}

/// Stores messages with their bodies and recipients, each with its present instant.
pub(super) async fn store_all(
    opened: &Opened,
    tx: &Tx<'_>,
    messages: &[(&NewMessage, Timestamp)],
) -> Result<Vec<Accepted>, Error> {
    fits(messages.iter().map(|(message, _)| *message))?;
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let ids = tx.all(IDS, &[&whole(messages.len())]).await?;
    let mut rows = Rows::default();
    let mut accepted = Vec::with_capacity(messages.len());
    for ((message, now), id) in messages.iter().zip(ids) {
        let id = MessageId(id.id(0)?);
        rows.push(id, message, *now)?;
        message.lease.into_iter().for_each(|lease| tx.leased(lease));
        accepted.push(Accepted { id, recipients: message.envelope.recipients().len() });
        if message.kind == Kind::Mail {
            let source = Source::of(&message.application, message.run);
            let happening = Happening::new(EventKind::Accepted, RecipientId::of(id, 0));
            event_log::note(tx, source, happening, *now);
        }
    }
    rows.store(opened.epoch, tx).await?;
    // What is leased is sent by whoever stored it.
    if messages.iter().any(|(message, _)| message.lease.is_none()) {
        tx.ring();
    }
    Ok(accepted)
}

/// No message is for more recipients than can be counted.
pub(super) fn fits<'a>(mut messages: impl Iterator<Item = &'a NewMessage>) -> Result<(), Error> {
    match messages.find(|message| message.envelope.recipients().len() > MOST_RECIPIENTS) {
        Some(message) => Err(Error::TooManyRecipients { found: message.envelope.recipients().len() }),
        None => Ok(()),
    }
}

/// Columns of what is to be stored.
#[derive(Default)]
struct Rows<'a> {
    id: Vec<i64>,
    run: Vec<Option<i64>>,
    size: Vec<i64>,
    accepted_at: Vec<i64>,
    first_due_at: Vec<i64>,
    kind: Vec<i16>,
    class: Vec<i16>,
    door: Vec<i16>,
    ret: Vec<Option<i16>>,
    practice: Vec<bool>,
    application: Vec<&'a str>,
    site: Vec<Option<&'a str>>,
    reverse_path: Vec<Option<&'a str>>,
    envelope_id: Vec<Option<&'a str>>,
    message_id: Vec<&'a str>,
    subject: Vec<String>,
    patron_name: Vec<Option<String>>,
    patron_number: Vec<Option<String>>,
    tags: Vec<Option<String>>,
    bytes: Vec<&'a [u8]>,
    recipients: Recipients<'a>,
}

#[derive(Default)]
struct Recipients<'a> {
    id: Vec<i64>,
    notify: Vec<Option<i16>>,
    address: Vec<&'a str>,
    original: Vec<Option<&'a str>>,
    source: Vec<i64>,
    expires_at: Vec<i64>,
    due_at: Vec<i64>,
    lease: Vec<Option<i64>>,
    state: Vec<i16>,
    class: Vec<i16>,
    practice: Vec<bool>,
}

impl<'a> Rows<'a> {
    fn push(&mut self, id: MessageId, message: &'a NewMessage, now: Timestamp) -> Result<(), Error> {
        let envelope = &message.envelope;
        let patron = message.patron.as_ref();
        self.id.push(id.0);
        self.run.push(message.run.map(|run| run.0));
        self.size.push(whole(message.bytes.len()));
        self.accepted_at.push(micros(now));
        self.first_due_at.push(micros(message.first_due_at));
        self.kind.push(small(kind_code(message.kind)));
        self.class.push(small(class_code(message.class)));
        self.door.push(small(door_code(message.door)));
        self.ret.push(envelope.ret.map(|ret| small(ret_code(ret))));
        self.practice.push(message.practice);
        self.application.push(&message.application);
        self.site.push(message.site.as_deref());
        self.reverse_path.push(envelope.reverse_path.address().map(Address::as_str));
        self.envelope_id.push(envelope.envelope_id.as_deref());
        self.message_id.push(&message.message_id);
        self.subject.push(plain(&message.subject));
        self.patron_name.push(patron.map(|patron| plain(&patron.name)));
        self.patron_number.push(patron.and_then(|patron| patron.number.as_deref()).map(plain));
        self.tags.push(crate::codes::written_tags(&message.tags)?);
        self.bytes.push(&message.bytes);
        self.recipients.push(id, message);
        Ok(())
    }

    async fn store(&self, epoch: i64, tx: &Tx<'_>) -> Result<(), Error> {
        let to = &self.recipients;
        let values: super::tx::Values<'_> = &[
            &self.id,
            &self.run,
            &self.size,
            &self.accepted_at,
            &self.first_due_at,
            &self.kind,
            &self.class,
            &self.door,
            &self.ret,
            &self.practice,
            &self.application,
            &self.site,
            &self.reverse_path,
            &self.envelope_id,
            &self.message_id,
            &self.subject,
            &self.patron_name,
            &self.patron_number,
            &self.tags,
            &self.bytes,
            &to.id,
            &to.notify,
            &to.address,
            &to.original,
            &to.source,
            &to.expires_at,
            &to.due_at,
            &to.lease,
            &to.state,
            &to.class,
            &epoch,
            &to.practice,
        ];
        tx.run(STORE, values).await.map(drop)
    }
}

impl<'a> Recipients<'a> {
    fn push(&mut self, id: MessageId, message: &'a NewMessage) {
        let state = if message.lease.is_some() { State::Sending } else { State::Waiting };
        let source = Source::of(&message.application, message.run);
        for (ordinal, recipient) in (0_u16..=u16::MAX).zip(message.envelope.recipients()) {
            self.id.push(RecipientId::of(id, ordinal).0);
            self.notify.push(recipient.notify.map(|notify| small(notify_code(notify))));
            self.address.push(recipient.address.as_str());
            self.original.push(recipient.original.as_deref());
            self.source.push(source.0);
            self.expires_at.push(micros(message.expires_at));
            self.due_at.push(micros(message.first_due_at));
            self.lease.push(message.lease.map(|lease| lease.0));
            self.state.push(small(state_code(state)));
            self.class.push(small(class_code(message.class)));
            self.practice.push(message.practice);
        }
    }
}
