//! Lists and single messages, for people.

mod conditions;
mod way;

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use tokio_postgres::types::ToSql;

use self::{conditions::Conditions, way::Way};
use super::{Postgres, counts, rows, tally, tx::Tx};
use crate::{
    Attempt, Counted, Error, Filter, MessageId, Outline, Part, RecipientId, Row,
    codes::{count, instant, state, whole},
    rows::{Columns as _, attempt, shown},
    search::COUNTED,
};

const ATTEMPTS: &str =
    "SELECT started_at, ended_at, server, phase, reason, answer, instead_since, instead_reason, recipient FROM attempt
    WHERE recipient BETWEEN $1 AND $2 ORDER BY recipient, n";
const OUTLINES: &str = "SELECT m.id, m.site, m.subject, r.state, count(*)
    FROM message m JOIN recipient r ON r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535
    WHERE m.id = ANY($1) GROUP BY m.id, r.state ORDER BY m.id, r.state";
const ACCEPTED_BY: &str = "SELECT recipient, server FROM attempt WHERE recipient = ANY($1) AND reason IS NULL ORDER BY recipient, n";
const ACCEPTED_AT: &str = "SELECT accepted_at FROM message WHERE id = $1::BIGINT / 65536";
const BODY: &str = "SELECT bytes FROM body WHERE message = $1";

/// A value of a question that is put together.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Number(i64),
    Text(String),
    Texts(Vec<String>),
    Numbers(Vec<i64>),
}

impl Value {
    pub(super) fn as_sql(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Number(value) => value,
            Self::Text(value) => value,
            Self::Texts(value) => value,
            Self::Numbers(value) => value,
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl Postgres {
    pub(crate) async fn list(
        &self,
        filter: Filter,
        after: Option<RecipientId>,
        limit: usize,
    ) -> Result<Vec<Row>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let lowest = first(&tx, &filter).await?;
        let way = Way::find(&tx, &filter).await?;
        rows_of(&tx, &way, &filter, lowest, after, limit).await
    }

    pub(crate) async fn part(
        &self,
        filter: Filter,
        after: Option<RecipientId>,
        limit: usize,
    ) -> Result<Part, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        if is_empty(&tx, &filter).await? {
            return Ok(Part::default());
        }
        let (way, first) = (Way::find(&tx, &filter).await?, first(&tx, &filter).await?);
        let floor = way.floor(&tx, &filter, after).await?;
        let floor = floor.filter(|floor| first.is_none_or(|first| *floor > first));
        let mut rows = rows_of(&tx, &way, &filter, floor.or(first), after, limit.saturating_add(1)).await?;
        if rows.len() > limit {
            rows.truncate(limit);
            return Ok(Part { next: rows.last().map(|row| row.recipient), rows, looked_back_to: None });
        }
        let looked_back_to = match floor {
            Some(floor) => accepted_at(&tx, floor).await?,
            None => None,
        };
        Ok(Part { rows, next: floor.map(RecipientId), looked_back_to })
    }

    pub(crate) async fn count(&self, filter: Filter) -> Result<Counted, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        counted(&tx, &filter).await
    }

    pub(crate) async fn outlines(&self, messages: Vec<MessageId>) -> Result<Vec<Outline>, Error> {
        let named: Vec<_> = messages.iter().map(|message| message.0).collect();
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut all: Vec<Outline> = Vec::new();
        for row in tx.all(OUTLINES, &[&named]).await? {
            let message = MessageId(row.id(0)?);
            if all.last().is_none_or(|last| last.message != message) {
                let (site, subject) = (row.text(1)?, row.text(2)?.unwrap_or_default());
                all.push(Outline { message, site, subject, states: BTreeMap::new() });
            }
            if let (Some(outline), Some(state)) = (all.last_mut(), state(row.id(3)?)) {
                outline.states.insert(state, count(row.id(4)?));
            }
        }
        Ok(all)
    }

    pub(crate) async fn show(&self, id: MessageId) -> Result<Vec<(Row, Vec<Attempt>)>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let (first, last) = (RecipientId::of(id, 0).0, RecipientId::of(id, u16::MAX).0);
        let question = format!(
            "SELECT {} FROM {} WHERE r.id BETWEEN $1 AND $2 AND m.id = $1::BIGINT / 65536 ORDER BY r.id",
            rows::SHOWN,
            rows::FROM
        );
        let mut all = Vec::new();
        for row in tx.all(&question, &[&first, &last]).await? {
            all.push((shown(&row)?, Vec::new()));
        }
        if all.is_empty() {
            return Err(Error::NotFound("message"));
        }
        let mut timelines: BTreeMap<i64, Vec<Attempt>> = BTreeMap::new();
        for row in tx.all(ATTEMPTS, &[&first, &last]).await? {
            timelines.entry(row.id(8)?).or_default().push(attempt(&row)?);
        }
        for (row, attempts) in &mut all {
            *attempts = timelines.remove(&row.recipient.0).unwrap_or_default();
        }
        Ok(all)
    }

    pub(crate) async fn accepted_by(
        &self,
        recipients: Vec<RecipientId>,
    ) -> Result<BTreeMap<RecipientId, String>, Error> {
        let ids: Vec<_> = recipients.into_iter().map(|recipient| recipient.0).collect();
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let rows = tx.all(ACCEPTED_BY, &[&ids]).await?;
        rows.iter().map(|row| Ok((RecipientId(row.id(0)?), row.text(1)?.unwrap_or_default()))).collect()
    }

    pub(crate) async fn body(&self, id: MessageId) -> Result<Option<Bytes>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let Some(row) = tx.first(BODY, &[&id.0]).await? else { return Ok(None) };
        Ok(row.bytes(0)?.map(Bytes::from))
    }
}

/// The filter's rows, the newest first.
async fn rows_of(
    tx: &Tx<'_>,
    way: &Way,
    filter: &Filter,
    lowest: Option<i64>,
    after: Option<RecipientId>,
    limit: usize,
) -> Result<Vec<Row>, Error> {
    let mut conditions = Conditions::down(filter, after).from(lowest).among(way);
    let limit = conditions.put(whole(limit));
    let question = format!(
        "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT {limit}",
        rows::SHOWN,
        way.tables(),
        conditions.text(),
        way.order()
    );
    let mut all = Vec::new();
    for row in tx.all(&question, &conditions.values()).await? {
        all.push(shown(&row)?);
    }
    Ok(all)
}

/// The first recipient that was accepted since the filter's instant.
pub(super) async fn first(tx: &Tx<'_>, filter: &Filter) -> Result<Option<i64>, Error> {
    match filter.since {
        Some(since) => counts::first_since(tx, since).await.map(Some),
        None => Ok(None),
    }
}

/// Nothing is in that state, of those sites.
async fn is_empty(tx: &Tx<'_>, filter: &Filter) -> Result<bool, Error> {
    let Some(state) = filter.state else { return Ok(false) };
    Ok(!tally::by_state(tx, filter.site.as_deref(), &filter.sites).await?.contains_key(&state))
}

async fn accepted_at(tx: &Tx<'_>, recipient: i64) -> Result<Option<Timestamp>, Error> {
    Ok(instant(tx.one(ACCEPTED_AT, &[&recipient]).await?.id(0)?))
}

async fn counted(tx: &Tx<'_>, filter: &Filter) -> Result<Counted, Error> {
    let mut states = tally::by_state(tx, filter.site.as_deref(), &filter.sites).await?;
    states.retain(|state, _| filter.state.is_none_or(|asked| asked == *state));
    let (site, sites) = (filter.site.clone(), filter.sites.clone());
    if states.is_empty() || *filter == (Filter { state: filter.state, site, sites, ..Filter::default() }) {
        return Ok(Counted { states, more: false });
    }
    let (way, first) = (Way::find(tx, filter).await?, first(tx, filter).await?);
    let floor = way.floor(tx, filter, None).await?;
    let floor = floor.filter(|floor| first.is_none_or(|first| *floor > first));
    let conditions = Conditions::down(filter, None).from(floor.or(first)).among(&way);
    let question = format!(
        "SELECT state, count(*) FROM (SELECT r.state FROM {} WHERE {} ORDER BY {} LIMIT {COUNTED}) counted GROUP BY state",
        way.tables(),
        conditions.text(),
        way.order()
    );
    let mut states = BTreeMap::new();
    for row in tx.all(&question, &conditions.values()).await? {
        if let Some(state) = state(row.id(0)?) {
            states.insert(state, count(row.id(1)?));
        }
    }
    Ok(Counted::within(states, floor.is_some()))
}

/// The next $2 recipients behind $1 that match, in the order of their ids; with the values from $3 on.
pub(super) fn upwards(filter: &Filter) -> (String, Vec<Value>) {
    let way = Way::upwards(filter);
    let conditions = Conditions::up(filter).among(&way);
    let order = way.order().replace(" DESC", "");
    let question =
        format!("SELECT r.id FROM {} WHERE {} ORDER BY {order} LIMIT $2", way.tables(), conditions.text());
    (question, conditions.third_and_later())
}
