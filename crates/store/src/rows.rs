//! Rows as values, of whatever database. What cannot be decoded is shown as far as it can be, and never stops the others.

use jiff::Timestamp;
use mail::{Address, Envelope, Reason, Recipient, ReversePath};

use crate::{
    Attempt, Class, Error, InsteadOf, Kind, MessageId, Outdated, Patron, RecipientId, Row, RunId, State,
    codes,
};

/// A row as its database gives it: columns by their place.
pub(crate) trait Columns {
    /// Text, with what is not UTF-8 replaced; a number as its digits.
    fn text(&self, column: usize) -> Result<Option<String>, Error>;

    /// A whole number; a yes is 1.
    fn number(&self, column: usize) -> Result<Option<i64>, Error>;

    /// Octets.
    fn bytes(&self, column: usize) -> Result<Option<Vec<u8>>, Error>;

    /// A number that is there in every row.
    fn id(&self, column: usize) -> Result<i64, Error> {
        self.number(column)?.ok_or_else(|| Error::Corrupt(format!("column {column} of a row is empty")))
    }

    /// The octets of a digest.
    fn digest(&self, column: usize) -> Result<[u8; 32], Error> {
        let bytes = self.bytes(column)?.unwrap_or_default();
        bytes.try_into().map_err(|_| Error::Corrupt(format!("column {column} of a row is no digest")))
    }

    /// Whether there is a number other than 0.
    fn is(&self, column: usize) -> Result<bool, Error> {
        Ok(self.number(column)?.unwrap_or(0) != 0)
    }
}

/// So many columns [`shown`] reads; each database names them in the same order.
pub(crate) const SHOWN_COLUMNS: usize = 32;

/// What stands where an address cannot be read.
const UNREADABLE: &str = "unreadable@invalid";

/// One line of a list, as both databases name its columns in `SHOWN`; columns that cannot be decoded take a harmless value and the reason `Broke`.
pub(crate) fn shown(row: &impl Columns) -> Result<Row, Error> {
    let id = RecipientId(row.id(0)?);
    let address = Address::parse(&text(row, 12)?.unwrap_or_default()).ok();
    let reverse_path = reverse_path(text(row, 19)?);
    let whole = address.is_some() && reverse_path.is_some();
    let reason = text(row, 10)?.and_then(codes::named);
    let state = codes::state(number(row, 1)?).unwrap_or(State::Held);
    let since = at(row, 6)?;
    let aside = matches!(state, State::InDoubt | State::Held);
    Ok(Row {
        recipient: id,
        message: id.message(),
        kind: codes::kind(number(row, 15)?).unwrap_or(Kind::Mail),
        door: row.number(29)?.and_then(codes::door),
        class: codes::class(number(row, 2)?).unwrap_or(Class::Normal),
        practice: number(row, 3)? != 0,
        application: text(row, 16)?.unwrap_or_default(),
        site: text(row, 17)?,
        run: row.number(18)?.map(RunId),
        reverse_path: reverse_path.unwrap_or(ReversePath::Null),
        to: recipient(row, address.map_or_else(unreadable, Ok)?, 13)?,
        subject: text(row, 20)?.unwrap_or_default(),
        message_id: text(row, 21)?.unwrap_or_default(),
        patron: text(row, 22)?
            .map(|name| Ok::<_, Error>(Patron { name, number: text(row, 23)? }))
            .transpose()?,
        size: codes::count(number(row, 24)?),
        state,
        accepted_at: at(row, 25)?.unwrap_or(Timestamp::UNIX_EPOCH),
        first_due_at: at(row, 26)?.unwrap_or(Timestamp::UNIX_EPOCH),
        tags: codes::tags(text(row, 27)?),
        due_at: at(row, 4)?,
        expires_at: at(row, 5)?.unwrap_or(Timestamp::UNIX_EPOCH),
        aside_at: since.filter(|_| aside),
        settled_at: since.filter(|_| !aside),
        in_doubt_at: at(row, 7)?,
        attempts: u32::try_from(number(row, 8)?).unwrap_or(0),
        strikes: u32::try_from(number(row, 9)?).unwrap_or(0),
        reason: if whole { reason } else { Some(Reason::Broke) },
        answer: text(row, 11)?,
        reported_in: row.number(28)?.map(MessageId),
        outdated: outdated(row)?,
    })
}

fn outdated(row: &impl Columns) -> Result<Option<Outdated>, Error> {
    let (run, of) = (row.number(30)?.map(RunId), at(row, 31)?);
    Ok(run.map(|run| Outdated { run, of }))
}

/// A recipient whose `notify` and `original` stand at `first` and after.
pub(crate) fn recipient(row: &impl Columns, address: Address, first: usize) -> Result<Recipient, Error> {
    Ok(Recipient { address, notify: row.number(first)?.map(codes::notify), original: text(row, first + 1)? })
}

/// None if it cannot be decoded.
pub(crate) fn reverse_path(text: Option<String>) -> Option<ReversePath> {
    match text {
        None => Some(ReversePath::Null),
        Some(text) => Address::parse(&text).ok().map(ReversePath::Address),
    }
}

/// An envelope out of its parts; None if there is no recipient.
pub(crate) fn envelope(
    reverse_path: ReversePath,
    recipients: Vec<Recipient>,
    ret: Option<i64>,
    envelope_id: Option<String>,
) -> Option<Envelope> {
    let mut envelope = Envelope::new(reverse_path, recipients).ok()?;
    envelope.ret = ret.and_then(codes::ret);
    envelope.envelope_id = envelope_id;
    Some(envelope)
}

/// One line of a timeline, read from `started_at, ended_at, server, phase, reason, answer, instead_since, instead_reason`.
pub(crate) fn attempt(row: &impl Columns) -> Result<Attempt, Error> {
    Ok(Attempt {
        started_at: at(row, 0)?.unwrap_or(Timestamp::UNIX_EPOCH),
        ended_at: at(row, 1)?.unwrap_or(Timestamp::UNIX_EPOCH),
        server: text(row, 2)?.unwrap_or_default(),
        phase: codes::phase(number(row, 3)?).unwrap_or(mail::Phase::Connect),
        reason: text(row, 4)?.and_then(codes::named),
        answer: text(row, 5)?.unwrap_or_default(),
        instead_of: instead_of(row)?,
    })
}

fn instead_of(row: &impl Columns) -> Result<Option<InsteadOf>, Error> {
    let (since, reason) = (at(row, 6)?, text(row, 7)?.and_then(codes::named));
    Ok(since.zip(reason).map(|(since, reason)| InsteadOf { since, reason }))
}

/// Text, with what is not UTF-8 replaced.
pub(crate) fn text(row: &impl Columns, column: usize) -> Result<Option<String>, Error> {
    row.text(column)
}

pub(crate) fn at(row: &impl Columns, column: usize) -> Result<Option<Timestamp>, Error> {
    Ok(row.number(column)?.and_then(codes::instant))
}

fn number(row: &impl Columns, column: usize) -> Result<i64, Error> {
    Ok(row.number(column)?.unwrap_or(0))
}

fn unreadable() -> Result<Address, Error> {
    Address::parse(UNREADABLE).map_err(|error| Error::Internal(error.to_string()))
}
