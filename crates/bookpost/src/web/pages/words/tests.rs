use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use axum::http::HeaderValue;
use fluent_bundle::FluentResource;
use mail::Reason;

use super::*;

/// The keys of a file with the names of what is put into each.
fn arguments(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    let mut key = String::new();
    for line in language.source().lines() {
        if let Some((name, _)) =
            line.split_once(" =").filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))
        {
            name.clone_into(&mut key);
            assert!(all.insert(key.clone(), BTreeSet::new()).is_none(), "{key} stands twice");
        }
        let names = line.split("{ $").skip(1).filter_map(|rest| rest.split([' ', '}']).next());
        if let Some(known) = all.get_mut(&key) {
            known.extend(names.map(ToOwned::to_owned));
        }
    }
    all
}

#[test]
fn every_language_says_the_same_things_with_the_same_arguments() {
    for language in Language::ALL {
        let read = FluentResource::try_new(language.source().to_owned());
        assert!(read.is_ok(), "{}: {:?}", language.tag(), read.err().map(|(_, errors)| errors));
        assert_eq!(arguments(language), arguments(Language::English), "{}", language.tag());
    }
}

/// Keys that are made of a name: each of these with each of its names.
fn made() -> BTreeSet<String> {
    let reasons = Reason::ALL.iter().flat_map(|reason| {
        let key = format!("reason-{}", reason.as_str());
        [format!("{key}-do"), key]
    });
    let alarms =
        include_str!("../words.rs").split("fn alarm_name").nth(1).unwrap().split("\n}").next().unwrap();
    let alarms = alarms
        .split('"')
        .skip(1)
        .step_by(2)
        .flat_map(|name| [format!("alarm-{name}"), format!("alarm-{name}-do")]);
    let moves = ["retry", "hold", "release", "cancel", "return"];
    let moves =
        moves.iter().flat_map(|name| ["do", "sure", "consequence"].map(|kind| format!("{kind}-{name}")));
    let older = ["send", "cancel", "return"];
    let older =
        older.iter().flat_map(|name| [format!("resume-old-{name}"), format!("resume-old-{name}-hint")]);
    let months = (1..=12).map(|month| format!("month-{month}"));
    reasons.chain(alarms).chain(moves).chain(older).chain(months).collect()
}

/// Whatever is written like a key between quotation marks in templates and code.
fn written(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            written(&path, all);
        } else if path
            .extension()
            .is_some_and(|extension| ["rs", "html", "svg"].iter().any(|one| extension == *one))
        {
            let text = fs::read_to_string(&path).unwrap();
            all.push_str(text.split("#[cfg(test)]").next().unwrap());
        }
    }
}

#[test]
fn every_key_is_used_and_every_key_used_is_there() {
    let crate_ = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    written(&crate_.join("src/web/pages"), &mut text);
    written(&crate_.join("templates"), &mut text);
    let known: BTreeSet<_> = arguments(Language::English).into_keys().collect();
    let made = made();
    for key in known.difference(&made) {
        assert!(text.contains(&format!("\"{key}\"")), "nothing says {key}");
    }
    let said = [".t(\"", ".count(\"", ".with(\""].into_iter().flat_map(|call| text.split(call).skip(1));
    let said: BTreeSet<_> = said.filter_map(|rest| rest.split('"').next()).map(ToOwned::to_owned).collect();
    assert!(said.len() > 100, "{}", said.len());
    let unknown: Vec<_> = said.union(&made).filter(|key| !known.contains(*key)).collect();
    assert!(unknown.is_empty(), "no words for {unknown:?}");
}

/// What English says of a reason is what return reports and the command line say.
#[test]
fn every_reason_has_its_words_in_every_language() {
    let english = Language::English.words();
    for reason in Reason::ALL {
        assert_eq!(english.reason(*reason), reason.plain_words());
        assert_eq!(english.what_to_do(*reason), reason.what_to_do());
        let spanish = Language::Spanish.words();
        for text in [spanish.reason(*reason), spanish.what_to_do(*reason)] {
            assert!(text.ends_with('.') && text.chars().count() < 130, "{text}");
        }
        assert_ne!(spanish.reason(*reason), reason.plain_words());
    }
}

#[test]
fn a_browser_gets_what_it_asks_for_first_of_what_there_is() {
    for (asked, language) in [
        ("", Language::English),
        ("de", Language::English),
        ("es", Language::Spanish),
        ("es-MX,en;q=0.8", Language::Spanish),
        ("de, en;q=0.5, es;q=0.9", Language::Spanish),
        ("es;q=0.2, en-US", Language::English),
        ("es;q=0", Language::English),
        ("en,es", Language::English),
        ("es;q=x", Language::English),
    ] {
        let headers = [(header::ACCEPT_LANGUAGE, HeaderValue::from_static(asked))].into_iter().collect();
        assert_eq!(Language::asked(&headers), language, "{asked}");
    }
    assert_eq!(Language::named("es-MX"), Some(Language::Spanish));
    assert_eq!(Language::named("esperanto"), None);
}

#[test]
fn numbers_are_read_at_a_glance() {
    for (number, english, spanish) in [
        (7, "7", "7"),
        (1234, "1234", "1234"),
        (12_345, "12,345", "12\u{202f}345"),
        (1_234_567, "1,234,567", "1\u{202f}234\u{202f}567"),
    ] {
        assert_eq!(Language::English.words().number(number), english);
        assert_eq!(Language::Spanish.words().number(number), spanish);
    }
    let said = Language::English.words().count("to-do-held", 12_345);
    assert_eq!(said, "12,345 mails are set aside and wait for your decision.");
    assert_eq!(Language::Spanish.words().count("done-hold", 1), "Se retiene 1 mensaje.");
}
