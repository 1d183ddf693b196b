//! Where somebody new could be led astray: what pages say must be so, and no way ends blind.

use reqwest::Method;
use store::{AlarmKind, NewMessage, PauseWhy, State, Verdict};

use crate::bench::{Answer, Bench, form, notice, servers};

/// What was typed is lost where the session has ended: that is said, and the page comes again.
#[tokio::test]
async fn a_form_that_comes_too_late_is_told_and_leads_back_to_its_page() {
    let bench = Bench::staffed(servers()).await;
    let elsewhere = "http://attacker.example/account".to_owned();
    let own = format!("{}/preferences/libraries/change?code=MAIN", bench.origin);
    for (from, path, location) in [
        (
            &own,
            "/preferences/libraries/change",
            "/sign-in?next=%2Fpreferences%2Flibraries%2Fchange%3Fcode%3DMAIN&done=nothing_saved",
        ),
        (&elsewhere, "/account", "/sign-in?done=nothing_saved"),
        (&own, "/sign-out", "/sign-in?next=%2Fpreferences%2Flibraries%2Fchange%3Fcode%3DMAIN"),
    ] {
        let request = bench.ask("nobody", Method::POST, path).header("referer", from);
        let answer = Answer::of(form(request, "name=Riverside".to_owned())).await;
        assert_eq!((answer.status, answer.header("location")), (303, location), "{from} {path}");
    }
    let page = bench.get("nobody", "/sign-in?next=%2Faccount&done=nothing_saved").await.text;
    assert!(
        page.contains("nothing was saved") && page.contains("name=\"next\" value=\"/account\""),
        "{page}"
    );
    bench.stop().await;
}

#[tokio::test]
async fn a_page_that_is_not_there_is_in_the_language_of_the_account() {
    let bench = Bench::staffed(servers()).await;
    bench.post("manager", "/language", "language=es&next=/").await;
    for (who, language) in [("manager", "es"), ("viewer", "en"), ("nobody", "en")] {
        let request = bench.ask(who, Method::GET, "/nowhere").header("accept", "text/html");
        let page = Answer::of(request).await;
        assert_eq!(page.status, 404);
        assert!(page.text.contains(&format!("<html lang=\"{language}\">")), "{who}: {}", page.text);
    }
    bench.stop().await;
}

/// What is in a copy is looked at before anything of it is sent, on each page that leads to sending.
#[tokio::test]
async fn a_restored_copy_is_looked_at_before_it_sends() {
    let bench = Bench::staffed(servers()).await;
    let (store, now) = (&bench.app.store, bench.now());
    let restored = async || {
        store.pause(PauseWhy::Restored { of: now }, now).await.unwrap();
        store.raise(AlarmKind::Restored, "backup", "Restored.", now).await.unwrap();
    };
    bench.mail(notice("a@example.org", "Held"), Some(Verdict::Held)).await;
    bench.mail(notice("b@example.org", "Waiting"), None).await;
    restored().await;
    let page = bench.get("administrator", "/").await.text;
    assert_eq!(page.matches("<h3>").count(), 2, "the copy, and what is set aside: {page}");
    let first = page.split_once("<h3>").unwrap().1.split_once("</li>").unwrap().0;
    assert!(first.starts_with("This was restored from a backup, and sending is paused"), "{first}");
    assert!(first.contains("/queue?state=held\">Look at what was set aside"), "{first}");
    assert!(page.contains("Look at what was set aside before you go on sending."), "the banner: {page}");
    let page = bench.get("administrator", "/sending").await.text;
    for said in [
        "Go on sending?",
        "This was restored from the backup of 14:05.",
        "/queue?state=held\">Look at the 1 mail that is set aside",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    bench.post("administrator", "/sending", "what=resume").await;
    bench.post("administrator", "/sending", "what=pause").await;
    let page = bench.get("administrator", "/").await.text;
    assert!(page.contains("Paused by administrator.") && !page.contains("backup"), "{page}");
    bench.stop().await;
}

/// While the time of mail stands still, no day is named on which it would be given up.
#[tokio::test]
async fn nothing_is_given_up_on_a_day_while_sending_is_paused() {
    let bench = Bench::staffed(servers()).await;
    bench.mail(notice("b@example.org", "Waiting"), None).await;
    let given_up = "Given up at the earliest";
    assert!(bench.get("administrator", "/").await.text.contains(given_up));
    bench.post("administrator", "/sending", "what=pause").await;
    let page = bench.get("administrator", "/").await.text;
    assert!(!page.contains(given_up) && page.contains("the 100 hours stand still"), "{page}");
    for said in ["<a href=\"/sending\">Go on sending</a>", "1 mail waits."] {
        assert!(page.contains(said), "{said}: {page}");
    }
    bench.stop().await;
}

/// Mail that a person keeps back goes out by one button on the page, and the page says who kept it back.
#[tokio::test]
async fn mail_that_was_kept_back_says_by_whom_and_what_can_be_done() {
    let bench = Bench::staffed(servers()).await;
    let mut ids = Vec::new();
    for to in ["a@example.org", "b@example.org"] {
        ids.push(bench.mail(notice(to, "Overdue"), None).await.0);
    }
    let both = format!("do=hold&id={}&id={}&next=/queue", ids[0], ids[1]);
    bench.post("manager", "/queue/decide", &both).await;
    for id in ids {
        let page = bench.get("administrator", &format!("/queue/{id}")).await.text;
        for said in [
            "Kept back by manager (today 14:05).",
            "Nothing happens to it until somebody decides. The buttons at the top of this page do:",
            ">Send after all</button>",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(!page.contains("tell them in another way"), "{page}");
        let page = bench.get("viewer", &format!("/queue/{id}")).await.text;
        assert!(page.contains("Ask manager, or whoever runs the notices of this library"), "{page}");
    }
    // So do the list of the queue, and the first page; and both say where it is undone, to whoever may.
    let undo = "To undo it, tick it and choose “Send after all”.";
    for (who, may) in [("administrator", true), ("viewer", false)] {
        let list = bench.get(who, "/queue?state=held").await.text;
        assert_eq!(list.matches("Kept back by manager (today 14:05).").count(), 2, "{list}");
        assert_eq!(list.contains(undo), may, "{who}: {list}");
        let today = bench.get(who, "/").await.text;
        assert!(today.contains("2 emails kept back by manager (today 14:05)."), "{today}");
        let undo = "To undo that, open the queue under “set aside”";
        assert_eq!(today.contains(undo), may, "{who}: {today}");
    }
    // Of a program nobody knows who it was.
    let other = bench.mail(notice("c@example.org", "Overdue"), None).await;
    let one = store::Selection::Messages(vec![other]);
    bench.pass(1);
    bench.app.store.move_recipients(one, store::Move::Hold, bench.now()).await.unwrap();
    let page = bench.get("administrator", &format!("/queue/{}", other.0)).await.text;
    assert!(
        page.contains("Somebody kept it back (today 14:06): a person, or the program that sent it."),
        "{page}"
    );
    bench.stop().await;
}

/// Practice mail is a column of its own in the numbers: no server accepted it.
#[tokio::test]
async fn practice_mail_is_not_counted_as_accepted() {
    let bench = Bench::staffed(servers()).await;
    bench.mail(notice("a@example.org", "Overdue"), Some(Verdict::Delivered)).await;
    let page = bench.get("administrator", "/").await.text;
    assert!(!page.contains("practised: nobody received it"), "no column for nothing: {page}");
    for to in ["b@example.org", "c@example.org"] {
        let practice = NewMessage { practice: true, ..notice(to, "Overdue") };
        bench.mail(practice, Some(Verdict::Practiced)).await;
    }
    let page = bench.get("administrator", "/").await.text;
    let cell = |(label, n)| format!("<td class=\"count\" data-label=\"{label}\">{n}</td>");
    let row = [
        ("handed in", 3),
        ("accepted by the server", 1),
        ("practised: nobody received it", 2),
        ("sent back", 0),
        ("may have arrived", 0),
    ];
    let row = row.map(cell).concat();
    assert_eq!(page.matches(&row).count(), 2, "of this hour and of this day: {page}");
    assert!(page.contains("<th scope=\"col\" class=\"count\">practised: nobody received it</th>"), "{page}");
    bench.stop().await;
}

/// What Bookpost writes itself has a name in the reader's language, and no tag is a number.
#[tokio::test]
async fn what_bookpost_names_itself_is_in_the_readers_words() {
    let bench = Bench::staffed(servers()).await;
    let tags = vec!["sent again".to_owned(), "sent again for 1048576".to_owned(), "spring".to_owned()];
    let id = bench.mail(NewMessage { tags, ..notice("a@example.org", "Overdue") }, None).await;
    let page = bench.get("manager", &format!("/queue/{}", id.0)).await.text;
    assert!(page.contains("<dd>sent again, spring</dd>"), "{page}");
    bench.post("manager", "/language", "language=es&next=/").await;
    let page = bench.get("manager", &format!("/queue/{}", id.0)).await.text;
    assert!(page.contains("<dd>enviado de nuevo, spring</dd>"), "{page}");
    assert_eq!(bench.app.store.show(id).await.unwrap()[0].0.state, State::Waiting);
    bench.stop().await;
}
