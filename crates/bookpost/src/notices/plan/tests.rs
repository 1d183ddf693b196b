//! Who gets a notice and who does not, and how the built-in wordings look.

use jiff::civil::date;

use super::*;
use crate::notices::{BUILT_IN, DateFormat, ImportOptions, Sources, Template, import::DateOrder, read};

const TODAY: Date = date(2026, 11, 23);

fn sites() -> Vec<Site> {
    [("MAIN", "Main Library"), ("WEST", "Westside Library")]
        .map(|(code, name)| Site {
            code: code.into(),
            name: name.into(),
            email: Address::parse("desk@example.org").ok(),
            reply_to: None,
            return_address: None,
            phone: Some("555-0100".into()),
            branches: Vec::new(),
            time_zone: None,
            language: None,
        })
        .into()
}

fn wording(name: &str) -> Form {
    Form::overdue(Template::built_in(name, DateFormat::Long).unwrap().unwrap())
}

#[test]
fn one_notice_per_patron_and_everybody_else_is_named() {
    let import = read(include_bytes!("../fixtures/koha-overdues.csv"), &ImportOptions::default()).unwrap();
    let sites = sites();
    let template = wording("overdue");
    let plan = plan(&import, &sites, &template, TODAY, &BTreeSet::new(), &BTreeSet::new());
    let notices: Vec<_> = plan.notices().map(Result::unwrap).collect();
    let seen: Vec<_> = notices
        .iter()
        .map(|notice| {
            (notice.site.code.as_str(), notice.patron.name.as_str(), notice.to.len(), notice.keys.len())
        })
        .collect();
    assert_eq!(seen, [("MAIN", "Ngozi Okafor", 1, 2), ("WEST", "Łukasz Żółkiewski", 2, 1)]);
    let left: Vec<_> = plan.left_out.iter().map(|left| (left.why, left.line, left.who.as_str())).collect();
    assert_eq!(
        left,
        [
            (LeftOutWhy::RefusedLine, Some(7), "ليلى حداد, 1044, كتاب الأم"),
            (LeftOutWhy::NoAddress, Some(8), "Дмитрий Иванов (1045)"),
            (LeftOutWhy::RefusedLine, Some(9), ""),
        ]
    );
}

/// What would be from nobody is not sent; the other libraries' notices are.
#[test]
fn a_library_without_an_address_sends_nothing_and_it_is_said_why() {
    let import = read(include_bytes!("../fixtures/koha-overdues.csv"), &ImportOptions::default()).unwrap();
    let mut sites = sites();
    sites[1].email = None;
    let template = wording("overdue");
    let plan = plan(&import, &sites, &template, TODAY, &BTreeSet::new(), &BTreeSet::new());
    assert_eq!(plan.len(), 1);
    let notices: Vec<_> = plan.notices().map(Result::unwrap).collect();
    assert_eq!((notices.len(), notices[0].site.code.as_str()), (1, "MAIN"));
    let left = plan.left_out.iter().find(|one| one.why == LeftOutWhy::NotMade).unwrap();
    assert!(left.who.contains("Żółkiewski"), "{left:?}");
    assert_eq!(
        left.detail.to_string(),
        "Westside Library has no email address for the notice to be from: enter one under Preferences > Libraries"
    );
}

#[test]
fn an_unknown_branch_is_listed_and_the_others_go() {
    let import = read(include_bytes!("../fixtures/koha-overdues.csv"), &ImportOptions::default()).unwrap();
    let sites = &sites()[..1];
    let template = wording("overdue-without-titles");
    let plan = plan(&import, sites, &template, TODAY, &BTreeSet::new(), &BTreeSet::new());
    assert_eq!(plan.len(), 1);
    let unknown: Vec<_> = plan
        .left_out
        .iter()
        .filter(|left| left.why == LeftOutWhy::UnknownBranch)
        .map(|left| left.detail.to_string())
        .collect();
    assert_eq!(unknown, ["1 item: no library here has the branch code \"WEST\""; 2]);
    let notice = plan.notices().next().unwrap().unwrap();
    for text in [&notice.subject, &notice.text, &notice.html] {
        assert!(!text.contains("Dune") && !text.contains("Herbert"), "{text}");
    }
}

fn left(plan: &Plan<'_>) -> Vec<(LeftOutWhy, Option<u64>, String)> {
    plan.left_out.iter().map(|one| (one.why, one.line, format!("{}: {}", one.who, one.detail))).collect()
}

#[test]
fn every_unknown_code_of_a_patron_and_every_unusable_address_is_named() {
    let export = "title,due,email,name,branch\n\
        Dune,2026-11-12,a@example.org; nobody,Ngozi,EAST\n\
        Emma,2026-11-12,a@example.org; nobody,Ngozi,NORTH\n\
        Ulysses,2026-11-12,a@example.org; nobody,Ngozi,EAST\n\
        Beloved,2026-11-12,a@example.org; nobody,Ngozi,MAIN\n\
        Beloved,2026-11-12,nobody either,Ming,MAIN\n";
    let import = read(export.as_bytes(), &ImportOptions::default()).unwrap();
    let (sites, template) = (sites(), wording("overdue"));
    let plan = plan(&import, &sites, &template, TODAY, &BTreeSet::new(), &BTreeSet::new());
    let expected = [
        (LeftOutWhy::UnknownBranch, 2, "Ngozi: 2 items: no library here has the branch code \"EAST\""),
        (LeftOutWhy::UnknownBranch, 2, "Ngozi: 1 item: no library here has the branch code \"NORTH\""),
        (
            LeftOutWhy::UnusableAddress,
            2,
            "Ngozi: \"nobody\" is not an email address; the notice is for a@example.org",
        ),
        (LeftOutWhy::NoAddress, 6, "Ming: \"nobody either\" is not an email address"),
    ];
    assert_eq!(left(&plan), expected.map(|(why, line, text)| (why, Some(line), text.to_owned())));
    assert_eq!(plan.notices().next().unwrap().unwrap().to.len(), 1);
}

#[test]
fn what_is_not_overdue_yet_is_listed_and_nobody_is_written_to_about_it() {
    let export = "title,due,email,name,branch\n\
        Dune,2026-11-22,a@example.org,Ngozi,MAIN\n\
        Emma,2026-11-23,a@example.org,Ngozi,MAIN\n\
        Ulysses,2026-11-24,,Ming,EAST\n";
    let import = read(export.as_bytes(), &ImportOptions::default()).unwrap();
    let (sites, template) = (sites(), wording("overdue"));
    let plan = plan(&import, &sites, &template, TODAY, &BTreeSet::new(), &BTreeSet::new());
    let notices: Vec<_> = plan.notices().map(Result::unwrap).collect();
    let keys: Vec<_> = notices.iter().map(|notice| notice.keys.len()).collect();
    assert_eq!((plan.len(), keys), (1, vec![1]));
    assert!(notices[0].text.contains("Dune") && !notices[0].text.contains("Emma"), "{}", notices[0].text);
    let not_yet = [
        (LeftOutWhy::NotDueYet, Some(3), "Ngozi: \"Emma\" is due on 2026-11-23".to_owned()),
        (LeftOutWhy::NotDueYet, Some(4), "Ming: \"Ulysses\" is due on 2026-11-24".to_owned()),
    ];
    assert_eq!(left(&plan)[1..], not_yet);
}

#[test]
fn where_most_is_not_overdue_yet_the_dates_are_doubted() {
    let (sites, template) = (sites(), wording("overdue"));
    let doubt = |export: &str, dates| {
        let import = read(export.as_bytes(), &ImportOptions { dates, ..ImportOptions::default() }).unwrap();
        let plan = plan(&import, &sites[..1], &template, TODAY, &BTreeSet::new(), &BTreeSet::new());
        let all = plan.left_out.into_iter();
        all.filter(|one| one.why == LeftOutWhy::DatesInDoubt)
            .map(|one| one.detail.to_string())
            .collect::<String>()
    };
    let named = |dues: &[&str]| {
        let rows = dues.iter().map(|due| format!("Book of {due},{due},a@example.org,Ngozi\n"));
        format!("title,due,email,name\n{}", rows.collect::<String>())
    };
    // The eleventh, or the twelfth, of November.
    let mixed = named(&["11/12/2026", "10/12/2026", "11/11/2026"]);
    let said = doubt(&mixed, Some(DateOrder::DayFirst));
    assert!(said.starts_with("2 of 3 items are not due yet"), "{said}");
    assert!(
        said.contains("wrong way round") && said.contains("as d/m/y") && said.contains("--dates"),
        "{said}"
    );
    assert_eq!(doubt(&mixed, Some(DateOrder::MonthFirst)), "");
    assert_eq!(doubt(&named(&["2026-12-11", "2026-11-11"]), None), "", "half of them");
    let said = doubt(&named(&["2026-12-11"]), None);
    assert!(said.ends_with("is it an export of overdue items?"), "{said}");
    // Evergreen writes the day first, always.
    let evergreen =
        String::from_utf8_lossy(include_bytes!("../fixtures/evergreen.csv")).replace("2026", "2027");
    let said = doubt(&evergreen, None);
    assert!(said.ends_with("is it an export of overdue items?"), "{said}");
}

/// Whoever runs the part of one library is warned, however much other libraries have.
#[test]
fn dates_are_doubted_by_the_items_that_the_run_is_for() {
    let (sites, template) = (sites(), wording("overdue"));
    let mut export = "title,due,email,name,branch\nDune,2026-12-11,a@example.org,Ngozi,MAIN\n".to_owned();
    export.extend((0..9).map(|n| format!("Book {n},2026-11-02,b{n}@example.org,Ming,WEST\n")));
    let import = read(export.as_bytes(), &ImportOptions::default()).unwrap();
    for (only, doubted) in [(&["MAIN"][..], true), (&["WEST"], false), (&[], false)] {
        let only = only.iter().map(|code| (*code).to_owned()).collect();
        let plan = plan(&import, &sites, &template, TODAY, &only, &BTreeSet::new());
        let doubt = plan.left_out.iter().find(|one| one.why == LeftOutWhy::DatesInDoubt);
        assert_eq!(doubt.is_some(), doubted, "{only:?}");
        assert!(
            doubt.is_none_or(|one| one.detail.to_string().starts_with("1 of 1 item is not due yet")),
            "{doubt:?}"
        );
    }
}

/// Where the notice is limited, people are told of all whom it passes over; where whoever runs it is, of nobody.
#[test]
fn people_of_libraries_that_the_notice_is_not_for_are_told() {
    let export = "title,due,email,name,branch
Dune,2026-11-12,a@example.org,Ngozi,MAIN
Emma,2026-11-12,a@example.org,Ngozi,WEST
Eva,2026-11-12,a@example.org,Ngozi,WEST
Walden,2026-11-12,b@example.org,Ming,WEST
Later,2026-12-12,c@example.org,Ana,WEST
";
    let import = read(export.as_bytes(), &ImportOptions::default()).unwrap();
    let (sites, template) = (sites(), wording("overdue"));
    let only = BTreeSet::from(["MAIN".to_owned()]);
    let of = |beyond: &[&str]| {
        let beyond = beyond.iter().map(|code| (*code).to_owned()).collect();
        let plan = plan(&import, &sites, &template, TODAY, &only, &beyond);
        assert_eq!(plan.chosen, [0]);
        assert!(plan.left_out.iter().all(|one| one.site.as_deref() == Some("WEST")));
        left(&plan)
    };
    assert_eq!(
        of(&["WEST"]),
        [
            (LeftOutWhy::OtherLibrary, Some(2), "Ngozi: 2 items of Westside Library".to_owned()),
            (LeftOutWhy::OtherLibrary, Some(5), "Ming: 1 item of Westside Library".to_owned()),
        ]
    );
    assert_eq!(of(&[]), []);
}

#[test]
fn lines_for_other_notices_and_repeated_lines_and_empty_exports_are_told() {
    let evergreen = String::from_utf8_lossy(include_bytes!("../fixtures/evergreen.csv"))
        .lines()
        .filter(|line| line.contains("RESERVE"))
        .map(|line| line.replace("RESERVE", "PREOVERDUE"))
        .collect::<String>();
    let (sites, template) = (sites(), wording("overdue"));
    for (export, said) in [
        (
            evergreen.as_str(),
            (
                LeftOutWhy::LeftAside,
                Some(1),
                "Ngozi Okafor, 23529001042, A Hold: it is for another notice: PREOVERDUE",
            ),
        ),
        (
            "title,due,email,name\nDune,2026-11-12,a@example.org,Ngozi\nDune,2026-11-12,a@example.org,Ngozi\n",
            (LeftOutWhy::LeftAside, Some(3), "Dune: the same item of the same patron stands above already"),
        ),
        (
            "",
            (
                LeftOutWhy::NoLines,
                None,
                "the export: it is empty: nothing is overdue, or the export broke off",
            ),
        ),
    ] {
        let import = read(export.as_bytes(), &ImportOptions::default()).unwrap();
        let plan = plan(&import, &sites[..1], &template, TODAY, &BTreeSet::new(), &BTreeSet::new());
        assert_eq!(left(&plan), [(said.0, said.1, said.2.to_owned())], "{export}");
    }
}

#[test]
fn a_notice_that_cannot_be_made_is_left_out_and_the_others_go() {
    let import = read(include_bytes!("../fixtures/koha-overdues.csv"), &ImportOptions::default()).unwrap();
    let text = "{% if patron_number == '1042' %}{{ items[0].titel }}{% endif %}x";
    let template = Template::check(Sources { text, ..BUILT_IN[0].1 }, DateFormat::Long);
    // A sample has that number.
    assert!(template.is_err());
    let template =
        Template::check(Sources { text: &text.replace("1042", "1043"), ..BUILT_IN[0].1 }, DateFormat::Long);
    let (sites, template) = (sites(), Form::overdue(template.unwrap()));
    let notices: Vec<_> =
        plan(&import, &sites, &template, TODAY, &BTreeSet::new(), &BTreeSet::new()).notices().collect();
    assert_eq!(notices[0].as_ref().unwrap().patron.name, "Ngozi Okafor");
    let left_out = notices[1].as_ref().unwrap_err();
    assert_eq!(
        (left_out.why, left_out.line, left_out.who.as_str(), &*left_out.detail.to_string()),
        (
            LeftOutWhy::NotMade,
            Some(3),
            "Łukasz Żółkiewski (1043)",
            "body.txt, line 1: there is no \"titel\" (did you mean \"title\"?)"
        )
    );
}

#[test]
fn built_in_wordings() {
    let import = read(include_bytes!("../fixtures/koha-overdues.csv"), &ImportOptions::default()).unwrap();
    let sites = sites();
    for name in ["overdue", "overdue-without-titles"] {
        let template = wording(name);
        let plan = plan(&import, &sites, &template, TODAY, &BTreeSet::new(), &BTreeSet::new());
        let notice = plan.notices().next().unwrap().unwrap();
        let shown = format!("Subject: {}\n\n{}\n\n{}", notice.subject, notice.text, notice.html);
        insta::assert_snapshot!(name, shown);
    }
}
