//! Who decided what becomes of mail, as the log has it. What programs decide has no line there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mail::Reason;
use store::{Actor, AuditFilter, Deed, Error, Row, State, Store};

/// Lines of the log that are read at once.
const LINES: usize = 500;

/// By the instant that a decision has in the queue: so it is found whether one mail was meant, several, or a whole run.
#[derive(Debug, Default)]
pub(crate) struct Deciders(BTreeMap<Timestamp, Actor>);

impl Deciders {
    /// Those of what was decided at these instants.
    pub(crate) async fn of(store: &Store, wanted: BTreeSet<Timestamp>) -> Result<Self, Error> {
        let mut all = Self::default();
        let Some(first) = wanted.first() else { return Ok(all) };
        for what in [Deed::MailDecided, Deed::SendingResumed] {
            let mut after = None;
            loop {
                let filter = AuditFilter { what: Some(what), ..AuditFilter::default() };
                let lines = store.audit(filter, after, LINES).await?;
                after = lines
                    .last()
                    .filter(|last| lines.len() == LINES && last.happened_at >= *first)
                    .map(|last| last.id);
                // Whoever lets sending go on decides about old mail only where there is some.
                let lines = lines.into_iter().filter(|line| what == Deed::MailDecided || line.new.is_some());
                let lines = lines.filter(|line| wanted.contains(&line.happened_at));
                all.0.extend(lines.map(|line| (line.happened_at, line.who)));
                if after.is_none() || all.0.len() == wanted.len() {
                    break;
                }
            }
        }
        Ok(all)
    }

    /// None where nobody decided it, or nobody can say who did.
    pub(crate) fn of_row(&self, row: &Row) -> Option<&Actor> {
        self.0.get(&decided_at(row)?)
    }
}

/// When it was decided what became of it, if anybody decided.
pub(crate) fn decided_at(row: &Row) -> Option<Timestamp> {
    let at = if row.state == State::Held { row.aside_at } else { row.settled_at };
    at.filter(|_| row.reason == Some(Reason::ByPerson))
}
