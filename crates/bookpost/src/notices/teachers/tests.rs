//! What teachers are told, and who stands on which list.

use std::collections::BTreeSet;

use jiff::civil::date;
use store::NoticeRecipients;

use super::*;
use crate::notices::{BUILT_IN, DateFormat, Import, ImportOptions, Template, Wordings, read};

const TODAY: Date = date(2026, 11, 23);

fn site(code: &str, name: &str) -> Site {
    Site {
        code: code.into(),
        name: name.into(),
        email: Address::parse("desk@example.org").ok(),
        reply_to: None,
        return_address: None,
        phone: Some("555-0100".into()),
        branches: Vec::new(),
        time_zone: None,
        language: None,
    }
}

fn sites() -> Vec<Site> {
    [site("MAIN", "Main <Library>"), site("EAST", "East")].into()
}

fn form_of(kind: NoticeKind, language: Language, recipients: NoticeRecipients) -> Form {
    let template = Template::check(BUILT_IN[0].1, DateFormat::Long).unwrap();
    let wordings = Wordings::one(template).speaking(language, BTreeMap::new());
    let template = Template::check(BUILT_IN[0].1, DateFormat::Long).unwrap();
    Form { kind, recipients, days_ahead: 9, wordings, ..Form::overdue(template) }
}

fn teachers() -> NoticeRecipients {
    NoticeRecipients { teacher: true, ..NoticeRecipients::default() }
}

fn import(rows: &str) -> Import {
    let text = format!("name,id,email,title,due,branch,homeroom teacher email,fine\n{rows}");
    let text = text.replace("name,id", "name,patron id");
    read(text.as_bytes(), &ImportOptions::default()).unwrap()
}

const ROWS: &str = "Ann <b>,1,ann@example.org,Dune,2026-11-12,MAIN,reyes@school.example,1\n\
    Ann <b>,1,ann@example.org,Emma,2026-11-10,MAIN,reyes@school.example,1\n\
    Ben,2,,* Walden https://evil.example,2026-11-12,MAIN,Reyes@School.example; novak@school.example,1\n\
    Cleo,3,cleo@example.org,Ulysses,2026-12-12,MAIN,reyes@school.example,1\n\
    Dan,4,dan@example.org,Persuasion,2026-11-12,EAST,reyes@school.example,1\n\
    Eve,5,eve@example.org,Middlemarch,2026-11-12,MAIN,Ms. Reyes,1\n";

#[test]
fn a_list_is_of_one_teacher_and_one_library() {
    let (import, sites, form) =
        (import(ROWS), sites(), form_of(NoticeKind::Overdue, Language::English, teachers()));
    let plan = Plan::bare(&import, &sites, &form, TODAY, &BTreeSet::new());
    let lists = plan.lists();
    let seen: Vec<_> =
        lists.iter().map(|list| (&*list.site, list.to.as_str(), list.students.clone())).collect();
    assert_eq!(
        seen,
        [
            ("MAIN", "reyes@school.example", vec![0, 1]),
            ("MAIN", "novak@school.example", vec![1]),
            ("EAST", "reyes@school.example", vec![3]),
        ]
    );
    let told = |at: usize, student| plan.told_of(&lists[at], student);
    assert_eq!((told(0, 0).len(), told(0, 1).len()), (2, 1));
    assert_ne!(told(0, 1), told(1, 1), "each teacher is told by themselves");
    // What is new is told, and nobody of whom nothing is.
    let lately: HashSet<_> = told(0, 0).into_iter().chain(told(1, 1)).map(|(key, _)| key).collect();
    let written = plan.written_lists(&lately, &Replaceable::default());
    assert_eq!(written.iter().map(|list| &*list.students).collect::<Vec<_>>(), [&[1][..], &[3]]);
    let one_of_two: HashSet<_> = told(0, 0).into_iter().take(1).map(|(key, _)| key).collect();
    assert_eq!(plan.written_lists(&one_of_two, &Replaceable::default())[0].students, [0, 1]);
    // Only for the libraries of the run, and only where it is wanted.
    let only = ["EAST".to_owned()].into();
    assert_eq!(Plan::bare(&import, &sites, &form, TODAY, &only).lists().len(), 1);
    let form = form_of(NoticeKind::Overdue, Language::English, NoticeRecipients::default());
    assert_eq!(Plan::bare(&import, &sites, &form, TODAY, &BTreeSet::new()).lists(), []);
}

#[test]
fn what_a_list_says() {
    let (import, sites) = (import(ROWS), sites());
    let mut all = String::new();
    for (kind, language, teacher_titles) in [
        (NoticeKind::Overdue, Language::English, false),
        (NoticeKind::Overdue, Language::English, true),
        (NoticeKind::Overdue, Language::Spanish, false),
        (NoticeKind::ComingDue, Language::Spanish, true),
        (NoticeKind::HoldReady, Language::English, false),
        (NoticeKind::Fines, Language::English, false),
    ] {
        let mut form = form_of(kind, language, NoticeRecipients { teacher_titles, ..teachers() });
        let today = if kind == NoticeKind::ComingDue { date(2026, 12, 10) } else { TODAY };
        let plan = Plan::bare(&import, &sites, &form, today, &BTreeSet::new());
        for list in plan.lists().iter().filter(|list| list.site == "MAIN").take(1) {
            let made = plan.listed(list).unwrap();
            let has_titles = made.text.contains("Walden") || made.text.contains("Ulysses");
            assert_eq!(has_titles, teacher_titles && kind != NoticeKind::HoldReady, "{kind:?}");
            let (subject, text, html) = (&made.subject, &made.text, &made.html);
            writeln!(all, "=== {kind:?} {}: {subject}\n\n{text}", language.tag()).unwrap();
            if kind == NoticeKind::Overdue {
                writeln!(all, "{html}").unwrap();
            }
        }
        // A notice that never names titles names them to nobody.
        form.without_titles = true;
        let plan = Plan::bare(&import, &sites, &form, today, &BTreeSet::new());
        for list in plan.lists() {
            let made = plan.listed(&list).unwrap();
            assert!(!["Dune", "Walden", "Ulysses"].iter().any(|title| made.text.contains(title)), "{kind:?}");
        }
    }
    insta::assert_snapshot!(all);
}
