//! What the page of one message tells of what happened to it.

use jiff::SignedDuration;
use mail::{Phase, Reason, bounce::Happened};
use store::{
    About, AlarmKind, Attempt, Bounce, Cause, Door, InsteadOf, Lease, MessageId, NewMessage, NewRun,
    RecipientId, Row, Settlement, Verdict,
};

use bookpost::{
    cli::control::{QueueRequest, Reply},
    config::{Config, Undeliverable, Way},
    queue::{
        route::Pause,
        stands::{Stands, waits_for},
    },
};

use crate::bench::{Bench, notice, servers};

#[tokio::test]
async fn the_door_by_which_it_came_is_said() {
    let bench = Bench::staffed(servers()).await;
    for (door, said) in [
        (Door::Smtp, "Accepted from Textbook Tracker, over the network (SMTP)"),
        (Door::Http, "Accepted from Textbook Tracker, over the web interface for programs (HTTP API)"),
        (Door::Sendmail, "Accepted from Textbook Tracker, by the sendmail command on this computer"),
        (Door::Notices, "Written by a notice run<"),
        (Door::Folder, "Written by a notice run, from a file in the folder for exports"),
        (Door::Bookpost, "Written by Bookpost itself"),
    ] {
        let id = bench.mail(NewMessage { door, ..notice("p@example.org", "Overdue") }, None).await;
        let page = bench.get("administrator", &format!("/queue/{}", id.0)).await.text;
        assert!(page.contains(said), "{door:?}: {page}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn why_the_backup_took_it_is_said() {
    let bench = Bench::staffed(servers()).await;
    let message = NewMessage { lease: Some(Lease(7)), ..notice("p@example.org", "Overdue") };
    let id = bench.app.store.accept(vec![message], bench.now()).await.unwrap()[0].id;
    let since = bench.now() - SignedDuration::from_mins(19);
    let attempt = Attempt {
        started_at: bench.now(),
        ended_at: bench.now(),
        server: "backup.example:8702".to_owned(),
        phase: Phase::Dot,
        reason: None,
        answer: "250 Ok".to_owned(),
        instead_of: Some(InsteadOf { since, reason: Reason::Unreachable }),
    };
    let recipient = RecipientId::of(id, 0);
    let settlement = Settlement { recipient, lease: Lease(7), attempt, verdict: Verdict::Delivered };
    bench.app.store.settle(vec![settlement], bench.now()).await.unwrap();
    let page = bench.get("administrator", &format!("/queue/{}", id.0)).await.text;
    let said = "By the backup server, because Server 1 took no mail since 13:46: ";
    assert!(page.contains("Accepted by backup.example:8702") && page.contains(said), "{page}");
    bench.stop().await;
}

/// A time that has passed is no next try, and why nothing happens is said.
#[tokio::test]
async fn what_waits_for_a_server_says_so() {
    let bench = Bench::staffed(servers()).await;
    let message = NewMessage { first_due_at: bench.now(), ..notice("p@example.org", "Overdue") };
    let put_off = Verdict::Deferred { due_at: bench.now() + SignedDuration::from_hours(2), in_doubt: false };
    let id = bench.mail(message, Some(put_off)).await;
    let pages = async || {
        let [one, all] = [format!("/queue/{}", id.0), "/queue".to_owned()];
        [bench.get("administrator", &one).await.text, bench.get("administrator", &all).await.text]
    };
    let stopped = "stopped, because the mail server does not answer; it is asked every minute";
    assert!(
        pages().await.iter().all(|page| page.contains("will try again at 16:05") && !page.contains(stopped))
    );
    bench.app.store.raise(AlarmKind::ServerDown, "server1", "Down", bench.now()).await.unwrap();
    let [one, all] = pages().await;
    assert!(one.contains(stopped) && all.contains(stopped), "{one}\n{all}");
    assert!(
        one.contains("As soon as the mail server takes mail again") && !one.contains("Next try"),
        "{one}"
    );
    bench.stop().await;
}

/// Nothing was tried for it: why it waits is the server's fault, which is told with its name on the page, to commands and to programs.
#[tokio::test]
async fn what_was_never_tried_tells_the_server_it_waits_for_and_why() {
    let bench = Bench::staffed(servers()).await;
    let cause = Cause::new(Reason::SignInRefused, "Down");
    bench.app.store.raise(AlarmKind::SignIn, "server1", cause, bench.now()).await.unwrap();
    let id = bench
        .mail(NewMessage { first_due_at: bench.now(), ..notice("p@example.org", "Overdue") }, None)
        .await;
    let path = format!("/queue/{}", id.0);
    let page = bench.get("administrator", &path).await.text;
    let peer = match servers() {
        Way::Servers(all) => all[0].peer(),
        _ => String::new(),
    };
    let said =
        format!("It waits for Server 1 ({peer}), since 14:05. The mail server did not accept our password.");
    assert!(page.contains(&said), "{said}: {page}");
    let shown = bench.app.decisions.carry_out(QueueRequest::Show(id)).await;
    let Reply::Message(shown) = shown else { unreachable!("{shown:?}") };
    let waits = &shown[0].waits_for;
    assert_eq!(
        (waits.len(), &*waits[0].server, waits[0].reason),
        (1, "server1", Some(Reason::SignInRefused))
    );
    // While a person wants nothing to be sent it waits for that alone.
    assert_eq!(bench.post("administrator", "/sending", "what=pause").await.status, 303);
    let shown = bench.app.decisions.carry_out(QueueRequest::Show(id)).await;
    let Reply::Message(shown) = shown else { unreachable!("{shown:?}") };
    assert!(shown[0].paused.is_some() && shown[0].waits_for.is_empty(), "{shown:?}");
    assert!(!bench.get("administrator", &path).await.text.contains("It waits for Server 1"));
    bench.stop().await;
}

/// What nothing is wrong with waits for the minute to pass, and a practice mail for the practice mailbox.
#[tokio::test]
async fn each_of_what_keeps_mail_back_is_told_of_the_mail_that_it_keeps() {
    let bench = Bench::staffed(servers()).await;
    let id = bench
        .mail(NewMessage { first_due_at: bench.now(), ..notice("p@example.org", "Overdue") }, None)
        .await;
    let (row, now) = (bench.app.store.show(id).await.unwrap().remove(0).0, bench.now());
    bench.stop().await;
    let later = now + SignedDuration::from_secs(40);
    let stands = |practice, name: &str, fault, pause| Stands {
        practice,
        name: name.to_owned(),
        peer: "smtp.example:25".to_owned(),
        fault,
        pause,
    };
    let pause = Some(Pause { until: later, reason: Reason::LimitReached, ages: true });
    let down = Some((Reason::Unreachable, now));
    let waits = |practice, due_at, servers: &[Stands]| {
        let row = Row { practice, due_at: Some(due_at), ..row.clone() };
        let all = waits_for(&row, servers, &[], now);
        all.into_iter().map(|one| (one.server, one.reason, one.until)).collect::<Vec<_>>()
    };
    let practice = || stands(true, "practice", down, None);
    let limited = [stands(false, "server1", None, pause), practice()];
    let limit = ("server1".to_owned(), Some(Reason::LimitReached), Some(later));
    assert_eq!(waits(false, now, &limited), [limit]);
    assert_eq!(waits(false, later + SignedDuration::from_hours(1), &limited), []);
    assert_eq!(waits(true, now, &limited), [("practice".to_owned(), Some(Reason::Unreachable), None)]);
    let one_down = [stands(false, "server1", down, None), stands(false, "server2", None, None)];
    assert_eq!(waits(false, now, &one_down), []);
    let both = [stands(false, "server1", down, None), stands(false, "server2", down, None)];
    assert_eq!(waits(false, now, &both).len(), 2);
}

/// While nothing is sent no time is told that would pass.
#[tokio::test]
async fn what_stands_still_tells_what_is_left_of_its_time() {
    let bench = Bench::staffed(servers()).await;
    let message = NewMessage {
        first_due_at: bench.now(),
        expires_at: bench.now() + SignedDuration::from_hours(100),
        ..notice("p@example.org", "Overdue")
    };
    let put_off = Verdict::Deferred { due_at: bench.now() + SignedDuration::from_hours(5), in_doubt: false };
    let id = bench.mail(message.clone(), Some(put_off)).await;
    let path = format!("/queue/{}", id.0);
    assert!(bench.get("manager", &path).await.text.contains("Given up, if"), "it is in motion");
    bench.pass(60 * 2 + 30);
    assert_eq!(bench.post("administrator", "/sending", "what=pause").await.status, 303);
    bench.pass(60 * 8);
    let page = bench.get("manager", &path).await.text;
    let left = "grows no older meanwhile: 98 hours of 100 hours are left";
    assert!(page.contains("Sending is paused. It waits") && page.contains(left), "{page}");
    assert!(!page.contains("Next try") && !page.contains("Given up, if"), "{page}");
    bench.stop().await;
    let bench = Bench::staffed(Way::None).await;
    let id = bench.mail(message, None).await;
    let page = bench.get("manager", &format!("/queue/{}", id.0)).await.text;
    let left = "It waits until another way of sending is chosen, and grows no older meanwhile: 100 hours of 100 hours";
    assert!(page.contains(left) && !page.contains("Next try"), "{page}");
    bench.stop().await;
}

/// Accepted is not the last word, and the numbers of the run follow what comes after it.
#[tokio::test]
async fn what_comes_back_later_is_said() {
    let bench = Bench::staffed(servers()).await;
    let (notice_name, source) = ("overdue-items".to_owned(), "overdues.csv".to_owned());
    let run = NewRun { notice: notice_name, source, practice: false, started_at: bench.now() };
    let run = bench.app.store.begin_run(run).await.unwrap();
    let mut ids = Vec::new();
    for to in ["p@example.org", "q@example.org"] {
        let message = NewMessage { run: Some(run), ..notice(to, "Overdue") };
        ids.push(bench.mail(message, Some(Verdict::Delivered)).await);
    }
    bench.app.store.finish_run(run, bench.now()).await.unwrap();
    let (message, whole) = (format!("/queue/{}", ids[0].0), format!("/notices/runs/{}", run.0));
    let page = bench.get("manager", &message).await.text;
    let later = "A mail server may still send it back later. Such mail goes to ";
    assert!(page.contains(later) && page.contains("Accepted by"), "{page}");
    assert!(bench.get("manager", &whole).await.text.contains(
        "A mail server may still send a mail back later. Such mail goes to returns@library.example."
    ));

    let config = (*bench.app.settings.now()).clone();
    let undeliverable =
        Undeliverable { maildir: Some("/var/mail/returned".into()), ..Undeliverable::default() };
    bench.app.settings.replace(Config { undeliverable, ..config });
    let read = "A mail server may still send it back later; then it is said here.";
    for path in [&message, &whole] {
        let page = bench.get("manager", path).await.text;
        assert!(page.contains(read) && !page.contains("Such mail goes to"), "{page}");
    }

    bench.pass(10);
    came_back(&bench, ids[0], Happened::Delayed(None), Reason::TryLater).await;
    let page = bench.get("manager", &message).await.text;
    assert!(
        page.contains("a mail server goes on trying") && page.contains("mx.example.org said so."),
        "{page}"
    );
    bench.pass(10);
    came_back(&bench, ids[0], Happened::Failed, Reason::AddressUnknown).await;
    let page = bench.get("manager", &message).await.text;
    assert!(
        page.contains("Came back: the address does not exist.")
            && page.contains("550 5.1.1 &#60;p@example.org&#62; &#38; no"),
        "{page}"
    );
    assert!(page.contains("sent back to the library") && !page.contains(read), "{page}");
    // Who may not see addresses reads none in the server's words either.
    let page = bench.get("viewer", &message).await.text;
    assert!(page.contains("Came back:") && !page.contains("p@example.org"), "{page}");
    let page = bench.get("manager", &whole).await.text;
    let text = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("1 accepted by the mail server") && text.contains("1 sent back"), "{page}");
    bench.stop().await;
}

async fn came_back(bench: &Bench, id: MessageId, happened: Happened, reason: Reason) {
    let bounce = Bounce {
        about: About::Message(id),
        addresses: Vec::new(),
        happened,
        reason,
        by: Some("mx.example.org".to_owned()),
        words: "550 5.1.1 <p@example.org> & no".to_owned(),
    };
    bench.app.store.came_back(bounce, bench.now()).await.unwrap();
}
