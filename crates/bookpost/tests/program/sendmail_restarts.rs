//! `sendmail` is called without pause while the service ends and is started again: whoever heard 0 has handed the message over.

use std::time::Duration;

use bookpost::app::steps::{AbortAt, Step};
use rand::{RngExt as _, rngs::StdRng, seq::IteratorRandom as _};
use testkit::dice::seeded;
use tokio::{sync::watch, task::JoinSet};

use crate::{
    bench::{Said, sendmail},
    promised::{Account, Promises},
};

/// Programs that hand in one message after the other.
const CALLERS: u64 = 6;
const ENDS: usize = 8;
/// Octets of the largest body: some connections break in the middle of one.
const LARGEST: usize = 200_000;
/// The command waits 20 seconds for the service and 10 for the disk; the rest is for a machine that is busy.
const HANGS: Duration = Duration::from_secs(40);

/// Programs that call the command until they are told to end.
struct Callers {
    callers: JoinSet<Vec<Said>>,
    end: watch::Sender<bool>,
}

/// A queue that takes what the command hands over.
async fn open() -> Account {
    let account = Account::open().await;
    account.place.open_sendmail();
    account
}

impl Callers {
    fn start(account: &Account, dice: &mut StdRng) -> Self {
        let (mut callers, end) = (JoinSet::new(), watch::Sender::new(false));
        for caller in 0..CALLERS {
            let (folder, promises) = (account.place.path(""), account.promises.clone());
            let dice = seeded(dice.random());
            callers.spawn(call(folder, caller, dice, promises, end.subscribe()));
        }
        Self { callers, end }
    }

    /// What those calls said whose exit code was not 0.
    async fn end(self) -> Vec<Said> {
        self.end.send_replace(true);
        self.callers.join_all().await.concat()
    }
}

/// What exits with 0 is promised; what does not is given back.
async fn call(
    folder: std::path::PathBuf,
    caller: u64,
    mut dice: StdRng,
    promises: Promises,
    end: watch::Receiver<bool>,
) -> Vec<Said> {
    let mut refused = Vec::new();
    for number in 0.. {
        if *end.borrow() {
            break;
        }
        let to = format!("p-{caller}-{number}@example.org");
        let lines = dice.random_range(0..LARGEST / 65);
        let message = format!("Subject: {number}\n\n{}", format!("{}\n", "x".repeat(64)).repeat(lines));
        let command = sendmail(&folder, &["-i", "-f", "desk@library.example", &to]);
        let said = tokio::time::timeout(HANGS, Said::given(command, &message)).await.expect("it hangs");
        if said.code == Some(0) { promises.add([to]) } else { refused.push(said) }
    }
    refused
}

/// Started for the last time, the service takes what was left in the maildrop.
async fn settle(account: Account) {
    let service = account.place.serve().await;
    let is_left = || std::fs::read_dir(account.place.path("maildrop")).unwrap().next().is_some();
    while is_left() {
        tokio::task::yield_now().await;
    }
    account.settle(service).await;
}

/// By us, and by its own hand at any step of a message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_service_is_killed_again_and_again_nothing_is_lost_that_was_taken() {
    let account = open().await;
    let mut dice = seeded(1);
    let callers = Callers::start(&account, &mut dice);
    for end in 0..ENDS {
        let moment = dice.random_range(1..40);
        if end % 2 == 0 {
            let service = account.place.serve().await;
            account.promises.more(moment).await;
            service.kill().await;
        } else {
            let step = Step::all().choose(&mut dice).unwrap();
            account.place.serve_to_death(AbortAt { step, time: u32::try_from(moment).unwrap() }).await;
        }
    }
    for said in callers.end().await {
        assert_eq!(said.code, Some(75), "{said:?}");
        assert!(
            said.err.starts_with("sendmail: it is not known whether") && said.err.lines().count() == 1,
            "{said:?}"
        );
    }
    settle(account).await;
}

/// Nobody who calls hears anything of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_service_is_started_anew_again_and_again_everything_is_taken() {
    let account = open().await;
    let mut dice = seeded(2);
    let callers = Callers::start(&account, &mut dice);
    for _ in 0..ENDS {
        let service = account.place.serve().await;
        account.promises.more(dice.random_range(1..40)).await;
        service.terminate();
        assert_eq!(service.code().await, Some(0));
    }
    assert_eq!(callers.end().await, Vec::new());
    settle(account).await;
}
