//! What comes back of mail that was delivered, read in a folder.

use std::{fs, path::Path, time::Duration};

use bookpost::{
    config::{Config, ReadAddress, Undeliverable},
    returns::{maildir, mbox},
};
use mail::Reason;
use store::{AlarmKind, Kind, MessageId, State};
use testkit::sink::{At, Sink};

use crate::bench::{Bench, always, message, refuses, server, sink};

async fn start(mailbox: &Path, sink: &Sink) -> Bench {
    for name in ["new", "cur", "tmp"] {
        fs::create_dir_all(mailbox.join(name)).unwrap();
    }
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    read_in(&bench, mailbox);
    bench
}

/// The tests look themselves.
fn read_in(bench: &Bench, mailbox: &Path) {
    let address = ReadAddress::parse("returns+*@riverside.example.org");
    let undeliverable =
        Undeliverable { address, maildir: Some(mailbox.to_owned()), ..Undeliverable::default() };
    let config = (*bench.app.settings.now()).clone();
    bench.app.settings.replace(Config { undeliverable, ..config });
}

async fn look(bench: &Bench, mailbox: &Path) -> usize {
    maildir::look(&bench.app.incoming(), mailbox).await.unwrap()
}

fn put(mailbox: &Path, name: &str, to: &str) {
    let report = format!(
        "From: MAILER-DAEMON@mx.example.org\nTo: <{to}>\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1\n\n--b--\n"
    );
    fs::write(mailbox.join("new").join(name), report).unwrap();
}

fn lie(mailbox: &Path, sub: &str) -> Vec<String> {
    let files = fs::read_dir(mailbox.join(sub)).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Killed between noting and moving it reads the mail again, and the library hears of it once.
#[tokio::test]
async fn what_comes_back_is_reported_once_whatever_ends_the_program() {
    let (folder, sink) = (tempfile::tempdir().unwrap(), sink(Vec::new()).await);
    let bench = start(folder.path(), &sink).await;
    bench.accept(&["gone@example.org"]).await;
    bench.quiet().await;
    let from = sink.taken()[0].from.clone();
    assert!(from.starts_with("returns+r1-"), "{from}");
    put(folder.path(), "1.mx", &from);
    let mail = fs::read(folder.path().join("new/1.mx")).unwrap();
    bench.app.incoming().take(&mail, None).await.unwrap();
    assert_eq!(lie(folder.path(), "new"), ["1.mx"]);

    let bench = bench.restart(vec![server("server1", sink.address())], Duration::from_secs(1)).await;
    read_in(&bench, folder.path());
    assert_eq!(look(&bench, folder.path()).await, 0);
    bench.pass_in_steps(Duration::from_mins(5), Duration::from_secs(30)).await;
    assert_eq!((lie(folder.path(), "new"), lie(folder.path(), "cur")), (vec![], vec!["1.mx:2,".to_owned()]));
    let row = bench.row("gone@example.org").await;
    assert_eq!((row.state, row.reason), (State::Returned, Some(Reason::AddressUnknown)));
    let reports: Vec<_> = sink.taken().into_iter().filter(|taken| taken.from.is_empty()).collect();
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].to, ["returns@riverside.example.org"]);

    // The report comes into the same folder: it tells nothing new, and stays unread for people.
    fs::write(folder.path().join("new/2.report"), &reports[0].bytes).unwrap();
    assert_eq!(look(&bench, folder.path()).await, 0);
    bench.pass_in_steps(Duration::from_mins(5), Duration::from_secs(30)).await;
    assert_eq!(lie(folder.path(), "cur"), ["1.mx:2,", "2.report:2,"]);
    assert_eq!(sink.taken().iter().filter(|taken| taken.from.is_empty()).count(), 1);
    bench.app.stop().await.unwrap();
}

#[tokio::test]
async fn what_was_noted_is_read_and_what_is_for_people_is_not() {
    let (folder, sink) = (tempfile::tempdir().unwrap(), sink(Vec::new()).await);
    let bench = start(folder.path(), &sink).await;
    bench.accept(&["gone@example.org"]).await;
    bench.quiet().await;
    put(folder.path(), "1.mx", &sink.taken()[0].from);
    put(folder.path(), "2.forged", "returns+r1-00000000000000000000@riverside.example.org");
    fs::write(folder.path().join("new/3.person"), "From: ann@example.org\n\nHello\n").unwrap();
    assert_eq!(look(&bench, folder.path()).await, 1);
    assert_eq!(lie(folder.path(), "cur"), ["1.mx:2,S", "2.forged:2,", "3.person:2,"]);
    assert_eq!(bench.app.incoming().counts.now(), [1, 1, 1]);
    bench.app.stop().await.unwrap();
}

/// The first cannot be put away, as something stands in its place.
#[tokio::test]
async fn one_mail_that_cannot_be_seen_to_keeps_no_other() {
    let (folder, sink) = (tempfile::tempdir().unwrap(), sink(Vec::new()).await);
    let bench = start(folder.path(), &sink).await;
    bench.accept(&["gone@example.org"]).await;
    bench.quiet().await;
    fs::write(folder.path().join("new/1.person"), "From: ann@example.org\n\nHello\n").unwrap();
    fs::create_dir_all(folder.path().join("cur/1.person:2,/x")).unwrap();
    put(folder.path(), "2.mx", &sink.taken()[0].from);
    maildir::look(&bench.app.incoming(), folder.path()).await.unwrap_err();
    assert_eq!(lie(folder.path(), "new"), ["1.person"]);
    assert_eq!(bench.row("gone@example.org").await.state, State::Returned);
    bench.app.stop().await.unwrap();
}

/// A mail may be back before it is on record that it was accepted.
#[tokio::test]
async fn what_is_not_settled_yet_stays_until_it_is() {
    let (folder, sink) =
        (tempfile::tempdir().unwrap(), sink(vec![always(At::Rcpt, "450 4.2.1 later")]).await);
    let bench = start(folder.path(), &sink).await;
    bench.accept(&["gone@example.org"]).await;
    bench.quiet().await;
    let (paths, config) = (bench.app.incoming().paths, bench.app.settings.now());
    let named = paths.make(config.undeliverable.address.as_ref().unwrap(), MessageId(1)).unwrap();
    put(folder.path(), "1.mx", named.as_str());
    assert_eq!(look(&bench, folder.path()).await, 0);
    assert_eq!(lie(folder.path(), "new"), ["1.mx"]);
    sink.set_rules(Vec::new());
    bench.pass(Duration::from_mins(9)).await;
    assert_eq!(bench.row("gone@example.org").await.state, State::Delivered);
    assert_eq!(look(&bench, folder.path()).await, 1);
    assert_eq!(bench.row("gone@example.org").await.state, State::Returned);
    bench.app.stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_raises_an_alarm() {
    let sink = sink(Vec::new()).await;
    let maildir = Some("/nowhere/at/all".into());
    let undeliverable = Undeliverable { maildir, ..Undeliverable::default() };
    let servers = vec![server("server1", sink.address())];
    let bench = Bench::start_with(servers, |config| config.undeliverable = undeliverable).await;
    while !bench.alarm_kinds().await.contains(&AlarmKind::DropFolder) {
        tokio::task::yield_now().await;
    }
    bench.app.stop().await.unwrap();
}

/// Practice mail, mail from nobody and mail of another domain go out as they are.
#[tokio::test]
async fn only_mail_that_may_come_back_to_us_is_named() {
    let (folder, sink) = (tempfile::tempdir().unwrap(), sink(Vec::new()).await);
    let bench = start(folder.path(), &sink).await;
    let now = bench.app.clock.now();
    let mut other = message(&["other@example.org"], now);
    other.envelope.reverse_path = mail::ReversePath::Address("desk@elsewhere.example".parse().unwrap());
    let mut asks = message(&["asks@example.org"], now);
    let mut to = asks.envelope.recipients()[0].clone();
    to.notify = Some(mail::envelope::Notify::On { success: true, failure: true, delay: false });
    asks.envelope = mail::Envelope::new(asks.envelope.reverse_path.clone(), vec![to]).unwrap();
    let mut nobody = message(&["nobody@example.org"], now);
    nobody.envelope.reverse_path = mail::ReversePath::Null;
    let mut report = nobody.clone();
    report.kind = Kind::Report;
    let named = message(&["named@example.org"], now);
    bench.app.receiver.accept(vec![other, asks, nobody, report, named]).await.unwrap();
    bench.quiet().await;
    let mut from: Vec<_> = sink.taken().into_iter().map(|taken| taken.from).collect();
    from.sort();
    assert_eq!(from.len(), 5);
    assert_eq!(from[..2], [String::new(), String::new()]);
    assert_eq!(from[2], "desk@elsewhere.example");
    assert_eq!(from.iter().filter(|from| from.starts_with("returns+r")).count(), 1, "{from:?}");
    bench.app.stop().await.unwrap();
}

/// Python's own, which locks a mailbox as delivery agents do: by fcntl, and by a file beside it.
fn deliver(mailbox: &Path, mails: &[&str]) {
    let script = "import mailbox, sys\nbox = mailbox.mbox(sys.argv[1])\nbox.lock()\n\
                  for mail in sys.argv[2:]: box.add(mail)\nbox.flush()\nbox.unlock()\n";
    let done = std::process::Command::new("python3").args(["-c", script]).arg(mailbox).args(mails).status();
    assert!(done.unwrap().success());
}

fn report(to: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example.org\nTo: <{to}>\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1\n\n--b--\n"
    )
}

/// It is read and never changed: what is for people stays, and what is there twice is noted once.
#[tokio::test]
async fn what_comes_back_into_a_mailbox_of_one_file_is_reported_once() {
    let (folder, sink) = (tempfile::tempdir().unwrap(), sink(Vec::new()).await);
    let file = folder.path().join("returns");
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    let address = ReadAddress::parse("returns+*@riverside.example.org");
    let undeliverable = Undeliverable { address, mbox: Some(file.clone()), ..Undeliverable::default() };
    let config = (*bench.app.settings.now()).clone();
    bench.app.settings.replace(Config { undeliverable, ..config });
    bench.accept(&["gone@example.org"]).await;
    bench.quiet().await;
    let from = sink.taken()[0].from.clone();
    assert!(from.starts_with("returns+r1-"), "{from}");

    let (mut mailbox, incoming) = (mbox::Mailbox::new(file.clone()), bench.app.incoming());
    assert_eq!(mailbox.look(&incoming).await.unwrap(), 0, "nothing ever came");
    let letter = "From: ann@example.org\nSubject: Hello\n\nDear library,\n\nFrom now on I read more.\n";
    deliver(&file, &[letter, &report(&from), letter]);
    let delivered = fs::read(&file).unwrap();
    assert_eq!(mailbox.look(&incoming).await.unwrap(), 1);
    let row = bench.row("gone@example.org").await;
    assert_eq!((row.state, row.reason), (State::Returned, Some(Reason::AddressUnknown)));
    assert_eq!(fs::read(&file).unwrap(), delivered, "all of it stays for people");
    assert_eq!(mailbox.look(&incoming).await.unwrap(), 0);
    // What comes later is found behind it; the next start reads all of it again.
    deliver(&file, &[&report(&from)]);
    assert_eq!(mailbox.look(&incoming).await.unwrap(), 0, "it tells nothing new");
    assert_eq!(mbox::Mailbox::new(file.clone()).look(&incoming).await.unwrap(), 0);
    assert_eq!(incoming.counts.now()[0], 1);
    bench.app.stop().await.unwrap();
}

/// The first tells of a message that is still being tried: those behind it are noted meanwhile, and it is when its message is settled, though
/// somebody has emptied the mailbox by then.
#[tokio::test]
async fn a_mail_that_is_not_settled_holds_up_nothing_behind_it() {
    for is_emptied in [false, true] {
        let later = vec![refuses("later@example.org", "450 4.2.1 later")];
        let (folder, sink) = (tempfile::tempdir().unwrap(), sink(later).await);
        let file = folder.path().join("returns");
        let bench = Bench::start(vec![server("server1", sink.address())]).await;
        let address = ReadAddress::parse("returns+*@riverside.example.org");
        let undeliverable = Undeliverable { address, mbox: Some(file.clone()), ..Undeliverable::default() };
        let config = (*bench.app.settings.now()).clone();
        bench.app.settings.replace(Config { undeliverable: undeliverable.clone(), ..config });
        bench.accept(&["later@example.org", "gone@example.org"]).await;
        bench.quiet().await;
        let paths = bench.app.incoming().paths;
        let named = |id| paths.make(undeliverable.address.as_ref().unwrap(), MessageId(id)).unwrap();
        let of = |id, to: &str| report(named(id).as_str()).replace("gone@example.org", to);
        deliver(&file, &[&of(1, "later@example.org"), &of(2, "gone@example.org")]);
        let (mut mailbox, incoming) = (mbox::Mailbox::new(file.clone()), bench.app.incoming());
        assert_eq!(mailbox.look(&incoming).await.unwrap(), 1);
        assert_eq!(bench.row("gone@example.org").await.state, State::Returned);
        assert_eq!(bench.row("later@example.org").await.state, State::Waiting);
        assert_eq!(mailbox.look(&incoming).await.unwrap(), 0);
        if is_emptied {
            fs::write(&file, "").unwrap();
            assert_eq!(mailbox.look(&incoming).await.unwrap(), 0);
        }
        sink.set_rules(Vec::new());
        bench.pass(Duration::from_mins(9)).await;
        assert_eq!(bench.row("later@example.org").await.state, State::Delivered);
        assert_eq!(mailbox.look(&incoming).await.unwrap(), 1);
        assert_eq!(bench.row("later@example.org").await.state, State::Returned);
        assert_eq!((mailbox.look(&incoming).await.unwrap(), incoming.counts.now()[0]), (0, 2));
        // The next start reads all of it again, and nothing is noted twice.
        assert_eq!(mbox::Mailbox::new(file).look(&incoming).await.unwrap(), 0);
        bench.app.stop().await.unwrap();
    }
}

/// Whoever delivers holds the lock of the file; half a report is read by nobody.
#[tokio::test]
async fn a_mailbox_is_not_read_while_a_delivery_agent_has_its_lock() {
    let (folder, sink) = (tempfile::tempdir().unwrap(), sink(Vec::new()).await);
    let file = folder.path().join("returns");
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    let address = ReadAddress::parse("returns+*@riverside.example.org");
    let undeliverable = Undeliverable { address, mbox: Some(file.clone()), ..Undeliverable::default() };
    let config = (*bench.app.settings.now()).clone();
    bench.app.settings.replace(Config { undeliverable, ..config });
    bench.accept(&["gone@example.org"]).await;
    bench.quiet().await;
    deliver(&file, &[&report(&sink.taken()[0].from)]);
    // By fcntl alone, as Postfix can be told to; it says when it has it, and lets go when its input ends.
    let script = "import fcntl, sys\nbox = open(sys.argv[1], 'r+')\nfcntl.lockf(box, fcntl.LOCK_EX)\n\
                  print('locked', flush=True)\nsys.stdin.read()\n";
    let mut agent = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(&file)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(agent.stdout.take().unwrap()), &mut said)
        .unwrap();
    assert_eq!(said, "locked\n");
    let (mut mailbox, incoming) = (mbox::Mailbox::new(file.clone()), bench.app.incoming());
    assert_eq!(mailbox.look(&incoming).await.unwrap(), 0, "it is being written");
    drop(agent.stdin.take());
    assert!(agent.wait().unwrap().success());
    assert_eq!(mailbox.look(&incoming).await.unwrap(), 1);
    bench.app.stop().await.unwrap();
}
