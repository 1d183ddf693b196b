//! Mails that are hard to carry, and whether they came through.

use std::{collections::BTreeMap, path::Path};

use jiff::{Timestamp, tz::Offset};
use mail::{
    Address, Envelope,
    message::{Mailbox, NewMail},
};

use crate::{
    arrived::{self, Arrived, Seen},
    bench::envelope,
};

/// A mail and whom it is for.
pub(crate) struct Meant {
    pub(crate) mail: NewMail,
    pub(crate) to: Vec<String>,
}

/// Sender's name, subject and text in scripts that libraries write in.
const SCRIPTS: [(&str, &str, &str, &str); 6] = [
    ("arabic", "مكتبة ضفة النهر", "كتب متأخرة: مئة عام من العزلة", "السلام عليكم،\nالرجاء إعادة الكتب.\n"),
    (
        "chinese",
        "河畔图书馆",
        "逾期通知：《红楼梦》《三国演义》请于本周内归还,谢谢您的配合与支持",
        "您好：\n请归还图书。\n",
    ),
    ("hebrew", "ספריית גדת הנהר", "ספרים באיחור: מאה שנים של בדידות", "שלום,\nנא להחזיר את הספרים.\n"),
    ("devanagari", "नदी किनारे पुस्तकालय", "विलंबित पुस्तकें: गोदान", "नमस्ते,\nकृपया पुस्तकें लौटाएँ।\n"),
    ("emoji", "📚 Riverside 👩‍👩‍👧‍👦", "📕📗📘 overdue 🙏🏽", "Hello 👋🏿\nthank you 🇺🇳\n"),
    ("latin", "Bücherei \"Am Fluß\", Zweigstelle (Süd)", "Überfällig: L'Étranger; =?utf-8?q?no?=", "Grüße\n"),
];

/// Lines that a transport could take for its own.
const DOTS: &str = ".\n..\n.a line\n\n...\nFrom the desk\n-- \n.\n";

fn mail(key: &str, name: &str, subject: &str, text: &str) -> NewMail {
    let mailbox =
        |name: &str, address: &str| Mailbox { name: Some(name.into()), address: address.parse().unwrap() };
    NewMail {
        from: mailbox(name, "library@riverside.example.org"),
        reply_to: None,
        to: vec![mailbox(name, &format!("{key}@patrons.example.org"))],
        cc: Vec::new(),
        subject: subject.into(),
        text: text.into(),
        html: Some(format!("<p>{}</p>\n", text.replace('\n', "<br>\n"))),
        pictures: Vec::new(),
        attachments: Vec::new(),
        headers: Vec::new(),
        auto_submitted: None,
        list_id: None,
        message_id: format!("<{key}@bookpost.example.org>"),
        date: Timestamp::constant(1_800_000_000, 0),
        offset: Offset::UTC,
    }
}

fn meant(key: &str, name: &str, subject: &str, text: &str) -> Meant {
    Meant { mail: mail(key, name, subject, text), to: vec![format!("{key}@patrons.example.org")] }
}

/// One of each.
pub(crate) fn samples() -> Vec<Meant> {
    let mut all: Vec<_> =
        SCRIPTS.iter().map(|(key, name, subject, text)| meant(key, name, subject, text)).collect();
    let title: String = "A Very Long Title, 很长的书名, עם שם ארוך; ".chars().cycle().take(4000).collect();
    let title = title.trim_end();
    all.push(meant("long", "Riverside", title, &format!("{title}\n")));
    let one_word = "Donaudampfschifffahrt".repeat(190);
    all.push(meant("word", "Riverside", &one_word, &format!("{one_word}\n")));
    all.push(meant("dots", "Riverside", "Dots", DOTS));
    let mut family = meant("family", "Riverside", "To all of you", "Hello\n");
    family.to = (0..30).map(|number| format!("child{number}@patrons.example.org")).collect();
    all.push(family);
    let mut idn = meant("idn", "Riverside", "Umlauts after the @", "Hello\n");
    idn.to = vec!["leser@bücherei.example".into()];
    all.push(idn);
    all
}

/// For an address that has no spelling without SMTPUTF8.
pub(crate) fn international() -> Meant {
    let mut mail = meant("international", "Riverside", "逾期通知", "您好\n");
    mail.to = vec!["用户@例子.example".into()];
    mail
}

/// About so many bytes, in lines that differ.
pub(crate) fn large(bytes: usize) -> Meant {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes + 100);
    while text.len() < bytes {
        let at = text.len();
        let _ = writeln!(text, ".line at {at}: the quick brown fox returns the book");
    }
    let mut large = meant("large", "Riverside", "All your books", &text);
    large.mail.html = None;
    large
}

impl Meant {
    /// For [`crate::bench::Bench::accept`].
    pub(crate) fn message(&self) -> (Envelope, String, Vec<u8>) {
        let to: Vec<&str> = self.to.iter().map(String::as_str).collect();
        (envelope(&to), self.mail.message_id.clone(), self.mail.build().unwrap())
    }

    fn seen(&self) -> Seen {
        let people = |list: &[Mailbox]| {
            list.iter().map(|one| (one.name.clone().unwrap(), one.address.as_str().to_owned())).collect()
        };
        Seen {
            id: self.mail.message_id.clone(),
            subject: self.mail.subject.clone(),
            from: people(std::slice::from_ref(&self.mail.from)),
            to: people(&self.mail.to),
            text: Some(self.mail.text.clone()),
            html: self.mail.html.clone(),
            attachments: Vec::new(),
            defects: Vec::new(),
        }
    }
}

/// Every recipient got what was meant, once, and nobody got anything else.
pub(crate) fn check(all: &[Meant], arrived: &[Arrived], folder: &Path, case: &str) {
    let mut got: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let expected: BTreeMap<_, _> = all.iter().map(|meant| (meant.mail.message_id.clone(), meant)).collect();
    for (seen, message) in arrived::seen(arrived, folder).into_iter().zip(arrived) {
        let meant = expected.get(&seen.id).unwrap_or_else(|| panic!("{case}: {} was never sent", seen.id));
        assert_eq!(seen, meant.seen(), "{case}");
        got.entry(seen.id).or_default().extend(message.to.iter().cloned());
    }
    let ascii = |to: &String| to.parse::<Address>().unwrap().to_ascii_domain().as_str().to_owned();
    for (id, meant) in expected {
        let mut to: Vec<_> = got.remove(&id).unwrap_or_default().iter().map(ascii).collect();
        let mut wanted: Vec<_> = meant.to.iter().map(ascii).collect();
        to.sort();
        wanted.sort();
        assert_eq!(to, wanted, "{case}: {id}");
    }
}
