//! What no single dialogue shows: any bytes, any splitting, memory, and what the client's side of this crate makes of it.

use std::ops::Range;

use proptest::prelude::*;

use super::*;
use crate::{
    Address, ReversePath,
    smtp::{client, data::write_content, sasl::Login},
};

fn settings() -> Settings {
    Settings {
        host_name: "mx.example".to_owned(),
        greeting: "ESMTP".to_owned(),
        tls: Tls::StartTls,
        sign_in: SignIn::Offered,
        password_on_plain: true,
        smtputf8: true,
        dsn: true,
        chunking: true,
        limits: Limits::default(),
    }
}

fn with_limits(limits: Limits) -> Settings {
    Settings { limits, ..settings() }
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    said: Vec<u8>,
    messages: Vec<Transaction>,
    closed: bool,
}

/// Says yes to everything.
fn drain(server: &mut Server, heard: &mut Heard) {
    while let Some(wish) = server.poll() {
        match wish {
            Wish::Write(bytes) => {
                assert!(bytes.ends_with(b"\r\n"), "{bytes:?}");
                assert!(bytes.len() < GATHERED + 1024, "{} octets in one write", bytes.len());
                heard.said.extend_from_slice(&bytes);
            }
            Wish::StartTls => {}
            Wish::Message(transaction) => {
                heard.messages.push(transaction);
                server.accept();
            }
            Wish::SignIn(_) | Wish::Mail(_) | Wish::Recipient(_) | Wish::Content => server.accept(),
            Wish::Close => heard.closed = true,
        }
    }
}

fn play(settings: Settings, pieces: &[&[u8]]) -> (Server, Heard) {
    let mut server = Server::new(settings);
    let mut heard = Heard::default();
    drain(&mut server, &mut heard);
    for piece in pieces {
        server.received(piece);
        drain(&mut server, &mut heard);
    }
    (server, heard)
}

fn last_reply(heard: &Heard) -> &str {
    std::str::from_utf8(&heard.said).unwrap().lines().last().unwrap()
}

const MAIL: &[u8] = b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\n";
const DATA: &[u8] = b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n";

/// Pieces of dialogues, whole and broken, in any order: they reach further than single bytes.
fn scraps() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&[u8]> = vec![
        b"HELO c\r\n",
        b"EHLO c\r\n",
        b"MAIL FROM:<>\r\n",
        b"MAIL FROM:<a@b.example> SIZE=3 BODY=8BITMIME\r\n",
        b"RCPT TO:<bob@example.org>\r\n",
        b"DATA\r\n",
        b"BDAT 5\r\n",
        b"BDAT 3 LAST\r\n",
        b"BDAT 0 LAST\r\n",
        b"RSET\r\n",
        b"STARTTLS\r\n",
        b"AUTH PLAIN\r\n",
        b"AHRpbQBzZWNyZXQ=\r\n",
        b"AUTH LOGIN\r\n",
        b"QUIT\r\n",
        b"\r\n.\r\n",
        b".\r\n",
        b"..\r\n",
        b"\r",
        b"\n",
        b"\0",
        b".",
        b"text",
        MAIL,
        DATA,
    ];
    let scrap = prop_oneof![
        6 => prop::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..6),
        1 => prop::sample::select(vec![b"x".repeat(70), b"x\r\n".repeat(20), DATA.to_vec()]),
    ];
    prop::collection::vec(scrap, 0..30).prop_map(|scraps| scraps.concat())
}

fn narrow() -> Settings {
    let limits = Limits {
        recipients: 2,
        message: 40,
        line: 60,
        transactions: Some(20),
        idle_commands: 60,
        errors: 15,
    };
    with_limits(limits)
}

proptest! {
    #[test]
    fn splitting_changes_nothing(said in scraps(), cuts in prop::collection::vec(0..600_usize, 0..6), chunk in 1..9_usize) {
        let (_, whole) = play(narrow(), &[&said]);
        let (_, chunked) = play(narrow(), &said.chunks(chunk).collect::<Vec<_>>());
        prop_assert_eq!(&chunked, &whole);
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(said.len())).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([said.len()]) {
            pieces.push(&said[from..cut]);
            from = cut;
        }
        let (_, cut) = play(narrow(), &pieces);
        prop_assert_eq!(&cut, &whole);
    }

    #[test]
    fn whatever_comes_the_answers_are_replies_and_the_messages_are_clean(said in scraps()) {
        let (server, heard) = play(narrow(), &[&said]);
        for line in heard.said.split_inclusive(|octet| *octet == b'\n') {
            prop_assert!(line.ends_with(b"\r\n"));
            prop_assert!(line[..3].iter().all(u8::is_ascii_digit), "{:?}", String::from_utf8_lossy(line));
        }
        for message in &heard.messages {
            prop_assert!(content::fault_in(&message.content).is_none());
            prop_assert!(message.content.len() <= 40);
            prop_assert!((1..=2).contains(&message.recipients.len()));
        }
        prop_assert_eq!(heard.closed, matches!(server.stage, Stage::Closed));
    }

    #[test]
    fn any_bytes_are_borne(said in prop::collection::vec(any::<u8>(), 0..300), in_data: bool) {
        let before: &[u8] = if in_data { DATA } else { MAIL };
        play(narrow(), &[before, &said]);
    }

    /// Stuffed by the client's side.
    #[test]
    fn what_was_sent_is_what_is_read(lines in prop::collection::vec("[.a\\x80-\\xff]{0,4}", 0..30), chunk in 1..9_usize) {
        let message = lines.iter().flat_map(|line| [line, "\r\n"]).collect::<String>();
        let mut pieces = Vec::new();
        let end = write_content(&Bytes::from(message.clone()), &mut pieces);
        let mut wire = DATA.to_vec();
        wire.extend(pieces.concat());
        wire.extend_from_slice(end);
        let (_, heard) = play(settings(), &wire.chunks(chunk).collect::<Vec<_>>());
        prop_assert_eq!(heard.messages.len(), 1);
        prop_assert_eq!(&heard.messages[0].content, message.as_bytes());
    }

    /// By BDAT no byte is changed, however it is cut into chunks.
    #[test]
    fn chunks_make_the_message(lines in prop::collection::vec("[.a]{0,4}", 0..30), size in 1..9_usize) {
        let message = lines.iter().flat_map(|line| [line, "\r\n"]).collect::<String>();
        let mut wire = MAIL.to_vec();
        for chunk in message.as_bytes().chunks(size) {
            wire.extend(format!("BDAT {}\r\n", chunk.len()).bytes());
            wire.extend(chunk);
        }
        wire.extend(b"BDAT 0 LAST\r\n");
        let (_, heard) = play(settings(), &[&wire]);
        prop_assert_eq!(heard.messages.len(), 1);
        prop_assert_eq!(&heard.messages[0].content, message.as_bytes());
    }
}

#[test]
fn what_is_refused_costs_a_bounded_amount() {
    const LIMIT: usize = 100_000;
    let x = b"x".repeat(8_000);
    let lines = b"line\r\n".repeat(1_500);
    let bdat = b"BDAT 20000000 LAST\r\n";
    for (begin, flood, end, answer) in [
        (DATA, &lines, &b".\r\n"[..], "552 5.3.4"),
        (DATA, &x, b"\r\n.\r\n", "552 5.3.4"),
        (&[DATA, b"\n"].concat(), &x, b"\r\n.\r\n", "552 5.3.4"),
        (&[MAIL, bdat].concat(), &x, b"", "552 5.3.4"),
        (bdat, &x, b"", "503 5.5.1"),
        (b"NOOP ", &x, b"\r\n", "500 5.5.2"),
        (b"HELO c\r\nQUIT\r\n", &x, b"", "221 2.0.0"),
        (b"EHLO c\r\nSTARTTLS\r\n", &x, b"", "220 2.0.0"),
    ] {
        let is_handshake = begin.ends_with(b"STARTTLS\r\n");
        let (mut server, mut heard) =
            play(with_limits(Limits { message: LIMIT, ..Limits::default() }), &[begin]);
        for _ in 0..if is_handshake { 1 } else { 20_000_000 / flood.len() + 1 } {
            server.received(flood);
            drain(&mut server, &mut heard);
            assert!(server.input.capacity() < 2 * LIMIT + 2 * READ_AT_ONCE.1, "{answer}");
        }
        server.received(end);
        drain(&mut server, &mut heard);
        assert!(heard.messages.is_empty());
        let replies = String::from_utf8(heard.said).unwrap();
        assert!(replies.contains(answer), "{answer}: {replies}");
    }
}

#[test]
fn bare_line_ends_cost_no_more_than_other_content() {
    let (mut server, mut heard) = play(settings(), &[DATA, b"\n"]);
    for _ in 0..1_000 {
        server.received(&b"line\r\n".repeat(1_000));
        drain(&mut server, &mut heard);
        assert!(server.input.capacity() < 2 * READ_AT_ONCE.1);
    }
    server.received(b".\r\n");
    drain(&mut server, &mut heard);
    assert!(last_reply(&heard).starts_with("550 5.6.0"));
}

fn place_of(bytes: &[u8]) -> Range<usize> {
    let start = bytes.as_ptr().addr();
    start..start + bytes.len()
}

/// A large message is the buffer that it was read into. A small one is copied, or 100 octets in somebody's hands would keep the
/// whole buffer alive.
#[test]
fn what_is_copied() {
    for (way, octets, is_copied) in
        [("DATA", 200_000, false), ("DATA", 100, true), ("BDAT", 200_000, false), ("BDAT", 100, true)]
    {
        let content = "x".repeat(octets - 2) + "\r\n";
        let command = if way == "DATA" { "DATA\r\n".to_owned() } else { format!("BDAT {octets} LAST\r\n") };
        let (mut server, mut heard) = play(settings(), &[MAIL, command.as_bytes()]);
        server.received(content.as_bytes());
        if way == "DATA" {
            server.received(b".\r\n");
        }
        let read_into = place_of(&server.input);
        drain(&mut server, &mut heard);
        let message = &heard.messages[0].content;
        assert_eq!(message, &content);
        assert_eq!(!read_into.contains(&message.as_ptr().addr()), is_copied, "{way} {octets}");
    }
}

#[test]
fn a_thousand_recipients_in_one_read_are_one_message() {
    let recipient = |number| format!("RCPT TO:<reader{number}@example.org>\r\n");
    let recipients = (0..1_000).map(recipient).collect::<Vec<_>>().concat();
    let said = format!("EHLO c\r\nMAIL FROM:<>\r\n{recipients}DATA\r\nhello\r\n.\r\n");
    let (_, heard) = play(settings(), &[said.as_bytes()]);
    assert_eq!(heard.messages[0].recipients.len(), 1_000);
    assert!(last_reply(&heard).starts_with("250 2.0.0"));
}

#[test]
fn an_answer_cannot_break_its_lines() {
    let (mut server, _) = play(settings(), &[]);
    server.received(b"HELO c\r\nMAIL FROM:<>\r\n");
    assert!(matches!(server.poll(), Some(Wish::Mail(_))));
    server.answer(Reply { code: 451, enhanced: None, text: "one\r\n250 two\0".to_owned() });
    let mut heard = Heard::default();
    drain(&mut server, &mut heard);
    assert_eq!(String::from_utf8(heard.said).unwrap(), "250 mx.example\r\n451-one \r\n451 250 two \r\n");
}

#[test]
fn closed_from_outside_in_the_middle_of_content() {
    let (mut server, _) = play(settings(), &[DATA, b"hello\r\n"]);
    server.close(Some(&"421 4.4.2 You have not said anything for 5 minutes".parse().unwrap()));
    server.received(b".\r\nNOOP\r\n");
    let mut heard = Heard::default();
    drain(&mut server, &mut heard);
    assert!(heard.closed && heard.messages.is_empty());
    assert!(last_reply(&heard).starts_with("421 4.4.2"));
    assert!(std::str::from_utf8(&heard.said).unwrap().lines().count() == 1);
}

#[test]
fn who_the_client_is_and_how_it_gets_on() {
    let name = |server: &Server| server.hello().map(|hello| (hello.name.clone(), hello.extended));
    let (mut server, mut heard) = play(settings(), &[b"NO"]);
    assert_eq!((name(&server), server.commands(), server.is_encrypted()), (None, 0, false));
    for (said, greeted, commands) in [
        ("OP\r\n", None, 1),
        ("HELO a\r\nFOO\r\n", Some(("a", false)), 3),
        ("EHLO b\r\n", Some(("b", true)), 4),
    ] {
        server.received(said.as_bytes());
        drain(&mut server, &mut heard);
        assert_eq!(
            (name(&server), server.commands()),
            (greeted.map(|(name, extended): (&str, _)| (name.to_owned(), extended)), commands)
        );
    }
    server.received(b"STARTTLS\r\n");
    drain(&mut server, &mut heard);
    server.tls_established();
    assert_eq!((name(&server), server.is_encrypted()), (None, true));
}

/// The limits of whoever was known before are not told to whoever begins anew.
#[test]
fn announced_limits_are_no_larger_and_end_with_tls() {
    let offered = |server: &mut Server| {
        let mut heard = Heard::default();
        server.received(b"EHLO c\r\n");
        drain(server, &mut heard);
        String::from_utf8(heard.said).unwrap()
    };
    let limits = Limits { message: 200, recipients: 9, ..Limits::default() };
    let (mut server, mut heard) = play(with_limits(limits), &[]);
    for (message, recipients, size, most) in [
        (100, 7, "SIZE 100\r\n", "RCPTMAX=7 "),
        (300, 10, "SIZE 200\r\n", "RCPTMAX=9 "),
        (1, 1, "SIZE 1\r\n", "RCPTMAX=1 "),
    ] {
        server.announce(message, recipients);
        let said = offered(&mut server);
        assert!(said.contains(size) && said.contains(most), "{said}");
    }
    server.received(b"STARTTLS\r\n");
    drain(&mut server, &mut heard);
    server.tls_established();
    let said = offered(&mut server);
    assert!(said.contains("SIZE 200\r\n") && said.contains("RCPTMAX=9 "), "{said}");
}

#[test]
fn nothing_private_is_printed() {
    let (mut server, mut heard) = play(settings(), &[DATA, b"secret\r\n.\r\n"]);
    drain(&mut server, &mut heard);
    let message = Wish::Message(heard.messages.remove(0));
    assert_eq!(format!("{message:?}"), "Transaction { recipients: 1, octets: 8, .. }");
    let login = Login { user: "tim".to_owned(), password: "secret".to_owned().into() };
    assert_eq!(format!("{:?}", Wish::SignIn(login)), "Login { .. }");
}

/// The client of this crate and the server, over a perfect wire.
#[test]
fn the_client_and_the_server_understand_each_other() {
    let bob = Address::parse("\"bob b.\"@example.org").unwrap();
    let ann = Address::parse("jörg@bücherei.example").unwrap();
    let message = Bytes::from("Subject: ü\r\n\r\n.\r\n..\r\nend\r\n");
    let mut client = client::Client::new(client::Settings {
        ehlo_name: "client.example".to_owned(),
        security: client::Security::StartTlsRequired,
        login: Some(Login { user: "tim".to_owned(), password: "secret".to_owned().into() }),
        proof: client::Proof::default(),
        password_on_plain: false,
    });
    let mut server = Server::new(settings());
    let (mut messages, mut delivered, mut begun) = (Vec::new(), 0, 0);
    loop {
        if begun < 3 && client.ready() {
            begun += 1;
            client.begin(client::Transaction {
                token: begun,
                reverse_path: ReversePath::Address(ann.clone()),
                ret: None,
                envelope_id: Some("x+2By".to_owned()),
                recipients: vec![bob.clone().into(), ann.clone().into()],
                message: message.clone(),
            });
        } else if delivered == 3 {
            client.quit();
        }
        match client.poll() {
            Some(client::Wish::Write(pieces)) => server.received(&pieces.concat()),
            Some(client::Wish::Mark(token)) => client.release(token),
            Some(client::Wish::StartTls) => client.tls_established(),
            Some(client::Wish::Finished(_)) => delivered += 1,
            Some(client::Wish::Closed(ending)) => {
                assert_eq!(ending, client::Ending::Quit);
                break;
            }
            None => {}
        }
        match server.poll() {
            Some(Wish::Write(bytes)) => client.received(&bytes),
            Some(Wish::StartTls) => server.tls_established(),
            Some(Wish::SignIn(login)) if *login.password != "secret" => server.refuse(),
            Some(Wish::Message(transaction)) => {
                messages.push(transaction);
                server.accept();
            }
            Some(Wish::SignIn(_) | Wish::Mail(_) | Wish::Recipient(_) | Wish::Content) => server.accept(),
            Some(Wish::Close) | None => {}
        }
    }
    assert_eq!(messages.len(), 3);
    for transaction in messages {
        assert_eq!(transaction.content, message);
        assert_eq!(transaction.mail.reverse_path, ReversePath::Address(ann.clone()));
        assert_eq!(transaction.recipients, [bob.clone().into(), ann.clone().into()]);
        assert_eq!(transaction.mail.envelope_id.as_deref(), Some("x+2By"));
        assert!(transaction.mail.smtputf8 && transaction.mail.eight_bit);
    }
}
