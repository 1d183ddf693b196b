//! Which mail a page of the queue shows, as its address says.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use mail::Address;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize};
use store::{Filter, RecipientId, RunId, Selection, State};

use super::when::midnight;

/// What was asked for; a field that was left empty is none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    pub(super) state: String,
    pub(super) site: String,
    pub(super) program: String,
    pub(super) run: String,
    pub(super) to: String,
    pub(super) tag: String,
    /// A day.
    pub(super) since: String,
    /// Where the page before ended.
    #[serde(deserialize_with = "number")]
    pub(super) after: Option<i64>,
}

impl Wanted {
    pub(super) fn in_query(query: Option<&str>) -> Self {
        serde_html_form::from_str(query.unwrap_or_default()).unwrap_or_default()
    }

    /// For the store; what cannot be looked for is named by its key in the words.
    pub(super) fn filter(&self, zone: &TimeZone) -> Result<Filter, &'static str> {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let address = given(&self.to).map(|text| Address::parse(&text)).transpose();
        let run = given(&self.run).map(|text| text.parse()).transpose();
        let since = given(&self.since)
            .map(|text| text.parse().ok().and_then(|day| midnight(day, zone)).ok_or("bad-date"));
        Ok(Filter {
            state: state(&self.state),
            run: run.map_err(|_| "bad-run")?.map(RunId),
            site: given(&self.site),
            since: since.transpose()?,
            address: address.map_err(|_| "bad-address")?,
            application: given(&self.program),
            tag: given(&self.tag),
            ..Filter::default()
        })
    }

    pub(super) fn after(&self) -> Option<RecipientId> {
        self.after.map(RecipientId)
    }

    /// All of it, where that is one state or one run and nothing else.
    pub(super) fn all(&self) -> Option<Selection> {
        let state = state(&self.state);
        let run = self.run.trim().parse().ok().map(RunId);
        let others = [&self.site, &self.program, &self.to, &self.tag, &self.since];
        match (state, run) {
            _ if others.iter().any(|other| !other.trim().is_empty()) => None,
            (Some(state), None) if self.run.trim().is_empty() => Some(Selection::State(state)),
            (None, Some(run)) if self.state.is_empty() => Some(Selection::Run(run)),
            _ => None,
        }
    }

    /// Something beyond the state is asked for.
    pub(super) fn is_narrow(&self) -> bool {
        let others = [&self.site, &self.program, &self.run, &self.to, &self.tag, &self.since];
        others.iter().any(|other| !other.trim().is_empty())
    }

    /// The address of the page that goes on after this one.
    pub(super) fn path(&self, after: Option<RecipientId>) -> String {
        let fields = [
            ("state", &self.state),
            ("site", &self.site),
            ("program", &self.program),
            ("run", &self.run),
            ("to", &self.to),
            ("tag", &self.tag),
            ("since", &self.since),
        ];
        let mut path = String::from("/queue");
        let mut sign = '?';
        for (name, value) in fields {
            if !value.trim().is_empty() {
                let _ = write!(path, "{sign}{name}={}", utf8_percent_encode(value.trim(), RESERVED));
                sign = '&';
            }
        }
        if let Some(after) = after {
            let _ = write!(path, "{sign}after={}", after.0);
        }
        path
    }
}

/// What does not stand for itself in a query (RFC 3986 section 2.3).
pub(super) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// As in the API and on the command line.
pub(super) const STATES: [(&str, State); 8] = [
    ("waiting", State::Waiting),
    ("sending", State::Sending),
    ("in_doubt", State::InDoubt),
    ("held", State::Held),
    ("returned", State::Returned),
    ("delivered", State::Delivered),
    ("practiced", State::Practiced),
    ("cancelled", State::Cancelled),
];

pub(super) fn state(name: &str) -> Option<State> {
    STATES.iter().find(|(known, _)| *known == name).map(|(_, state)| *state)
}

/// What is no number is none.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.and_then(|text| text.parse().ok()).filter(|number| *number >= 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_found_again_by_its_address() {
        for query in [
            "",
            "state=held",
            "state=in_doubt&site=MAIN&program=Textbook%20Tracker&run=7&to=p%40example.org&tag=a%26b&since=2026-11-28",
        ] {
            let wanted = Wanted::in_query(Some(query));
            let path = wanted.path(None);
            assert_eq!(path, if query.is_empty() { "/queue".to_owned() } else { format!("/queue?{query}") });
            let next = wanted.path(Some(RecipientId(65_536)));
            let (_, again) = next.split_once('?').unwrap();
            assert_eq!(Wanted::in_query(Some(again)), Wanted { after: Some(65_536), ..wanted });
        }
    }

    #[test]
    fn what_cannot_be_looked_for_is_said() {
        for (query, expected) in [
            ("to=nobody", Err("bad-address")),
            ("run=seven", Err("bad-run")),
            ("since=yesterday", Err("bad-date")),
            ("after=x&state=no-such&other=1&to=+", Ok(Filter::default())),
            (
                "since=2026-11-28",
                Ok(Filter { since: Some("2026-11-28T00:00:00Z".parse().unwrap()), ..Filter::default() }),
            ),
        ] {
            assert_eq!(Wanted::in_query(Some(query)).filter(&TimeZone::UTC), expected, "{query}");
        }
    }

    /// What is chosen as a whole is what the page shows, and never more.
    #[test]
    fn all_of_it_is_one_state_or_one_run() {
        for (query, all) in [
            ("state=held", Some(Selection::State(State::Held))),
            ("run=7", Some(Selection::Run(RunId(7)))),
            ("", None),
            ("state=held&run=7", None),
            ("state=held&run=x", None),
            ("state=held&site=MAIN", None),
            ("run=7&to=p@example.org", None),
            ("state=held&since=2026-11-28", None),
            ("state=no-such", None),
        ] {
            assert_eq!(Wanted::in_query(Some(query)).all(), all, "{query}");
        }
    }
}
