//! The local socket, by which the `sendmail` command hands mail in.

use std::path::Path;

use bookpost::config::SendmailDoor;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
};

use crate::bench::{Bench, Wanted};

/// All that is said when this is said at once.
async fn said(socket: &Path, dialogue: &str) -> String {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    stream.write_all(dialogue.as_bytes()).await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    said
}

#[tokio::test]
async fn mail_of_the_command_is_known_by_its_door() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("submit.sock");
    let sendmail = SendmailDoor { socket: Some(socket.clone()), ..Default::default() };
    let bench = Bench::start(Wanted { sendmail, ..Wanted::default() }).await;
    let mail = "EHLO x\r\nMAIL FROM:<desk@library.example>\r\nRCPT TO:<p@example.org>\r\nDATA\r\n\
        From: desk@library.example\r\n\r\nHello\r\n.\r\nQUIT\r\n";
    let answers = said(&socket, mail).await;
    assert!(answers.contains("\r\n250 2.0.0 Accepted as "), "{answers}");
    let rows = bench.app.store.list(store::Filter::default(), None, 2).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.door).collect::<Vec<_>>(), [Some(store::Door::Sendmail)]);
    bench.stop().await;
}

#[tokio::test]
async fn who_may_not_send_any_more_is_refused_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("submit.sock");
    let sendmail =
        SendmailDoor { socket: Some(socket.clone()), application: "closed".to_owned(), ..Default::default() };
    let bench = Bench::start(Wanted { sendmail, ..Wanted::default() }).await;
    let mail = "EHLO x\r\nMAIL FROM:<desk@library.example>\r\nQUIT\r\n";
    assert!(said(&socket, mail).await.contains("\r\n250 2."));
    bench
        .app
        .store
        .disable_application("closed", store::Actor::CommandLine, bench.app.clock.now())
        .await
        .unwrap();
    bench.app.applications.refresh(&bench.app.store).await.unwrap();
    let refused = said(&socket, mail).await;
    assert!(refused.contains("\r\n550 5.7.1 "), "{refused}");
    bench.stop().await;
}
