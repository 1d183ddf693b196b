//! By which way mail is looked through, so that a part of a list costs the same however much there is.

use super::{
    super::{rows::FROM, tx::Tx},
    Value,
    conditions::{ADDRESS, DOMAIN},
};
use crate::{
    Error, Filter, Kind, RecipientId, State,
    codes::{kind_code, micros, whole},
    rows::Columns as _,
    search::{FEW, LOOKED, LOOKED_MESSAGES, LOOKED_SUBJECTS, bounds},
};

/// A way.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Way {
    /// By the ids.
    Key,
    /// By addresses, in whose index their ids stand in their order.
    Addresses(Known),
    /// By what is not done with, of one state.
    Live(Known),
    /// By messages.
    Messages(Known),
    /// These alone.
    Few(Vec<i64>),
}

/// What a way is entered by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    condition: String,
    value: Option<Value>,
    looked: usize,
}

impl Known {
    fn new(condition: &str, value: Option<Value>, looked: usize) -> Self {
        Self { condition: condition.to_owned(), value, looked }
    }
}

impl Way {
    /// The one that passes the least.
    pub(super) async fn find(tx: &Tx<'_>, filter: &Filter) -> Result<Self, Error> {
        let exact = Self::exact(filter);
        let is_narrow = filter.address.is_some() || filter.run.is_some();
        if let Some(way) = exact.clone().filter(|_| is_narrow) {
            return Ok(way);
        }
        for (question, values) in sets(filter) {
            if let Some(ids) = few(tx, question, &values).await? {
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
    fn exact(filter: &Filter) -> Option<Self> {
        if let Some(address) = &filter.address {
            let value = Some(address.as_str().to_ascii_lowercase().into());
            return Some(Self::Addresses(Known::new(&format!("{ADDRESS} = $3"), value, LOOKED)));
        }
        if let Some(run) = filter.run {
            return Some(Self::Messages(Known::new("m.run = $3", Some(run.0.into()), LOOKED_MESSAGES)));
        }
        match filter.state {
            Some(State::InDoubt) => return Some(Self::Live(Known::new("r.state = 2", None, LOOKED))),
            Some(State::Held) => return Some(Self::Live(Known::new("r.state = 6", None, LOOKED))),
            _ => {}
        }
        if let Some(application) = &filter.application {
            let condition =
                format!("m.application = $3 AND m.run IS NULL AND m.kind = {}", kind_code(Kind::Mail));
            let value = Some(application.clone().into());
            return Some(Self::Messages(Known::new(&condition, value, LOOKED_MESSAGES)));
        }
        if let Some(domain) = &filter.domain {
            let value = Some(domain.to_ascii_lowercase().into());
            return Some(Self::Addresses(Known::new(&format!("{DOMAIN} = $3"), value, LOOKED)));
        }
        filter.subject.as_ref().map(|_| Self::Messages(Known::new("m.id > 0", None, LOOKED_SUBJECTS)))
    }

    pub(super) fn tables(&self) -> &'static str {
        match self {
            Self::Messages(_) => {
                // How many recipients a message has is not known to the planner, which would read all addresses.
                "message m JOIN recipient r ON r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535
                    JOIN LATERAL (SELECT * FROM addressee WHERE id = r.id LIMIT 1) a ON true"
            }
            Self::Key | Self::Few(_) | Self::Addresses(_) | Self::Live(_) => FROM,
        }
    }

    pub(super) fn order(&self) -> &'static str {
        match self {
            Self::Messages(_) => "m.id DESC, r.id DESC",
            Self::Addresses(_) => "a.id DESC",
            Self::Key | Self::Few(_) | Self::Live(_) => "r.id DESC",
        }
    }

    /// The last recipient that a part below `after` looks at, if it does not come to the end.
    pub(super) async fn floor(
        &self,
        tx: &Tx<'_>,
        filter: &Filter,
        after: Option<RecipientId>,
    ) -> Result<Option<i64>, Error> {
        let up_to = filter.up_to.map_or(i64::MAX, |id| id.0.saturating_add(1));
        let after = after.map_or(i64::MAX, |id| id.0).min(up_to);
        let Some((question, value, looked)) = self.last_of() else { return Ok(None) };
        let (after, limit) = (Value::from(after), Value::from(whole(looked) - 1));
        let values: Vec<_> = [&after, &limit].into_iter().chain(value).map(Value::as_sql).collect();
        tx.first(&question, &values).await?.map(|row| row.id(0)).transpose()
    }

    /// The question for it.
    fn last_of(&self) -> Option<(String, Option<&Value>, usize)> {
        let (question, Known { value, looked, .. }) = match self {
            Self::Few(_) => return None,
            Self::Key => {
                let question = "SELECT id FROM recipient WHERE id < $1 ORDER BY id DESC LIMIT 1 OFFSET $2";
                return Some((question.to_owned(), None, LOOKED));
            }
            Self::Addresses(known) => (
                format!(
                    "SELECT a.id FROM addressee a WHERE {} AND a.id < $1 ORDER BY a.id DESC LIMIT 1 OFFSET $2",
                    known.condition
                ),
                known,
            ),
            Self::Live(known) => (
                format!(
                    "SELECT r.id FROM live r WHERE {} AND r.id < $1 ORDER BY r.id DESC LIMIT 1 OFFSET $2",
                    known.condition
                ),
                known,
            ),
            Self::Messages(known) => (
                format!(
                    "SELECT m.id * 65536 FROM message m WHERE {} AND m.id <= $1::BIGINT / 65536 ORDER BY m.id DESC LIMIT 1 OFFSET $2",
                    known.condition
                ),
                known,
            ),
        };
        Some((question, value.as_ref(), *looked))
    }
}

/// Sets of recipients that may be small, by an index that knows their ids in another order.
fn sets(filter: &Filter) -> Vec<(&'static str, Vec<Value>)> {
    let mut all = Vec::new();
    if let Some(beginning) = &filter.beginning {
        let (first, last) = bounds(&beginning.to_ascii_lowercase());
        let question = "SELECT id FROM addressee WHERE lower(address) >= $2 AND lower(address) < $3 LIMIT $1";
        all.push((question, vec![first.into(), last.into()]));
    }
    match filter.state {
        Some(State::Held) => all.extend(filter.decided_at.map(|at| {
            let question = "SELECT id FROM live WHERE state IN (2, 6) AND aside_at = $2 LIMIT $1";
            (question, vec![micros(at).into()])
        })),
        Some(State::Returned) => {
            let question = "SELECT id FROM done WHERE state = 5 AND settled_at >= $2 LIMIT $1";
            let since = filter.answered_since.map_or(i64::MIN, micros);
            all.push((question, vec![since.into()]));
        }
        Some(State::Waiting) => {
            all.push(("SELECT id FROM live WHERE state = 0 LIMIT $1", Vec::new()));
        }
        _ => {}
    }
    if filter.ever_in_doubt {
        let question = "(SELECT id FROM live WHERE in_doubt_at IS NOT NULL LIMIT $1)
            UNION ALL (SELECT id FROM done WHERE in_doubt_at IS NOT NULL LIMIT $1)";
        all.push((question, Vec::new()));
    }
    all
}

/// The ids of a set, if they are few.
async fn few(tx: &Tx<'_>, question: &str, values: &[Value]) -> Result<Option<Vec<i64>>, Error> {
    let limit = Value::from(whole(FEW + 1));
    let values: Vec<_> = [&limit].into_iter().chain(values).map(Value::as_sql).collect();
    let rows = tx.all(question, &values).await?;
    let ids = rows.iter().map(|row| row.id(0)).collect::<Result<Vec<_>, _>>()?;
    Ok((ids.len() <= FEW).then_some(ids))
}
