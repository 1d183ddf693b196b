//! One kind of way stands behind another: a provider's server behind the library's own, and these behind a provider's. The rules are those of
//! Server 1 and Server 2.

use std::sync::Arc;

use bookpost::config::{Config, MailProvider, Server};
use mail::Reason;
use store::{AlarmKind, State};
use testkit::{
    provider::{CLIENT, Provider as Fake},
    sink::{At, Does, Rule, Settings, Sink, Taken},
};

use crate::{
    bench::{Bench, patron, server, sink, sink_at},
    mail_accounts::{self, GOOGLE, MINUTE, Place},
};

/// Google's server, and one of the library's own.
struct Two {
    place: Place,
    own: Sink,
}

impl Two {
    async fn start(google_first: bool) -> Self {
        let fake = Fake::start(true, 60).await.unwrap();
        let at_google =
            Sink::start(Settings { provider: Some(fake.clone()), ..Settings::default() }).await.unwrap();
        let own = sink(Vec::new()).await;
        let google = mail_accounts::server(&at_google);
        let mut servers = vec![Arc::clone(&google), server("server1", own.address())];
        if !google_first {
            servers.reverse();
        }
        let bench = Bench::start_with(servers, |config| with_google(config, &fake, google)).await;
        let place = Place { bench, fake, sink: at_google };
        place.connect().await;
        Self { place, own }
    }

    fn counts(&self) -> [u64; 2] {
        [self.place.sink.count(), self.own.count()]
    }

    /// Each patron has one mail, by either.
    fn each_once(&self, before: &[Taken], patrons: usize) {
        let taken = [before, &self.place.sink.taken(), &self.own.taken()].concat();
        let mut to: Vec<_> = taken.into_iter().flat_map(|one| one.to).collect();
        to.sort();
        let mut all: Vec<_> = (0..patrons).map(patron).collect();
        all.sort();
        assert_eq!(to, all);
    }

    async fn accept(&self, patrons: std::ops::Range<usize>) {
        let all: Vec<_> = patrons.map(patron).collect();
        self.place.bench.accept(&all.iter().map(String::as_str).collect::<Vec<_>>()).await;
        self.place.bench.quiet().await;
    }

    async fn kinds(&self) -> Vec<AlarmKind> {
        self.place.bench.alarm_kinds().await
    }
}

fn with_google(config: &mut Config, fake: &Fake, server: Arc<Server>) {
    config.providers = vec![MailProvider {
        service: None,
        provider: GOOGLE,
        client_id: CLIENT.0.to_owned(),
        client_secret: CLIENT.1.to_owned().into(),
        tenant: "common".to_owned(),
        audience: None,
        issuer: Some(fake.issuer()),
        server,
    }];
}

/// And back once somebody has signed in again and Google takes mail.
#[tokio::test]
async fn own_servers_send_while_google_wants_somebody_to_sign_in() {
    let two = Two::start(true).await;
    two.accept(0..3).await;
    assert_eq!(two.counts(), [3, 0]);
    two.place.fake.revoke();
    two.place.bench.pass(2 * MINUTE).await;
    two.accept(3..6).await;
    two.place.bench.pass(MINUTE).await;
    assert_eq!(two.counts(), [3, 3]);
    let kinds = two.kinds().await;
    assert!(kinds.contains(&AlarmKind::SignIn) && kinds.contains(&AlarmKind::BackupInUse), "{kinds:?}");
    two.place.connect().await;
    two.place.bench.pass(10 * MINUTE).await;
    two.accept(6..9).await;
    assert_eq!((two.counts(), two.kinds().await), ([6, 3], vec![]));
    two.each_once(&[], 9);
}

#[tokio::test]
async fn google_sends_while_the_own_server_is_away() {
    let mut two = Two::start(false).await;
    two.accept(0..3).await;
    assert_eq!(two.counts(), [0, 3]);
    let (at, elsewhere) = (two.own.address(), sink(Vec::new()).await);
    let before = std::mem::replace(&mut two.own, elsewhere);
    let taken = before.taken();
    before.stop().await;
    two.accept(3..6).await;
    two.place.bench.pass(2 * MINUTE).await;
    assert_eq!(two.counts(), [3, 0]);
    assert!(two.kinds().await.contains(&AlarmKind::BackupInUse));
    two.own = sink_at(at).await;
    two.place.bench.pass(10 * MINUTE).await;
    two.accept(6..9).await;
    assert_eq!((two.counts(), two.kinds().await), ([3, 3], vec![]));
    two.each_once(&taken, 9);
}

/// Past the point of no return the other is not tried, of whichever kind it is.
#[tokio::test]
async fn an_answer_that_is_lost_is_not_asked_of_the_other_kind() {
    for google_first in [true, false] {
        let two = Two::start(google_first).await;
        let (first, second) =
            if google_first { (&two.place.sink, &two.own) } else { (&two.own, &two.place.sink) };
        first.set_rules(vec![Rule { at: At::Dot, address: None, does: Does::HangUp, times: Some(1) }]);
        two.accept(0..1).await;
        assert_eq!((first.count(), second.count()), (1, 0), "{google_first}");
        let row = two.place.bench.row(&patron(0)).await;
        assert_eq!((row.state, row.reason), (State::Waiting, Some(Reason::AnswerUnknown)));
        assert!(row.in_doubt_at.is_some());
    }
}

/// One message's 4xx is that message's.
#[tokio::test]
async fn a_full_mailbox_is_no_reason_to_go_to_the_other_kind() {
    let two = Two::start(true).await;
    two.place.sink.set_rules(vec![crate::bench::refuses(&patron(0), "452 4.2.2 The mailbox is full")]);
    two.accept(0..2).await;
    assert_eq!((two.counts(), two.kinds().await), ([1, 0], vec![]));
}
