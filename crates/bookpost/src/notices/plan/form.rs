//! What a notice is about, what it says, and to whom it goes.

use std::borrow::Cow;

use jiff::{ToSpan as _, civil::Date};
use mail::Address;
use store::{NoticeKind, NoticeRecipients, OtherMatter};

use crate::notices::{Item, PatronNotice, Template, Wordings};

/// A notice, ready to be filled in.
pub struct Form {
    pub kind: NoticeKind,
    /// Of what is coming due.
    pub days_ahead: u16,
    pub without_titles: bool,
    pub recipients: NoticeRecipients,
    pub wordings: Wordings,
}

/// Whether a notice names an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Yes,
    /// One of a later day may.
    NotYet,
    /// It is about something else.
    Never(OtherMatter),
}

/// Whether a notice goes to addresses of parents or guardians.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Guardians {
    /// To none.
    #[default]
    None,
    /// Beside the patron.
    Also,
    /// And not to the patron.
    Only,
}

impl Guardians {
    /// The patron gets nothing of it.
    pub fn only(self) -> bool {
        self == Self::Only
    }

    /// As wordings read it.
    pub(in crate::notices) fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Also => "also",
            Self::Only => "only",
        }
    }
}

impl Form {
    /// About what is overdue, to everybody on the record, in these words.
    pub fn overdue(template: Template) -> Self {
        Self {
            kind: NoticeKind::Overdue,
            days_ahead: 0,
            without_titles: false,
            recipients: NoticeRecipients::default(),
            wordings: Wordings::one(template),
        }
    }

    /// What was due before `today` is overdue; an export without due dates has nothing but overdue items.
    pub(super) fn takes(&self, item: &Item, today: Date) -> Taken {
        match (self.kind, item.due) {
            (NoticeKind::Overdue, _) if item.is_overdue(today) => Taken::Yes,
            (NoticeKind::Overdue, _) => Taken::NotYet,
            (NoticeKind::ComingDue, None) => Taken::Never(OtherMatter::NoDueDate),
            (NoticeKind::ComingDue, Some(due)) if due < today => Taken::Never(OtherMatter::Overdue),
            (NoticeKind::ComingDue, Some(due)) => {
                let last = today.checked_add(i64::from(self.days_ahead).days()).unwrap_or(Date::MAX);
                if due <= last { Taken::Yes } else { Taken::NotYet }
            }
            (NoticeKind::HoldReady, None) => Taken::Yes,
            (NoticeKind::HoldReady, Some(_)) => Taken::Never(OtherMatter::OnLoan),
            (NoticeKind::Fines, _) if is_an_amount(item.charge()) => Taken::Yes,
            (NoticeKind::Fines, _) => Taken::Never(OtherMatter::NothingOwed),
        }
    }

    /// Where the notice of this patron goes: each address once, the patron's own first.
    pub fn addresses<'a>(&self, patron: &'a PatronNotice) -> Cow<'a, [Address]> {
        let (own, guardians) = (&*patron.addresses, patron.guardians());
        match (self.recipients.patron, self.recipients.guardian) {
            (true, true) if own.is_empty() => guardians.into(),
            (true, true) if guardians.iter().all(|one| own.contains(one)) => own.into(),
            (true, true) => {
                let further = guardians.iter().filter(|one| !own.contains(one));
                own.iter().chain(further).cloned().collect()
            }
            (true, false) => own.into(),
            (false, true) => guardians.into(),
            (false, false) => Cow::default(),
        }
    }
}

impl Form {
    /// Whether some of [`Form::addresses`] are those of parents or guardians and not the patron's own.
    pub fn guardians(&self, patron: &PatronNotice) -> Guardians {
        let own = &patron.addresses;
        let is_written = self.recipients.patron && !own.is_empty();
        let further = || patron.guardians().iter().any(|one| !own.contains(one));
        match (is_written, self.recipients.guardian) {
            (_, false) => Guardians::None,
            (true, true) => {
                if further() {
                    Guardians::Also
                } else {
                    Guardians::None
                }
            }
            (false, true) => Guardians::Only,
        }
    }
}

/// Something is owed: as exports write it, some figure of it is no 0.
fn is_an_amount(text: &str) -> bool {
    text.chars().any(|letter| letter.is_ascii_digit() && letter != '0') && !text.trim_start().starts_with('-')
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::notices::{BUILT_IN, DateFormat, import::ItemCells};

    fn form(kind: NoticeKind) -> Form {
        let template = Template::check(BUILT_IN[0].1, DateFormat::Long).unwrap();
        Form { kind, days_ahead: 3, ..Form::overdue(template) }
    }

    fn item(due: Option<Date>, charge: &str) -> Item {
        Item::new(&ItemCells { title: "Dune", charge, ..ItemCells::default() }, due, None, 0, 2)
    }

    #[test]
    fn each_kind_takes_what_it_is_about() {
        use NoticeKind as K;
        let today = date(2026, 11, 23);
        let day = |day| Some(date(2026, 11, day));
        for (kind, due, charge, taken) in [
            (K::Overdue, day(22), "", Taken::Yes),
            (K::Overdue, None, "", Taken::Yes),
            (K::Overdue, day(23), "", Taken::NotYet),
            (K::ComingDue, day(22), "", Taken::Never(OtherMatter::Overdue)),
            (K::ComingDue, day(23), "", Taken::Yes),
            (K::ComingDue, day(26), "", Taken::Yes),
            (K::ComingDue, day(27), "", Taken::NotYet),
            (K::ComingDue, None, "", Taken::Never(OtherMatter::NoDueDate)),
            (K::HoldReady, None, "", Taken::Yes),
            (K::HoldReady, day(22), "", Taken::Never(OtherMatter::OnLoan)),
            (K::Fines, None, "$ 1.20", Taken::Yes),
            (K::Fines, day(30), "0,05 €", Taken::Yes),
            (K::Fines, day(22), "0.00", Taken::Never(OtherMatter::NothingOwed)),
            (K::Fines, day(22), "-1.20", Taken::Never(OtherMatter::NothingOwed)),
            (K::Fines, day(22), "", Taken::Never(OtherMatter::NothingOwed)),
        ] {
            assert_eq!(form(kind).takes(&item(due, charge), today), taken, "{kind:?} {due:?} {charge}");
        }
    }
}
