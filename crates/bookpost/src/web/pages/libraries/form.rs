//! The form about a library.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use mail::Address;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{language, zone};
use crate::{
    config::{LANGUAGES, Site},
    web::pages::{
        field::{Choice, Field, Kind},
        meanwhile::{Entries, merged},
        words::Words,
    },
};

/// As it is filled in.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::web::pages) struct LibraryForm {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) reply_to: String,
    pub(super) return_address: String,
    pub(super) phone: String,
    pub(super) branches: String,
    pub(super) time_zone: String,
    pub(super) language: String,
    /// Of the preferences that were seen.
    pub(super) version: i64,
    /// What whoever fills it in has seen of the library.
    pub(super) seen: String,
}

/// What is wrong with each.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    pub(super) code: Option<String>,
    name: Option<String>,
    email: Option<String>,
    reply_to: Option<String>,
    return_address: Option<String>,
    branches: Option<String>,
    time_zone: Option<String>,
}

impl LibraryForm {
    /// As a library stands.
    pub(super) fn of(site: &Site, version: i64) -> Self {
        let address =
            |address: &Option<Address>| address.as_ref().map(ToString::to_string).unwrap_or_default();
        let form = Self {
            code: site.code.clone(),
            name: site.name.clone(),
            email: address(&site.email),
            reply_to: address(&site.reply_to),
            return_address: address(&site.return_address),
            phone: site.phone.clone().unwrap_or_default(),
            branches: site.branches.join(", "),
            time_zone: zone(site).unwrap_or_default(),
            language: site.language.clone().unwrap_or_default(),
            version,
            seen: String::new(),
        };
        Self { seen: serde_json::to_string(&form.entries()).unwrap_or_default(), ..form }
    }

    fn entries(&self) -> Entries {
        let all = [
            ("name", &*self.name),
            ("email", &*self.email),
            ("reply_to", &*self.reply_to),
            ("return_address", &*self.return_address),
            ("phone", &*self.phone),
            ("branches", &*codes(&self.branches).join(", ")),
            ("time_zone", &*self.time_zone),
            ("language", &*self.language),
        ];
        all.map(|(name, text)| (name, text.trim().to_owned())).into()
    }

    /// What it is where the preferences were changed since; with the fields that both changed, and what stands there.
    pub(super) fn after(&self, site: &Site, version: i64) -> (Self, Vec<&'static str>, Entries) {
        let seen: BTreeMap<String, String> = serde_json::from_str(&self.seen).unwrap_or_default();
        let now = Self::of(site, version);
        let (mine, theirs) = (self.entries(), now.entries());
        let seen = theirs.keys().filter_map(|name| Some((*name, seen.get(*name)?.clone()))).collect();
        let (entries, both) = merged(&seen, &mine, &theirs);
        let text = |name| entries.get(name).cloned().unwrap_or_default();
        let form = Self {
            code: now.code,
            name: text("name"),
            email: text("email"),
            reply_to: text("reply_to"),
            return_address: text("return_address"),
            phone: text("phone"),
            branches: text("branches"),
            time_zone: text("time_zone"),
            language: text("language"),
            version,
            seen: now.seen,
        };
        (form, both, theirs)
    }

    /// What it means, for the preferences; `others` are all libraries but this one.
    pub(super) fn read(&self, words: &Words, others: &[&Site]) -> Result<Map<String, Value>, Box<Faults>> {
        let branches = codes(&self.branches);
        let taken = |code: &str| {
            others.iter().find(|site| site.code == code || site.branches.iter().any(|one| one == code))
        };
        let of_another = |code: &str| {
            taken(code).map(|site| words.with("library-code-taken", &[("code", code), ("name", &site.name)]))
        };
        let missing = |text: &str, key| text.trim().is_empty().then(|| words.t(key));
        let address = |text: &str, key| {
            let text = text.trim();
            (!text.is_empty() && Address::parse(text).is_err()).then(|| words.t(key))
        };
        let zone = self.time_zone.trim();
        let own = branches.iter().find(|code| **code == self.code.trim());
        let faults = Faults {
            code: missing(&self.code, "library-no-code").or_else(|| of_another(self.code.trim())),
            name: missing(&self.name, "library-no-name"),
            email: address(&self.email, "library-bad-email"),
            reply_to: address(&self.reply_to, "library-bad-address"),
            return_address: address(&self.return_address, "library-bad-address"),
            branches: branches
                .iter()
                .find_map(|code| of_another(code))
                .or_else(|| own.map(|_| words.t("library-own-code"))),
            time_zone: (!zone.is_empty() && TimeZone::get(zone).is_err())
                .then(|| words.t("library-bad-zone")),
        };
        if faults == Faults::default() { Ok(self.values(branches)) } else { Err(faults.into()) }
    }

    /// An empty field takes away what stood there.
    fn values(&self, branches: Vec<String>) -> Map<String, Value> {
        let text =
            |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map_or(Value::Null, Value::from);
        let branches = if branches.is_empty() { Value::Null } else { Value::from(branches) };
        let all = [
            ("name", text(&self.name)),
            ("email", text(&self.email)),
            ("reply_to", text(&self.reply_to)),
            ("return_address", text(&self.return_address)),
            ("phone", text(&self.phone)),
            ("branches", branches),
            ("time_zone", text(&self.time_zone)),
            ("language", text(if LANGUAGES.contains(&&*self.language) { &self.language } else { "" })),
        ];
        all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Whatever else is sent stands for none.
    fn languages(&self, words: &Words) -> Vec<Choice> {
        let usual = Choice {
            value: String::new(),
            text: words.t("library-language-usual"),
            chosen: !LANGUAGES.contains(&&*self.language),
        };
        let of = |tag: &str| Choice {
            value: tag.to_owned(),
            text: language(words, tag),
            chosen: tag == self.language,
        };
        std::iter::once(usual).chain(LANGUAGES.into_iter().map(of)).collect()
    }

    /// `known`: the code stands fast.
    pub(super) fn fields(&self, words: &Words, faults: Faults, known: bool) -> Vec<Field> {
        let field = |name, key| Field::new(name, words.t(key));
        let code = field("code", "library-code").value(&*self.code);
        let code = if known {
            code.elsewhere(Some(words.t("library-code-stays")))
        } else {
            code.hint(words.t("library-code-hint")).problem(faults.code).required()
        };
        vec![
            field("name", "library-name")
                .value(&*self.name)
                .hint(words.t("library-name-hint"))
                .problem(faults.name)
                .required(),
            code,
            field("email", "library-email")
                .kind(Kind::Line("email"))
                .value(&*self.email)
                .hint(words.t("library-email-hint"))
                .help(words.t("library-email-help"))
                .problem(faults.email),
            field("reply_to", "library-answers")
                .kind(Kind::Line("email"))
                .value(&*self.reply_to)
                .hint(words.t("library-same-hint"))
                .problem(faults.reply_to),
            field("return_address", "library-returns")
                .kind(Kind::Line("email"))
                .value(&*self.return_address)
                .hint(words.t("library-returns-hint"))
                .help(words.t("library-returns-help"))
                .problem(faults.return_address),
            field("phone", "library-phone").value(&*self.phone).hint(words.t("library-phone-hint")),
            field("branches", "library-branches")
                .value(&*self.branches)
                .hint(words.t("library-branches-hint"))
                .help(words.t("library-branches-help"))
                .problem(faults.branches),
            field("time_zone", "library-zone")
                .value(&*self.time_zone)
                .hint(words.t("library-zone-hint"))
                .help(words.t("library-zone-help"))
                .problem(faults.time_zone),
            field("language", "library-language")
                .kind(Kind::OneOf(self.languages(words)))
                .hint(words.t("library-language-hint")),
        ]
    }
}

fn codes(text: &str) -> Vec<String> {
    text.split([',', ';', '\n'])
        .map(str::trim)
        .filter(|code| !code.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::words::Language;

    fn site(code: &str) -> Site {
        Site {
            code: code.to_owned(),
            name: format!("{code} Library"),
            email: "desk@library.example".parse().ok(),
            reply_to: Some("info@library.example".parse().unwrap()),
            return_address: None,
            phone: None,
            branches: vec![format!("{code}2")],
            time_zone: TimeZone::get("America/Chicago").ok(),
            language: Some("es".to_owned()),
        }
    }

    #[test]
    fn a_library_is_read_as_it_is_shown() {
        let (words, other) = (Language::English.words(), site("EAST"));
        let form = LibraryForm::of(&site("MAIN"), 3);
        let values = form.read(words, &[&other]).unwrap();
        let shown = serde_json::json!({
            "name": "MAIN Library", "email": "desk@library.example", "reply_to": "info@library.example",
            "return_address": null, "phone": null, "branches": ["MAIN2"], "time_zone": "America/Chicago",
            "language": "es",
        });
        assert_eq!(Value::Object(values), shown);
    }

    #[test]
    fn what_cannot_be_is_said_at_its_field() {
        let (words, other) = (Language::English.words(), site("EAST"));
        let text = |text: &str| text.to_owned();
        let form = LibraryForm {
            code: text("EAST2"),
            name: text(" "),
            email: text("desk"),
            reply_to: text("a b"),
            return_address: text("@"),
            branches: text("X, EAST"),
            time_zone: text("Mars"),
            ..LibraryForm::default()
        };
        let faults = form.read(words, &[&other]).unwrap_err();
        let wrong = form.fields(words, *faults, false);
        let wrong: Vec<_> =
            wrong.iter().filter(|field| field.problem.is_some()).map(|field| field.name).collect();
        assert_eq!(wrong, ["name", "code", "email", "reply_to", "return_address", "branches", "time_zone"]);
        let empty = LibraryForm::default().read(words, &[]).unwrap_err();
        assert_eq!(empty.email, None, "it can be entered later");
    }
}
