use bytes::Bytes;
use mailparse::{MailHeaderMap, ParsedMail};
use proptest::prelude::*;

use super::*;

fn reencoded(message: &str, target: Target) -> Result<String, Unconvertible> {
    let message = Bytes::copy_from_slice(message.as_bytes());
    Ok(String::from_utf8(reencode(&message, target)?.to_vec()).unwrap())
}

#[test]
fn what_is_needed() {
    use Target::{SevenBit, ShortLines};
    for (eight_bit, long_lines, offered, expected) in [
        (false, false, false, None),
        (true, false, true, None),
        (true, false, false, Some(SevenBit)),
        (false, true, true, Some(ShortLines)),
        (true, true, true, Some(ShortLines)),
        (true, true, false, Some(SevenBit)),
    ] {
        assert_eq!(needed(eight_bit, long_lines, offered), expected);
    }
}

#[test]
fn messages_as_they_become() {
    let octets = "é".repeat(40);
    for (message, expected) in [
        (
            "Subject: s\r\n\r\ncafé \r\n".to_owned(),
            "Subject: s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9=20\r\n".to_owned(),
        ),
        (
            "MIME-Version: 1.0\r\ncontent-transfer-encoding:\r\n 8bit\r\nContent-Type: text/html;\r\n charset=utf-8\r\n\r\n<p class=\"x\">é".into(),
            "MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: text/html;\r\n charset=utf-8\r\n\r\n<p class=3D\"x\">=C3=A9".into(),
        ),
        (
            format!("MIME-Version: 1.0\r\nContent-Type: image/x\r\nContent-Transfer-Encoding: binary\r\n\r\n{octets}\r\n"),
            format!("MIME-Version: 1.0\r\nContent-Type: image/x\r\nContent-Transfer-Encoding: base64\r\n\r\n{0}\r\n{1}\r\n", "w6nDqcOp".repeat(9) + "w6nD", "qcOpw6nDqcOpw6nDqcOpw6nDqcOpw6kNCg=="),
        ),
        (
            // Only what does not fit is touched; preambles that do not fit are left out, labels of the whole become true.
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"a b\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\nfür\r\n--a b\r\n\r\nplain\r\n--a b \r\nContent-Type: text/plain; charset=utf-8\r\n\r\né\r\n\r\n--a b--\r\nend\r\n".into(),
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"a b\"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n--a b\r\n\r\nplain\r\n--a b \r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9\r\n\r\n--a b--\r\nend\r\n".into(),
        ),
        (
            // An attached message is opened, its label becomes true.
            "MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: in\r\n\r\né\r\n".into(),
            "MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\nSubject: in\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9\r\n".into(),
        ),
        (
            // A part of a digest is a message.
            "MIME-Version: 1.0\r\nContent-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nMIME-Version: 1.0\r\nContent-Type: text/x\r\n\r\né\r\n--b--".into(),
            "MIME-Version: 1.0\r\nContent-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nMIME-Version: 1.0\r\nContent-Type: text/x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9\r\n--b--".into(),
        ),
        (
            // A header that no empty line ends gets one: what is encoded may look like a field.
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\né: 1\r\n--b--".into(),
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9: 1\r\n--b--".into(),
        ),
        (
            // A boundary may look like a field, and a message may end within its header.
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b:\"\r\n\r\n--b:\r\nContent-Type: image/x\r\n--b:\r\n\r\né\r\n--b:\r\nContent-Type: message/rfc822\r\n\r\nContent-Transfer-Encoding: 8bit\r\nContent-Type: message/rfc822".into(),
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b:\"\r\n\r\n--b:\r\nContent-Type: image/x\r\n--b:\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9\r\n--b:\r\nContent-Type: message/rfc822\r\n\r\nContent-Transfer-Encoding: 8bit\r\nContent-Type: message/rfc822".into(),
        ),
    ] {
        assert_eq!(reencoded(&message, Target::SevenBit).as_deref(), Ok(expected.as_str()), "{message}");
    }
}

#[test]
fn long_lines_become_short_and_eight_bit_stays() {
    let long = "x".repeat(1000);
    let message = format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\né\r\n--b\r\n\r\n{long}\r\n--b--\r\n"
    );
    let text = reencoded(&message, Target::ShortLines).unwrap();
    assert!(
        text.contains("\r\n--b\r\n\r\né\r\n--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nxxx")
    );
    let message = format!("References: {}\r\n\r\nbody\r\n", "<0123456789@x.org> ".repeat(100));
    let text = reencoded(&message, Target::ShortLines).unwrap();
    assert_eq!(text.replace("\r\n <", " <"), message);
    assert!(text.lines().all(|line| line.len() <= 998));
    let plain = reencoded(&format!("Subject: s\r\n\r\n{long}\r\n"), Target::ShortLines).unwrap();
    assert!(plain.contains("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n"), "{plain}");
}

#[test]
fn what_is_encoded_already_is_broken_into_lines() {
    for (encoding, content) in [
        ("base64", "w6nD".repeat(300) + " "),
        ("Quoted-Printable", "=C3=a9 ".repeat(200) + " "),
        ("quoted-printable", "=".repeat(999) + "x"),
    ] {
        let message =
            format!("MIME-Version: 1.0\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{content}\r\n");
        let written = reencoded(&message, Target::ShortLines).unwrap();
        let content =
            |message: &str| mailparse::parse_mail(message.as_bytes()).unwrap().get_body_raw().unwrap();
        assert_eq!(content(&written), content(&message));
        assert!(written.lines().skip(2).all(|line| line.len() <= 76), "{written}");
        let encoding = format!("Content-Transfer-Encoding: {}\r\n", encoding.to_lowercase());
        assert!(written.contains(&encoding), "{written}");
    }
}

#[test]
fn what_stays_as_it_is() {
    let signed = "MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n--s\r\nContent-Type: text/plain\r\n\r\nsigned\r\n--s\r\n\r\nsignature\r\n--s--";
    let long_name = format!("{}: x\r\n\r\n", "x".repeat(1000));
    let multipart = |part: &str| {
        format!(
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{part}\r\n--b--\r\n"
        )
    };
    let nested = |part: &str| format!("multipart/mixed; boundary=n\r\n\r\n--n\r\n{part}\r\n--n--\r\n");
    for (message, expected) in [
        ("DKIM-Signature: v=1\r\n\r\né".to_owned(), Unconvertible::Signed),
        (signed.replace("signed\r\n--s", "é\r\n--s"), Unconvertible::Signed),
        (multipart(&signed.replace("\r\nsigned", "\r\né")), Unconvertible::Signed),
        (signed.replace("signature", "é"), Unconvertible::Signed),
        // However deep below, and where nobody reads.
        (signed.replace("text/plain\r\n\r\nsigned", &nested("\r\né")), Unconvertible::Signed),
        (signed.replace("text/plain\r\n\r\nsigned", &(nested("\r\nx") + "é")), Unconvertible::Signed),
        ("Subject: é\r\n\r\n".into(), Unconvertible::Header),
        ("Subject: é\r\n\r\né".into(), Unconvertible::Header),
        (multipart("Content-Type: text/plain; name=é\r\n\r\n"), Unconvertible::Header),
        (long_name, Unconvertible::Part),
        ("Content-Type: multipart/mixed; boundary=b\r\n\r\né\r\n".into(), Unconvertible::Part),
        ("Content-Type: multipart/mixed\r\n\r\né\r\n".into(), Unconvertible::Part),
        (
            format!(
                "Content-Type: multipart/mixed; x={}; boundary=b\r\n\r\n--b\r\n\r\né",
                "\r\n y".repeat(10_000)
            ),
            Unconvertible::Part,
        ),
        ("Content-Type: message/partial\r\n\r\né\r\n".into(), Unconvertible::Part),
        ("Content-Transfer-Encoding: x-uuencode\r\n\r\né\r\n".into(), Unconvertible::Part),
    ] {
        assert_eq!(reencoded(&message, Target::SevenBit), Err(expected), "{message}");
    }
    let labelled =
        nested("\r\nx").replace("\r\n\r\n--n\r\n", "\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--n\r\n");
    for signed in [signed.to_owned(), signed.replace("text/plain\r\n\r\nsigned", &labelled)] {
        let beside = multipart(&signed).replace("\r\n--b--", "\r\n--b\r\n\r\né\r\n--b--");
        let text = reencoded(&beside, Target::SevenBit).unwrap();
        assert!(text.contains(&signed) && text.is_ascii(), "what is signed stays: {text}");
    }
    let fits = "DKIM-Signature: v=1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nx\r\n";
    assert_eq!(reencoded(fits, Target::SevenBit).as_deref(), Ok(fits));
}

/// Type and content of each part, as another program reads them.
fn parts(mail: &ParsedMail<'_>) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    if mail.ctype.mimetype == "message/rfc822" {
        let inner = mail.get_body_raw().unwrap();
        found.extend(parts(&mailparse::parse_mail(&inner).unwrap()));
    } else if mail.subparts.is_empty() {
        found.push((mail.ctype.mimetype.clone(), mail.get_body_raw().unwrap()));
    } else {
        found.push((mail.headers.get_first_value("Content-Type").unwrap(), Vec::new()));
        found.extend(mail.subparts.iter().flat_map(parts));
    }
    found
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        "[ -~]{0,90}".prop_map(String::into_bytes),
        prop::collection::vec(
            any::<u8>().prop_filter("no line end", |octet| !b"\r\n".contains(octet)),
            0..60
        ),
        (980..1020_usize, prop::sample::select(vec!["x", " ", "=", "é", "\t."]))
            .prop_map(|(count, what)| what.repeat(count).into_bytes()),
        Just(b"--b9".to_vec()),
    ];
    prop::collection::vec(piece, 0..5).prop_map(|lines| lines.join(&b"\r\n"[..]))
}

fn leaf() -> impl Strategy<Value = Vec<u8>> {
    let head = prop::sample::select(vec![
        "",
        "Content-Type: text/plain; charset=utf-8\r\n",
        "Content-Type: text/html\r\nContent-Transfer-Encoding: 8bit\r\n",
        "Content-Transfer-Encoding: binary\r\nContent-Type: application/x\r\nX: y\r\n",
    ]);
    let identity =
        (head, content()).prop_map(|(head, content)| [head.as_bytes(), b"\r\n", &content].concat());
    let base64 = prop::collection::vec(any::<u8>(), 0..900).prop_map(|octets| {
        use ::base64::{Engine as _, engine::general_purpose::STANDARD};
        format!(
            "Content-Type: image/x\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
            STANDARD.encode(octets)
        )
        .into_bytes()
    });
    let quoted = prop::collection::vec(
        prop::sample::select(vec!["=C3=a9", "abc ", "=3D", "=\r\n", "\r\n", "  \r\n", "=20", "\t"]),
        0..400,
    )
    .prop_map(|tokens| {
        format!("Content-Transfer-Encoding: quoted-printable\r\n\r\n{}", tokens.concat()).into_bytes()
    });
    prop_oneof![4 => identity, 1 => base64, 1 => quoted]
}

/// A part with parts in it; boundaries are numbered by their depth.
fn part(depth: u32) -> BoxedStrategy<Vec<u8>> {
    if depth == 0 {
        return leaf().boxed();
    }
    let multipart = (
        prop::collection::vec(part(depth - 1), 1..4),
        prop::sample::select(vec!["", "pre\r\n", "é\r\n"]),
        any::<bool>(),
    )
        .prop_map(move |(parts, preamble, labelled)| {
            let label = if labelled { "Content-Transfer-Encoding: 8bit\r\n" } else { "" };
            let mut out =
                format!("{label}Content-Type: multipart/mixed; boundary=\"b{depth}\"\r\n\r\n{preamble}")
                    .into_bytes();
            for part in parts {
                out.extend(format!("--b{depth}\r\n").into_bytes());
                out.extend(part);
                out.extend(b"\r\n");
            }
            out.extend(format!("--b{depth}--\r\n{preamble}").into_bytes());
            out
        });
    let attached = part(depth - 1).prop_map(|inner| {
        [&b"Content-Type: message/rfc822\r\n\r\nMIME-Version: 1.0\r\nSubject: in\r\n"[..], &inner].concat()
    });
    prop_oneof![2 => leaf(), 3 => multipart, 1 => attached].boxed()
}

proptest! {
    #[test]
    fn it_decodes_to_the_same(part in part(3)) {
        let message: Bytes = [&b"MIME-Version: 1.0\r\nSubject: s\r\n"[..], &part].concat().into();
        for target in [Target::ShortLines, Target::SevenBit] {
            let written = reencode(&message, target).unwrap();
            prop_assert!(target.fits(&written));
            prop_assert_eq!(reencode(&written, target).unwrap(), &written, "once is enough");
            let (before, after) = (mailparse::parse_mail(&message).unwrap(), mailparse::parse_mail(&written).unwrap());
            prop_assert_eq!(parts(&after), parts(&before), "{}", String::from_utf8_lossy(&written));
        }
    }

    #[test]
    fn any_octets_are_survived(lines in prop::collection::vec(prop::sample::select(vec![
        "", "--a", "--a--", "--b", "--b--", "é", "Content-Type: multipart/mixed; boundary=a", "Content-Type: multipart/digest; boundary=b",
        "Content-Type: message/rfc822", "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: 8bit", " x", "\r", "A: é",
    ]), 0..14), end in prop::sample::select(vec!["\r\n", "\n"])) {
        let message: Bytes = lines.join(end).into();
        for target in [Target::ShortLines, Target::SevenBit] {
            if let Ok(written) = reencode(&message, target) {
                prop_assert!(target.fits(&written));
            }
        }
    }
}
