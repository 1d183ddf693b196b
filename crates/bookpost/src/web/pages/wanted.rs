//! Which mail a page of the queue shows, as its address says.

use std::fmt::Write as _;

use jiff::{Timestamp, tz::TimeZone};
use mail::Address;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize};
use store::{Filter, LEAST_BEGINNING, RecipientId, RunId, State};

use super::when::midnight;
use crate::config::Config;

/// In the place of a library's code: mail of none.
pub(super) const OF_NONE: &str = "(none)";

/// What was asked for; a field that was left empty is none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Wanted {
    pub(in crate::web) state: String,
    pub(in crate::web) site: String,
    pub(in crate::web) program: String,
    pub(in crate::web) run: String,
    /// The number of a message.
    pub(in crate::web) number: String,
    /// An address, how one begins, or a domain behind an @.
    pub(in crate::web) to: String,
    /// Words of it.
    pub(in crate::web) subject: String,
    pub(in crate::web) tag: String,
    /// A day.
    pub(in crate::web) since: String,
    /// A day, of the answer.
    pub(in crate::web) answered: String,
    /// Where the page before ended.
    #[serde(deserialize_with = "number")]
    pub(in crate::web) after: Option<i64>,
}

impl Wanted {
    pub(super) fn in_query(query: Option<&str>) -> Self {
        serde_html_form::from_str(query.unwrap_or_default()).unwrap_or_default()
    }

    /// The days of a library that is asked for are its own.
    pub(in crate::web) fn zone(&self, config: &Config, usual: &TimeZone) -> TimeZone {
        let site = config.sites.iter().find(|site| site.code == self.site.trim());
        site.and_then(|site| site.time_zone.clone()).unwrap_or_else(|| usual.clone())
    }

    /// For the store; what cannot be looked for is named by its key in the words.
    pub(in crate::web) fn filter(&self, zone: &TimeZone, now: Timestamp) -> Result<Filter, &'static str> {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let to = given(&self.to).map(|text| To::of(&text)).transpose()?.unwrap_or_default();
        let run = given(&self.run).map(|text| text.parse()).transpose();
        let day = |text: String| text.parse().ok().and_then(|day| midnight(day, zone)).ok_or("bad-date");
        let filter = Filter {
            state: state(&self.state),
            run: run.map_err(|_| "bad-run")?.map(RunId),
            site: given(&self.site).map(|site| if site == OF_NONE { String::new() } else { site }),
            since: given(&self.since).map(day).transpose()?,
            answered_since: given(&self.answered).map(day).transpose()?,
            address: to.address,
            beginning: to.beginning,
            domain: to.domain,
            subject: given(&self.subject),
            application: given(&self.program),
            tag: given(&self.tag),
            ..Filter::default()
        };
        Ok(filter.within_reach(now))
    }

    /// The message whose number was asked for.
    pub(super) fn number(&self) -> Option<Result<i64, &'static str>> {
        let number = Some(self.number.trim()).filter(|number| !number.is_empty());
        number.map(|number| number.parse().map_err(|_| "bad-number"))
    }

    pub(super) fn after(&self) -> Option<RecipientId> {
        self.after.map(RecipientId)
    }

    /// Something beyond the state is asked for.
    pub(in crate::web) fn is_narrow(&self) -> bool {
        let others = [&self.site, &self.program, &self.run, &self.to, &self.subject, &self.tag];
        others.iter().chain(&[&self.since, &self.answered]).any(|other| !other.trim().is_empty())
    }

    /// Something is asked for that stands folded.
    pub(super) fn is_unfolded(&self) -> bool {
        let folded = [&self.program, &self.run, &self.number, &self.tag, &self.since, &self.answered];
        folded.iter().any(|field| !field.trim().is_empty())
    }

    /// Each field that was filled in, as in an address.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let fields = [
            ("state", &self.state),
            ("site", &self.site),
            ("program", &self.program),
            ("run", &self.run),
            ("to", &self.to),
            ("subject", &self.subject),
            ("tag", &self.tag),
            ("since", &self.since),
            ("answered", &self.answered),
        ];
        fields.into_iter().map(|(name, value)| (name, value.trim())).filter(|(_, value)| !value.is_empty())
    }

    /// The address of the page that goes on after this one.
    pub(in crate::web) fn path(&self, after: Option<RecipientId>) -> String {
        let mut path = String::from("/queue");
        let mut sign = '?';
        for (name, value) in self.fields() {
            let _ = write!(path, "{sign}{name}={}", utf8_percent_encode(value, RESERVED));
            sign = '&';
        }
        if let Some(after) = after {
            let _ = write!(path, "{sign}after={}", after.0);
        }
        path
    }
}

/// Whom mail is for.
#[derive(Default)]
struct To {
    address: Option<Address>,
    beginning: Option<String>,
    domain: Option<String>,
}

impl To {
    fn of(text: &str) -> Result<Self, &'static str> {
        match text.strip_prefix('@').map(str::trim) {
            Some("") => return Err("bad-domain"),
            Some(domain) => return Ok(Self { domain: Some(domain.to_owned()), ..Self::default() }),
            None => {}
        }
        // Whoever has not come to the first dot of the domain is still writing.
        match Address::parse(text) {
            Ok(address) if address.domain().contains('.') => {
                Ok(Self { address: Some(address), ..Self::default() })
            }
            _ if text.chars().count() < LEAST_BEGINNING => Err("bad-beginning"),
            _ => Ok(Self { beginning: Some(text.to_owned()), ..Self::default() }),
        }
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

/// How a state is called there.
pub(super) fn name(state: State) -> &'static str {
    STATES.iter().find(|(_, known)| *known == state).map_or("", |(name, _)| name)
}

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
            "state=in_doubt&site=MAIN&program=Textbook%20Tracker&run=7&to=p%40example.org&subject=your%20items&tag=a%26b&since=2026-11-28&answered=2026-11-29",
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
        let now: Timestamp = "2026-11-28T14:00:00Z".parse().unwrap();
        let week = "2026-11-21T14:00:00Z".parse().unwrap();
        for (query, expected) in [
            ("to=no", Err("bad-beginning")),
            ("to=nobody", Ok(Filter { beginning: Some("nobody".to_owned()), ..Filter::default() })),
            ("to=ann@exa", Ok(Filter { beginning: Some("ann@exa".to_owned()), ..Filter::default() })),
            (
                "to=+ann@example.org+",
                Ok(Filter { address: Some("ann@example.org".parse().unwrap()), ..Filter::default() }),
            ),
            ("to=@example.org", Ok(Filter { domain: Some("example.org".to_owned()), ..Filter::default() })),
            ("to=@", Err("bad-domain")),
            ("to=@+", Err("bad-domain")),
            (
                "subject=overdue",
                Ok(Filter { subject: Some("overdue".to_owned()), since: Some(week), ..Filter::default() }),
            ),
            ("site=MAIN", Ok(Filter { site: Some("MAIN".to_owned()), ..Filter::default() })),
            ("site=%28none%29", Ok(Filter { site: Some(String::new()), ..Filter::default() })),
            ("run=seven", Err("bad-run")),
            ("since=yesterday", Err("bad-date")),
            ("answered=yesterday", Err("bad-date")),
            (
                "answered=2026-11-28",
                Ok(Filter {
                    answered_since: Some("2026-11-28T00:00:00Z".parse().unwrap()),
                    ..Filter::default()
                }),
            ),
            ("after=x&state=no-such&other=1&to=+", Ok(Filter::default())),
            (
                "since=2026-11-28",
                Ok(Filter { since: Some("2026-11-28T00:00:00Z".parse().unwrap()), ..Filter::default() }),
            ),
        ] {
            assert_eq!(Wanted::in_query(Some(query)).filter(&TimeZone::UTC, now), expected, "{query}");
        }
    }
}
