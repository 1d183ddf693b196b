//! Notices, what they can say and what is wrong with it, in words.

use store::NoticeKind;

use crate::{
    notices::{
        Language,
        saved::Notice,
        template::{Active, Near, TemplateError},
    },
    web::pages::{libraries, not_done::NotDone, words::Words},
};

/// What can be put in, with the key of its words.
pub(super) const VARIABLES: [(&str, &str); 13] = [
    ("patron_name", "variable-patron-name"),
    ("first_name", "variable-first-name"),
    ("family_name", "variable-family-name"),
    ("patron_number", "variable-patron-number"),
    ("item_count", "variable-item-count"),
    ("earliest_due_date", "variable-earliest-due-date"),
    ("branch_name", "variable-branch-name"),
    ("branch_phone", "variable-branch-phone"),
    ("branch_email", "variable-branch-email"),
    ("branch_code", "variable-branch-code"),
    ("language", "variable-language"),
    ("to_guardian", "variable-to-guardian"),
    ("items", "variable-items"),
];

/// The same of each item.
pub(super) const OF_ITEMS: [(&str, &str); 9] = [
    ("title", "variable-title"),
    ("author", "variable-author"),
    ("item_due_date", "variable-due"),
    ("item_checkout_date", "variable-checked-out"),
    ("item_barcode", "variable-barcode"),
    ("call_number", "variable-call-number"),
    ("overdue_charge", "variable-charge"),
    ("replacement_cost", "variable-price"),
    ("branch_name", "variable-item-branch"),
];

/// What a notice is called: by whoever made it, or by us.
pub(in crate::web::pages) fn name(words: &Words, notice: &Notice) -> String {
    if !notice.settings.name.is_empty() {
        return notice.settings.name.clone();
    }
    words.t(match notice.slug.as_str() {
        "overdue-items" => "notice-gentle",
        "overdue-items-firm" => "notice-firm",
        "overdue-items-final" => "notice-final",
        "overdue-items-without-titles" => "notice-no-titles",
        "coming-due" => "notice-coming-due",
        "hold-ready" => "notice-hold-ready",
        "fines" => "notice-fines",
        other => return other.to_owned(),
    })
}

/// What a notice of this kind is about.
pub(super) fn about(words: &Words, kind: NoticeKind) -> String {
    words.t(match kind {
        NoticeKind::Overdue => "notice-about-overdue",
        NoticeKind::ComingDue => "notice-about-coming-due",
        NoticeKind::HoldReady => "notice-about-hold-ready",
        NoticeKind::Fines => "notice-about-fines",
    })
}

pub(super) fn language(words: &Words, language: Language) -> String {
    libraries::language(words, language.tag())
}

/// What is wrong with a wording: where it is, the word, and what to do.
pub(super) fn fault(words: &Words, error: &TemplateError) -> NotDone {
    let place = |key, line: usize, column: usize, name: &str| {
        let (line, column) = (line.to_string(), column.to_string());
        words.with(key, &[("line", &line), ("column", &column), ("name", name)])
    };
    match error {
        TemplateError::UnknownVariable { line, column, name, .. } => {
            let todo = match Near::to(name) {
                Near::OfItem => words.with("wording-of-item", &[("name", name)]),
                Near::Name(known) => words.with("wording-meant", &[("name", known)]),
                Near::Nothing => words.t("wording-see-list"),
            };
            format!("{} {todo}", place("wording-unknown", *line, *column, name)).into()
        }
        TemplateError::Wrong { line, column, why, .. } => {
            NotDone::said(place("wording-wrong", *line, *column, ""), why)
        }
        TemplateError::Endless { line, .. } => place("wording-endless", *line, 1, "").into(),
        TemplateError::Active { line, column, what, .. } => {
            let key = match what {
                Active::Script => "wording-script",
                Active::Handler => "wording-handler",
                Active::Link => "wording-script-link",
            };
            place(key, *line, *column, "").into()
        }
        TemplateError::TitleInSubject => words.t("wording-title-in-subject").into(),
        TemplateError::EmptyText { .. } => words.t("wording-empty").into(),
        TemplateError::TooLong { .. } => words.t("wording-too-long").into(),
        other => NotDone::said(words.t("wording-other"), other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notices::{
        saved::ALL,
        template::{ITEM_VARIABLES, VARIABLES as KNOWN},
    };
    use crate::web::pages::words;

    #[test]
    fn everything_that_can_be_put_in_is_offered() {
        for (known, offered) in [(&KNOWN[..], &VARIABLES[..]), (&ITEM_VARIABLES, &OF_ITEMS)] {
            let mut names: Vec<_> = offered.iter().map(|(name, _)| *name).collect();
            let mut known = known.to_vec();
            names.sort_unstable();
            known.sort_unstable();
            assert_eq!(names, known);
        }
    }

    #[test]
    fn every_built_in_notice_has_a_name_in_each_language() {
        for language in words::Language::ALL {
            for built_in in ALL {
                let notice = Notice {
                    slug: built_in.slug.to_owned(),
                    settings: store::NoticeSettings::default(),
                    version: 0,
                    saved: None,
                };
                let name = name(language.words(), &notice);
                assert!(name != built_in.slug && !name.starts_with("notice-"), "{name}");
            }
        }
    }
}
