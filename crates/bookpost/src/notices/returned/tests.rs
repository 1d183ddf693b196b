//! When an export is believed, and about whom.

use std::fmt::Write as _;

use jiff::civil::{Date, date};
use mail::Address;
use store::Patron;

use super::*;
use crate::notices::{BUILT_IN, DateFormat, Form, Import, ImportOptions, Site, Template, read};

const TODAY: Date = date(2026, 11, 23);

fn sites() -> Vec<Site> {
    let site = |code: &str| Site {
        code: code.into(),
        name: code.into(),
        email: Address::parse("desk@example.org").ok(),
        reply_to: None,
        return_address: None,
        phone: None,
        branches: Vec::new(),
        time_zone: None,
        language: None,
    };
    ["MAIN", "EAST", "WEST"].map(site).into()
}

/// `MAIN 3`: the third item of that library, in the hands of the third patron there.
fn import(items: &[String]) -> Import {
    let mut text = "name,card number,title,due,email,branch\n".to_owned();
    for item in items {
        let (site, number) = item.split_once(' ').unwrap();
        writeln!(text, "P{item},{site}{number},T{item},2026-11-01,p@example.org,{site}").unwrap();
    }
    read(text.as_bytes(), &ImportOptions::default()).unwrap()
}

fn items(site: &str, numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("{site} {number}")).collect()
}

fn newest(import: &Import, only: &[&str], of: i64) -> Newest {
    let template = Template::built_in(BUILT_IN[0].0, DateFormat::Long).unwrap().unwrap();
    let (sites, form) = (sites(), Form::overdue(template));
    let only = only.iter().map(|code| (*code).to_owned()).collect();
    Newest::of(&Plan::bare(import, &sites, &form, TODAY, &only), at(of))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Of run 1, whose export had these: for the patron of each of `open`, a notice that waits.
fn earlier(had: &[String], open: &[String]) -> Earlier {
    let taken = newest(&import(had), &[], 100).taken;
    let import = import(open);
    let keys = |at: usize| {
        let patron = &import.patrons[at];
        patron
            .items
            .iter()
            .map(|item| crate::notices::ledger_key(patron.identity(), item))
            .collect::<Vec<_>>()
    };
    let notice = |(at, item): (usize, &String)| OpenNotice {
        message: MessageId(i64::try_from(at).unwrap()),
        run: RunId(1),
        unsent: item != "MAIN 9",
        site: item.split_once(' ').map(|(site, _)| site.to_owned()),
        patron: Some(Patron { name: format!("P{item}"), number: Some(item.replace(' ', "")) }),
        items: keys(at).into_iter().map(|key| (key, None)).collect(),
    };
    let newest = taken.parts.keys().map(|site| (site.clone(), taken.of)).collect();
    let notices = open.iter().enumerate().map(notice).collect();
    Earlier { notices, exports: [(RunId(1), taken)].into(), newest }
}

/// By what is kept of both exports, whoever sends a mail again is told as much as cancels it.
#[test]
fn what_is_kept_of_two_exports_tells_whether_the_newer_is_believed() {
    let taken = |items: &[String]| newest(&import(items), &[], 100).taken;
    let two = |n: usize| [items("MAIN", 0..n), items("EAST", 0..n)].concat();
    for (what, had, has, believed) in [
        ("all but one", items("MAIN", 0..20), items("MAIN", 1..20), true),
        ("one line", items("MAIN", 0..20), items("MAIN", 19..20), false),
        ("less than a half", items("MAIN", 0..20), items("MAIN", 11..20), false),
        ("a half of what is large", items("MAIN", 0..300), items("MAIN", 150..300), true),
        ("a tenth of what is large", items("MAIN", 0..900), items("MAIN", 810..900), false),
        ("others, of a large one", items("MAIN", 0..300), items("MAIN", 300..600), false),
        ("empty", items("MAIN", 0..20), Vec::new(), false),
        ("of few, one of them", two(4), two(1), false),
        ("of few, most of them", two(4), two(3), true),
    ] {
        assert_eq!(is_believed(&taken(&had), &taken(&has), "MAIN"), believed, "{what}");
    }
}

#[test]
fn an_export_is_believed_where_it_would_have_named_the_item() {
    let both = || [items("MAIN", 0..20), items("EAST", 0..3)].concat();
    let of_two = |n: std::ops::Range<usize>| [items("MAIN", n.clone()), items("WEST", n)].concat();
    let many = || [of_two(0..20), items("EAST", 0..1)].concat();
    let gone = || vec!["MAIN 0".to_owned(), "EAST 0".to_owned()];
    let thin = |items, percent| Some(NotTold::Thin { items, percent });
    let none = &[][..];
    for (what, had, has, only, of, back, not_told) in [
        ("all but these", both(), [items("MAIN", 1..20), items("EAST", 1..3)].concat(), none, 200, 2, None),
        (
            "made at the same time",
            both(),
            [items("MAIN", 1..20), items("EAST", 1..3)].concat(),
            none,
            100,
            2,
            None,
        ),
        ("nothing came back", both(), both(), none, 200, 0, None),
        ("of one library", both(), items("MAIN", 1..20), none, 200, 1, thin(0, 0)),
        ("of one library of many", many(), items("MAIN", 0..20), none, 200, 0, None),
        ("the last of few of many", many(), of_two(0..20), none, 200, 1, None),
        ("broken off in front of the last of few", many(), of_two(0..3), none, 200, 0, thin(0, 14)),
        ("of the other, which had few", both(), items("EAST", 1..3), none, 200, 0, thin(2, 8)),
        ("for one library only", both(), items("MAIN", 1..20), &["MAIN"][..], 200, 1, None),
        ("just a half", items("MAIN", 0..20), items("MAIN", 10..20), none, 200, 1, None),
        ("less than a half", items("MAIN", 0..20), items("MAIN", 11..20), none, 200, 0, thin(9, 45)),
        ("just a fifth, and as many others", items("MAIN", 0..20), items("MAIN", 16..26), none, 200, 1, None),
        ("a fifth, and fewer others", items("MAIN", 0..20), items("MAIN", 16..25), none, 200, 0, thin(9, 20)),
        ("less than a fifth", items("MAIN", 0..20), items("MAIN", 17..37), none, 200, 0, thin(20, 15)),
        ("of other patrons", items("MAIN", 0..20), items("MAIN", 100..120), none, 200, 0, thin(20, 0)),
        ("empty", both(), Vec::new(), none, 200, 0, thin(0, 0)),
        ("the last of few", items("MAIN", 0..1), Vec::new(), none, 200, 0, thin(0, 0)),
        (
            "older",
            both(),
            [items("MAIN", 1..20), items("EAST", 1..3)].concat(),
            none,
            99,
            0,
            Some(NotTold::Older { newer: at(100) }),
        ),
    ] {
        let open = gone().into_iter().filter(|item| had.contains(item)).collect::<Vec<_>>();
        let judged = judge(earlier(&had, &open), &newest(&import(&has), only, of));
        assert_eq!(judged.returned.len(), back, "{what}");
        assert_eq!(
            judged.not_told.values().copied().max_by_key(|why| format!("{why:?}")),
            not_told,
            "{what}"
        );
    }
}

/// Another export of that library was run since the notice was made, and is newer than this one.
#[test]
fn the_newest_of_all_exports_counts() {
    let had = items("MAIN", 0..20);
    let mut earlier = earlier(&had, &had[..1]);
    earlier.newest.insert("MAIN".to_owned(), at(300));
    let judged = judge(earlier, &newest(&import(&had[1..]), &[], 200));
    assert_eq!(judged.not_told["MAIN"], NotTold::Older { newer: at(300) });
    assert_eq!(judged.returned.len(), 0);
}

/// Of a run from before exports were put on record nothing is known to compare with.
#[test]
fn what_was_made_from_an_unknown_export_stays() {
    let had = items("MAIN", 0..20);
    let unknown = Earlier { exports: BTreeMap::new(), ..earlier(&had, &had[..1]) };
    let judged = judge(unknown, &newest(&import(&had[1..]), &[], 200));
    assert_eq!((judged.returned.len(), judged.not_told.len()), (0, 0));
}

/// An item of another library than the one that wrote is judged by what the export has of its own.
#[test]
fn each_item_is_judged_by_its_own_library() {
    let had = [items("MAIN", 0..20), items("EAST", 0..20)].concat();
    let mut notice = earlier(&had, &["MAIN 0".to_owned(), "EAST 0".to_owned()]);
    let (east, main) = (notice.notices.pop().unwrap(), &mut notice.notices[0]);
    main.items.push((east.items[0].0.clone(), Some("EAST".to_owned())));
    let keys: Vec<_> = main.items.iter().map(|(key, _)| key.clone()).collect();
    let has = |main, east| import(&[items("MAIN", main), items("EAST", east)].concat());
    let judged = |import: &Import| judge(notice.clone(), &newest(import, &[], 200));
    assert_eq!(judged(&has(1..20, 1..20)).returned.len(), 1);
    let of_main = judged(&has(1..20, 0..0));
    assert_eq!(of_main.returned.len(), 0, "the other library's item may be overdue still");
    let replaces = of_main.replaceable.by(&keys[1..]);
    assert_eq!(replaces, [Replaces { message: MessageId(0), returned: vec![keys[0].clone()] }]);
    assert_eq!(of_main.replaceable.by(&[]), []);
}

#[test]
fn a_notice_gives_way_to_one_that_names_all_that_is_left() {
    let had = items("MAIN", 0..20);
    let mut notice = earlier(&had, &had[..3]);
    let others: Vec<_> = notice.notices.drain(1..).map(|other| other.items[0].0.clone()).collect();
    let own = notice.notices[0].items[0].0.clone();
    notice.notices[0].items.extend(others.iter().map(|key| (key.clone(), None)));
    // The first came back; the second and the third did not.
    let judged = judge(notice, &newest(&import(&had[1..]), &[], 200));
    assert_eq!(judged.returned.len(), 0);
    let new = LedgerKey("new".to_owned());
    for (keys, gives_way) in [
        (others.clone(), true),
        ([&others[..], std::slice::from_ref(&new)].concat(), true),
        (others[..1].to_vec(), false),
        (vec![new], false),
        (vec![own.clone()], false),
    ] {
        let expected = Replaces { message: MessageId(0), returned: vec![own.clone()] };
        let expected: Vec<_> = gives_way.then_some(expected).into_iter().collect();
        assert_eq!(judged.replaceable.by(&keys), expected, "{keys:?}");
    }
}

/// The item may stand in just that line.
#[test]
fn whoever_a_line_that_cannot_be_used_may_be_about_is_left_alone() {
    let had = items("MAIN", 0..20);
    let anybody = Some(NotTold::Nameless { lines: 1 });
    for (line, back, not_told) in [
        ("PMAIN 0,MAIN0,TMAIN 0,soon,p@example.org,MAIN", 1, None),
        ("PMAIN 0,,TMAIN 0,soon,p@example.org,MAIN", 1, None),
        ("Somebody,77,Another,soon,p@example.org,MAIN", 2, None),
        // Of nobody who is known, of cells that cannot be told apart, and of several lines that a quotation mark took in.
        (",,TMAIN 0,2026-11-01,,MAIN", 0, anybody),
        ("\"P, MAIN 0\",MAIN0", 0, anybody),
        ("Ben,9,\"Records of 12,2026-11-01,p@example.org,MAIN\nPMAIN 0,MAIN0,\"", 0, anybody),
    ] {
        let mut has = import(&had[2..]);
        let text = format!("name,card number,title,due,email,branch\n{line}\n");
        has.refused = read(text.as_bytes(), &ImportOptions::default()).unwrap().refused;
        assert_eq!(has.refused.len(), 1);
        let judged = judge(earlier(&had, &had[..2]), &newest(&has, &[], 200));
        assert_eq!((judged.returned.len(), judged.not_told.get("MAIN").copied()), (back, not_told), "{line}");
    }
}

/// What is paid, picked up or overdue by now may still stand in an export of everything.
#[test]
fn what_a_notice_is_not_about_any_more_is_as_good_as_gone() {
    use store::NoticeKind as K;
    let read = |rows: &[&str], kind| {
        let mut text = "name,email,title,due,fine,branch\n".to_owned();
        for (row, who) in rows.iter().zip('A'..) {
            writeln!(text, "{who},{who}@example.org,T{who},{row},MAIN").unwrap();
        }
        read(text.as_bytes(), &ImportOptions { kind, ..ImportOptions::default() }).unwrap()
    };
    let sites = sites();
    let form = |kind| {
        let template = Template::built_in(BUILT_IN[0].0, DateFormat::Long).unwrap().unwrap();
        Form { kind, days_ahead: 7, ..Form::overdue(template) }
    };
    let newest = |rows: &[&str], kind, of| {
        let (import, form) = (read(rows, kind), form(kind));
        Newest::of(&Plan::bare(&import, &sites, &form, TODAY, &BTreeSet::new()), at(of))
    };
    for (kind, had, has, back) in [
        (K::Fines, ["2026-11-01,1.20", "2026-11-01,2.00"], &["2026-11-01,0.00", "2026-11-01,2.50"][..], 1),
        (K::Fines, ["2026-11-01,1.20", "2026-11-01,2.00"], &["2026-11-01,", "2026-11-01,2.00"], 1),
        (K::HoldReady, [",", ","], &[",", "2026-12-14,"], 1),
        (K::HoldReady, [",", ","], &[","], 1),
        (K::ComingDue, ["2026-11-22,", "2026-11-24,"], &["2026-11-22,", "2026-11-24,"], 1),
        (K::ComingDue, ["2026-11-23,", "2026-11-24,"], &["2026-11-23,"], 1),
        (K::Overdue, ["2026-11-01,", "2026-11-01,"], &["2026-11-01,", "2026-12-14,"], 1),
        (K::Overdue, ["2026-11-01,1.20", "2026-11-01,2.00"], &["2026-11-01,0.00", "2026-11-01,"], 0),
    ] {
        let taken = newest(&had, kind, 100).taken;
        let import = read(&had, kind);
        let notice = |(at, patron): (usize, &crate::notices::PatronNotice)| OpenNotice {
            message: MessageId(i64::try_from(at).unwrap()),
            run: RunId(1),
            unsent: true,
            site: Some("MAIN".to_owned()),
            patron: Some(Patron { name: patron.name().to_owned(), number: None }),
            items: patron
                .items
                .iter()
                .map(|item| (crate::notices::ledger_key(patron.identity(), item), None))
                .collect(),
        };
        let notices = import.patrons.iter().enumerate().map(notice).collect();
        let earlier = Earlier {
            notices,
            exports: [(RunId(1), taken)].into(),
            newest: [("MAIN".to_owned(), at(100))].into(),
        };
        let judged = judge(earlier, &newest(has, kind, 200));
        assert_eq!(judged.returned.len(), back, "{kind:?} {had:?} {has:?} {:?}", judged.not_told);
    }
}
