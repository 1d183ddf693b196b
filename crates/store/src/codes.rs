//! How values stand in columns: small integers for what the hot path writes, names for the rest.

use jiff::Timestamp;
use mail::{
    Phase,
    envelope::{Notify, Ret},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Class, Door, Error, EventKind, Kind, State};

/// The states in the order of their codes.
pub(crate) const STATES: [State; 8] = [
    State::Waiting,
    State::Sending,
    State::InDoubt,
    State::Delivered,
    State::Practiced,
    State::Returned,
    State::Held,
    State::Cancelled,
];

const PHASES: [Phase; 10] = [
    Phase::Connect,
    Phase::Tls,
    Phase::Greeting,
    Phase::Ehlo,
    Phase::StartTls,
    Phase::Auth,
    Phase::Mail,
    Phase::Rcpt,
    Phase::Data,
    Phase::Dot,
];

const EVENT_KINDS: [EventKind; 9] = [
    EventKind::Accepted,
    EventKind::Deferred,
    EventKind::InDoubt,
    EventKind::Delivered,
    EventKind::Practiced,
    EventKind::Returned,
    EventKind::Held,
    EventKind::Released,
    EventKind::Cancelled,
];

const DOORS: [Door; 6] =
    [Door::Smtp, Door::Http, Door::Sendmail, Door::Notices, Door::Folder, Door::Bookpost];

pub(crate) fn state_code(state: State) -> i64 {
    match state {
        State::Waiting => 0,
        State::Sending => 1,
        State::InDoubt => 2,
        State::Delivered => 3,
        State::Practiced => 4,
        State::Returned => 5,
        State::Held => 6,
        State::Cancelled => 7,
    }
}

pub(crate) fn state(code: i64) -> Option<State> {
    nth(&STATES, code)
}

pub(crate) fn phase_code(phase: Phase) -> i64 {
    PHASES.iter().position(|known| *known == phase).and_then(|at| i64::try_from(at).ok()).unwrap_or(-1)
}

pub(crate) fn phase(code: i64) -> Option<Phase> {
    nth(&PHASES, code)
}

pub(crate) fn event_kind_code(kind: EventKind) -> i64 {
    EVENT_KINDS.iter().position(|known| *known == kind).map_or(-1, whole)
}

pub(crate) fn event_kind(code: i64) -> Option<EventKind> {
    nth(&EVENT_KINDS, code)
}

pub(crate) fn door_code(door: Door) -> i64 {
    DOORS.iter().position(|known| *known == door).map_or(-1, whole)
}

pub(crate) fn door(code: i64) -> Option<Door> {
    nth(&DOORS, code)
}

pub(crate) fn class_code(class: Class) -> i64 {
    match class {
        Class::Urgent => 0,
        Class::Normal => 1,
        Class::Bulk => 2,
    }
}

pub(crate) fn class(code: i64) -> Option<Class> {
    nth(&[Class::Urgent, Class::Normal, Class::Bulk], code)
}

pub(crate) fn kind_code(kind: Kind) -> i64 {
    match kind {
        Kind::Mail => 0,
        Kind::Report => 1,
        Kind::Alarm => 2,
        Kind::Staff => 3,
    }
}

pub(crate) fn kind(code: i64) -> Option<Kind> {
    nth(&[Kind::Mail, Kind::Report, Kind::Alarm, Kind::Staff], code)
}

pub(crate) fn ret_code(ret: Ret) -> i64 {
    match ret {
        Ret::Full => 0,
        Ret::Headers => 1,
    }
}

pub(crate) fn ret(code: i64) -> Option<Ret> {
    nth(&[Ret::Full, Ret::Headers], code)
}

/// SUCCESS is 1, FAILURE 2, DELAY 4; NEVER none of them.
pub(crate) fn notify_code(notify: Notify) -> i64 {
    match notify {
        Notify::Never => 0,
        Notify::On { success, failure, delay } => {
            i64::from(success) + 2 * i64::from(failure) + 4 * i64::from(delay)
        }
    }
}

pub(crate) fn notify(code: i64) -> Notify {
    match code {
        0 => Notify::Never,
        _ => Notify::On { success: code & 1 != 0, failure: code & 2 != 0, delay: code & 4 != 0 },
    }
}

/// The name that serde gives a unit variant.
pub(crate) fn name<T: Serialize>(value: &T) -> Result<String, Error> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Ok(name),
        _ => Err(Error::Internal("a value without a name".to_owned())),
    }
}

/// The unit variant of that name; None for a name that this version does not know.
pub(crate) fn named<T: DeserializeOwned>(name: String) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(name)).ok()
}

/// Microseconds since 1970 of an instant.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The instant of microseconds since 1970.
pub(crate) fn instant(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok()
}

/// A size or number for a column.
pub(crate) fn whole(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// A code for a narrow column.
pub(crate) fn small(code: i64) -> i16 {
    i16::try_from(code).unwrap_or(-1)
}

/// Text for a database that knows no NUL.
pub(crate) fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A value that is read and written whole.
pub(crate) fn as_json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Internal(error.to_string()))
}

/// None where it cannot be decoded.
pub(crate) fn of_json<T: DeserializeOwned>(text: Option<String>) -> Option<T> {
    text.and_then(|text| serde_json::from_str(&text).ok())
}

/// What a column holds cannot be understood.
pub(crate) fn unreadable(column: &str) -> Error {
    Error::Corrupt(format!("{column} cannot be read"))
}

/// A count out of a column.
pub(crate) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Tags as they stand in their column.
pub(crate) fn written_tags(tags: &[String]) -> Result<Option<String>, Error> {
    if tags.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(tags).map(Some).map_err(|error| Error::Internal(error.to_string()))
}

/// Tags out of their column.
pub(crate) fn tags(column: Option<String>) -> Vec<String> {
    column.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn nth<T: Copy>(all: &[T], code: i64) -> Option<T> {
    all.get(usize::try_from(code).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back() {
        for known in STATES {
            assert_eq!(state(state_code(known)), Some(known));
        }
        for known in PHASES {
            assert_eq!(phase(phase_code(known)), Some(known));
        }
        for known in EVENT_KINDS {
            assert_eq!(event_kind(event_kind_code(known)), Some(known));
        }
        for known in DOORS {
            assert_eq!(door(door_code(known)), Some(known));
        }
        for code in 0..8 {
            assert_eq!(notify_code(notify(code)), code);
        }
        assert_eq!(state(8), None);
        assert_eq!(named::<mail::Reason>("of_a_later_version".to_owned()), None);
        let name = name(&mail::Reason::MailboxFull).unwrap();
        assert_eq!((name.as_str(), named(name.clone())), ("mailbox_full", Some(mail::Reason::MailboxFull)));
    }
}
