//! What a limit keeps back: the pages and the command line say how much goes, when it goes on and when all of it has gone, and it comes so.

use std::sync::Arc;

use bookpost::{
    cli::control::{QueueRequest, Reply},
    config::{Limits, Server, Way},
    queue::limited::{KeptBack, KeptBy},
};
use reqwest::Method;
use store::{Actor, NewMessage, NewRun, RunId};
use testkit::sink::{At, Does, Rule, Settings, Sink};

use crate::bench::{Answer, Bench, notice};

/// A run of so many mails, of which the server has got what it may.
async fn run_of(sink: &Sink, limits: Limits, count: u32) -> (Bench, RunId) {
    let server = Server { limits, ..Server::plain("server1", sink.address()) };
    let bench = Bench::staffed(Way::Servers(vec![Arc::new(server)])).await;
    let new = NewRun {
        notice: "overdue-items".to_owned(),
        source: "overdues.csv".to_owned(),
        practice: false,
        started_at: bench.now(),
    };
    let run = bench.app.store.begin_run(new).await.unwrap();
    for n in 0..count {
        let mail = notice(&format!("p{n}@example.org"), "Overdue");
        bench.mail(NewMessage { run: Some(run), first_due_at: bench.now(), ..mail }, None).await;
    }
    bench.app.store.finish_run(run, bench.now()).await.unwrap();
    bench.app.worker.wake();
    bench.app.worker.quiet().await.unwrap();
    (bench, run)
}

/// Of everybody who may ask: the first page and the page of the run, and a command.
async fn told(bench: &Bench, run: RunId) -> ([String; 2], Option<KeptBack>) {
    let pages = ["/".to_owned(), format!("/notices/runs/{}", run.0)];
    let [first, of_run] = pages.each_ref().map(|path| bench.get("manager", path));
    let pages = [first.await.text, of_run.await.text];
    let shown = match bench.app.decisions.of_command(QueueRequest::Run(run)).await {
        Reply::ShownRun(shown) => Ok(shown),
        other => Err(other),
    };
    (pages, shown.unwrap().kept_back)
}

#[tokio::test]
async fn while_a_limit_of_a_minute_holds_it_is_said_how_many_go_and_when_all_have_gone() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let limits = Limits { per_minute: Some(6), per_day: None };
    let (bench, run) = run_of(&sink, limits, 20).await;
    assert_eq!(sink.count(), 6);
    let (pages, kept_back) = told(&bench, run).await;
    let minute = "No more than 6 mails a minute go to Server 1: that is the limit under Preferences &#62; Setup &#62; Email. The rest waits its turn and goes by itself. All that waits now will have gone by about 14:08.";
    for page in pages {
        assert!(page.contains(minute), "{page}");
    }
    let kept_back = kept_back.unwrap();
    assert_eq!((kept_back.by, kept_back.limit), (KeptBy::Minute, Some(6)));
    let spanish = bench.ask("manager", Method::GET, "/").header("accept-language", "es");
    let page = Answer::of(spanish).await.text;
    assert!(page.contains("No salen más de 6 correos por minuto hacia el Servidor 1"), "{page}");
    // As was said, and no sooner than a stretch before.
    let through_at = kept_back.through_at.unwrap();
    while bench.now() < through_at {
        assert!(sink.count() < 20, "{}", bench.now());
        let left = std::time::Duration::try_from(through_at.duration_since(bench.now())).unwrap();
        bench.clock.advance(left.min(std::time::Duration::from_secs(2)));
        bench.app.worker.quiet().await.unwrap();
    }
    assert_eq!(sink.count(), 20);
    let (pages, kept_back) = told(&bench, run).await;
    assert_eq!(kept_back, None);
    for page in pages {
        assert!(!page.contains("a minute go"), "{page}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn when_the_mails_of_a_day_have_gone_it_is_said_when_it_goes_on() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let limits = Limits { per_minute: None, per_day: Some(4) };
    let (bench, run) = run_of(&sink, limits, 6).await;
    assert_eq!(sink.count(), 4);
    let (pages, kept_back) = told(&bench, run).await;
    let day = "The 4 mails that Server 1 is given in 24 hours have gone: that is the limit under Preferences &#62; Setup &#62; Email. The rest is not lost, and goes on by itself at 29 Nov, 14:10, bit by bit. All that waits now will have gone by about 29 Nov, 14:10.";
    for page in pages {
        assert!(page.contains(day), "{page}");
    }
    assert_eq!(kept_back.map(|one| (one.by, one.limit)), Some((KeptBy::Day, Some(4))));
    // A person who pauses keeps it back, and no limit does.
    bench.app.decisions.pause(Actor::CommandLine).await;
    let (pages, kept_back) = told(&bench, run).await;
    assert!(kept_back.is_none() && pages.iter().all(|page| !page.contains("in 24 hours have")), "{pages:?}");
    bench.stop().await;
}

/// Only the server knows when it takes more: nothing is promised.
#[tokio::test]
async fn when_the_server_says_that_our_allowance_is_used_up_it_is_said_when_it_is_tried_again() {
    let does = Does::Reply("550 5.4.5 Daily user sending limit exceeded".to_owned());
    let rules = vec![Rule { at: At::Mail, address: None, does, times: None }];
    let sink = Sink::start(Settings { rules, ..Settings::default() }).await.unwrap();
    let (bench, run) = run_of(&sink, Limits::default(), 3).await;
    let (pages, kept_back) = told(&bench, run).await;
    let server = "Server 1 takes no more mail for now: our allowance there is used up. What waits is not lost and comes back to nobody. It is tried again at 15:05, and then every hour until it is taken.";
    for page in pages {
        assert!(page.contains(server) && !page.contains("will have gone by"), "{page}");
    }
    assert_eq!(kept_back.map(|one| (one.by, one.through_at)), Some((KeptBy::Server, None)));
    bench.stop().await;
}
