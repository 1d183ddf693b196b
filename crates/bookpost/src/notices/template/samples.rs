//! Notices that a wording is tried with before it is used: one item and several, with everything known, with nothing known, and
//! with each single thing known or unknown by itself. What a branch of a wording meets in real notices it meets here.

use jiff::civil::date;
use store::NoticeKind;

use super::variables::{Letter, LetterItem};
use crate::notices::Site;

/// One item, two, and more: some languages have a form of their own for each.
const ITEM_COUNTS: [usize; 3] = [1, 2, 5];

/// What an export may leave open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Thing {
    Title,
    Author,
    Barcode,
    CallNumber,
    Due,
    CheckedOut,
    Price,
    Charge,
    OtherBranch,
    Phone,
    PatronName,
    FirstName,
    FamilyName,
    PatronNumber,
    Language,
    Guardian,
    GuardianToo,
}

const THINGS: [Thing; 17] = [
    Thing::Title,
    Thing::Author,
    Thing::Barcode,
    Thing::CallNumber,
    Thing::Due,
    Thing::CheckedOut,
    Thing::Price,
    Thing::Charge,
    Thing::OtherBranch,
    Thing::Phone,
    Thing::PatronName,
    Thing::FirstName,
    Thing::FamilyName,
    Thing::PatronNumber,
    Thing::Language,
    Thing::Guardian,
    Thing::GuardianToo,
];

/// Which things are known.
#[derive(Clone, Copy)]
enum Known {
    All,
    None,
    Only(Thing),
    AllBut(Thing),
}

impl Known {
    fn has(self, thing: Thing) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Only(one) => one == thing,
            Self::AllBut(one) => one != thing,
        }
    }

    fn text(self, thing: Thing, text: &'static str) -> &'static str {
        if self.has(thing) { text } else { "" }
    }
}

/// Every sample.
pub(super) fn all() -> impl Iterator<Item = Letter<'static>> {
    let one_by_one = THINGS.into_iter().flat_map(|thing| [Known::Only(thing), Known::AllBut(thing)]);
    let known = [Known::All, Known::None].into_iter().chain(one_by_one);
    known.flat_map(|known| ITEM_COUNTS.map(|count| letter(known, count)))
}

/// The one that people are shown.
pub(super) fn shown(kind: NoticeKind, site: Option<&Site>) -> Letter<'_> {
    let name = site.map_or("Main Library", |site| &site.name);
    let first = LetterItem { branch_name: name, ..item(Known::All) };
    let second = LetterItem {
        title: "A Wrinkle in Time",
        author: "L'Engle, Madeleine",
        barcode: "39001000002",
        call_number: "J LEN",
        due: Some(date(2026, 11, 16)),
        checked_out: Some(date(2026, 10, 26)),
        price: "12.00",
        charge: "0.20",
        branch_name: name,
    };
    let mut items = vec![first, second];
    for item in &mut items {
        if kind == NoticeKind::HoldReady {
            (item.due, item.checked_out) = (None, None);
        }
        if matches!(kind, NoticeKind::HoldReady | NoticeKind::ComingDue) {
            (item.price, item.charge) = ("", "");
        }
    }
    let answers = site.and_then(|site| site.reply_to.as_ref().or(site.email.as_ref()));
    let known = letter(Known::All, 0);
    Letter {
        branch_name: name,
        branch_code: site.map_or(known.branch_code, |site| &site.code),
        branch_email: answers.map_or(known.branch_email, |address| address.as_str()),
        branch_phone: site.map_or(known.branch_phone, |site| site.phone.as_deref().unwrap_or("")),
        to_guardian: "",
        items,
        ..known
    }
}

fn letter(known: Known, items: usize) -> Letter<'static> {
    Letter {
        branch_name: "Main Library",
        branch_code: "MAIN",
        branch_email: "desk@example.org",
        branch_phone: known.text(Thing::Phone, "555-0100"),
        patron_name: known.text(Thing::PatronName, "Ngozi Okafor"),
        first_name: known.text(Thing::FirstName, "Ngozi"),
        family_name: known.text(Thing::FamilyName, "Okafor"),
        patron_number: known.text(Thing::PatronNumber, "1042"),
        language: known.text(Thing::Language, "en"),
        to_guardian: match known.text(Thing::Guardian, "only") {
            "" => known.text(Thing::GuardianToo, "also"),
            only => only,
        },
        items: (0..items).map(|_| item(known)).collect(),
    }
}

fn item(known: Known) -> LetterItem<'static> {
    let due = known.has(Thing::Due).then(|| date(2026, 11, 12));
    // The import takes no item without any date.
    let out = (known.has(Thing::CheckedOut) || due.is_none()).then(|| date(2026, 10, 22));
    LetterItem {
        title: known.text(Thing::Title, "Dune"),
        author: known.text(Thing::Author, "Herbert, Frank"),
        barcode: known.text(Thing::Barcode, "39001000001"),
        call_number: known.text(Thing::CallNumber, "FIC HER"),
        due,
        checked_out: out,
        price: known.text(Thing::Price, "18.50"),
        charge: known.text(Thing::Charge, "0.40"),
        branch_name: if known.has(Thing::OtherBranch) { "Westside Library" } else { "Main Library" },
    }
}
