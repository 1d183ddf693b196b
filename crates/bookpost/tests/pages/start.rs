//! The first start, after the first administrator was made.

use bookpost::preferences::Change;
use store::{Actor, Deed, LinkPurpose, Role, State};

use crate::bench::{Answer, Bench, PASSWORD, form};

async fn bench() -> Bench {
    let mut bench = Bench::preferring("").await;
    bench.person("ann", Role::Administrator, None).await;
    bench
}

#[tokio::test]
async fn the_first_administrator_comes_to_the_first_start() {
    let bench = Bench::preferring("").await;
    let link = bench.app.people.make_link(LinkPurpose::SetUp, None, Actor::CommandLine).await.unwrap();
    let fields = format!("code={}&email=ann@library.example&name=Ann&password={PASSWORD}", link.code.text());
    let answer = Answer::of(form(bench.ask("nobody", reqwest::Method::POST, "/set-up"), fields)).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/start"), "{}", answer.text);
    bench.stop().await;
}

#[tokio::test]
async fn the_library_is_named_and_a_test_message_goes_to_the_practice_mailbox() {
    let bench = bench().await;
    let today = bench.get("ann", "/").await.text;
    assert!(today.contains("href=\"/start\""), "{today}");
    let page = bench.get("ann", "/start").await.text;
    assert!(page.contains("Nothing is sent yet") && !page.contains("action=\"/start/test\""), "{page}");
    for (fields, said) in [
        ("name=+&email=desk@library.example", "Enter the name that patrons know."),
        ("name=Riverside&email=desk", "This is no email address."),
        ("name=<b>Riverside&email=desk", "value=\"&#60;b&#62;Riverside\""),
    ] {
        let answer = bench.post("ann", "/start", fields).await;
        assert!(answer.status == 422 && answer.text.contains(said), "{fields}: {}", answer.text);
    }
    let named = bench.post("ann", "/start", "name=Riverside+Library&email=desk@library.example").await;
    assert_eq!(named.header("location"), "/start?look=1&done=started");
    let config = bench.app.settings.now();
    let site = &config.sites[0];
    assert_eq!(
        (&*config.library, &*site.code, &*site.name),
        ("Riverside Library", "RL", "Riverside Library")
    );
    let page = bench.get("ann", "/start").await.text;
    assert!(page.contains("Mail comes from Riverside Library, desk@library.example."), "{page}");
    let today = bench.get("ann", "/").await.text;
    assert!(!today.contains("name and email address are missing"), "{today}");
    assert!(
        today.contains("<a href=\"/start\">Set up sending</a>"),
        "the way back, until mail goes out: {today}"
    );

    assert_eq!(bench.post("ann", "/start/test", "").await.header("location"), "/start", "there is no way");
    let chosen = bench.post("ann", "/start/practice", "").await;
    assert_eq!(chosen.header("location"), "/start?done=practice");
    let sent = bench.post("ann", "/start/test", "").await.header("location").to_owned();
    let page = bench.get("ann", &sent).await.text;
    assert!(page.contains("Test message of Riverside Library"), "{sent}: {page}");
    let row = bench.app.store.list(store::Filter::default(), None, 1).await.unwrap().pop().unwrap();
    assert!(row.practice && row.state != State::Held, "{row:?}");

    let log = bench.app.store.audit(store::AuditFilter::default(), None, 50).await.unwrap();
    let changes: Vec<_> = log.iter().filter(|line| line.what == Deed::PreferenceChanged).collect();
    assert_eq!(changes.len(), 3, "{changes:?}");
    bench.app.change_preferences(Change::Undo { by: Actor::CommandLine }).await.unwrap();
    assert!(matches!(bench.app.settings.now().sending.way, bookpost::config::Way::None));
    // What is there already is not named again, and that is said.
    let again = bench.post("ann", "/start", "name=Another&email=a@library.example").await;
    assert_eq!(again.header("location"), "/start?done=named_before");
    let page = bench.get("ann", "/start?done=named_before").await.text;
    assert!(page.contains("what you have just typed was not saved"), "{page}");
    assert!(page.contains("href=\"/preferences/libraries/change?code=RL\""), "{page}");
    let same = bench.post("ann", "/start", "name=Riverside+Library&email=desk@library.example").await;
    assert_eq!(same.header("location"), "/start", "two clicks are one");
    assert_eq!(bench.app.settings.now().sites.len(), 1);
    bench.stop().await;
}

/// As the exports of the library name it, and not as it might be guessed.
#[tokio::test]
async fn the_branch_code_is_asked_for_and_said() {
    let bench = bench().await;
    bench.post("ann", "/start", "name=Riverside+Library&email=desk@library.example&code=+MAIN+").await;
    assert_eq!(bench.app.settings.now().sites[0].code, "MAIN");
    let page = bench.get("ann", "/start").await.text;
    assert!(page.contains("Its branch code in exports is MAIN;"), "{page}");
    bench.stop().await;
}
