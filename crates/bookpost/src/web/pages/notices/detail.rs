//! Why one person, or one line, was left out, in the reader's language.

use jiff::civil::Date;
use store::{LeftOut, LeftOutDetail, OtherMatter};

use super::check::{ORDERS, dated};
use crate::{
    notices::{A_TEACHER, EXPORT, NAMELESS},
    web::pages::words::Words,
};

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Detail {
    pub(super) text: String,
    /// As something else than Bookpost said it, in English.
    pub(super) english: bool,
}

/// Who or what was left out.
pub(super) fn who(words: &Words, one: &LeftOut) -> String {
    match one.who.as_str() {
        EXPORT if one.line.is_none() => words.t("detail-export"),
        NAMELESS => words.t("detail-nameless"),
        A_TEACHER if one.line.is_none() => words.t("detail-a-teacher"),
        who => who.to_owned(),
    }
}

pub(super) fn said(words: &Words, detail: &LeftOutDetail) -> Detail {
    let text = match detail {
        LeftOutDetail::Text(text) => return Detail { text: text.clone(), english: !text.is_empty() },
        LeftOutDetail::NoBranch { .. }
        | LeftOutDetail::UnknownBranch { .. }
        | LeftOutDetail::OtherLibrary { .. }
        | LeftOutDetail::NotDueYet { .. }
        | LeftOutDetail::OtherMatter { .. }
        | LeftOutDetail::DatesInDoubt { .. } => of_items(words, detail),
        LeftOutDetail::NotAnAddress { text } => words.with("detail-not-an-address", &[("text", text)]),
        LeftOutDetail::NoAddress => words.t("detail-no-address"),
        LeftOutDetail::NoSender { library } => words.with("detail-no-sender", &[("library", library)]),
        LeftOutDetail::OneNotAnAddress { text, used } => {
            words.with("detail-one-not-an-address", &[("text", text), ("used", used)])
        }
        LeftOutDetail::WrittenOn { day } => words.with("detail-written-on", &[("day", &dated(words, *day))]),
        LeftOutDetail::CameBack { day, .. } => {
            words.with("detail-came-back", &[("day", &dated(words, *day))])
        }
        LeftOutDetail::StillWaits { .. } => words.t("detail-still-waits"),
        LeftOutDetail::MayHaveArrived { .. } => words.t("detail-may-have-arrived"),
        LeftOutDetail::Stopped => words.t("detail-stopped"),
        LeftOutDetail::NotSent { .. }
        | LeftOutDetail::Thin { .. }
        | LeftOutDetail::Older { .. }
        | LeftOutDetail::BrokenOff
        | LeftOutDetail::Nameless { .. } => of_earlier(words, detail),
        _ => of_line(words, detail),
    };
    Detail { text, english: false }
}

fn of_items(words: &Words, detail: &LeftOutDetail) -> String {
    let items = |n: usize| words.count("detail-items", whole(n));
    match detail {
        LeftOutDetail::NoBranch { items: n } => words.with("detail-no-branch", &[("items", &items(*n))]),
        LeftOutDetail::UnknownBranch { items: n, code } => {
            words.with("detail-unknown-branch", &[("items", &items(*n)), ("code", code)])
        }
        LeftOutDetail::OtherLibrary { items: n, library } => {
            words.with("detail-other-library", &[("items", &items(*n)), ("library", library)])
        }
        LeftOutDetail::NotDueYet { item, due } => not_due(words, item, *due),
        LeftOutDetail::OtherMatter { item, why } => {
            let key = match why {
                OtherMatter::Overdue => "detail-overdue-already",
                OtherMatter::NoDueDate => "detail-no-due-date-at-all",
                OtherMatter::OnLoan => "detail-on-loan",
                OtherMatter::NothingOwed => "detail-nothing-owed",
            };
            words.with(key, &[("item", item)])
        }
        LeftOutDetail::DatesInDoubt { not_yet, all, order } => {
            let (part, items) = (words.number(whole(*not_yet)), items(*all));
            match order {
                Some(order) => {
                    let parts = [("part", &*part), ("items", &items), ("order", &in_order(words, order))];
                    words.with("detail-dates", &parts)
                }
                None => words.with("detail-dates-export", &[("part", &part), ("items", &items)]),
            }
        }
        _ => String::new(),
    }
}

fn of_earlier(words: &Words, detail: &LeftOutDetail) -> String {
    match detail {
        LeftOutDetail::NotSent { run } => words.with("detail-not-sent", &[("run", &run.to_string())]),
        LeftOutDetail::Thin { library, items, percent } => {
            let items = words.count("detail-items", *items);
            let parts = [("library", &**library), ("items", &items), ("percent", &percent.to_string())];
            words.with("detail-thin", &parts)
        }
        LeftOutDetail::Older { library, day } => {
            words.with("detail-older", &[("library", library), ("day", &dated(words, *day))])
        }
        LeftOutDetail::BrokenOff => words.t("detail-broken-off"),
        LeftOutDetail::Nameless { lines } => words.count("detail-unread-lines", whole(*lines)),
        _ => String::new(),
    }
}

fn not_due(words: &Words, item: &str, due: Option<Date>) -> String {
    match due {
        Some(due) => words.with("detail-not-due", &[("item", item), ("day", &dated(words, due))]),
        None => words.with("detail-item", &[("item", item)]),
    }
}

fn of_line(words: &Words, detail: &LeftOutDetail) -> String {
    let key = match detail {
        LeftOutDetail::OtherNotice { kind } => return words.with("detail-other-notice", &[("kind", kind)]),
        LeftOutDetail::QuotationMark { last } => {
            return words.with("detail-quotation-mark", &[("last", &words.number(*last))]);
        }
        LeftOutDetail::Cells { has, needs, as_first } => {
            let key = match (has < needs, as_first) {
                (true, true) => "detail-fewer-cells",
                (false, true) => "detail-more-cells",
                (true, false) => "detail-fewer-cells-others",
                (false, false) => "detail-more-cells-others",
            };
            return words.with(key, &[("has", &has.to_string()), ("needs", &needs.to_string())]);
        }
        LeftOutDetail::LongCell { kib } => {
            return words.with("detail-long-cell", &[("kib", &kib.to_string())]);
        }
        LeftOutDetail::NotADate { checkout, text, order } => {
            let key = if *checkout { "detail-no-checkout-date" } else { "detail-no-due-date" };
            let what = words.with(key, &[("text", text)]);
            return match order {
                Some(order) => {
                    words.with("detail-in-order", &[("what", &what), ("order", &in_order(words, order))])
                }
                None => what,
            };
        }
        LeftOutDetail::ManyItems { most } => {
            return words.with("detail-many-items", &[("most", &words.number(whole(*most)))]);
        }
        LeftOutDetail::Twice => "detail-twice",
        LeftOutDetail::NoItems => "detail-no-items",
        LeftOutDetail::NoItem => "detail-no-item",
        LeftOutDetail::NoPatron => "detail-no-patron",
        LeftOutDetail::ManyBranches => "detail-many-branches",
        LeftOutDetail::NoDate => "detail-no-date",
        LeftOutDetail::Empty => "detail-empty",
        LeftOutDetail::OnlyColumns => "detail-only-columns",
        _ => return String::new(),
    };
    words.t(key)
}

/// As the page has it where it is chosen.
fn in_order(words: &Words, order: &str) -> String {
    ORDERS.iter().find(|(known, _)| *known == order).map_or_else(|| order.to_owned(), |(_, key)| words.t(key))
}

fn whole(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use store::LeftOutWhy;

    use super::*;
    use crate::web::pages::words::Language;

    fn of_lines() -> Vec<LeftOutDetail> {
        let text = || "soon".into();
        vec![
            LeftOutDetail::OtherNotice { kind: "RESERVE".into() },
            LeftOutDetail::Twice,
            LeftOutDetail::QuotationMark { last: 12 },
            LeftOutDetail::Cells { has: 3, needs: 5, as_first: true },
            LeftOutDetail::Cells { has: 5, needs: 3, as_first: true },
            LeftOutDetail::Cells { has: 3, needs: 5, as_first: false },
            LeftOutDetail::Cells { has: 5, needs: 3, as_first: false },
            LeftOutDetail::LongCell { kib: 64 },
            LeftOutDetail::NoItems,
            LeftOutDetail::NoItem,
            LeftOutDetail::NoPatron,
            LeftOutDetail::ManyBranches,
            LeftOutDetail::NoDate,
            LeftOutDetail::NotADate { checkout: false, text: text(), order: None },
            LeftOutDetail::NotADate { checkout: true, text: text(), order: None },
            LeftOutDetail::ManyItems { most: 2000 },
            LeftOutDetail::Empty,
            LeftOutDetail::OnlyColumns,
        ]
    }

    fn of_people() -> Vec<LeftOutDetail> {
        let text = || "nobody".into();
        vec![
            LeftOutDetail::NoBranch { items: 1 },
            LeftOutDetail::NoBranch { items: 2 },
            LeftOutDetail::UnknownBranch { items: 2, code: "EAST".into() },
            LeftOutDetail::NotAnAddress { text: text() },
            LeftOutDetail::NoAddress,
            LeftOutDetail::NoSender { library: "Riverside".into() },
            LeftOutDetail::OneNotAnAddress { text: text(), used: "a@example.org".into() },
            LeftOutDetail::Stopped,
            LeftOutDetail::NotSent { run: 7 },
            LeftOutDetail::Thin { library: "Riverside".into(), items: 3, percent: 4 },
            LeftOutDetail::BrokenOff,
            LeftOutDetail::Nameless { lines: 1 },
            LeftOutDetail::Nameless { lines: 2 },
            LeftOutDetail::OtherLibrary { items: 2, library: text() },
            LeftOutDetail::OtherMatter { item: text(), why: OtherMatter::Overdue },
            LeftOutDetail::OtherMatter { item: text(), why: OtherMatter::NoDueDate },
            LeftOutDetail::OtherMatter { item: text(), why: OtherMatter::OnLoan },
            LeftOutDetail::OtherMatter { item: text(), why: OtherMatter::NothingOwed },
        ]
    }

    fn text(language: Language, detail: &LeftOutDetail) -> String {
        said(language.words(), detail).text
    }

    #[test]
    fn pages_say_what_the_command_line_says() {
        for detail in of_lines().iter().chain(&of_people()) {
            let english = text(Language::English, detail);
            assert_eq!(english, detail.to_string());
            let spanish = text(Language::Spanish, detail);
            assert!(spanish != english && !spanish.starts_with("detail-"), "{spanish}");
        }
    }

    /// Days and orders of dates are said as pages say them.
    #[test]
    fn days_are_read_as_everywhere_on_the_pages() {
        let day = Date::constant(2026, 11, 12);
        let order = || Some("d/m/y".into());
        for (detail, english, spanish) in [
            (
                LeftOutDetail::NotDueYet { item: "Dune".into(), due: Some(day) },
                "\"Dune\" is due on 12 Nov 2026",
                "«Dune» vence el 12 de noviembre de 2026",
            ),
            (LeftOutDetail::NotDueYet { item: "Dune".into(), due: None }, "\"Dune\"", "«Dune»"),
            (
                LeftOutDetail::Older { library: "Riverside".into(), day },
                "Riverside: a newer export, of 12 Nov 2026, was run before this one",
                "Riverside: antes de esta se usó una exportación más reciente, del 12 de noviembre de 2026",
            ),
            (
                LeftOutDetail::WrittenOn { day },
                "last written to on 12 Nov 2026",
                "se le escribió por última vez el 12 de noviembre de 2026",
            ),
            (
                LeftOutDetail::CameBack { day, message: 7 },
                "their last mail came back on 12 Nov 2026, and the address is still the same",
                "su último correo se devolvió el 12 de noviembre de 2026, y la dirección sigue siendo la misma",
            ),
            (
                LeftOutDetail::NotADate { checkout: false, text: "soon".into(), order: order() },
                "the due date \"soon\" is not a date (the dates of this file are Day first (25/12/2026))",
                "la fecha de vencimiento «soon» no es una fecha (las fechas de este archivo: Primero el día (25/12/2026))",
            ),
            (
                LeftOutDetail::DatesInDoubt { not_yet: 2, all: 3, order: order() },
                "not due yet: 2 of 3 items; the day and the month may be the wrong way round: the dates were read as Day first (25/12/2026)",
                "aún sin vencer: 2 de 3 ejemplares; puede que el día y el mes estén al revés: las fechas se leyeron como Primero el día (25/12/2026)",
            ),
            (
                LeftOutDetail::DatesInDoubt { not_yet: 1, all: 1, order: None },
                "not due yet: 1 of 1 item; is it an export of overdue items?",
                "aún sin vencer: 1 de 1 ejemplar; ¿es una exportación de retrasos?",
            ),
        ] {
            assert_eq!(text(Language::English, &detail), english);
            assert_eq!(text(Language::Spanish, &detail), spanish);
        }
    }

    #[test]
    fn what_has_no_name_is_called_something() {
        let (why, detail) = (LeftOutWhy::NoLines, LeftOutDetail::Empty);
        let one =
            |who: &str, line| LeftOut { why, line, who: who.to_owned(), detail: detail.clone(), site: None };
        let called = |one: LeftOut| who(Language::Spanish.words(), &one);
        assert_eq!(called(one(EXPORT, None)), "la exportación");
        assert_eq!(called(one(NAMELESS, Some(3))), "un usuario sin nombre");
        assert_eq!(called(one("Ana Ruiz", Some(3))), "Ana Ruiz");
    }

    #[test]
    fn what_is_english_is_said_to_be() {
        let detail = LeftOutDetail::Text("body.txt, line 1".to_owned());
        assert!(said(Language::Spanish.words(), &detail).english);
        assert!(!said(Language::Spanish.words(), &LeftOutDetail::Stopped).english);
    }
}
