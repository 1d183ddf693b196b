//! The form about a person: who they are, and what they may do.

use std::collections::BTreeSet;

use mail::Address;
use serde::{Deserialize, Serialize};
use store::{Person, PersonSettings, Role};

use super::{
    field::{Choice, Field, Kind},
    meanwhile::{Entries, merged},
    words::Words,
};
use crate::config::Site;

/// From the most to the least.
const ROLES: [(Role, &str); 3] =
    [(Role::Administrator, "administrator"), (Role::Manager, "manager"), (Role::Viewer, "viewer")];

/// As it is filled in.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct PersonForm {
    name: String,
    email: String,
    role: String,
    /// All libraries, or those that are ticked. Not one box less must mean all.
    reach: String,
    site: Vec<String>,
    /// What whoever fills it in has seen.
    pub(super) seen: String,
}

/// What is wrong with each.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) role: Option<String>,
    pub(super) site: Option<String>,
}

pub(super) fn role(words: &Words, role: Role) -> String {
    words.t(match role {
        Role::Administrator => "role-administrator",
        Role::Manager => "role-manager",
        Role::Viewer => "role-viewer",
    })
}

impl PersonForm {
    /// For somebody new: who may least.
    pub(super) fn new() -> Self {
        Self { role: "viewer".to_owned(), ..Self::default() }
    }

    /// As a person stands.
    pub(super) fn of(person: &Person) -> Self {
        Self::of_settings(&person.settings())
    }

    fn of_settings(settings: &PersonSettings) -> Self {
        Self {
            name: settings.name.to_string(),
            email: settings.email.to_string(),
            role: ROLES
                .iter()
                .find(|(role, _)| *role == settings.role)
                .map_or("", |(_, name)| name)
                .to_owned(),
            reach: if settings.sites.is_empty() { "all" } else { "some" }.to_owned(),
            site: settings.sites.iter().cloned().collect(),
            seen: seen(settings),
        }
    }

    /// As it was when it was made, where that can be read.
    fn as_seen(&self) -> Entries {
        let Ok((email, name, role, sites)) = serde_json::from_str(&self.seen) else {
            return Entries::new();
        };
        Self::of_settings(&PersonSettings { email, name, role, sites, language: None }).entries()
    }

    fn entries(&self) -> Entries {
        let mut site = self.site.clone();
        site.sort_unstable();
        let all = [
            ("name", &*self.name),
            ("email", &*self.email),
            ("role", &*self.role),
            ("reach", if self.reach == "some" { "some" } else { "all" }),
            ("site", &*site.join("\n")),
        ];
        all.map(|(name, text)| (name, text.trim().to_owned())).into()
    }

    /// What it is where somebody else changed the person since; with the fields that both changed, and what stands there.
    pub(super) fn after(&self, person: &Person) -> (Self, Vec<&'static str>, Entries) {
        let now = Self::of(person);
        let theirs = now.entries();
        let (entries, both) = merged(&self.as_seen(), &self.entries(), &theirs);
        let text = |name| entries.get(name).cloned().unwrap_or_default();
        let site = text("site").lines().map(ToOwned::to_owned).collect();
        let (name, email, role, reach) = (text("name"), text("email"), text("role"), text("reach"));
        (Self { name, email, role, reach, site, seen: now.seen }, both, theirs)
    }

    /// What it means; `sites` are those that can be ticked.
    pub(super) fn read(&self, words: &Words, sites: &[(String, String)]) -> Result<PersonSettings, Faults> {
        let email = Address::parse(self.email.trim()).ok();
        let name = self.name.parse().ok();
        let role = ROLES.iter().find(|(_, name)| *name == self.role).map(|(role, _)| *role);
        let ticked: BTreeSet<String> =
            self.site.iter().filter(|code| sites.iter().any(|(known, _)| known == *code)).cloned().collect();
        let some = self.reach == "some";
        let none_ticked = some && ticked.is_empty();
        match (email, name, role) {
            (Some(email), Some(name), Some(role)) if !none_ticked => {
                let sites = if some { ticked } else { BTreeSet::new() };
                Ok(PersonSettings { email, name, role, sites, language: None })
            }
            (email, name, role) => Err(Faults {
                email: email.is_none().then(|| words.t("bad-address-person")),
                name: name.is_none().then(|| words.t("bad-name-person")),
                role: role.is_none().then(|| words.t("bad-role")),
                site: none_ticked.then(|| words.t("bad-sites")),
            }),
        }
    }

    pub(super) fn fields(&self, words: &Words, sites: &[(String, String)], faults: Faults) -> Vec<Field> {
        let choice = |value: &str, text, chosen| Choice { value: value.to_owned(), text, chosen };
        let roles = ROLES.map(|(one, name)| choice(name, role(words, one), self.role == name));
        let mut all = vec![
            Field::new("name", words.t("person-name")).value(&*self.name).problem(faults.name).required(),
            Field::new("email", words.t("sign-in-email"))
                .kind(Kind::Line("email"))
                .value(&*self.email)
                .problem(faults.email)
                .required(),
            Field::new("role", words.t("person-role"))
                .kind(Kind::OneOf(roles.into()))
                .problem(faults.role)
                .help(words.t("person-role-help")),
        ];
        if sites.len() > 1 || !self.site.is_empty() {
            let some = self.reach == "some";
            let reach = vec![
                choice("all", words.t("libraries-all"), !some),
                choice("some", words.t("libraries-some"), some),
            ];
            let each = sites.iter().map(|(code, name)| choice(code, name.clone(), self.site.contains(code)));
            all.push(
                Field::new("reach", words.t("person-libraries"))
                    .kind(Kind::OneOf(reach))
                    .hint(words.t("person-libraries-hint")),
            );
            let these = Field::new("site", words.t("libraries-these")).kind(Kind::AnyOf(each.collect()));
            all.push(these.problem(faults.site));
        }
        all
    }
}

/// Libraries that can be ticked, by code and name: those there are, and those that this person is limited to.
pub(super) fn sites(known: &[Site], person: Option<&Person>) -> Vec<(String, String)> {
    let mut all: Vec<_> = known.iter().map(|site| (site.code.clone(), site.name.clone())).collect();
    for code in person.iter().flat_map(|person| &person.sites) {
        if !all.iter().any(|(known, _)| known == code) {
            all.push((code.clone(), code.clone()));
        }
    }
    all
}

/// A person as somebody saw them, to be compared with how they are when that is sent back.
pub(super) fn seen(settings: &PersonSettings) -> String {
    let shown = (&settings.email, &settings.name, settings.role, &settings.sites);
    serde_json::to_string(&shown).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::words::Language;

    #[test]
    fn no_box_ticked_is_not_all_of_them() {
        let words = Language::English.words();
        let sites = [("MAIN".to_owned(), "Main Library".to_owned()), ("EAST".to_owned(), "East".to_owned())];
        let form = |reach: &str, site: &[&str]| PersonForm {
            name: " Ann ".to_owned(),
            email: "ann@library.example ".to_owned(),
            role: "manager".to_owned(),
            reach: reach.to_owned(),
            site: site.iter().map(|code| (*code).to_owned()).collect(),
            seen: String::new(),
        };
        for (reach, site, expected) in [
            ("all", &["MAIN"][..], Some(&[][..])),
            ("", &[], Some(&[])),
            ("some", &["EAST"], Some(&["EAST"])),
            ("some", &["EAST", "NOWHERE"], Some(&["EAST"])),
            ("some", &["NOWHERE"], None),
            ("some", &[], None),
        ] {
            let read = form(reach, site).read(words, &sites).map(|settings| settings.sites);
            let expected = expected.map(|codes| codes.iter().map(|code| (*code).to_owned()).collect());
            assert_eq!(read.ok(), expected, "{reach} {site:?}");
        }
    }
}
