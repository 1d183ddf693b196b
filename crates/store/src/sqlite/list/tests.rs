use super::*;
use crate::{RunId, State, sqlite::open};

fn plan(way: &Way, filter: &Filter) -> String {
    open::tests::plan(&question(way, filter, Some(1), None, 10).0)
}

/// No way passes what is not asked for, or sorts what it found.
#[test]
fn each_filter_is_walked_through_by_its_own_way() {
    let of = |address: &str| address.parse().unwrap();
    for (filter, expected) in [
        (Filter::default(), "PRIMARY KEY (rowid>? AND rowid<?)"),
        (Filter { run: Some(RunId(1)), ..Filter::default() }, "message_run (run=? AND rowid>? AND rowid<?)"),
        (
            Filter { application: Some("cron".to_owned()), ..Filter::default() },
            "message_application (application=? AND rowid>? AND rowid<?)",
        ),
        (
            Filter { address: Some(of("a@b.example")), ..Filter::default() },
            "recipient_address (address=? AND rowid>? AND rowid<?)",
        ),
        (
            Filter { domain: Some("b.example".to_owned()), ..Filter::default() },
            "recipient_domain (<expr>=? AND rowid>? AND rowid<?)",
        ),
        (
            Filter { state: Some(State::Held), ..Filter::default() },
            "recipient_held (state=? AND rowid>? AND rowid<?)",
        ),
        (
            Filter { subject: Some("overdue".to_owned()), ..Filter::default() },
            "m USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
        ),
    ] {
        let way = Way::exact(&filter).unwrap_or(Way::Key);
        let plan = plan(&way, &filter);
        assert!(plan.contains(expected), "{filter:?}: {plan}");
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{filter:?}: {plan}");
    }
}

#[test]
fn few_are_looked_up_one_by_one() {
    let plan = plan(&Way::Few(vec![1, 2]), &Filter::default());
    assert!(plan.contains("SEARCH r USING INTEGER PRIMARY KEY (rowid=?)"), "{plan}");
}

/// A decision about all that match goes on behind what it has moved.
#[test]
fn a_walk_upwards_is_entered_where_it_ended() {
    for (filter, way) in [
        (Filter { state: Some(State::Held), ..Filter::default() }, "PRIMARY KEY (rowid>?)"),
        (Filter { run: Some(RunId(1)), ..Filter::default() }, "message_run (run=? AND rowid>?)"),
        (
            Filter { domain: Some("b.example".to_owned()), ..Filter::default() },
            "recipient_domain (<expr>=? AND rowid>?)",
        ),
        (Filter { subject: Some("overdue".to_owned()), ..Filter::default() }, "PRIMARY KEY (rowid>?)"),
    ] {
        let plan = open::tests::plan(&upwards(&filter).0);
        assert!(plan.contains(way), "{filter:?}: {plan}");
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{filter:?}: {plan}");
    }
}
