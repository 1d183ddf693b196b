//! `bookpost sendmail` as programs call it, with a service and without.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use bookpost::receive::maildrop::drop_file;
use mail::{
    Envelope, Recipient, ReversePath,
    envelope::{Notify, Ret},
    smtp::server::{Limits, Server, Settings, SignIn, Tls, Transaction, Wish},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
    process::{Child, Command},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

use crate::bench::{Place, Said, sendmail};

const MESSAGE: &str =
    "To: Ann <ann@x.org>\nBcc: eve@x.org\nSubject: hello\n\nGood morning.\n..\n.\nnot sent\n";

/// A folder with a place for the socket, and a maildrop.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(machine.maildrop()).unwrap();
        machine
    }

    fn maildrop(&self) -> PathBuf {
        self.folder.path().join("maildrop")
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("submit.sock")
    }

    /// The command, called by the name `sendmail`.
    fn command(&self, words: &[&str]) -> Command {
        sendmail(self.folder.path(), words)
    }

    async fn sendmail(&self, words: &[&str], message: &str) -> Said {
        Said::given(self.command(words), message).await
    }

    /// The finished files, read.
    fn left(&self) -> Vec<(PathBuf, Envelope, String)> {
        let paths = fs::read_dir(self.maildrop()).unwrap().map(|entry| entry.unwrap().path());
        let finished = paths.filter(|path| path.extension().is_some_and(|end| end == "mail"));
        let read = |path: PathBuf| {
            let (envelope, message) = drop_file::parse(fs::read(&path).unwrap().into()).unwrap();
            (path, envelope, String::from_utf8(message.to_vec()).unwrap())
        };
        finished.map(read).collect()
    }

    /// A service that takes all but what `refuse` names.
    fn serve(&self, refuse: &'static [(&'static str, &'static str)]) -> UnboundedReceiver<Transaction> {
        let listener = UnixListener::bind(self.socket()).unwrap();
        let (taken, received) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let taken = taken.clone();
                tokio::spawn(talk(stream, refuse, move |transaction| drop(taken.send(transaction))));
            }
        });
        received
    }
}

async fn talk(
    mut stream: UnixStream,
    refuse: &[(&str, &str)],
    mut take: impl FnMut(Transaction),
) -> std::io::Result<()> {
    let settings = Settings {
        host_name: "desk.example.org".to_owned(),
        greeting: "Bookpost".to_owned(),
        tls: Tls::None,
        sign_in: SignIn::None,
        password_on_plain: false,
        smtputf8: true,
        dsn: true,
        chunking: false,
        limits: Limits::default(),
    };
    let mut server = Server::new(Arc::new(settings));
    let refusal =
        |what: &str| refuse.iter().find(|(name, _)| *name == what).map(|(_, reply)| reply.parse().unwrap());
    loop {
        match server.poll() {
            Some(Wish::Write(bytes)) => stream.write_all(&bytes).await?,
            Some(Wish::Recipient(recipient)) => match refusal(recipient.address.as_str()) {
                Some(reply) => server.answer(reply),
                None => server.accept(),
            },
            Some(Wish::Message(transaction)) => {
                if let Some(reply) = refusal("message") {
                    server.answer(reply);
                    continue;
                }
                take(transaction);
                if refuse.contains(&("answer", "none")) {
                    return Ok(());
                }
                server.accept();
            }
            Some(Wish::Close) => return stream.shutdown().await,
            Some(_) => server.accept(),
            None if stream.read_buf(server.room()).await? == 0 => return Ok(()),
            None => {}
        }
    }
}

#[tokio::test]
async fn a_running_service_takes_it() {
    let machine = Machine::new();
    let mut received = machine.serve(&[]);
    let words =
        ["-t", "-f", "desk@x.org", "-FThe Desk", "-N", "never", "-R", "hdrs", "-V", "42", "bob@x.org"];
    let said = machine.sendmail(&words, MESSAGE).await;
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (Some(0), "", ""));
    let Transaction { mail, recipients, content } = received.recv().await.unwrap();
    assert_eq!(mail.reverse_path.address().unwrap().as_str(), "desk@x.org");
    assert_eq!((mail.ret, mail.envelope_id.as_deref()), (Some(Ret::Headers), Some("42")));
    let to: Vec<_> = recipients.iter().map(|one| (one.address.as_str(), one.notify)).collect();
    assert_eq!(to, ["bob@x.org", "ann@x.org", "eve@x.org"].map(|to| (to, Some(Notify::Never))));
    let text = String::from_utf8(content.to_vec()).unwrap();
    assert!(text.ends_with("\r\n\r\nGood morning.\r\n..\r\n"), "{text}");
    assert!(text.contains("The Desk") && text.contains("<desk@x.org>") && !text.contains("eve"), "{text}");
    assert!(machine.left().is_empty());
}

#[tokio::test]
async fn without_a_service_it_is_left_in_the_maildrop() {
    let machine = Machine::new();
    let said = machine.sendmail(&["-i", "-f", "", "ann@x.org"], MESSAGE).await;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let left = machine.left();
    let [(path, envelope, message)] = left.as_slice() else { panic!("{left:?}") };
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(envelope.reverse_path, ReversePath::Null);
    assert_eq!(envelope.recipients(), [Recipient::from("ann@x.org".parse::<mail::Address>().unwrap())]);
    assert!(message.ends_with("\r\n\r\nGood morning.\r\n..\r\n.\r\nnot sent\r\n"), "{message}");
    assert!(mail::message::header(message.as_bytes(), "Message-ID").is_some(), "{message}");
    assert_eq!(fs::read_dir(machine.maildrop()).unwrap().count(), 1);
}

#[tokio::test]
async fn the_service_can_read_what_a_careful_caller_leaves() {
    let machine = Machine::new();
    let mut command = Command::new("sh");
    command
        .env_clear()
        .env("BOOKPOST_SENDMAIL_SOCKET", machine.socket())
        .env("BOOKPOST_SENDMAIL_MAILDROP", machine.maildrop())
        .args(["-c", "umask 077; exec \"$0\" sendmail ann@x.org", env!("CARGO_BIN_EXE_bookpost")])
        .stdin(Stdio::null());
    assert!(command.status().await.unwrap().success());
    let [(path, ..)] = machine.left().try_into().unwrap();
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o640);
}

#[tokio::test]
async fn a_service_that_cannot_now_is_as_good_as_none() {
    for reply in ["452 4.3.1 no room", "421 4.3.2 closing"] {
        let machine = Machine::new();
        let script: &'static [(&str, &str)] = Box::leak(Box::new([("message", reply)]));
        let _received = machine.serve(script);
        let said = machine.sendmail(&["ann@x.org"], MESSAGE).await;
        assert_eq!((said.code, machine.left().len()), (Some(0), 1), "{reply}: {said:?}");
    }
}

/// Whoever calls hears it at once, and not by a report.
#[tokio::test]
async fn where_its_application_is_disabled_mail_is_refused_and_not_left() {
    let place = Place::new("practice", None);
    place.open_sendmail();
    for words in [["applications", "add", "sendmail"], ["applications", "disable", "sendmail"]] {
        assert_eq!(place.run(&words).await.code, Some(0), "{words:?}");
    }
    let _service = place.serve().await;
    let said = Said::given(sendmail(&place.path(""), &["ann@x.org"]), MESSAGE).await;
    assert_eq!((said.code, said.err.lines().count()), (Some(69), 1), "{said:?}");
    assert!(said.err.contains("550 5.7.1 Not taken: this application is disabled"), "{said:?}");
    assert_eq!(fs::read_dir(place.path("maildrop")).unwrap().count(), 0);
}

/// What it may send is not known: it is not as if there were no such application.
#[tokio::test]
async fn where_its_application_cannot_be_read_mail_waits_in_the_maildrop() {
    let place = Place::new("practice", None);
    place.open_sendmail();
    assert_eq!(place.run(&["applications", "add", "sendmail"]).await.code, Some(0));
    let sql = rusqlite::Connection::open(place.data().join("queue.db")).unwrap();
    assert_eq!(sql.execute("UPDATE application SET settings = '{'", []).unwrap(), 1);
    drop(sql);
    let service = place.serve().await;
    let said = Said::given(sendmail(&place.path(""), &["ann@x.org"]), MESSAGE).await;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(fs::read_dir(place.path("maildrop")).unwrap().count(), 1);
    service.terminate();
    assert_eq!(service.code().await, Some(0));
    assert_eq!(place.store().counts().await.unwrap(), store::Counts::default());
}

#[tokio::test]
async fn an_answer_that_is_not_heard_is_no_second_message() {
    let machine = Machine::new();
    let mut received = machine.serve(&[("answer", "none")]);
    let said = machine.sendmail(&["ann@x.org"], MESSAGE).await;
    assert_eq!((said.code, machine.left().len()), (Some(75), 0), "{said:?}");
    assert!(said.err.contains("may arrive twice"), "{said:?}");
    assert!(received.recv().await.is_some());
}

#[tokio::test]
async fn what_the_service_refuses_is_not_left() {
    let machine = Machine::new();
    let mut received = machine.serve(&[("eve@x.org", "550 5.1.1 no such user")]);
    let said = machine.sendmail(&["-t"], MESSAGE).await;
    assert_eq!((said.code, machine.left().len()), (Some(67), 0), "{said:?}");
    assert!(said.err.contains("eve@x.org is refused: 550 5.1.1 no such user"), "{said:?}");
    assert!(said.err.contains("nothing was sent to anybody") && !said.err.contains("ann@x.org"), "{said:?}");
    assert!(received.try_recv().is_err(), "ann has nothing either");
}

#[tokio::test]
async fn exit_codes_are_those_that_programs_know() {
    let machine = Machine::new();
    for (words, message, code) in [
        (&["-Z"][..], MESSAGE, 64),
        (&[], MESSAGE, 64),
        (&["-bd"], MESSAGE, 64),
        (&["two@@x.org"], MESSAGE, 65),
        (&["-t"], "Subject: for nobody\n\n", 65),
        (&["-bp"], "", 78),
        (&["-bi"], "", 0),
        (&["-q"], "", 0),
    ] {
        let said = machine.sendmail(words, message).await;
        assert_eq!(said.code, Some(code), "{words:?}: {said:?}");
        assert_eq!(said.err.lines().count(), usize::from(code != 0), "{words:?}: {said:?}");
    }
    let said = machine.sendmail(&["-bp"], "").await;
    assert!(said.err.contains("bookpost.toml") && !said.err.contains("root"), "{said:?}");
    fs::remove_dir(machine.maildrop()).unwrap();
    let said = machine.sendmail(&["ann@x.org"], MESSAGE).await;
    assert_eq!((said.code, said.err.lines().count()), (Some(75), 1), "{said:?}");
    assert!(said.err.contains("submit.sock") && said.err.contains("maildrop"), "{said:?}");
}

#[tokio::test]
async fn it_goes_by_the_name_sendmail_too() {
    let machine = Machine::new();
    let mut received = machine.serve(&[]);
    let name = machine.folder.path().join("sendmail");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_bookpost"), &name).unwrap();
    let mut command = Command::new(&name);
    command
        .env_clear()
        .env("BOOKPOST_SENDMAIL_SOCKET", machine.socket())
        .arg("ann@x.org")
        .stdin(Stdio::null());
    assert!(command.status().await.unwrap().success());
    assert_eq!(received.recv().await.unwrap().recipients.len(), 1);
    let help = Said::from(Command::new(&name).env_clear().arg("--help").output().await.unwrap());
    let other = machine.sendmail(&["--help"], "").await;
    assert!(
        help.code == Some(0) && help.out.contains("-N WHEN") && !help.out.contains("--config"),
        "{help:?}"
    );
    assert_eq!(help, other);
}

#[tokio::test]
async fn with_bs_the_caller_speaks_smtp_with_the_service() {
    let machine = Machine::new();
    let dialogue =
        "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<ann@x.org>\r\nDATA\r\nSubject: a\r\n\r\nb\r\n.\r\nQUIT\r\n";
    let said = machine.sendmail(&["-bs"], dialogue).await;
    assert_eq!(said.code, Some(75), "{said:?}");
    assert!(said.out.starts_with("421 "), "{said:?}");
    let mut received = machine.serve(&[]);
    let mut child = machine.command(&["-bs"]).spawn().unwrap();
    // It ends when the service has hung up, whether or not there is more to read.
    let mut input = child.stdin.take().unwrap();
    input.write_all(dialogue.as_bytes()).await.unwrap();
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).await.unwrap();
    assert!(child.wait().await.unwrap().success());
    assert!(out.starts_with("220 ") && out.lines().last().unwrap().starts_with("221 "), "{out}");
    assert_eq!(received.recv().await.unwrap().recipients.len(), 1);
    drop(input);
}

/// Waits until something lies in the folder, then for so many looks more.
async fn wait_for_a_file(folder: &Path, looks: usize, child: &mut Child) {
    while fs::read_dir(folder).unwrap().next().is_none() && child.try_wait().unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    for _ in 0..looks {
        let _ = fs::read_dir(folder).unwrap().count();
    }
}

#[tokio::test]
async fn killed_at_any_moment_it_leaves_a_whole_message_or_none() {
    let body = "0123456789abcdef\n".repeat(200_000);
    let (mut whole, mut none) = (0, 0);
    for round in 0..16 {
        let machine = Machine::new();
        let mut child = machine.command(&["-i", "ann@x.org"]).spawn().unwrap();
        child.stdin.take().unwrap().write_all(format!("Subject: a\n\n{body}").as_bytes()).await.unwrap();
        wait_for_a_file(&machine.maildrop(), round * round * 20, &mut child).await;
        child.kill().await.unwrap();
        match machine.left().as_slice() {
            [] => none += 1,
            [(_, _, message)] => {
                assert!(message.ends_with(&body.replace('\n', "\r\n")), "round {round}: cut");
                whole += 1;
            }
            several => panic!("round {round}: {} files", several.len()),
        }
    }
    assert!(none > 0, "killed too late to see anything: {whole} whole");
}
