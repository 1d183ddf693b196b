//! What goes once more, and whether somebody receives it.

use bookpost::{
    cli::control::{Reply, Request, SendAgain},
    config::Way,
};
use store::{Filter, NewMessage, RecipientId, State, Verdict};
use testkit::sink::Sink;

use crate::{
    bench::{Bench, notice},
    notices::{again, export, refuses, sent, to, uploaded},
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
    let by_command = SendAgain { message, of: None, to, still_right: false };
    let (progress, _told) = tokio::sync::mpsc::unbounded_channel();
    let Reply::Failed { message, .. } = bench.app.answer(Request::SendAgain(by_command), progress).await
    else {
        panic!("it went")
    };
    assert!(message.contains("is not in the export of ") && message.contains("--still-right"), "{message}");
    bench.app.worker.quiet().await.unwrap();
    assert_eq!(sink.count(), before, "nothing was sent");
    let answer = bench.post(who, &path, &format!("{fields}&sure=yes")).await;
    assert!(answer.header("location").ends_with("?done=sent_again"), "{}", answer.text);
    bench.app.worker.quiet().await.unwrap();
    assert_eq!(sink.count(), before + 1);
    bench.stop().await;
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
