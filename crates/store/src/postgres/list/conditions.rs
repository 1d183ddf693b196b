//! What a filter asks, as conditions on `recipient r`, `message m` and `addressee a`.

use tokio_postgres::types::ToSql;

use super::{Value, way::Way};
use crate::{
    Filter, Kind, RecipientId, State,
    codes::{kind_code, micros, state_code},
    search::{bounds, escaped, spellings},
};

/// What stands after the last @ of an address; as the index has it.
pub(super) const DOMAIN: &str = "lower(substring(a.address FROM '[^@]*$'))";
pub(super) const ADDRESS: &str = "lower(a.address)";
/// A message is a copy to a teacher.
const COPY: &str = "m.tags[1] = 'copy to a teacher'";

/// Conditions that all hold, with their values. $1 is where the part before ended.
pub(super) struct Conditions {
    texts: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    /// Of a list with the newest first.
    pub(super) fn down(filter: &Filter, after: Option<RecipientId>) -> Self {
        Self::of(filter, "r.id < $1", vec![Value::from(after.map_or(i64::MAX, |id| id.0))])
    }

    /// Of a walk with the oldest first, whose $1 and $2 are put in later.
    pub(super) fn up(filter: &Filter) -> Self {
        Self::of(filter, "r.id > $1", vec![Value::from(0), Value::from(0)])
    }

    fn of(filter: &Filter, beyond: &str, values: Vec<Value>) -> Self {
        let mut all = Self { texts: vec![beyond.to_owned()], values };
        all.of_recipient(filter);
        all.of_message(filter);
        all
    }

    fn of_recipient(&mut self, filter: &Filter) {
        if let Some(address) = &filter.address {
            self.require(ADDRESS, "=", address.as_str().to_ascii_lowercase());
        }
        if let Some(beginning) = &filter.beginning {
            let (first, last) = bounds(&beginning.to_ascii_lowercase());
            self.require(ADDRESS, ">=", first);
            self.require(ADDRESS, "<", last);
        }
        if let Some(domain) = &filter.domain {
            self.require(DOMAIN, "=", domain.to_ascii_lowercase());
        }
        if let Some(up_to) = filter.up_to {
            self.require("r.id", "<=", up_to.0);
        }
        if let Some(state) = filter.state {
            self.texts.push(format!("r.state = {}", state_code(state)));
        }
        if let Some(decided_at) = filter.decided_at {
            let since = if filter.state == Some(State::Held) { "r.aside_at" } else { "r.due_at" };
            self.require(since, "=", micros(decided_at));
        }
        if let Some(since) = filter.answered_since {
            self.texts.push("r.state IN (2, 3, 4, 5, 7)".to_owned());
            self.require("coalesce(r.settled_at, r.aside_at)", ">=", micros(since));
        }
        if filter.ever_in_doubt {
            self.texts.push("r.in_doubt_at IS NOT NULL".to_owned());
        }
    }

    fn of_message(&mut self, filter: &Filter) {
        if let Some(run) = filter.run {
            self.require("m.run", "=", run.0);
        }
        match filter.site.as_deref() {
            Some("") => self.texts.push("m.site IS NULL".to_owned()),
            Some(site) => self.require("m.site", "=", site.to_owned()),
            None => {}
        }
        if !filter.sites.is_empty() {
            let sites = self.put(Value::Texts(filter.sites.iter().cloned().collect()));
            self.texts.push(format!("m.site = ANY({sites})"));
        }
        if let Some(kind) = filter.kind {
            self.texts.push(format!("m.kind = {}", kind_code(kind)));
        }
        if let Some(application) = &filter.application {
            self.require("m.application", "=", application.clone());
            self.texts.push(format!("m.run IS NULL AND m.kind = {}", kind_code(Kind::Mail)));
        }
        if let Some(tag) = &filter.tag {
            let tag = self.put(tag.clone());
            self.texts.push(format!("{tag} = ANY(m.tags)"));
        }
        match filter.copies {
            Some(true) => self.texts.push(COPY.to_owned()),
            Some(false) => self.texts.push(format!("NOT coalesce({COPY}, false)")),
            None => {}
        }
        for word in filter.subject.iter().flat_map(|words| words.split_whitespace()) {
            self.has_word(word);
        }
    }

    /// Texts that are compared octet by octet know small and large letters as one where they are of English.
    fn has_word(&mut self, word: &str) {
        let like = |way: String| {
            let pattern = self.put(format!("%{}%", escaped(&way)));
            format!("m.subject ILIKE {pattern}")
        };
        let any = spellings(word).into_iter().map(like).collect::<Vec<_>>().join(" OR ");
        self.texts.push(format!("({any})"));
    }

    /// None below this one; where messages are walked through, the walk ends there.
    pub(super) fn from(mut self, lowest: Option<i64>) -> Self {
        if let Some(lowest) = lowest {
            let lowest = self.put(lowest);
            self.texts.push(format!("r.id >= {lowest} AND m.id >= {lowest} / 65536"));
        }
        self
    }

    /// And what goes with the way.
    pub(super) fn among(mut self, way: &Way) -> Self {
        match way {
            Way::Few(ids) => {
                let few = self.put(Value::Numbers(ids.clone()));
                self.texts.push(format!("r.id = ANY({few})"));
            }
            Way::Messages(_) if self.texts.iter().any(|text| text == "r.id > $1") => {
                self.texts.push("m.id >= $1::BIGINT / 65536".to_owned());
            }
            Way::Messages(_) => self.texts.push("m.id <= $1::BIGINT / 65536".to_owned()),
            Way::Addresses(_) if self.texts.iter().any(|text| text == "r.id > $1") => {
                self.texts.push("a.id > $1".to_owned());
            }
            Way::Addresses(_) => self.texts.push("a.id < $1".to_owned()),
            Way::Key | Way::Live(_) => {}
        }
        self
    }

    pub(super) fn text(&self) -> String {
        self.texts.join(" AND ")
    }

    pub(super) fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(Value::as_sql).collect()
    }

    pub(super) fn third_and_later(self) -> Vec<Value> {
        self.values.into_iter().skip(2).collect()
    }

    fn require(&mut self, column: &str, is: &str, value: impl Into<Value>) {
        let value = self.put(value);
        self.texts.push(format!("{column} {is} {value}"));
    }

    /// The name of a value.
    pub(super) fn put(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }
}
