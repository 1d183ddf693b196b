//! The sites, one by one. All of them are one preference: whoever changes one changes the list, and is told when another was faster.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Actor, Store};

use super::{
    Refused, Wish,
    logos::{self, NoLogo},
};
use crate::config::{Loaded, Site};

/// The preference.
pub const SITES: &str = "sites";
/// What can be said of a site beside its code, by which its mail is known.
pub const FIELDS: [&str; 8] =
    ["name", "email", "reply_to", "return_address", "phone", "branches", "time_zone", "language"];

/// What is to become of a site. Values are as in the configuration file; `null` takes one away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteChange {
    /// A further one.
    Add { code: String, values: Map<String, Value> },
    /// What is named is to be otherwise.
    Change { code: String, values: Map<String, Value> },
    /// It is no site any more.
    Remove { code: String },
}

/// What needs a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// Exports without a branch code are of it.
    Exports,
    /// This program sends for it.
    Program(String),
    /// This person is limited to it.
    Person(String),
}

/// Why a site is not changed.
#[derive(Debug, thiserror::Error)]
pub enum SiteRefused {
    #[error("no site has the code {code}; there are: {known}")]
    NotFound { code: String, known: String },
    #[error("another site has the code {0} already")]
    Exists(String),
    #[error("a site has no {0:?}; it has: {fields}", fields = FIELDS.join(", "))]
    Field(String),
    #[error("the site {code} cannot be removed: {}", listed(needs))]
    Needed { code: String, needs: Vec<Need> },
    #[error("this cannot be the logo: {0}")]
    Logo(#[from] NoLogo),
    #[error(transparent)]
    Preferences(#[from] Refused),
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exports => {
                f.write_str("lines of exports without a branch code are of it (notices.default_site)")
            }
            Self::Program(name) => write!(f, "the program {name} sends for it"),
            Self::Person(email) => write!(f, "{email} is limited to it"),
        }
    }
}

fn listed(needs: &[Need]) -> String {
    needs.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// The change of the preferences that does it. `based_on`: see [`Wish`].
pub async fn wish(
    store: &Store,
    loaded: &Loaded,
    change: SiteChange,
    based_on: i64,
    (by, now): (Actor, Timestamp),
) -> Result<Wish, SiteRefused> {
    if let SiteChange::Remove { code } = &change {
        let needs = needs(store, &loaded.config.notices.default_site, code).await?;
        if !needs.is_empty() {
            return Err(SiteRefused::Needed { code: code.clone(), needs });
        }
    }
    let added = if let SiteChange::Add { code, .. } = &change { Some(code.clone()) } else { None };
    let sites = value(loaded, change)?;
    // It is another library than the one that had this code before.
    if let Some(code) = added
        && store.logo(&code).await.map_err(Refused::Store)?.is_some()
    {
        store.set_logo(&code, None, by.clone(), now).await.map_err(Refused::Store)?;
    }
    Ok(Wish { based_on: Some(based_on), values: [(SITES.to_owned(), sites)].into(), by })
}

/// All sites with this change, as they are stored.
pub fn value(loaded: &Loaded, change: SiteChange) -> Result<Value, SiteRefused> {
    let sites = changed(written(loaded), change)?;
    // Without any it is not set at all.
    Ok(if sites.is_empty() { Value::Null } else { Value::Array(sites) })
}

/// What needs the site of this code.
pub async fn needs(store: &Store, of_exports: &Option<String>, code: &str) -> Result<Vec<Need>, Refused> {
    let exports = of_exports.iter().filter(|site| *site == code).map(|_| Need::Exports);
    let programs = store.applications().await?.readable;
    let programs = programs.into_iter().filter(|one| one.settings.sites.iter().any(|site| site == code));
    let people = store.people().await?;
    let people = people.into_iter().filter(|one| one.disabled_at.is_none() && one.sites.contains(code));
    Ok(exports
        .chain(programs.map(|one| Need::Program(one.name.to_string())))
        .chain(people.map(|one| Need::Person(one.email.to_string())))
        .collect())
}

/// The site of this code has this file as its logo from here on, or none.
pub async fn set_logo(
    store: &Store,
    loaded: &Loaded,
    code: &str,
    file: Option<Vec<u8>>,
    by: Actor,
    now: Timestamp,
) -> Result<(), SiteRefused> {
    if loaded.config.sites.iter().all(|site| site.code != code) {
        return Err(not_found(&written(loaded), code.to_owned()));
    }
    let logo = file.map(logos::read).transpose()?;
    Ok(store.set_logo(code, logo, by, now).await.map_err(Refused::from)?)
}

/// A site as it is written.
pub fn values(site: &Site) -> Map<String, Value> {
    let optional =
        |address: &Option<mail::Address>| address.as_ref().map(|address| Value::from(address.as_str()));
    let zone = site.time_zone.as_ref().and_then(|zone| zone.iana_name()).map(Value::from);
    let branches = (!site.branches.is_empty()).then(|| Value::from(site.branches.clone()));
    let all = [
        ("code", Some(Value::from(site.code.as_str()))),
        ("name", Some(Value::from(site.name.as_str()))),
        ("email", optional(&site.email)),
        ("reply_to", optional(&site.reply_to)),
        ("return_address", optional(&site.return_address)),
        ("phone", site.phone.as_deref().map(Value::from)),
        ("branches", branches),
        ("time_zone", zone),
        ("language", site.language.as_deref().map(Value::from)),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn written(loaded: &Loaded) -> Vec<Value> {
    loaded.config.sites.iter().map(|site| Value::Object(values(site))).collect()
}

fn changed(mut sites: Vec<Value>, change: SiteChange) -> Result<Vec<Value>, SiteRefused> {
    let at = |sites: &[Value], code: &str| sites.iter().position(|site| code_of(site) == code);
    match change {
        SiteChange::Add { code, values } => {
            if at(&sites, &code).is_some() {
                return Err(SiteRefused::Exists(code));
            }
            let mut site = Map::from_iter([("code".to_owned(), Value::from(code))]);
            put(&mut site, values)?;
            sites.push(Value::Object(site));
        }
        SiteChange::Change { code, values } => match at(&sites, &code).and_then(|at| sites.get_mut(at)) {
            Some(Value::Object(site)) => put(site, values)?,
            _ => return Err(not_found(&sites, code)),
        },
        SiteChange::Remove { code } => {
            let at = at(&sites, &code).ok_or_else(|| not_found(&sites, code))?;
            sites.remove(at);
        }
    }
    Ok(sites)
}

fn put(site: &mut Map<String, Value>, values: Map<String, Value>) -> Result<(), SiteRefused> {
    for (name, value) in values {
        if !FIELDS.contains(&name.as_str()) {
            return Err(SiteRefused::Field(name));
        }
        if value.is_null() {
            site.remove(&name);
        } else {
            site.insert(name, value);
        }
    }
    Ok(())
}

fn code_of(site: &Value) -> &str {
    site.get("code").and_then(Value::as_str).unwrap_or_default()
}

fn not_found(sites: &[Value], code: String) -> SiteRefused {
    let known = sites.iter().map(code_of).collect::<Vec<_>>().join(", ");
    SiteRefused::NotFound { code, known: if known.is_empty() { "none".to_owned() } else { known } }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(values) = value else { panic!("{value}") };
        values
    }

    #[test]
    fn what_is_not_named_stays() {
        let add = |code: &str| SiteChange::Add {
            code: code.to_owned(),
            values: object(json!({ "name": code, "email": "a@library.example" })),
        };
        let sites = changed(Vec::new(), add("A")).unwrap();
        let sites = changed(sites, add("B")).unwrap();
        let values = object(json!({ "phone": "555", "name": "North" }));
        let sites = changed(sites, SiteChange::Change { code: "A".to_owned(), values }).unwrap();
        let values = object(json!({ "phone": null }));
        let with = sites.clone();
        let sites = changed(sites, SiteChange::Change { code: "A".to_owned(), values }).unwrap();
        assert_eq!(
            with[0],
            json!({ "code": "A", "name": "North", "email": "a@library.example", "phone": "555" })
        );
        assert_eq!(sites[0], json!({ "code": "A", "name": "North", "email": "a@library.example" }));
        let left = changed(sites.clone(), SiteChange::Remove { code: "A".to_owned() }).unwrap();
        assert_eq!(left, sites[1..]);
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_words() {
        let sites = || vec![json!({ "code": "A", "name": "A", "email": "a@library.example" })];
        let none = Map::new();
        let code = |code: &str| code.to_owned();
        for (change, words) in [
            (SiteChange::Add { code: code("A"), values: none.clone() }, "another site has the code A"),
            (SiteChange::Change { code: code("B"), values: none }, "no site has the code B; there are: A"),
            (SiteChange::Remove { code: code("B") }, "no site has the code B"),
            (
                SiteChange::Change { code: code("A"), values: object(json!({ "fax": "1" })) },
                "a site has no \"fax\"; it has: name, email",
            ),
        ] {
            let refused = changed(sites(), change.clone()).unwrap_err().to_string();
            assert!(refused.contains(words), "{change:?}: {refused}");
        }
    }
}
