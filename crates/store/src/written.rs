//! What became of a mail in which somebody was written to, of whatever database.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    Error, MessageId, NamedItems, Stands, State, WrittenBefore,
    codes::{state, unreadable},
    rows::{Columns, at},
};

/// What became of a mail, and of all that was sent again in its place.
#[derive(Default)]
pub(crate) struct Became {
    /// Somebody has it, or nothing is known of it any more.
    arrived: bool,
    waits: Option<i64>,
    in_doubt: Option<i64>,
    came_back: Option<(Timestamp, i64)>,
    /// Where it was to go.
    addresses: BTreeSet<String>,
}

impl Became {
    /// A recipient of this mail: from `id, state`, whether it was ever in doubt, `settled_at, address`. Gives it if the mail may have been sent
    /// again for it.
    pub(crate) fn see(&mut self, message: i64, row: &impl Columns) -> Result<Option<i64>, Error> {
        self.addresses.insert(plain(&row.text(4)?.unwrap_or_default()));
        let (doubt, settled_at) = (row.is(2)?, at(row, 3)?);
        match state(row.id(1)?).ok_or_else(|| unreadable("recipient.state"))? {
            State::Delivered | State::Practiced => self.arrived = true,
            State::Returned => {
                self.came_back = self.came_back.max(settled_at.map(|at| (at, message)));
                return Ok(Some(row.id(0)?));
            }
            State::InDoubt => self.in_doubt = Some(message),
            State::Cancelled if doubt => {
                self.in_doubt = Some(message);
                return Ok(Some(row.id(0)?));
            }
            _ if doubt => self.in_doubt = Some(message),
            State::Waiting | State::Sending | State::Held => self.waits = Some(message),
            State::Cancelled => {}
        }
        Ok(None)
    }

    /// Old mail is deleted, and what is known of it with it.
    pub(crate) fn nothing_is_known(&mut self) {
        self.arrived = true;
    }

    /// And which of the mails says so.
    fn stands(&self, message: i64) -> (i64, Stands) {
        match (self.arrived, self.in_doubt, self.waits, self.came_back) {
            (true, ..) | (false, None, None, None) => (message, Stands::Written),
            (_, Some(message), ..) => (message, Stands::MayHaveArrived),
            (_, _, Some(message), _) => (message, Stands::Waits),
            (.., Some((at, message))) => (message, Stands::CameBack { at }),
        }
    }
}

impl WrittenBefore {
    /// What nobody knows more of.
    pub(crate) fn at(last_at: Timestamp) -> Self {
        Self { last_at, message: None, stands: Stands::Written }
    }

    /// With what became of one more of the mails. None where that came back, and one of these addresses is not among its own: then they are
    /// written to.
    pub(crate) fn with(self, message: i64, became: &Became, person: &NamedItems) -> Option<Self> {
        let (message, stands) = became.stands(message);
        let elsewhere = |address: &mail::Address| !became.addresses.contains(&plain(address.as_str()));
        if matches!(stands, Stands::CameBack { .. }) && person.to.iter().any(elsewhere) {
            return None;
        }
        if weight(stands) > weight(self.stands) {
            return Some(Self { message: Some(MessageId(message)), stands, ..self });
        }
        Some(self)
    }
}

/// What is to be said first where several mails were written.
fn weight(stands: Stands) -> u8 {
    match stands {
        Stands::Written => 0,
        Stands::Waits => 1,
        Stands::MayHaveArrived => 2,
        Stands::CameBack { .. } => 3,
    }
}

/// As two spellings of one address are the same.
fn plain(address: &str) -> String {
    address.to_lowercase()
}
