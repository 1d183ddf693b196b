//! What people decide on the pages.

use std::time::Duration;

use bookpost::cli::control::{QueueRequest, Reply};
use jiff::SignedDuration;
use store::{
    Actor, AuditFilter, Deed, MessageId, Move, NewAudit, RecipientId, Role, Selection, State, Verdict,
};

use crate::bench::{Bench, notice, servers};

async fn state(bench: &Bench, id: MessageId) -> State {
    bench.app.store.show(id).await.unwrap()[0].0.state
}

#[tokio::test]
async fn what_follows_is_said_before_it_is_done() {
    let bench = Bench::staffed(servers()).await;
    let held = bench.mail(notice("a@example.org", "Held"), Some(Verdict::Held)).await;
    let doubt = bench.mail(notice("b@example.org", "In doubt"), Some(Verdict::InDoubt)).await;
    let waiting = bench.mail(notice("c@example.org", "Waiting"), None).await;
    for (wish, id, asked, said, then) in [
        ("hold", waiting, "Keep 1 mail back?", "does not go out until somebody decides", State::Held),
        ("return", waiting, "Give up 1 mail and tell the library?", "gets a return report", State::Returned),
        (
            "cancel",
            doubt,
            "Do not send this mail?",
            "It is not sent again, and nobody is told. It may have arrived all the same.",
            State::Cancelled,
        ),
        ("release", held, "Send 1 mail after all?", "The time for which it was set aside", State::Waiting),
    ] {
        let before = state(&bench, id).await;
        let page =
            bench.get("manager", &format!("/queue/decide?do={wish}&id={}&next=/queue/{}", id.0, id.0)).await;
        assert!(page.text.contains(asked) && page.text.contains(said), "{wish}: {}", page.text);
        assert_eq!(state(&bench, id).await, before, "{wish}: asking does nothing");
        let done = bench
            .post("manager", "/queue/decide", &format!("do={wish}&id={}&next=/queue/{}", id.0, id.0))
            .await;
        let back = matches!(wish, "hold" | "release");
        let at = if back { format!("&at={}", bench.now().as_microsecond()) } else { String::new() };
        assert_eq!(done.header("location"), format!("/queue/{}?done={wish}&n=1{at}", id.0));
        if then != State::Waiting {
            assert_eq!(state(&bench, id).await, then, "{wish}");
        }
    }
    let shown = bench.get("manager", &format!("/queue/{}", doubt.0)).await.text;
    assert!(
        shown.contains("Not sent again, as decided by") && shown.contains("it may have arrived"),
        "{shown}"
    );
    let [also, sure] = [
        bench.mail(notice("d@example.org", "In doubt"), Some(Verdict::InDoubt)).await,
        bench.mail(notice("e@example.org", "Waiting"), None).await,
    ];
    let both = format!("/queue/decide?do=cancel&id={}&id={}", also.0, sure.0);
    let both = bench.get("manager", &both).await.text;
    for said in ["The patron never gets it", "1 of them may have arrived already"] {
        assert!(both.contains(said), "{said}: {both}");
    }
    let again =
        bench.post("manager", "/queue/decide", &format!("do=cancel&id={}&next=/queue", doubt.0)).await;
    assert_eq!(again.header("location"), "/queue?done=cancel&n=0&left=1");
    let log = bench.app.store.audit(AuditFilter::default(), None, 50).await.unwrap();
    let decided = log.iter().filter(|line| line.what == Deed::MailDecided).count();
    assert_eq!(decided, 5);
    bench.stop().await;
}

/// On the page of the mail, in its timeline and to commands. What a program decides over its door stands in no log, and nobody is guessed.
#[tokio::test]
async fn who_decided_is_named() {
    let bench = Bench::staffed(servers()).await;
    let [by_person, by_program] = [
        bench.mail(notice("a@example.org", "A"), None).await,
        bench.mail(notice("b@example.org", "B"), None).await,
    ];
    for (wish, why, said) in [
        ("hold", "Kept back by manager (today 14:05).", "Kept back, as decided by manager"),
        ("cancel", "Decided by manager (today 14:05).", "Not sent, as decided by manager"),
    ] {
        bench.post("manager", "/queue/decide", &format!("do={wish}&id={}&next=/queue", by_person.0)).await;
        let page = bench.get("viewer", &format!("/queue/{}", by_person.0)).await.text;
        assert!(page.contains(why) && page.contains(said), "{wish}: {page}");
    }
    let selection = Selection::Messages(vec![by_program]);
    let later = bench.now() + SignedDuration::from_mins(1);
    bench.app.store.move_recipients(selection, Move::Cancel, later).await.unwrap();
    let page = bench.get("viewer", &format!("/queue/{}", by_program.0)).await.text;
    assert!(page.contains("A person decided this, or the program that sent it."), "{page}");
    for (id, name) in [(by_person, Some("manager")), (by_program, None)] {
        let Reply::Message(shown) = bench.app.sources().decisions.carry_out(QueueRequest::Show(id)).await
        else {
            panic!("{name:?}: no message");
        };
        let by = serde_json::to_value(&shown[0].decided_by).unwrap();
        assert_eq!(by.to_string().contains("manager"), name.is_some(), "{by}");
        assert_eq!(by.is_null(), name.is_none(), "{by}");
    }
    bench.stop().await;
}

/// What a browser set going goes on without it, and stands in the log.
#[tokio::test]
async fn who_goes_away_has_decided_all_the_same() {
    let bench = Bench::staffed(servers()).await;
    let id = bench.mail(notice("a@example.org", "Waiting"), None).await;
    let decisions = bench.app.sources().decisions;
    let (selection, action) = (Selection::Messages(vec![id]), Move::Hold);
    let line = |_: &Reply| {
        let about = "message".to_owned();
        Some(NewAudit { who: Actor::CommandLine, what: Deed::MailDecided, about, old: None, new: None })
    };
    let deciding = decisions.carry_out_noted(QueueRequest::Move { selection, action }, line);
    assert!(tokio::time::timeout(Duration::ZERO, deciding).await.is_err(), "it takes a moment");
    let mut looks = 0;
    while bench
        .app
        .store
        .audit(AuditFilter::default(), None, 50)
        .await
        .unwrap()
        .iter()
        .all(|line| line.what != Deed::MailDecided)
    {
        looks += 1;
        assert!(looks < 10_000, "nothing stands in the log");
    }
    assert_eq!(state(&bench, id).await, State::Held);
    bench.stop().await;
}

/// Also from a page of the queue that does not show the newest.
#[tokio::test]
async fn mail_that_came_after_the_question_is_not_meant() {
    let bench = Bench::staffed(servers()).await;
    let before = bench.mail(notice("a@example.org", "Before"), None).await;
    let page = bench.get("manager", "/queue/decide?do=cancel&state=waiting&after=9999999").await.text;
    let up_to = RecipientId::of(before, 0).0;
    assert!(page.contains(&format!("name=\"up_to\" value=\"{up_to}\"")), "{page}");
    let after = bench.mail(notice("a@example.org", "After"), None).await;
    let done =
        bench.post("manager", "/queue/decide", &format!("do=cancel&state=waiting&up_to={up_to}")).await;
    assert_eq!(done.status, 303);
    assert_eq!((state(&bench, before).await, state(&bench, after).await), (State::Cancelled, State::Waiting));
    bench.stop().await;
}

#[tokio::test]
async fn a_selection_and_all_of_a_state_are_moved() {
    let bench = Bench::staffed(servers()).await;
    let mut ids = Vec::new();
    for number in 0..4 {
        ids.push(bench.mail(notice("a@example.org", &format!("Mail {number}")), None).await);
    }
    let page = bench
        .get("manager", &format!("/queue/decide?do=hold&id={0}&id={1}&id={1}", ids[0].0, ids[1].0))
        .await;
    assert!(
        page.text.contains("Keep 2 mails back?") && page.text.contains("<li>Mail 0 · a@example.org</li>"),
        "{}",
        page.text
    );
    bench.post("manager", "/queue/decide", &format!("do=hold&id={}&id={}", ids[0].0, ids[1].0)).await;
    let page = bench.get("administrator", "/queue/decide?do=cancel&state=held&next=/queue?state=held").await;
    assert!(page.text.contains("Do not send these 2 mails?"), "{}", page.text);
    let done =
        bench.post("administrator", "/queue/decide", "do=cancel&state=held&next=/queue?state=held").await;
    assert_eq!(done.header("location"), "/queue?state=held&done=cancel&n=2");
    let states = [state(&bench, ids[0]).await, state(&bench, ids[1]).await, state(&bench, ids[2]).await];
    assert_eq!(states, [State::Cancelled, State::Cancelled, State::Waiting]);
    for gone in [
        "do=cancel&state=held&next=/queue?state=held",
        &format!("do=hold&id={}&next=/queue?state=held", ids[0].0),
    ] {
        let gone = bench.get("administrator", &format!("/queue/decide?{gone}")).await.text;
        assert!(
            gone.contains("nothing left to decide") && gone.contains("href=\"/queue?state=held\">Back</a>"),
            "{gone}"
        );
        assert!(!gone.contains("action=\"/queue/decide\""), "{gone}");
    }
    let empty = bench.get("administrator", "/queue/decide?do=hold&next=/queue").await;
    assert!(empty.text.contains("Nothing is selected"), "{}", empty.text);
    bench.stop().await;
}

#[tokio::test]
async fn sending_is_paused_and_what_is_old_is_asked_about() {
    let mut bench = Bench::staffed(servers()).await;
    let old = bench.mail(notice("a@example.org", "Old news"), None).await;
    assert_eq!(
        bench.post("administrator", "/sending", "what=pause").await.header("location"),
        "/?done=paused"
    );
    for who in ["administrator", "viewer"] {
        let today = bench.get(who, "/").await.text;
        assert!(today.contains("Sending has been paused since 14:05"), "{today}");
        assert_eq!(today.contains("href=\"/sending\""), who == "administrator", "{who}");
    }
    bench.pass(60 * 51);
    // Sessions are over by then.
    bench.person("second", Role::Administrator, None).await;
    let page = bench.get("second", "/sending").await.text;
    assert!(page.contains("1 mail has waited for more than 48 hours"), "{page}");
    // Not answered, not sent.
    assert_eq!(bench.post("second", "/sending", "what=resume").await.header("location"), "/sending");
    assert!(bench.app.store.paused().await.unwrap().is_some());
    let resumed = bench.post("second", "/sending", "what=resume&older=cancel").await;
    assert_eq!(resumed.header("location"), "/?done=resumed");
    assert!(bench.app.store.paused().await.unwrap().is_none());
    assert_eq!(state(&bench, old).await, State::Cancelled);
    let page = bench.get("second", &format!("/queue/{}", old.0)).await.text;
    assert!(page.contains("Not sent, as decided by second"), "{page}");
    bench.stop().await;
}

/// Fifty on a page, the newest first, each once, and no address that skips or repeats one; whatever lies between them that is of another
/// library.
#[tokio::test]
async fn a_long_queue_is_read_page_by_page() {
    let bench = Bench::staffed(servers()).await;
    for number in 0..120 {
        bench.mail(notice("a@example.org", &format!("Mail {number:03}")), None).await;
        let other = notice("b@example.org", "Of another library");
        bench.mail(store::NewMessage { site: Some("EAST".to_owned()), ..other }, None).await;
    }
    let (mut path, mut seen, mut pages) = ("/queue?state=waiting".to_owned(), Vec::new(), 0);
    loop {
        let text = bench.get("manager", &path).await.text;
        seen.extend(text.split("\">Mail ").skip(1).map(|rest| rest[..3].parse::<u32>().unwrap()));
        pages += 1;
        let next = text.split("rel=\"next\"").next().filter(|before| *before != text);
        let Some(next) = next.and_then(|before| before.rsplit("href=\"").next()) else { break };
        path = next.split('"').next().unwrap().replace("&#38;", "&");
    }
    assert_eq!((pages, seen), (3, (0..120).rev().collect::<Vec<_>>()));
    bench.stop().await;
}

#[tokio::test]
async fn the_queue_is_searched_by_each_field() {
    let mut bench = Bench::start(servers()).await;
    bench.mail(notice("ana@example.org", "One"), Some(Verdict::Delivered)).await;
    bench.pass(60 * 24);
    bench.person("administrator", Role::Administrator, None).await;
    let later = store::NewMessage { tags: vec!["winter".to_owned()], ..notice("bob@example.org", "Two") };
    let due_at = bench.now() + SignedDuration::from_hours(2);
    bench
        .mail(store::NewMessage { first_due_at: due_at, application: "cron".to_owned(), ..later }, None)
        .await;
    for (query, found) in [
        ("", "Two One"),
        ("state=delivered", "One"),
        ("to=ANA@example.org", "One"),
        ("to=bo", ""),
        ("to=bob", "Two"),
        ("to=@EXAMPLE.org", "Two One"),
        ("to=@example.com", ""),
        ("subject=TW", "Two"),
        ("subject=one", "One"),
        ("subject=one+two", ""),
        ("tag=winter", "Two"),
        ("program=cron", "Two"),
        ("since=2026-11-29", "Two"),
        ("since=2026-11-28", "Two One"),
        ("site=MAIN", "Two One"),
        ("site=EAST", ""),
        ("run=1", ""),
        ("state=&site=&to=&run=&tag=&since=", "Two One"),
    ] {
        let text = bench.get("administrator", &format!("/queue?{query}")).await.text;
        let subjects: Vec<_> =
            ["Two", "One"].into_iter().filter(|one| text.contains(&format!("\">{one}</a>"))).collect();
        assert_eq!(subjects.join(" "), found, "{query}");
    }
    for (query, why) in [("to=no", "at least 3 letters"), ("number=x", "a message has a number")] {
        let wrong = bench.get("administrator", &format!("/queue?{query}")).await.text;
        assert!(wrong.contains(why), "{wrong}");
    }
    let numbered = bench.get("administrator", "/queue?state=&number=+2+").await;
    assert_eq!((numbered.status, numbered.header("location")), (303, "/queue/2"));
    bench.pass(60 * 24 * 7);
    bench.person("second", Role::Administrator, None).await;
    assert!(!bench.get("second", "/queue?subject=one").await.text.contains("\">One</a>"), "a week is enough");
    bench.stop().await;
}

/// Of what is like this, and of their own libraries, and of nothing that came while they read.
#[tokio::test]
async fn all_that_is_like_this_is_moved_and_taken_back() {
    let bench = Bench::staffed(servers()).await;
    let of = |site: &str, subject: &str| store::NewMessage {
        site: Some(site.to_owned()),
        ..notice("a@example.org", subject)
    };
    let meant = bench.mail(of("MAIN", "Autumn fair"), None).await;
    let held = bench.mail(of("MAIN", "Autumn fair"), Some(Verdict::Held)).await;
    let other = bench.mail(of("MAIN", "Overdue"), None).await;
    let elsewhere = bench.mail(of("EAST", "Autumn fair"), None).await;
    let list = bench.get("manager", "/queue?subject=autumn&state=waiting").await.text;
    assert!(list.contains("<b>2</b> in all") && list.contains("<b>1</b> set aside"), "{list}");
    let up_to = list.split("name=\"up_to\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let asked = format!("do=hold&state=waiting&subject=autumn&up_to={up_to}&next=/queue?subject=autumn");
    let page = bench.get("manager", &format!("/queue/decide?{asked}")).await.text;
    for said in ["Keep 1 mail back?", "State: waiting", "Subject: autumn"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let later = bench.mail(of("MAIN", "Autumn fair"), None).await;
    bench.pass(1);
    let done = bench.post("manager", "/queue/decide", &asked).await;
    let at = bench.now().as_microsecond();
    assert_eq!(done.header("location"), format!("/queue?subject=autumn&done=hold&n=1&at={at}"));
    for (id, expected) in [
        (meant, State::Held),
        (held, State::Held),
        (other, State::Waiting),
        (elsewhere, State::Waiting),
        (later, State::Waiting),
    ] {
        assert_eq!(state(&bench, id).await, expected, "{id:?}");
    }
    // Taken back: what was set aside before stays so.
    let flash = bench.get("manager", done.header("location")).await.text;
    let undo = flash
        .split("class=\"flash\"")
        .nth(1)
        .unwrap()
        .split("href=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let undo = undo.replace("&#38;", "&");
    let page = bench.get("manager", &undo).await.text;
    assert!(page.contains("Send 1 mail after all?") && page.contains("Moved at: 14:06"), "{page}");
    let (_, query) = undo.split_once('?').unwrap();
    let back = bench.post("manager", "/queue/decide", query).await;
    assert!(back.header("location").starts_with("/queue?subject=autumn&done=release&n=1&at="), "{back:?}");
    assert_eq!((state(&bench, meant).await, state(&bench, held).await), (State::Waiting, State::Held));
    assert!(bench.get("viewer", done.header("location")).await.text.contains("1 mail is kept back.</p>"));
    let log = bench.app.store.audit(AuditFilter::default(), None, 50).await.unwrap();
    let about: Vec<_> =
        log.iter().filter(|line| line.what == Deed::MailDecided).map(|line| line.about.as_str()).collect();
    assert_eq!(
        about,
        [&*format!("all mail: state=held (moved before, at {at})"), "all mail: state=waiting&subject=autumn"]
    );
    bench.stop().await;
}

/// One read for all of them, and an end to how many they are.
#[tokio::test]
async fn so_many_mails_are_named_one_by_one_and_no_more() {
    let bench = Bench::staffed(servers()).await;
    let id = bench.mail(notice("a@example.org", "Waiting"), None).await;
    for (count, status) in [(500, 200), (501, 400)] {
        let ids = "&id=".to_owned() + &vec![id.0.to_string(); count].join("&id=");
        let asked = bench.get("manager", &format!("/queue/decide?do=hold{ids}")).await;
        assert_eq!(asked.status, status, "{count}");
        let done = bench.post("manager", "/queue/decide", &format!("do=retry{ids}")).await;
        assert_eq!(done.status, if status == 200 { 303 } else { 400 }, "{count}");
    }
    bench.stop().await;
}
