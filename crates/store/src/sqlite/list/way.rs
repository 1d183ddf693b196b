//! By which way mail is looked through, so that a part of a list costs the same however much there is.

use rusqlite::{Connection, OptionalExtension, params_from_iter, types::Value};

use super::conditions::{ADDRESS, DOMAIN};
use crate::{
    Error, Filter, Kind, RecipientId, State,
    codes::{kind_code, micros, whole},
    search::{FEW, LOOKED, LOOKED_MESSAGES, LOOKED_SUBJECTS, bounds},
};

/// By the key.
const WHOLE: &str = "NOT INDEXED";

/// A way.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Way {
    /// By the ids.
    Key,
    /// By an index of recipients, in which the ids of what the filter asks stand in their order.
    Index(Known),
    /// By messages.
    Messages(Known),
    /// These alone.
    Few(Vec<i64>),
}

/// An index, and what it is entered by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    index: &'static str,
    condition: String,
    value: Option<Value>,
}

impl Known {
    fn new(index: &'static str, condition: &str, value: Option<Value>) -> Self {
        Self { index, condition: condition.to_owned(), value }
    }
}

impl Way {
    /// The one that passes the least.
    pub(super) fn find(sql: &Connection, filter: &Filter) -> Result<Self, Error> {
        let exact = Self::exact(filter);
        let is_narrow = filter.address.is_some() || filter.run.is_some();
        if let Some(way) = exact.clone().filter(|_| is_narrow) {
            return Ok(way);
        }
        for (question, values) in sets(filter) {
            if let Some(ids) = few(sql, question, values)? {
                return Ok(Self::Few(ids));
            }
        }
        Ok(exact.unwrap_or(Self::Key))
    }

    /// One that keeps its order while mail moves from state to state.
    pub(super) fn upwards(filter: &Filter) -> Self {
        let by_state = Filter { state: None, subject: None, ..filter.clone() };
        Self::exact(&by_state).unwrap_or(Self::Key)
    }

    /// By what stands in an index together with the ids.
    pub(super) fn exact(filter: &Filter) -> Option<Self> {
        let known = |index, condition: &str, value: Option<Value>| Known::new(index, condition, value);
        if let Some(address) = &filter.address {
            let value = Some(address.as_str().to_owned().into());
            return Some(Self::Index(known(
                "INDEXED BY recipient_address",
                &format!("{ADDRESS} = ?3"),
                value,
            )));
        }
        if let Some(run) = filter.run {
            return Some(Self::Messages(known("INDEXED BY message_run", "m.run = ?3", Some(run.0.into()))));
        }
        match filter.state {
            Some(State::InDoubt) => {
                return Some(Self::Index(known("INDEXED BY recipient_in_doubt", "r.state = 2", None)));
            }
            Some(State::Held) => {
                return Some(Self::Index(known("INDEXED BY recipient_held", "r.state = 6", None)));
            }
            _ => {}
        }
        if let Some(application) = &filter.application {
            let condition =
                format!("m.application = ?3 AND m.run IS NULL AND m.kind = {}", kind_code(Kind::Mail));
            let value = Some(application.clone().into());
            return Some(Self::Messages(known("INDEXED BY message_application", &condition, value)));
        }
        if let Some(domain) = &filter.domain {
            let value = Some(domain.clone().into());
            return Some(Self::Index(known("INDEXED BY recipient_domain", &format!("{DOMAIN} = ?3"), value)));
        }
        filter.subject.as_ref().map(|_| Self::Messages(known(WHOLE, "m.id > 0", None)))
    }

    pub(super) fn tables(&self) -> String {
        match self {
            Self::Key | Self::Few(_) => {
                "recipient r NOT INDEXED CROSS JOIN message m ON m.id = r.id / 65536".to_owned()
            }
            Self::Index(known) => {
                format!("recipient r {} CROSS JOIN message m ON m.id = r.id / 65536", known.index)
            }
            Self::Messages(known) => format!(
                "message m {} CROSS JOIN recipient r ON r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535",
                known.index
            ),
        }
    }

    pub(super) fn order(&self) -> &'static str {
        if matches!(self, Self::Messages(_)) { "m.id DESC, r.id DESC" } else { "r.id DESC" }
    }

    /// The last recipient that a part below `after` looks at, if it does not come to the end.
    pub(super) fn floor(
        &self,
        sql: &Connection,
        filter: &Filter,
        after: Option<RecipientId>,
    ) -> Result<Option<i64>, Error> {
        let up_to = filter.up_to.map_or(i64::MAX, |id| id.0.saturating_add(1));
        let after = after.map_or(i64::MAX, |id| id.0).min(up_to);
        let Some((question, value, limit)) = self.last_of() else { return Ok(None) };
        let values = [Value::from(after), Value::from(whole(limit) - 1)].into_iter().chain(value);
        let mut statement = sql.prepare_cached(&question)?;
        Ok(statement.query_row(params_from_iter(values), |row| row.get(0)).optional()?)
    }

    /// The question for it.
    fn last_of(&self) -> Option<(String, Option<Value>, usize)> {
        match self {
            Self::Few(_) => None,
            Self::Key => {
                let question =
                    "SELECT id FROM recipient NOT INDEXED WHERE id < ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2";
                Some((question.to_owned(), None, LOOKED))
            }
            Self::Index(Known { index, condition, value }) => {
                let question = format!(
                    "SELECT r.id FROM recipient r {index} WHERE {condition} AND r.id < ?1 ORDER BY r.id DESC LIMIT 1 OFFSET ?2"
                );
                Some((question, value.clone(), LOOKED))
            }
            Self::Messages(Known { index, condition, value }) => {
                let question = format!(
                    "SELECT m.id * 65536 FROM message m {index} WHERE {condition} AND m.id <= ?1 / 65536 ORDER BY m.id DESC LIMIT 1 OFFSET ?2"
                );
                let looked = if *index == WHOLE { LOOKED_SUBJECTS } else { LOOKED_MESSAGES };
                Some((question, value.clone(), looked))
            }
        }
    }
}

/// Sets of recipients that may be small, by an index that knows their ids in another order.
fn sets(filter: &Filter) -> Vec<(&'static str, Vec<Value>)> {
    let mut all = Vec::new();
    if let Some(beginning) = &filter.beginning {
        let (first, last) = bounds(beginning);
        let question = "SELECT id FROM recipient INDEXED BY recipient_address
            WHERE address COLLATE NOCASE >= ?1 AND address COLLATE NOCASE < ?2";
        all.push((question, vec![first.into(), last.into()]));
    }
    match filter.state {
        Some(State::Held) => all.extend(filter.decided_at.map(|at| {
            let question =
                "SELECT id FROM recipient INDEXED BY recipient_aside WHERE state IN (2, 6) AND aside_at = ?1";
            (question, vec![micros(at).into()])
        })),
        Some(State::Returned) => {
            let question =
                "SELECT id FROM recipient INDEXED BY recipient_returned WHERE state = 5 AND settled_at >= ?1";
            let since = filter.answered_since.map_or(i64::MIN, micros);
            all.push((question, vec![since.into()]));
        }
        Some(State::Waiting) => all.push((
            "SELECT id FROM recipient INDEXED BY recipient_expiring WHERE state = 0 AND practice IN (0, 1)",
            Vec::new(),
        )),
        _ => {}
    }
    if filter.ever_in_doubt {
        let question =
            "SELECT id FROM recipient INDEXED BY recipient_ever_in_doubt WHERE in_doubt_at IS NOT NULL";
        all.push((question, Vec::new()));
    }
    all
}

/// The ids of a set, if they are few.
fn few(sql: &Connection, question: &str, values: Vec<Value>) -> Result<Option<Vec<i64>>, Error> {
    let mut statement = sql.prepare_cached(&format!("{question} LIMIT {}", FEW + 1))?;
    let ids = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    let ids: Vec<i64> = ids.collect::<Result<_, _>>()?;
    Ok((ids.len() <= FEW).then_some(ids))
}
