//! Where the account allows to look, a message whose answer was lost is asked for among what was sent.

use std::time::Duration;

use mail::Reason;
use store::{NewMessage, State};
use testkit::mail_service::Says;
use tokio::time::timeout;

use crate::{
    bench::{self, message, patron},
    by_web::{ALL_MAIL, Web},
    mail_accounts::MINUTE,
};

/// Nobody waits so long for what does not hang.
const HANGS: Duration = Duration::from_secs(15);

async fn web() -> Web {
    let web = Web::gmail().await;
    web.sign_in(ALL_MAIL).await;
    web
}

async fn accept(web: &Web, message: NewMessage) {
    web.bench.app.receiver.accept(vec![message]).await.unwrap();
    web.bench.quiet().await;
}

/// It is known by its Message-ID and by whom it is for; where it is not found it stays in doubt.
#[tokio::test]
async fn what_was_sent_is_asked_for_where_the_account_allows_it() {
    for (forgets, state, answer) in [
        (false, State::Delivered, "200 found among what was sent; Gmail calls it 18found0"),
        (true, State::Waiting, "the connection broke"),
    ] {
        let web = web().await;
        if forgets {
            web.service.forgets_ids();
        }
        web.service.says(Says::TakenAndCut);
        web.send(0..1).await;
        let row = web.bench.row(&patron(0)).await;
        assert_eq!((row.state, row.in_doubt_at.is_some()), (state, forgets));
        assert_eq!(web.bench.attempts(&patron(0)).await[0].answer, answer);
        let looked = web.service.looked();
        assert!(looked.len() == 1 && looked[0].starts_with("in:sent rfc822msgid:"), "{looked:?}");
        let since = (bench::START.as_second() - 600).to_string();
        assert!(looked[0].ends_with(&format!(" after:{since}")), "{looked:?}");
        assert_eq!(web.service.taken().len(), 1);
    }
}

/// One Message-ID may stand on several mails.
#[tokio::test]
async fn somebody_elses_copy_is_not_taken_for_it() {
    let web = web().await;
    let mut other = message(&[&patron(1)], bench::START);
    let one = message(&[&patron(0)], bench::START);
    let text = String::from_utf8(other.bytes.to_vec()).unwrap();
    other.bytes = text.replace(&other.message_id, &one.message_id).into();
    web.service.has(&other.bytes);
    web.service.says(Says::No(502, serde_json::json!({})));
    accept(&web, one).await;
    let row = web.bench.row(&patron(0)).await;
    assert_eq!((row.state, row.reason), (State::Waiting, Some(Reason::AnswerUnknown)));
    assert_eq!(web.service.looked().len(), 1, "it was asked, and found the other's");
    web.bench.pass(10 * MINUTE).await;
    assert_eq!(web.service.taken().iter().filter(|one| one.to == [patron(0)]).count(), 1);
}

/// Nothing in such a copy says whose it is.
#[tokio::test]
async fn a_hidden_copy_is_never_looked_for() {
    let web = web().await;
    let mut one = message(&["hidden@example.org"], bench::START);
    let text = String::from_utf8(one.bytes.to_vec()).unwrap();
    one.bytes = text.replace("To: hidden@example.org\r\n", "").into();
    web.service.says(Says::TakenAndCut);
    accept(&web, one).await;
    assert!(web.bench.row("hidden@example.org").await.in_doubt_at.is_some());
    assert_eq!(web.service.looked(), [""; 0]);
}

/// Filed late, it is found before it would be sent once more.
#[tokio::test]
async fn before_it_is_sent_once_more_it_is_asked_for_again() {
    let web = web().await;
    web.service.says(Says::No(502, serde_json::json!({})));
    let one = message(&[&patron(0)], bench::START);
    let bytes = one.bytes.clone();
    accept(&web, one).await;
    assert!(web.bench.row(&patron(0)).await.in_doubt_at.is_some());
    web.service.has(&bytes);
    web.bench.pass(10 * MINUTE).await;
    assert_eq!((web.service.looked().len(), web.service.taken().len()), (2, 1));
    let attempts = web.bench.attempts(&patron(0)).await;
    assert_eq!(attempts[1].answer, "200 found among what was sent; Gmail calls it 18found0");
    assert_eq!(web.bench.row(&patron(0)).await.state, State::Delivered);
}

/// Nor does anybody who ends the program wait for that.
#[tokio::test]
async fn a_service_that_does_not_say_what_it_has_keeps_nobody() {
    let web = web().await;
    web.service.is_silent();
    web.service.says(Says::TakenAndCut);
    web.bench.accept(&[&patron(0)]).await;
    web.service.was_looked_at(1).await;
    let Web { bench, .. } = web;
    let bench = timeout(HANGS, bench.restart_after(async |_| {})).await.expect("it waits for no answer");
    let row = bench.row(&patron(0)).await;
    assert_eq!((row.state, row.reason), (State::Waiting, Some(Reason::AnswerUnknown)));
}
