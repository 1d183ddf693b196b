//! Killed while a web service has a message and has not answered.

use std::{path::Path, sync::Arc};

use bookpost::config::{Config, Encryption, MailProvider, Server, Service};
use jiff::Timestamp;
use mail::{Reason, clock::Clock as _};
use store::State;
use testkit::{clock::ManualClock, mail_service::Says, provider::CLIENT};
use tokio::process::Child;

use crate::{
    bench::{self, patron},
    by_web::{ALL_MAIL, Web},
    mail_accounts::{GOOGLE, MINUTE},
};

/// The variable that names all that the process that dies has to know.
const VARIABLE: &str = "BOOKPOST_WEB_TASK";

/// After the next start it is in doubt, and is not sent again in silence. Where the account allows to look, it is found before that.
#[tokio::test]
async fn killed_before_the_answer_it_leaves_the_message_in_doubt() {
    for may_look in [false, true] {
        let web = Web::gmail().await;
        if may_look {
            web.sign_in(ALL_MAIL).await;
        }
        web.bench.app.worker.pause(true).await;
        web.bench.accept(&[&patron(0)]).await;
        let Web { fake, service, server, .. } = &web;
        service.says(Says::TakenAndHeld);
        let (issuer, service, server, now) =
            (fake.issuer(), service.clone(), Arc::clone(server), web.bench.clock.now());
        let web = web
            .after(async |config| {
                let mut dying = dying(config, &issuer, &server, now);
                tokio::select! {
                    () = service.has_taken(1) => {}
                    ended = dying.wait() => panic!("it ended by itself: {ended:?}"),
                }
                dying.kill().await.unwrap();
            })
            .await;
        assert_eq!(web.bench.counts().await.ever_in_doubt, 1);
        web.bench.quiet().await;
        let row = web.bench.row(&patron(0)).await;
        assert!(row.in_doubt_at.is_some());
        assert_eq!((row.state, row.reason), (State::Waiting, Some(Reason::AnswerUnknown)));
        assert_eq!(web.service.taken().len(), 1, "it was not sent again in silence");
        web.bench.app.worker.pause(false).await;
        web.bench.pass(30 * MINUTE).await;
        assert_eq!(web.service.taken().len(), if may_look { 1 } else { 2 }, "{may_look}");
        assert_eq!(web.bench.row(&patron(0)).await.state, State::Delivered);
    }
}

/// This program once more, as a process of its own that sends what is in this folder.
fn dying(config: &Config, issuer: &str, server: &Server, now: Timestamp) -> Child {
    let certificates = server.ca_file.as_ref().unwrap().display();
    let task = format!("{now} {issuer} {} {certificates} {}", server.port, config.data_dir.display());
    bench::once_more("by_web_kill::sends_and_dies", VARIABLE, &task)
}

#[tokio::test]
#[ignore = "run by killed_before_the_answer_it_leaves_the_message_in_doubt, which kills it"]
#[expect(clippy::disallowed_methods, reason = "the order of whoever runs it comes by the environment")]
async fn sends_and_dies() {
    let task = std::env::var(VARIABLE).unwrap();
    let parts: Vec<_> = task.splitn(5, ' ').collect();
    let [now, issuer, port, certificates, folder] = parts[..] else { panic!("{task}") };
    let server = Arc::new(Server {
        encryption: Encryption::Tls,
        sign_in: Some(GOOGLE),
        service: Some(Service::Gmail),
        ca_file: Some(certificates.into()),
        ..Server::plain("google", ([127, 0, 0, 1], port.parse().unwrap()).into())
    });
    let mut config = bench::config(Path::new(folder), vec![Arc::clone(&server)]);
    config.providers = vec![MailProvider {
        provider: GOOGLE,
        client_id: CLIENT.0.to_owned(),
        client_secret: CLIENT.1.to_owned().into(),
        tenant: "common".to_owned(),
        audience: None,
        issuer: Some(issuer.to_owned()),
        service: None,
        server,
    }];
    let app = bench::open(&config, &ManualClock::at(now.parse().unwrap()), None).await;
    app.worker.pause(false).await;
    std::future::pending::<()>().await;
}
