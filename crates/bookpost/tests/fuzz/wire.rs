//! SMTP, from both ends.

use bolero::check;
use mail::{
    Reply,
    reply::{ReplyError, ReplyParser},
    smtp::server::{Limits, Server, Settings, SignIn, Tls, Transaction, Wish},
};
use testkit::food::Food;

use crate::input::{assert_whole_lines, cuts};

const COMMANDS: Food = Food {
    samples: &[
        b"EHLO c\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<b@y.org>\r\nDATA\r\nFrom: a@x.org\r\n\r\n..dot\r\n.\r\nQUIT\r\n",
        b"EHLO c\r\nAUTH PLAIN AHRpbQBzZWNyZXQ=\r\nMAIL FROM:<> SIZE=9 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=q\r\n\
          RCPT TO:<b@y.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b@y.org\r\nBDAT 6\r\nA: b\r\nBDAT 4 LAST\r\n\r\nc\r\nNOOP\r\n",
        b"EHLO c\r\nAUTH LOGIN\r\ndGlt\r\nc2VjcmV0\r\nRSET\r\nVRFY a\r\nHELP\r\nSTARTTLS\r\nHELO d\r\nDATA\r\n",
    ],
    words: &[
        "\r\n", ".\r\n", "\r\n.\r\n", "\n", "\r", "\0", " ", "EHLO c\r\n", "HELO c\r\n", "MAIL FROM:<a@x.org>", "MAIL FROM:<>",
        "RCPT TO:<b@y.org>", "DATA\r\n", "BDAT 5\r\n", "BDAT 0 LAST\r\n", "BDAT 99999999999999999999", " LAST", "AUTH PLAIN ",
        "AUTH LOGIN\r\n", "AHRpbQBzZWNyZXQ=", "*", "RSET\r\n", "NOOP\r\n", "QUIT\r\n", "STARTTLS\r\n", " SIZE=", " BODY=7BIT",
        " SMTPUTF8", " RET=FULL", " ENVID=", " NOTIFY=NEVER", " ORCPT=rfc822;a+2Bb", "<", ">", "\"", "@", "é", "Subject: s\r\n",
    ],
};

const REPLIES: Food = Food {
    samples: &[
        b"220 mx ESMTP\r\n250-mx\r\n250-PIPELINING\r\n250 SIZE 1000\r\n235 2.7.0 yes\r\n",
        b"550-5.7.509 no\r\n550 5.7.509 never\r\n421 4.3.2 later\r\n",
        b"250 2.0.0 OK\n354\r\n554 5.0.0 \xff\xfe\r\n",
    ],
    words: &[
        "\r\n",
        "\n",
        "\r",
        "250",
        "250-",
        "250 ",
        "354 ",
        "421 ",
        "550-",
        "5.7.1 ",
        "4.3.999999 ",
        "2..",
        "999",
        "25",
        "-",
        " ",
        "text",
        "é",
        "\0",
    ],
};

/// What came of a dialogue.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    said: Vec<u8>,
    messages: Vec<Transaction>,
    closed: bool,
}

#[test]
fn fuzz_server() {
    check!(name = "fuzz_server").with_iterations(20_000).with_max_len(512).for_each(|input: &[u8]| {
        let octets = COMMANDS.octets(input);
        let settings = settings(octets.len());
        let [whole, halves, single] = cuts(&octets).map(|pieces| converse(&settings, &pieces));
        assert_eq!(whole, halves);
        assert_eq!(whole, single);
        for message in &whole.messages {
            assert!(!message.recipients.is_empty() && message.content.len() <= settings.limits.message);
            assert_whole_lines(&message.content);
        }
    });
}

/// Now with a sign-in, now without.
fn settings(variant: usize) -> Settings {
    Settings {
        host_name: "mx.example".to_owned(),
        greeting: "ESMTP".to_owned(),
        tls: if variant.is_multiple_of(2) { Tls::None } else { Tls::Established },
        sign_in: if variant.is_multiple_of(3) { SignIn::Required } else { SignIn::Offered },
        password_on_plain: variant.is_multiple_of(5),
        smtputf8: true,
        dsn: true,
        chunking: true,
        limits: Limits { message: 500, line: 200, recipients: 3, ..Limits::default() },
    }
}

/// Yes to everything.
fn converse(settings: &Settings, pieces: &[&[u8]]) -> Heard {
    let mut server = Server::new(settings.clone());
    let mut heard = Heard::default();
    for piece in [&[][..]].iter().chain(pieces) {
        server.received(piece);
        while let Some(wish) = server.poll() {
            match wish {
                Wish::Write(octets) => {
                    assert!(octets.ends_with(b"\r\n"));
                    heard.said.extend_from_slice(&octets);
                }
                Wish::StartTls => server.tls_established(),
                Wish::Message(transaction) => {
                    heard.messages.push(transaction);
                    server.accept();
                }
                Wish::SignIn(_) | Wish::Mail(_) | Wish::Recipient(_) | Wish::Content => server.accept(),
                Wish::Close => heard.closed = true,
            }
        }
    }
    heard
}

#[test]
fn fuzz_reply() {
    check!(name = "fuzz_reply").with_iterations(100_000).with_max_len(512).for_each(|input: &[u8]| {
        let octets = REPLIES.octets(input);
        let [whole, halves, single] = cuts(&octets).map(|pieces| replies(&pieces));
        assert_eq!(whole, halves);
        assert_eq!(whole, single);
        for reply in &whole.0 {
            assert!((200..600).contains(&reply.code));
            let mut written = Vec::new();
            reply.write_to(&mut written);
            let again = replies(&[&written]).0;
            assert_eq!(again.iter().map(|again| again.code).collect::<Vec<_>>(), [reply.code]);
        }
    });
}

fn replies(pieces: &[&[u8]]) -> (Vec<Reply>, Option<ReplyError>) {
    let mut parser = ReplyParser::default();
    let mut found = Vec::new();
    for piece in pieces {
        let mut rest = *piece;
        loop {
            match parser.parse(&mut rest) {
                Ok(Some(reply)) => found.push(reply),
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
    }
    (found, None)
}
