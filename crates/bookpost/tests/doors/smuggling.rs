//! What looks like the end of a message and is none: a server that took it for one would send a second message, with a sender of
//! the attacker's choice (RFC 5321 section 4.1.1.4, RFC 3030 section 2).

use tokio::net::TcpStream;

use crate::bench::{Bench, Client, FROM, Wanted, message};

/// What an attacker hopes will be read as commands.
const SECOND: &str = "MAIL FROM:<boss@bank.example>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nFrom: boss@bank.example\r\n\r\nPay\r\n";

/// Other servers have taken each of these for the end of data.
const FALSE_ENDS: &[&str] = &[
    "\n.\n",
    "\n.\r\n",
    "\r\n.\n",
    "\r.\r",
    "\r.\r\n",
    "\r\n.\r",
    "\r\r\n.\r\r\n",
    "\r\n.\r\r\n",
    "\n\n.\r\n",
    "\r\n.\n\n",
    "\n.\r",
    "\r.\n",
    "\n\r.\n\r",
    "\0\n.\n",
    "\r\n\0.\r\n",
    "\r\n.\0\r\n",
    "\r\n.\r\0\n",
];

/// Dots that are content, as they are meant.
const DOTS: &[&str] = &[
    ".\r\n",
    "..\r\n",
    "a\r\n.\r\nb\r\n",
    "\r\n.\r\n\r\n..\r\n...\r\n",
    ". \r\n.\t\r\n.a\r\n",
    "a.\r\n.b.\r\n",
];

/// How many bytes are written at a time.
const PIECES: &[usize] = &[1, 2, 3, 5, usize::MAX];

#[tokio::test]
async fn nothing_but_a_dot_between_two_line_ends_ends_the_data() {
    let bench = Bench::start(Wanted::trusting()).await;
    for end in FALSE_ENDS {
        for piece in PIECES {
            let mut client = ready(&bench).await;
            client.go(&["DATA"]).await;
            let content = format!("{}{end}{SECOND}\r\n.\r\nQUIT\r\n", message("Hello"));
            in_pieces(&mut client, content.as_bytes(), *piece).await;
            let said = client.rest().await;
            assert!(
                said.starts_with("550 5.6.0 ") && said.lines().count() == 2,
                "{end:?} by {piece}: {said}"
            );
        }
    }
    nothing_got_through(bench).await;
}

#[tokio::test]
async fn nothing_in_a_chunk_ends_it_before_its_length() {
    let bench = Bench::start(Wanted::trusting()).await;
    for end in FALSE_ENDS {
        for piece in PIECES {
            let mut client = ready(&bench).await;
            let content = format!("{}{end}{SECOND}", message("Hello"));
            let said = format!("BDAT {} LAST\r\n{content}QUIT\r\n", content.len());
            in_pieces(&mut client, said.as_bytes(), *piece).await;
            let said = client.rest().await;
            assert!(said.starts_with("550 5.6.0 ") && said.lines().count() == 2, "{end:?}: {said}");
        }
    }
    nothing_got_through(bench).await;
}

/// In a chunk it is content, and leaves as content: the next server sees one message.
#[tokio::test]
async fn what_would_end_the_data_is_content_in_a_chunk() {
    let bench = Bench::start(Wanted::trusting()).await;
    let body = format!("Hello\r\n.\r\n{SECOND}.\r\n");
    for chunks in [1, 2, 7] {
        let mut client = ready(&bench).await;
        let content = message(&body);
        let size = content.len().div_ceil(chunks);
        for (number, chunk) in content.as_bytes().chunks(size).enumerate() {
            let last = if (number + 1) * size >= content.len() { " LAST" } else { "" };
            client.send(format!("BDAT {}{last}\r\n", chunk.len()).as_bytes()).await;
            client.send(chunk).await;
            let reply = client.reply().await;
            assert!(reply.starts_with("250 "), "{reply}");
        }
    }
    bench.quiet().await;
    let taken = bench.sink.taken();
    assert_eq!(taken.len(), 3);
    for one in taken {
        assert!(one.from == FROM && one.bytes.ends_with(body.as_bytes()), "{}", one.from);
    }
    bench.stop().await;
}

#[tokio::test]
async fn dots_arrive_as_they_are_meant_however_packets_cut_them() {
    let bench = Bench::start(Wanted::trusting()).await;
    let mut meant = Vec::new();
    for body in DOTS {
        for piece in PIECES {
            let mut client = ready(&bench).await;
            client.go(&["DATA"]).await;
            let content = message(body).replace("\r\n.", "\r\n..");
            in_pieces(&mut client, format!("{content}.\r\n").as_bytes(), *piece).await;
            let reply = client.reply().await;
            assert!(reply.starts_with("250 "), "{body:?}: {reply}");
            meant.push((*body).to_owned());
        }
    }
    bench.quiet().await;
    let body =
        |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().split_once("\r\n\r\n").unwrap().1.to_owned();
    let mut arrived: Vec<String> = bench.sink.taken().into_iter().map(|one| body(one.bytes)).collect();
    arrived.sort();
    meant.sort();
    assert_eq!(arrived, meant);
    bench.stop().await;
}

/// What a client sends ahead of an answer is commands where DATA was refused, and content where it was not: never both.
#[tokio::test]
async fn what_is_sent_ahead_of_the_answer_to_data_is_read_once() {
    let bench = Bench::start(Wanted::trusting()).await;
    let mut client = bench.client().await;
    client.go(&["EHLO desk"]).await;
    let content = message("QUIT\r\n");
    let said =
        format!("MAIL FROM:<{FROM}>\r\nRCPT TO:<p@example.org>\r\nDATA\r\n{content}.\r\nNOOP\r\nQUIT\r\n");
    client.send(said.as_bytes()).await;
    let codes: Vec<String> = client.rest().await.lines().map(|line| line[..3].to_owned()).collect();
    assert_eq!(codes, ["250", "250", "354", "250", "250", "221"]);
    let mut client = bench.client().await;
    client.go(&["EHLO desk"]).await;
    client.send(format!("MAIL FROM:<{FROM}>\r\nDATA\r\n{SECOND}.\r\nQUIT\r\n").as_bytes()).await;
    let said = client.rest().await;
    assert!(!said.contains("354 ") || !said.contains("Accepted"), "{said}");
    bench.quiet().await;
    assert_eq!(bench.sink.count(), 1);
    bench.stop().await;
}

/// What is sent together with STARTTLS was never protected, and is not taken for what was (RFC 3207 section 6).
#[tokio::test]
async fn nothing_is_carried_from_a_plain_connection_into_tls() {
    let folder = tempfile::tempdir().unwrap();
    let authority = testkit::certs::Authority::new();
    let mut wanted = Wanted::trusting();
    wanted.smtp.certificate = Some(crate::bench::certificate(&authority, folder.path()));
    let bench = Bench::start(wanted).await;
    let mut client = bench.client().await;
    client.go(&["EHLO desk"]).await;
    client.send(format!("STARTTLS\r\nMAIL FROM:<{FROM}>\r\n").as_bytes()).await;
    let reply = client.reply().await;
    if reply.starts_with("220 ") {
        let offered = crate::bench::ehlo_over_tls(client.into_inner(), &authority, true).await;
        let codes: Vec<&str> = offered.lines().map(|line| &line[..4]).collect();
        assert!(codes.iter().all(|code| code.starts_with("250") || *code == "221 "), "{offered}");
        assert!(!offered.contains("2.1.0"), "{offered}");
    } else {
        assert!(reply.starts_with('5'), "{reply}");
    }
    bench.stop().await;
}

/// After EHLO, MAIL and RCPT.
async fn ready(bench: &Bench) -> Client {
    let stream = TcpStream::connect(bench.addresses[0]).await.unwrap();
    // Each write is a packet of its own.
    stream.set_nodelay(true).unwrap();
    let mut client = Client::over(stream).await;
    client.go(&["EHLO desk", &format!("MAIL FROM:<{FROM}>"), "RCPT TO:<p@example.org>"]).await;
    client
}

async fn in_pieces(client: &mut Client, bytes: &[u8], piece: usize) {
    for bytes in bytes.chunks(piece.min(bytes.len())) {
        client.send(bytes).await;
        tokio::task::yield_now().await;
    }
}

/// Of all that was refused nothing left, and the next message goes.
async fn nothing_got_through(bench: Bench) {
    let mut client = ready(&bench).await;
    client.go(&["DATA"]).await;
    client.send(message("good").as_bytes()).await;
    assert!(client.say("\r\n.").await.starts_with("250 "));
    bench.quiet().await;
    let taken = bench.sink.taken();
    assert_eq!((taken.len(), taken[0].from.as_str()), (1, FROM));
    bench.stop().await;
}
