//! The letter that every program sends: as a whole message for those that carry one, and in pieces for those that make one.

use std::{fmt::Write as _, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::arrived::{self, Arrived, Seen};

pub(crate) const FROM: &str = "desk@library.example";
pub(crate) const TO: &str = "reader@patrons.example.org";
pub(crate) const NAME: &str = "Bücherei am Fluß";
pub(crate) const SUBJECT: &str = "Überfällig: 百年孤独 – bitte zurückbringen";
/// Lines that a transport could take for its own.
pub(crate) const TEXT: &str = "Grüße aus der Bücherei,\n.\n..\n.htaccess\n\n...\nQUIT\n.\n. \n您好\n";
pub(crate) const ATTACHED: &str = "list.bin";

/// Every octet, in a length that no line has.
pub(crate) fn attachment() -> Vec<u8> {
    (0..=255).cycle().take(10_007).collect()
}

/// The whole message, with the line ends of a file.
pub(crate) fn whole() -> String {
    let word = |text: &str| format!("=?utf-8?B?{}?=", STANDARD.encode(text));
    let mut message = format!(
        "From: {} <{FROM}>\nTo: <{TO}>\nSubject: {}\nMessage-ID: <letter@library.example>\n\
         Date: Sat, 28 Nov 2026 08:00:00 +0000\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=parts\n\n\
         --parts\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{TEXT}\n\
         --parts\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\
         Content-Disposition: attachment; filename={ATTACHED}\n\n",
        word(NAME),
        word(SUBJECT),
    );
    let encoded = STANDARD.encode(attachment());
    for line in encoded.as_bytes().chunks(76) {
        let _ = writeln!(message, "{}", std::str::from_utf8(line).unwrap());
    }
    message + "--parts--\n"
}

/// The octets of the body of [`whole`] as they are to arrive.
pub(crate) fn body() -> Vec<u8> {
    let whole = whole().replace('\n', "\r\n");
    whole.split_once("\r\n\r\n").unwrap().1.as_bytes().to_vec()
}

/// Each is the letter, as a person sees it.
pub(crate) fn check(all: &[Arrived], folder: &Path, case: &str) {
    for seen in arrived::seen(all, folder) {
        let meant = Seen {
            id: seen.id.clone(),
            subject: SUBJECT.to_owned(),
            from: vec![(NAME.to_owned(), FROM.to_owned())],
            to: vec![(String::new(), TO.to_owned())],
            text: Some(TEXT.to_owned()),
            html: None,
            attachments: vec![(ATTACHED.to_owned(), attachment().len(), crc32fast::hash(&attachment()))],
            defects: Vec::new(),
        };
        assert_eq!(seen, meant, "{case}");
    }
}
