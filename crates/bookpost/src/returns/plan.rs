//! Which returns go into which letter: a pure decision.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use mail::Address;
use store::{MessageId, Obligation, Owing, Row, State};

use crate::config::Site;

/// Where the report about a message goes. Whoever gives a message a return address is told there (RFC 3461, section 4); a notice has
/// that of its library, whose people may read another mailbox.
pub fn reports_to<'a>(sites: &'a [Site], row: &'a Row) -> Option<&'a Address> {
    let back = row.reverse_path.address()?;
    let of_notice = row.run.and(row.site.as_deref());
    let site = of_notice.and_then(|code| sites.iter().find(|site| site.code == code));
    Some(site.filter(|site| site.returns_to() == Some(back)).and_then(Site::reports_to).unwrap_or(back))
}

/// One letter to a return address. It covers at least one return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) form: Form,
    pub(super) first: Obligation,
    pub(super) others: Vec<Obligation>,
}

/// How a letter is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The returns of one message.
    Report,
    /// Many returns in one.
    Digest,
    /// What was relayed of one message to a server that reports no success. Never in a digest: each was asked for.
    Relayed,
}

impl Letter {
    fn new(form: Form, mut owed: Vec<Obligation>) -> Option<Self> {
        let others = owed.split_off(owed.len().min(1));
        Some(Self { form, first: owed.pop()?, others })
    }

    /// All that it covers.
    pub(super) fn owed(&self) -> impl Iterator<Item = &Obligation> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// When returns are put together.
#[derive(Debug, Clone, Copy)]
pub(super) struct When {
    /// The returns of one message are collected for so long.
    pub(super) delay: Duration,
    /// From more than so many on they become one digest ...
    pub(super) digest_from: u64,
    /// ... if they are of so long, or as soon as the first of them is so old.
    pub(super) window: Duration,
}

/// The form in which what is owed to an address is written now; None: not yet. `recent` is how many returns the address has
/// seen within the window.
pub(super) fn form(owing: &Owing, recent: u64, when: &When, now: Timestamp) -> Option<Form> {
    if recent.max(owing.count) <= when.digest_from {
        return Some(Form::Report);
    }
    (now.duration_since(owing.owed_since).unsigned_abs() >= when.window).then_some(Form::Digest)
}

/// The letters of this form, each with the address it goes to.
pub(super) fn addressed(
    form: Form,
    owed: Vec<Obligation>,
    owed_before: Timestamp,
    sites: &[Site],
) -> Vec<(Address, Letter)> {
    let mut by_address: BTreeMap<Address, Vec<Obligation>> = BTreeMap::new();
    for one in owed {
        let to = reports_to(sites, &one.row).cloned();
        if let Some(to) = to {
            by_address.entry(to).or_default().push(one);
        }
    }
    let letters = |(to, owed): (Address, _)| {
        letters(form, owed, owed_before).into_iter().map(move |letter| (to.clone(), letter))
    };
    by_address.into_iter().flat_map(letters).collect()
}

/// The letters of this form to one address. A digest takes whatever is owed, so that it leaves no tail of single reports; a
/// report takes all returns of a message of which one has waited long enough.
fn letters(form: Form, owed: Vec<Obligation>, owed_before: Timestamp) -> Vec<Letter> {
    let (relayed, returned): (Vec<_>, Vec<_>) =
        owed.into_iter().partition(|one| one.row.state == State::Delivered);
    let mut letters = of_each_message(Form::Relayed, relayed, owed_before);
    letters.extend(match form {
        Form::Digest => Letter::new(form, returned).into_iter().collect(),
        _ => of_each_message(Form::Report, returned, owed_before),
    });
    letters
}

fn of_each_message(form: Form, owed: Vec<Obligation>, owed_before: Timestamp) -> Vec<Letter> {
    let mut by_message: BTreeMap<MessageId, Vec<Obligation>> = BTreeMap::new();
    for one in owed {
        by_message.entry(one.row.message).or_default().push(one);
    }
    let waited_enough = |owed: &Vec<Obligation>| owed.iter().any(|one| one.owed_since < owed_before);
    by_message.into_values().filter(waited_enough).filter_map(|owed| Letter::new(form, owed)).collect()
}
