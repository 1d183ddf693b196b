//! A fresh store for each case, and the values that cases begin with.

use std::{cell::Cell, path::Path, time::Duration};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use mail::{Address, Envelope, Phase, Reason, ReversePath};
use store::{
    Accepted, Attempt, Claim, Class, Kind, Lease, MessageId, NewMessage, NewNotice, NewRun, RecipientId,
    RunId, Settled, Settlement, State, Store, Verdict,
};

use crate::server::Schema;

/// A database of its own, made for one case, and the only clock of that case. It stands still until the case moves it, and goes
/// forward only. Every operation is told [`Fresh::now`] and no other instant as the present one: a database that has a clock
/// of its own is given one that is moved with this.
pub(crate) struct Fresh {
    folder: tempfile::TempDir,
    schema: Option<Schema>,
    clock: Cell<Timestamp>,
}

impl Fresh {
    /// In a folder.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), schema: None, clock: Cell::new(minute(0)) }
    }

    /// In a schema of a server.
    pub(crate) fn on(schema: Schema) -> Self {
        Self { schema: Some(schema), ..Self::new() }
    }

    /// One more, on the same kind of database.
    pub(crate) async fn another(&self) -> Self {
        match &self.schema {
            None => Self::new(),
            Some(schema) => Self::on(schema.another().await),
        }
    }

    /// Where it is, if it is in a folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The store; a second time only after the first was closed.
    pub(crate) async fn open(&self) -> Store {
        match &self.schema {
            None => Store::open(self.folder.path(), self.clock.get()).unwrap(),
            Some(schema) => schema.open(self.folder.path(), "one", self.clock.get()).await.unwrap(),
        }
    }

    /// Nothing of it is left. What a case leaves that fails can be looked at.
    pub(crate) async fn forget(self) {
        if let Some(schema) = self.schema {
            schema.drop().await;
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.get()
    }

    /// So many minutes from now; no operation's present instant.
    pub(crate) fn later(&self, minutes: u32) -> Timestamp {
        self.now() + minutes * MINUTE
    }

    pub(crate) fn pass(&self, minutes: u32) {
        self.clock.set(self.later(minutes));
    }

    /// It is [`minute`] so and so from here on.
    pub(crate) fn at(&self, minutes: i64) {
        assert!(minute(minutes) >= self.now(), "time does not go back to minute {minutes}");
        self.clock.set(minute(minutes));
    }
}

pub(crate) const MINUTE: Duration = Duration::from_mins(1);

/// So many minutes after a case begins: for what is stored and read, such as when something is due. No operation's present instant.
pub(crate) fn minute(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_mins(minutes)
}

pub(crate) const LEASE: Lease = Lease(77);

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// Waiting mail to one patron, due when a case begins.
pub(crate) fn waiting() -> NewMessage {
    NewMessage {
        kind: Kind::Mail,
        door: store::Door::Smtp,
        class: Class::Normal,
        practice: false,
        application: "Library".to_owned(),
        site: Some("MAIN".to_owned()),
        run: None,
        envelope: Envelope::to_one(
            ReversePath::Address(address("desk@library.example")),
            address("p@example.org"),
        ),
        message_id: "<1@library.example>".to_owned(),
        subject: "Overdue items".to_owned(),
        tags: Vec::new(),
        patron: None,
        bytes: Bytes::from_static(b"Subject: Overdue items\r\n\r\nBring them back.\r\n"),
        first_due_at: minute(0),
        expires_at: minute(6_000),
        lease: None,
    }
}

/// Mail that its acceptor attempts at once.
pub(crate) fn leased() -> NewMessage {
    NewMessage { lease: Some(LEASE), ..waiting() }
}

/// One message for several recipients.
pub(crate) fn to_many(message: NewMessage, recipients: usize) -> NewMessage {
    let recipients = (0..recipients).map(|at| address(&format!("p{at}@example.org")).into()).collect();
    let envelope = Envelope::new(message.envelope.reverse_path.clone(), recipients).unwrap();
    NewMessage { envelope, ..message }
}

pub(crate) async fn accept(fresh: &Fresh, store: &Store, message: NewMessage) -> RecipientId {
    RecipientId::of(accept_all(fresh, store, vec![message]).await[0].id, 0)
}

pub(crate) async fn accept_all(fresh: &Fresh, store: &Store, messages: Vec<NewMessage>) -> Vec<Accepted> {
    store.accept(messages, fresh.now()).await.unwrap()
}

pub(crate) fn claim_of(fresh: &Fresh, limit: usize) -> Claim {
    Claim { lease: LEASE, now: fresh.now(), limit, bytes: usize::MAX, practice: false, recovery: None }
}

/// What came of an attempt that took a minute until now.
pub(crate) fn settlement(fresh: &Fresh, recipient: RecipientId, verdict: Verdict) -> Settlement {
    let reason = match verdict {
        Verdict::Delivered | Verdict::Practiced => None,
        Verdict::Returned => Some(Reason::AddressUnknown),
        Verdict::InDoubt | Verdict::Deferred { in_doubt: true, .. } => Some(Reason::AnswerUnknown),
        _ => Some(Reason::TryLater),
    };
    let attempt = Attempt {
        instead_of: None,
        started_at: fresh.now() - MINUTE,
        ended_at: fresh.now(),
        server: "mail.example:587".to_owned(),
        phase: Phase::Dot,
        reason,
        answer: "the server's answer".to_owned(),
    };
    Settlement { recipient, lease: LEASE, attempt, verdict }
}

pub(crate) async fn settle(
    fresh: &Fresh,
    store: &Store,
    recipient: RecipientId,
    verdict: Verdict,
) -> Settled {
    store.settle(vec![settlement(fresh, recipient, verdict)], fresh.now()).await.unwrap()[0]
}

pub(crate) async fn row(store: &Store, recipient: RecipientId) -> store::Row {
    let rows = store.show(recipient.message()).await.unwrap();
    rows.into_iter().map(|(row, _)| row).find(|row| row.recipient == recipient).unwrap()
}

pub(crate) async fn state(store: &Store, recipient: RecipientId) -> State {
    row(store, recipient).await.state
}

pub(crate) async fn begin(fresh: &Fresh, store: &Store, practice: bool) -> RunId {
    let run = NewRun {
        notice: "overdue-items".to_owned(),
        source: "overdues.csv".to_owned(),
        practice,
        started_at: fresh.now(),
    };
    store.begin_run(run).await.unwrap()
}

pub(crate) fn notice(run: RunId, practice: bool, keys: &[&str]) -> NewNotice {
    let keys = keys.iter().map(|key| store::LedgerKey((*key).to_owned())).collect();
    let message = NewMessage { run: Some(run), practice, ..waiting() };
    NewNotice { message, keys, elsewhere: [].into(), replaces: Vec::new() }
}

pub(crate) fn ids(claimed: &[store::Claimed]) -> Vec<MessageId> {
    claimed.iter().map(|one| one.id).collect()
}

/// Every case ends here: the file and its rows agree.
pub(crate) async fn sound(store: &Store) {
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}
