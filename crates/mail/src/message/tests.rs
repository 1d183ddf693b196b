//! What is written is read back by another's reader, and keeps the rules of the wire whatever goes in.

use mailparse::{MailAddr, MailHeaderMap, addrparse_header, parse_mail};
use proptest::prelude::*;

use super::*;

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn mail() -> NewMail {
    NewMail {
        from: Mailbox { name: Some("Lincoln Library".into()), address: address("library@example.org") },
        reply_to: None,
        to: vec![Mailbox { name: Some("Jane Doe".into()), address: address("jane@example.org") }],
        cc: Vec::new(),
        subject: "Overdue items".into(),
        text: "Dear Jane,\nthree books are overdue.\n".into(),
        html: Some("<p>Dear Jane,</p>\n<p>three books are overdue.</p>\n".into()),
        pictures: Vec::new(),
        attachments: Vec::new(),
        headers: vec![("List-Unsubscribe".into(), "<mailto:library@example.org?subject=stop>".into())],
        auto_submitted: Some(AutoSubmitted::Generated),
        list_id: Some(ListId { name: Some("Überfällig".into()), id: "overdue.example.org".into() }),
        message_id: message_id(7, "mail.example.org"),
        date: Timestamp::UNIX_EPOCH,
        offset: Offset::constant(-5),
    }
}

/// The rules of the wire: 7-bit, no NUL, CR and LF only together, lines of at most 998 octets; headers folded.
fn assert_clean(bytes: &[u8]) {
    assert!(bytes.is_ascii() && !bytes.contains(&0));
    assert!(bytes.ends_with(b"\r\n"));
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "a bare CR or LF");
    for line in text.split("\r\n") {
        assert!(line.len() <= 998, "{} octets", line.len());
        assert!(!line.contains("=?") || line.len() <= 78, "{line}");
    }
}

/// Names and addresses of an address header.
fn people(bytes: &[u8], header: &str) -> Vec<(Option<String>, String)> {
    let parsed = parse_mail(bytes).unwrap();
    let header = parsed.headers.get_first_header(header).unwrap();
    addrparse_header(header)
        .unwrap()
        .iter()
        .map(|one| match one {
            MailAddr::Single(single) => (single.display_name.clone(), single.addr.clone()),
            MailAddr::Group(_) => panic!("a group"),
        })
        .collect()
}

#[test]
fn one_notice_as_it_is_sent() {
    let written = String::from_utf8(mail().build().unwrap()).unwrap();
    assert_clean(written.as_bytes());
    let expected = "\
Date: Wed, 31 Dec 1969 19:00:00 -0500
From: \"Lincoln Library\" <library@example.org>
To: \"Jane Doe\" <jane@example.org>
Subject: Overdue items
Message-ID: <00000000000000000000000000000007@mail.example.org>
Auto-Submitted: auto-generated
List-Id: =?utf-8?B?w5xiZXJmw6RsbGln?= <overdue.example.org>
List-Unsubscribe: <mailto:library@example.org?subject=stop>
MIME-Version: 1.0
Content-Type: multipart/alternative;
 boundary=\"=_00000000000000000000000000000007\"

--=_00000000000000000000000000000007
Content-Type: text/plain; charset=\"utf-8\"
Content-Transfer-Encoding: 7bit

Dear Jane,
three books are overdue.

--=_00000000000000000000000000000007
Content-Type: text/html; charset=\"utf-8\"
Content-Transfer-Encoding: 7bit

<p>Dear Jane,</p>
<p>three books are overdue.</p>

--=_00000000000000000000000000000007--
";
    assert_eq!(written.replace("\r\n", "\n"), expected);
    assert_eq!(mail().build(), mail().build(), "the same mail is the same bytes");
}

#[test]
fn titles_in_any_script_come_back() {
    let long = "The Extraordinarily Long Title of a Thesis ".repeat(100);
    for title in [
        "",
        "plain",
        "كتاب ألف ليلة وليلة",
        "红楼梦 第一回",
        "📚👩‍👩‍👧 family 🏳️‍🌈",
        "Ünïcödé in the middle",
        "What is 2+2=? An introduction",
        "=?utf-8?Q?not=20encoded?=",
        " spaces at both ends ",
        "two  spaces",
        "a line that is just about long enough to be folded at  the two spaces in it",
        long.trim_end(),
        &"x".repeat(4000),
        &"書".repeat(4000),
        &"a ü ".repeat(1000),
    ] {
        let written = NewMail { subject: title.into(), ..mail() }.build().unwrap();
        assert_clean(&written);
        assert_eq!(header(&written, "Subject").as_deref(), Some(title));
        assert!(
            header_block(&written).split(|&byte| byte == b'\n').all(|line| line.len() <= 79),
            "folded at 78"
        );
    }
}

#[test]
fn nothing_in_a_value_makes_another_header() {
    let evil = "x\r\nBcc: everybody@example.org\r\n\r\nbody\0";
    let written = NewMail {
        subject: evil.into(),
        from: Mailbox { name: Some(evil.into()), address: address("library@example.org") },
        headers: vec![("X-Note".into(), evil.into())],
        ..mail()
    }
    .build()
    .unwrap();
    assert_clean(&written);
    assert_eq!(header(&written, "Bcc"), None);
    assert_eq!(header(&written, "X-Note").as_deref(), Some("x  Bcc: everybody@example.org    body "));
    let expected = Some("x Bcc: everybody@example.org body".to_owned());
    assert_eq!(people(&written, "From"), [(expected, "library@example.org".to_owned())]);
}

#[test]
fn what_cannot_be_written_is_refused() {
    for name in ["", "X Y", "X:", "X\r\nY", "Ü", "Subject", "BCC", "Content-Type", "from", &"x".repeat(61)] {
        let refused = NewMail { headers: vec![(name.to_owned().into(), "v".into())], ..mail() }.build();
        assert_eq!(refused, Err(BuildError::HeaderName(name.to_owned())));
    }
    for id in ["", "x", "@x", "x@", "a b@x", "a@x>\r\nBcc: y", "ü@x"] {
        let refused = NewMail { message_id: id.into(), ..mail() }.build();
        assert_eq!(refused, Err(BuildError::MessageId(id.into())));
    }
    let refused = NewMail { list_id: Some(ListId { name: None, id: "a>.b".into() }), ..mail() }.build();
    assert_eq!(refused, Err(BuildError::ListId("a>.b".into())));
}

#[test]
fn lines_that_begin_with_dots_and_long_lines_come_back() {
    let text = format!(".\r\n..\r\n.a\r\nFrom me\r\n{}\r\ntrailing \r\n", "long ".repeat(400));
    for html in [None, Some("<p>.</p>".to_owned())] {
        let written = NewMail { text: text.clone(), html, ..mail() }.build().unwrap();
        assert_clean(&written);
        let parsed = parse_mail(&written).unwrap();
        let part = parsed.subparts.first().unwrap_or(&parsed);
        assert_eq!(part.get_body().unwrap().trim_end_matches("\r\n"), text.trim_end_matches("\r\n"));
    }
}

#[test]
fn files_come_back_as_they_were_beside_both_texts() {
    let content: Vec<u8> = (0..=255).cycle().take(5_000).collect();
    let file = |filename: &str, media_type: &str| Attachment {
        filename: filename.into(),
        media_type: media_type.into(),
        content: content.clone(),
    };
    let cc = vec![Mailbox { name: None, address: address("desk@example.org") }];
    let attachments =
        vec![file("Büch\r\nBcc: x.pdf", "application/pdf"), file("a.csv", "text/csv; charset=utf-8")];
    let written = NewMail { cc, attachments, ..mail() }.build().unwrap();
    assert_clean(&written);
    assert_eq!(people(&written, "Cc"), [(None, "desk@example.org".to_owned())]);
    let parsed = parse_mail(&written).unwrap();
    assert_eq!(parsed.ctype.mimetype, "multipart/mixed");
    assert_eq!(parsed.subparts[0].subparts.len(), 2, "both texts");
    for part in &parsed.subparts[1..] {
        assert_eq!(part.get_body_raw().unwrap(), content);
    }
    let refused = NewMail { attachments: vec![file("a", "multipart/mixed")], ..mail() }.build();
    assert_eq!(refused, Err(BuildError::MediaType("multipart/mixed".into())));
}

/// Without one, all is as if there were no pictures.
#[test]
fn a_picture_stands_beside_the_html_that_shows_it() {
    let content: Vec<u8> = (0..=255).cycle().take(5_000).collect();
    let picture = |content_id: &str, media_type: &str| Picture {
        content_id: content_id.into(),
        media_type: media_type.into(),
        content: content.clone(),
    };
    let written =
        NewMail { pictures: vec![picture("logo.1@b.example", "image/png")], ..mail() }.build().unwrap();
    assert_clean(&written);
    let parsed = parse_mail(&written).unwrap();
    let types: Vec<_> = parsed.parts().map(|part| part.ctype.mimetype.clone()).collect();
    assert_eq!(types, ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]);
    let shown = &parsed.subparts[1].subparts[1];
    assert_eq!(shown.get_body_raw().unwrap(), content);
    let field = |name: &str| shown.headers.iter().find(|field| field.get_key() == name).unwrap().get_value();
    assert_eq!((&*field("Content-ID"), &*field("Content-Disposition")), ("<logo.1@b.example>", "inline"));
    for (id, media_type) in
        [("logo", "image/png"), ("a@b\r\nBcc: c@d.example", "image/png"), ("a@b", "text/html")]
    {
        let refused = NewMail { pictures: vec![picture(id, media_type)], ..mail() }.build();
        assert!(refused.is_err(), "{id} {media_type}");
    }
}

#[test]
fn ids_are_made_of_bits_and_host() {
    assert_eq!(
        message_id(u128::MAX, "bücherei.example"),
        format!("{}@xn--bcherei-n2a.example", "f".repeat(32))
    );
    for host in ["", "mail.example.org", "a b", "x>\r\nBcc: y"] {
        let id = message_id(1, host);
        assert!(checked_message_id(&id).is_ok(), "{id:?}");
    }
}

#[test]
fn domains_are_written_in_a_labels() {
    let to = vec![Mailbox { name: None, address: address("j@bücherei.example") }];
    let written = NewMail { to, ..mail() }.build().unwrap();
    assert_clean(&written);
    assert_eq!(people(&written, "To"), [(None, "j@xn--bcherei-n2a.example".to_owned())]);
}

proptest! {
    #[test]
    fn titles_and_bodies_read_back_as_given(
        title in "(\\PC|[a-zA-Z ]){0,120}", text in "((\\PC|[a-z .]){0,100}\r\n){0,6}", html in "((\\PC|[a-z .]){0,100}\r\n){1,6}",
    ) {
        let given = NewMail { subject: title.clone(), text: text.clone(), html: Some(html.clone()), ..mail() };
        let written = given.build().unwrap();
        assert_clean(&written);
        prop_assert_eq!(header(&written, "Subject"), Some(title));
        let parsed = parse_mail(&written).unwrap();
        prop_assert_eq!(parsed.subparts.len(), 2);
        for (part, meant) in parsed.subparts.iter().zip([text, html]) {
            let read = part.get_body().unwrap();
            prop_assert_eq!(read.trim_end_matches("\r\n"), meant.trim_end_matches("\r\n"));
        }
    }

    #[test]
    fn names_read_back_as_given(names in prop::collection::vec("[\\PC&&[^=\\p{Z}]]{1,12}( [\\PC&&[^=\\p{Z}]]{1,30}){0,5}", 1..4)) {
        let to: Vec<Mailbox> =
            names.iter().map(|name| Mailbox { name: Some(name.clone()), address: address("j@example.org") }).collect();
        let written = NewMail { to, ..mail() }.build().unwrap();
        assert_clean(&written);
        let read: Vec<_> = people(&written, "To").into_iter().map(|(name, _)| name.unwrap_or_default()).collect();
        prop_assert_eq!(read, names);
    }

    #[test]
    fn no_input_breaks_the_rules_of_the_wire(any in any::<String>(), body in any::<String>()) {
        let written = NewMail {
            from: Mailbox { name: Some(any.clone()), address: address("j@example.org") },
            subject: any.clone(), text: body.clone(), html: Some(body),
            headers: vec![("X-Any".into(), any)], ..mail()
        }.build().unwrap();
        assert_clean(&written);
    }
}

#[test]
fn a_drawn_message_id_is_known_by_its_form() {
    let drawn = message_id(7, "books.library.example");
    assert!(
        is_drawn_id(&format!("<{drawn}>"), "books.library.example")
            && is_drawn_id(&drawn, "Books.Library.Example")
    );
    for other in [
        "<20261123.1@books.library.example>",
        "<7@books.library.example>",
        "",
        "<>",
        "@books.library.example",
    ] {
        assert!(!is_drawn_id(other, "books.library.example"), "{other}");
    }
    assert!(!is_drawn_id(&drawn, "other.example"));
}
