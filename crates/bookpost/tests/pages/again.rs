//! What goes once more, and whether somebody receives it.

use bookpost::{
    cli::control::{Reply, Request, RunRequest, SendAgain},
    config::Way,
};
use store::{Filter, Move, NewMessage, RecipientId, Selection, State, Verdict};
use testkit::sink::{At, Does, Rule, Settings, Sink};
use tokio::sync::mpsc;

use crate::{
    bench::{Bench, notice},
    notices::{HEAD, again, export, refuses, sent, to, uploaded},
};

/// Just before it goes once more it is held against the newest export: what came back is not written about in silence.
#[tokio::test]
async fn what_is_in_the_newest_export_no_more_goes_again_only_when_somebody_says_so() {
    let sink = Sink::start(refuses("ben@example.org")).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let who = "manager";
    let check = uploaded(&bench, who, &export()).await;
    let run = sent(&bench, who, &check).await;
    let path = again(&bench, run).await;
    let asks = async || {
        let form = bench.get(who, &path).await.text;
        let request = form.split("name=\"request\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let fields = format!("request={request}&to=ben@new.example.org");
        (form.contains("name=\"sure\" value=\"yes\" required"), form, fields)
    };
    assert!(!asks().await.0, "there is no newer one");
    // In the same hands still; and then brought back.
    let check =
        uploaded(&bench, who, &format!("{}7,Fay,Adams,fay@example.org,MAIN,Emma,m9,2026-11-13,\n", export()))
            .await;
    sent(&bench, who, &check).await;
    assert!(!asks().await.0, "it names him");
    // So few lines are no export of all that is overdue, and say nothing of who brought what back.
    let one = format!("{HEAD}8,Gus,Berg,gus@example.org,MAIN,Emma,m11,2026-11-13,\n");
    let check = uploaded(&bench, who, &one).await;
    sent(&bench, who, &check).await;
    assert!(!asks().await.0, "it is not believed");
    let newer: String = export()
        .lines()
        .filter(|line| !line.contains("Dune") && !line.contains("short"))
        .fold(String::new(), |all, line| all + line + "\n");
    let newer = format!("{newer}8,Gus,Berg,gus@example.org,MAIN,Emma,m10,2026-11-13,\n");
    let check = uploaded(&bench, who, &newer).await;
    sent(&bench, who, &check).await;
    let (asked, form, fields) = asks().await;
    assert!(asked && form.contains("This patron is not in the export of "), "{form}");
    let before = sink.count();
    let answer = bench.post(who, &path, &fields).await;
    assert_eq!(answer.status, 409);
    assert!(answer.text.contains("Yes, send this mail all the same"), "{}", answer.text);
    let (command, to) = (path.rsplit('/').next().unwrap(), "ben@new.example.org".parse().unwrap());
    let message = RecipientId(command.parse().unwrap()).message();
    let message = not_sent(&bench, SendAgain { message, of: None, to, still_right: false }).await;
    assert!(message.contains("is not in the export of ") && message.contains("--still-right"), "{message}");
    bench.app.worker.quiet().await.unwrap();
    assert_eq!(sink.count(), before, "nothing was sent");
    let answer = bench.post(who, &path, &format!("{fields}&sure=yes")).await;
    assert!(answer.header("location").ends_with("?done=sent_again"), "{}", answer.text);
    bench.app.worker.quiet().await.unwrap();
    assert_eq!(sink.count(), before + 1);
    bench.stop().await;
}

/// Why a command does not send it.
async fn not_sent(bench: &Bench, asked: SendAgain) -> String {
    let (progress, _told) = mpsc::unbounded_channel();
    let reply = bench.app.answer(Request::SendAgain(asked), progress).await;
    assert!(matches!(reply, Reply::Failed { .. }), "it went: {reply:?}");
    if let Reply::Failed { message, .. } = reply { message } else { String::new() }
}

/// What goes to the practice mailbox is said to be on its way to nobody.
#[tokio::test]
async fn what_nobody_receives_is_on_its_way_to_nobody() {
    let bench = Bench::staffed(Way::Practice).await;
    let who = "administrator";
    let check = uploaded(&bench, who, &export()).await;
    let page = bench.get(who, &check).await.text;
    assert!(page.contains("The practice mailbox is chosen: the first mail"), "{page}");
    let answer = bench.post(who, &format!("{check}/samples"), "").await;
    let told = bench.get(who, answer.header("location")).await.text;
    assert!(told.contains("3 samples are in the practice mailbox. Nobody receives them"), "{told}");
    assert!(!told.contains("on their way to you"), "{told}");
    let run = sent(&bench, who, &check).await;
    let real = NewMessage { run: Some(run), ..notice("cleo@example.org", "Overdue") };
    let real = RecipientId::of(bench.mail(real, Some(Verdict::Returned)).await, 0);
    let filter = Filter { run: Some(run), state: Some(State::Practiced), ..Filter::default() };
    let practised = bench.app.store.list(filter, None, 9).await.unwrap().remove(0).recipient;
    for (one, warns, told) in [
        (practised, "This mail is a practice", "goes to the practice mailbox once more. Nobody receives it."),
        (real, "Mail does not go to patrons at the moment", "waits until a way of sending is chosen"),
    ] {
        let path = format!("/notices/runs/{}/again/{}", run.0, one.0);
        let form = bench.get(who, &path).await.text;
        assert!(form.contains(warns), "{form}");
        let request = form.split("name=\"request\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let answer = bench.post(who, &path, &format!("request={request}&to=ben@new.example.org")).await;
        let page = bench.get(who, answer.header("location")).await.text;
        assert!(page.contains(told), "{page}");
    }
    bench.stop().await;
}

/// The steps that the pages advise: the address is corrected in the library system, and a newer export is sent.
#[tokio::test]
async fn whose_mail_came_back_is_written_to_once_the_export_has_another_address() {
    let sink = Sink::start(refuses("ben@example.org")).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let who = "administrator";
    let check = uploaded(&bench, who, &export()).await;
    let run = sent(&bench, who, &check).await;
    let filter = Filter { run: Some(run), state: Some(State::Returned), ..Filter::default() };
    let mail = bench.app.store.list(filter, None, 9).await.unwrap().remove(0).message.0;
    let link = format!("href=\"/queue/{mail}\" aria-label=\"What happened: Ben Okafor");
    let foreseen = async |export: &str| {
        let request =
            RunRequest { export: export.as_bytes().to_vec(), preview: true, ..RunRequest::default() };
        match bench.app.notices.run(request, true, mpsc::unbounded_channel().0).await {
            Reply::Preview(preview) => preview,
            reply => panic!("{reply:?}"),
        }
    };
    // The same address is not tried again unasked, and nobody says that he had his mail.
    let check = uploaded(&bench, who, &export()).await;
    let page = bench.get(who, &check).await.text;
    for said in [
        "1 person whose last mail came back",
        "Correct the address in the library system, make the export again and send it",
        "their last mail came back on ",
        &link,
        "2 people written to lately",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let preview = foreseen(&export()).await;
    let left: Vec<_> = preview.left_out.iter().map(|one| one.detail.to_string()).collect();
    assert_eq!(preview.notices, 0);
    assert!(left.iter().any(|one| one.contains("and the address is still the same")), "{left:?}");
    let (before, export_again) = (sink.count(), export().into_bytes());
    let request = RunRequest { export: export_again, ..RunRequest::default() };
    let run = match bench.app.notices.run(request, true, mpsc::unbounded_channel().0).await {
        Reply::Run(summary) => summary.id,
        reply => panic!("{reply:?}"),
    };
    assert_eq!(sink.count(), before);
    let names = bench.get(who, &format!("/notices/runs/{}/names?what=came_back", run.0)).await.text;
    assert!(names.contains("Ben Okafor") && names.contains(&link), "{names}");

    let newer = export().replace("ben@example.org", "ben@new.example.org");
    assert_eq!(foreseen(&newer).await.notices, 1);
    let check = uploaded(&bench, who, &newer).await;
    let page = bench.get(who, &check).await.text;
    assert!(page.contains("This sends 1 email to 1 person") && !page.contains("whose last mail"), "{page}");
    sent(&bench, who, &check).await;
    assert_eq!(sink.taken().last().unwrap().to, ["ben@new.example.org"]);
    assert_eq!(foreseen(&newer).await.notices, 0, "and not once more");
    bench.stop().await;
}

/// What came back goes to the same address again only when somebody says so, and is counted once.
#[tokio::test]
async fn the_address_from_which_mail_came_back_is_asked_about() {
    let sink = Sink::start(refuses("ben@example.org")).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let who = "manager";
    let check = uploaded(&bench, who, &export()).await;
    let run = sent(&bench, who, &check).await;
    let path = again(&bench, run).await;
    let asks = async |path: &str| {
        let form = bench.get(who, path).await.text;
        let request = form.split("name=\"request\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        format!("request={request}&to=BEN@example.org")
    };
    let fields = asks(&path).await;
    let answer = bench.post(who, &path, &fields).await;
    assert_eq!(answer.status, 409);
    assert!(answer.text.contains("Mail came back from BEN@example.org."), "{}", answer.text);
    let recipient = RecipientId(path.rsplit('/').next().unwrap().parse().unwrap());
    let to = "BEN@example.org".parse().unwrap();
    let by_command = SendAgain { message: recipient.message(), of: None, to, still_right: false };
    let message = not_sent(&bench, by_command).await;
    assert!(message.starts_with("Mail came back from BEN@example.org. "), "{message}");
    let answer = bench.post(who, &path, &format!("{fields}&same=yes")).await;
    let told = bench.get(who, answer.header("location")).await.text;
    assert!(
        told.contains("The mail is sent again to this address.") && !told.contains("corrected"),
        "{told}"
    );
    bench.app.worker.quiet().await.unwrap();
    let parts = bench.app.store.run_by_site(run).await.unwrap();
    let returned: u64 = parts.values().filter_map(|part| part.states.get(&State::Returned)).sum();
    assert_eq!(returned, 1, "he is one person");
    let names = bench.get(who, &format!("/notices/runs/{}/names?what=returned", run.0)).await.text;
    assert_eq!(names.matches("/again/").count(), 1, "{names}");
    // From the first mail as well, since that is where the second came back from.
    assert_eq!(bench.post(who, &path, &asks(&path).await).await.status, 409);
    bench.stop().await;
}

/// It may have arrived, so no export writes to them, and nobody says that one would.
#[tokio::test]
async fn of_what_may_have_arrived_and_was_cancelled_nobody_says_that_it_was_not_written() {
    let bench = Bench::staffed(Way::Practice).await;
    let who = "administrator";
    let check = uploaded(&bench, who, &export()).await;
    sent(&bench, who, &check).await;
    let new = store::NewRun {
        notice: "overdue-items".to_owned(),
        source: "a.csv".to_owned(),
        practice: false,
        started_at: bench.now(),
    };
    let run = bench.app.store.begin_run(new).await.unwrap();
    let mail = NewMessage { run: Some(run), ..notice("hal@example.org", "Overdue") };
    let mail = bench.mail(mail, Some(Verdict::InDoubt)).await;
    bench
        .app
        .store
        .move_recipients(Selection::Messages(vec![mail]), Move::Cancel, bench.now())
        .await
        .unwrap();
    bench.app.store.finish_run(run, bench.now()).await.unwrap();
    let page = bench.get(who, &format!("/notices/runs/{}", run.0)).await.text;
    assert!(page.contains("1 mail of this run may have arrived before a person cancelled it."), "{page}");
    assert!(!page.contains("nobody was written to about"), "{page}");
    let names = bench.get(who, &format!("/notices/runs/{}/names?what=cancelled", run.0)).await.text;
    assert!(
        names.contains("Ask whether they had it") && !names.contains("upload the newest export"),
        "{names}"
    );
    let path = format!("/notices/runs/{}/again/{}", run.0, RecipientId::of(mail, 0).0);
    assert!(names.contains(&path), "{names}");
    let form = bench.get(who, &path).await.text;
    let request = form.split("name=\"request\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let answer = bench.post(who, &path, &format!("request={request}&to=hal@example.org")).await;
    assert!(answer.text.contains("may have arrived at hal@example.org already"), "{}", answer.text);
    assert_eq!(answer.status, 409);
    bench.stop().await;
}

/// What counts as written is not promised to the next run: the question says what that run does.
#[tokio::test]
async fn who_may_have_got_the_mail_is_not_promised_another_when_a_run_is_stopped() {
    let rule = |at, address: &str, does| Rule { at, address: Some(address.to_owned()), does, times: None };
    let later = Does::Reply("452 4.2.2 mailbox full".to_owned());
    let rules = vec![
        rule(At::Rcpt, "ana@example.org", later),
        rule(At::Dot, "ben@example.org", Does::HangUp),
        rule(At::Dot, "dan@example.org", Does::HangUp),
    ];
    let sink = Sink::start(Settings { rules, ..Settings::default() }).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let who = "administrator";
    let check = uploaded(&bench, who, &export()).await;
    let run = sent(&bench, who, &check).await;
    assert_eq!(bench.app.store.run(run).await.unwrap().states, [(State::Waiting, 3)].into());
    // Whatever a person has decided about it meanwhile.
    let filter = Filter { run: Some(run), ever_in_doubt: true, ..Filter::default() };
    let in_doubt = bench.app.store.list(filter, None, 9).await.unwrap();
    assert_eq!(in_doubt.len(), 2);
    let held = Selection::Messages(vec![in_doubt[0].message]);
    bench.app.store.move_recipients(held, Move::Hold, bench.now()).await.unwrap();
    let ask = bench.get(who, "/notices/runs/1/stop").await.text;
    for said in [
        "Stop this run, and cancel 3 mails?",
        "2 of these mails may have arrived",
        "writes to exactly these people, but not to those whose mail may have arrived",
    ] {
        assert!(ask.contains(said), "{said}: {ask}");
    }
    bench.post(who, "/notices/runs/1/stop", "").await;
    let check = uploaded(&bench, who, &export()).await;
    let page = bench.get(who, &check).await.text;
    assert!(page.contains("This sends 1 email to 1 person") && !page.contains("ben@example.org"), "{page}");
    bench.stop().await;
}
