//! Who gets a notice and who does not, and how the built-in wordings look.

use super::*;
use crate::notices::{ImportOptions, read, template::DateFormat};

fn sites() -> Vec<Site> {
    [("MAIN", "Main Library"), ("WEST", "Westside Library")]
        .map(|(code, name)| Site {
            code: code.into(),
            name: name.into(),
            email: Address::parse("desk@example.org").unwrap(),
            reply_to: None,
            return_address: None,
            phone: Some("555-0100".into()),
        })
        .into()
}

fn wording(name: &str) -> Template {
    Template::built_in(name, DateFormat::Long).unwrap().unwrap()
}

#[test]
fn one_notice_per_patron_and_everybody_else_is_named() {
    let import = read(include_bytes!("../fixtures/koha-overdues.csv"), &ImportOptions::default()).unwrap();
    let sites = sites();
    let template = wording("overdue");
    let plan = plan(&import, &sites, &template);
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
            (LeftOutWhy::RefusedLine, Some(9), "\"2026-11-01 23:59:00\",Short row,,,,Nobody"),
        ]
    );
}

#[test]
fn an_unknown_branch_is_listed_and_the_others_go() {
    let import = read(include_bytes!("../fixtures/koha-overdues.csv"), &ImportOptions::default()).unwrap();
    let sites = &sites()[..1];
    let template = wording("overdue-without-titles");
    let plan = plan(&import, sites, &template);
    assert_eq!(plan.len(), 1);
    let unknown: Vec<_> = plan
        .left_out
        .iter()
        .filter(|left| left.why == LeftOutWhy::UnknownBranch)
        .map(|left| &left.detail)
        .collect();
    assert_eq!(unknown, [&"1 item: no library here has the branch code \"WEST\"".to_owned(); 2]);
    let notice = plan.notices().next().unwrap().unwrap();
    for text in [&notice.subject, &notice.text, &notice.html] {
        assert!(!text.contains("Dune") && !text.contains("Herbert"), "{text}");
    }
}

#[test]
fn built_in_wordings() {
    let import = read(include_bytes!("../fixtures/koha-overdues.csv"), &ImportOptions::default()).unwrap();
    let sites = sites();
    for name in ["overdue", "overdue-without-titles"] {
        let template = wording(name);
        let plan = plan(&import, &sites, &template);
        let notice = plan.notices().next().unwrap().unwrap();
        let shown = format!("Subject: {}\n\n{}\n\n{}", notice.subject, notice.text, notice.html);
        insta::assert_snapshot!(name, shown);
    }
}
