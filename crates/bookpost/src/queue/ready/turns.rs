//! Messages of one class in memory: their sources take turns, and each has its own in order.

use std::collections::VecDeque;

use store::{Claimed, Source};

/// The messages of one class. Only sources that have some are here, the one whose turn is next first.
#[derive(Debug, Default)]
pub(super) struct Turns {
    sources: VecDeque<OfSource>,
    len: usize,
}

#[derive(Debug)]
struct OfSource {
    source: Source,
    messages: VecDeque<Claimed>,
    bytes: usize,
}

impl Turns {
    /// Behind the others of its source.
    pub(super) fn push_back(&mut self, message: Claimed) {
        let source = of(&message);
        self.len += 1;
        let known = self.sources.iter_mut().find(|one| one.source == source);
        if let Some(known) = known {
            known.bytes += message.bytes.len();
            known.messages.push_back(message);
        } else {
            let bytes = message.bytes.len();
            self.sources.push_back(OfSource { source, messages: VecDeque::from([message]), bytes });
        }
    }

    /// To go next.
    pub(super) fn push_front(&mut self, message: Claimed) {
        let source = of(&message);
        self.len += 1;
        let at = self.sources.iter().position(|one| one.source == source);
        let mut first = at.and_then(|at| self.sources.remove(at)).unwrap_or_else(|| OfSource {
            source,
            messages: VecDeque::new(),
            bytes: 0,
        });
        first.bytes += message.bytes.len();
        first.messages.push_front(message);
        self.sources.push_front(first);
    }

    /// The next message of the source whose turn it is; then it is the next one's turn.
    pub(super) fn pop_front(&mut self) -> Option<Claimed> {
        let mut first = self.sources.pop_front()?;
        let message = first.messages.pop_front();
        if let Some(message) = &message {
            self.len = self.len.saturating_sub(1);
            first.bytes = first.bytes.saturating_sub(message.bytes.len());
        }
        if !first.messages.is_empty() {
            self.sources.push_back(first);
        }
        message
    }

    /// Those of one source after the other.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Claimed> {
        self.sources.iter().flat_map(|one| &one.messages)
    }

    pub(super) fn take_all(&mut self) -> Vec<Claimed> {
        std::iter::from_fn(|| self.pop_front()).collect()
    }

    pub(super) fn bytes_of(&self, source: Source) -> usize {
        self.sources.iter().find(|one| one.source == source).map_or(0, |one| one.bytes)
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }
}

fn of(message: &Claimed) -> Source {
    Source::of(&message.application, message.run)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;
    use mail::{Address, Envelope, ReversePath};
    use store::{Class, Kind, MessageId};

    use super::*;

    fn message(id: i64, application: &str) -> Claimed {
        let to = Address::parse("p@example.org").unwrap();
        Claimed {
            id: MessageId(id),
            kind: Kind::Mail,
            class: Class::Normal,
            practice: false,
            application: application.to_owned(),
            site: None,
            run: None,
            envelope: Envelope::to_one(ReversePath::Null, to),
            recipients: Vec::new(),
            first_due_at: Timestamp::UNIX_EPOCH,
            bytes: Bytes::from_static(b"0123456789"),
        }
    }

    fn ids(messages: impl IntoIterator<Item = Claimed>) -> Vec<i64> {
        messages.into_iter().map(|one| one.id.0).collect()
    }

    #[test]
    fn sources_take_turns_and_keep_their_order() {
        let mut turns = Turns::default();
        for (id, application) in [(1, "A"), (2, "A"), (3, "A"), (4, "B"), (5, "C"), (6, "B")] {
            turns.push_back(message(id, application));
        }
        assert_eq!((turns.len(), turns.bytes_of(Source::of("A", None))), (6, 30));
        assert_eq!(ids(turns.pop_front()), [1]);
        turns.push_front(message(7, "C"));
        assert_eq!(ids(turns.take_all()), [7, 4, 2, 5, 6, 3]);
        assert_eq!((turns.len(), turns.bytes_of(Source::of("A", None))), (0, 0));
    }
}
