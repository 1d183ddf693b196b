//! The practice mailbox over its real socket.

use std::fs;

use super::*;

async fn talk(practice: &Practice, said: &str, piece: usize) -> String {
    let mut stream = TcpStream::connect(practice.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for bytes in said.as_bytes().chunks(piece) {
        if stream.write_all(bytes).await.is_err() {
            break;
        }
    }
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard).await;
    let heard = String::from_utf8(heard).unwrap();
    heard
        .lines()
        .filter(|line| line.as_bytes()[3] == b' ')
        .map(|line| &line[..3])
        .collect::<Vec<_>>()
        .join(" ")
}

fn to(addresses: &[&str], data: &str) -> String {
    let rcpt: Vec<String> = addresses.iter().map(|address| format!("RCPT TO:<{address}>\r\n")).collect();
    let rcpt = rcpt.concat();
    format!("EHLO c\r\nMAIL FROM:<lib@school.example>\r\n{rcpt}DATA\r\n{data}QUIT\r\n")
}

fn kept(practice: &Practice) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(practice.folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into(), fs::read_to_string(&path).unwrap()))
        .collect();
    files.sort();
    files
}

fn rule(address: &str, does: Does) -> Rule {
    Rule { address: Address::parse(address).unwrap(), does }
}

#[tokio::test]
async fn mail_is_kept_as_it_was_however_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let said = to(&["zoe@home.example"], "Subject: s\r\n\r\n..dot\r\nend\r\n.\r\n");
    for (number, piece) in [1, 2, 5, 1000].into_iter().enumerate() {
        // A new start goes on numbering.
        let practice = Practice::start(folder.path(), vec![]).await.unwrap();
        assert_eq!(talk(&practice, &said, piece).await, "220 250 250 250 354 250 221");
        assert_eq!(practice.kept(), 1);
        let (name, text) = kept(&practice).pop().unwrap();
        assert_eq!(name, format!("{:010}.eml", number + 1));
        assert_eq!(text, "Return-Path: <lib@school.example>\r\nSubject: s\r\n\r\n.dot\r\nend\r\n");
    }
}

#[tokio::test]
async fn rules_are_followed_and_run_out() {
    let folder = tempfile::tempdir().unwrap();
    let full: Reply = "452 4.2.2 Mailbox full".parse().unwrap();
    let practice = Practice::start(
        folder.path(),
        vec![
            rule("dead@x.example", Does::Refuse { reply: "550 5.1.1 No such mailbox".parse().unwrap() }),
            rule("full@x.example", Does::Defer { times: Some(2), reply: full }),
            rule("gone@x.example", Does::HangUp { at: At::Dot }),
            rule("rude@x.example", Does::HangUp { at: At::Data }),
            rule("deaf@x.example", Does::HangUp { at: At::Rcpt }),
        ],
    )
    .await
    .unwrap();
    let data = "Subject: s\r\n\r\n.\r\n";
    for (addresses, heard, kept) in [
        (&["dead@x.example", "good@x.example"][..], "220 250 250 550 250 354 250 221", 1),
        (&["good@x.example", "full@x.example"], "220 250 250 250 452 354 250 221", 2),
        (&["good@x.example", "full@x.example"], "220 250 250 250 452 354 250 221", 3),
        (&["good@x.example", "full@x.example"], "220 250 250 250 250 354 250 221", 4),
        (&["gone@x.example"], "220 250 250 250 354", 4),
        (&["rude@x.example", "good@x.example"], "220 250 250 250 250", 4),
        (&["good@x.example", "deaf@x.example"], "220 250 250 250", 4),
    ] {
        assert_eq!(talk(&practice, &to(addresses, data), 1000).await, heard, "{addresses:?}");
        assert_eq!(practice.kept(), kept, "{addresses:?}");
    }
}

#[tokio::test]
async fn only_crlf_dot_crlf_ends_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let practice = Practice::start(folder.path(), vec![]).await.unwrap();
    for smuggled in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r"] {
        let said = to(&["a@x.example"], &format!("one{smuggled}MAIL FROM:<b@x.example>\r\n.\r\n"));
        assert_eq!(talk(&practice, &said, 1000).await, "220 250 250 250 354 550 221", "{smuggled:?}");
    }
    assert_eq!(practice.kept(), 0);
}
