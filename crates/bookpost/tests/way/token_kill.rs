//! Killed in the middle of asking for the next token.

use std::{path::Path, sync::Arc, time::Duration};

use bookpost::config::{Config, Server};
use jiff::Timestamp;
use mail::clock::Clock as _;
use testkit::clock::ManualClock;
use tokio::process::Child;

use crate::{
    bench::{self, SLEEPERS},
    mail_accounts::{GOOGLE, MINUTE, Place, place, set_up},
};

/// The variable that names the folder, the provider and the instant to the process that dies.
const VARIABLE: &str = "BOOKPOST_TOKEN_TASK";
const DEATHS: u32 = 5;
/// Tasks that need a token at once.
const TASKS: usize = 20;

/// Of a provider that ends a sign-in of which an old token comes again too: each time one asks, once the time of the dead one is over.
#[tokio::test]
async fn killed_in_the_middle_it_asks_once_and_the_sign_in_lives() {
    for rotates in [false, true] {
        let place = place(rotates).await;
        place.connect().await;
        let Place { mut bench, fake, .. } = place;
        for death in 1..=DEATHS {
            bench.clock.advance(2 * MINUTE);
            let now = bench.clock.now();
            bench = bench
                .restart_after(async |config| {
                    fake.hold(true);
                    let mut dying = dying(config, &fake.issuer(), now);
                    // The sign-in itself, and in each round one that dies and one that does not.
                    tokio::select! {
                        () = fake.asked(2 * death) => {}
                        ended = dying.wait() => panic!("it ended by itself: {ended:?}"),
                    }
                    dying.kill().await.unwrap();
                    fake.gone(death).await;
                    fake.hold(false);
                })
                .await;
            let asking: Vec<_> = (0..TASKS)
                .map(|_| {
                    let accounts = bench.app.accounts.clone();
                    tokio::spawn(async move { accounts.shown(GOOGLE).await.unwrap().token })
                })
                .collect();
            bench.clock.wait_for_sleepers(SLEEPERS + TASKS).await;
            bench.clock.advance(Duration::from_secs(29));
            bench.clock.wait_for_sleepers(SLEEPERS + TASKS).await;
            assert_eq!(fake.refreshes(), death - 1, "nobody asks in the time of the dead one");
            bench.clock.advance(Duration::from_secs(1));
            for one in asking {
                let token = one.await.unwrap();
                assert!(fake.live().iter().any(|(_, live)| *live == *token));
            }
            assert_eq!(fake.refreshes(), death, "rotates: {rotates}");
        }
    }
}

/// This program once more, as a process of its own that asks for a token in this folder.
fn dying(config: &Config, issuer: &str, now: Timestamp) -> Child {
    let task = format!("{now} {issuer} {}", config.data_dir.display());
    bench::once_more("token_kill::asks_for_a_token_and_dies", VARIABLE, &task)
}

#[tokio::test]
#[ignore = "run by killed_in_the_middle_it_asks_once_and_the_sign_in_lives, which kills it"]
#[expect(clippy::disallowed_methods, reason = "the order of whoever runs it comes by the environment")]
async fn asks_for_a_token_and_dies() {
    let task = std::env::var(VARIABLE).unwrap();
    let mut parts = task.splitn(3, ' ');
    let (now, issuer, folder) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let mut config = bench::config(Path::new(folder), Vec::new());
    let server = Server::plain("google", bench::nobody());
    set_up(&mut config, issuer.to_owned(), Arc::new(server));
    let app = bench::open(&config, &ManualClock::at(now.parse().unwrap()), None).await;
    assert!(app.accounts.shown(GOOGLE).await.is_err(), "nobody hears of it");
}
