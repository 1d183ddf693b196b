//! Lists and single messages, for people.

mod conditions;
mod way;

use std::collections::BTreeMap;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params_from_iter, types::Value};

use self::{conditions::Conditions, way::Way};
use super::{
    Sqlite,
    codes::{count, instant, state},
    counts,
    rows::{self, text},
    tally,
};
use crate::{Attempt, Counted, Error, Filter, MessageId, Outline, Part, RecipientId, Row, search::COUNTED};

const ATTEMPTS: &str =
    "SELECT started_at, ended_at, server, phase, reason, answer, instead_since, instead_reason FROM attempt
    WHERE recipient = ?1 ORDER BY n";

const OUTLINES: &str = "SELECT m.id, m.site, m.subject, r.state, count(*)
    FROM (SELECT DISTINCT value AS id FROM json_each(?1)) named CROSS JOIN message m ON m.id = named.id
        CROSS JOIN recipient r ON r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535
    GROUP BY m.id, r.state ORDER BY m.id, r.state";
const ACCEPTED_BY: &str = "SELECT recipient, server FROM attempt
    WHERE recipient IN (SELECT value FROM json_each(?1)) AND reason IS NULL ORDER BY recipient, n";
const ACCEPTED_AT: &str = "SELECT accepted_at FROM message WHERE id = ?1 / 65536";

impl Sqlite {
    pub(crate) async fn list(
        &self,
        filter: Filter,
        after: Option<RecipientId>,
        limit: usize,
    ) -> Result<Vec<Row>, Error> {
        self.readers
            .read(move |sql| {
                let sql = sql.unchecked_transaction()?;
                let lowest = first(&sql, &filter)?;
                let way = Way::find(&sql, &filter)?;
                let (question, values) = question(&way, &filter, lowest, after, limit);
                shown(&sql, &question, values)
            })
            .await
    }

    pub(crate) async fn part(
        &self,
        filter: Filter,
        after: Option<RecipientId>,
        limit: usize,
    ) -> Result<Part, Error> {
        self.readers.read(move |sql| part(&*sql.unchecked_transaction()?, &filter, after, limit)).await
    }

    pub(crate) async fn count(&self, filter: Filter) -> Result<Counted, Error> {
        self.readers.read(move |sql| counted(&*sql.unchecked_transaction()?, &filter)).await
    }

    pub(crate) async fn outlines(&self, messages: Vec<MessageId>) -> Result<Vec<Outline>, Error> {
        self.readers.read(move |sql| outlines(sql, &messages)).await
    }

    pub(crate) async fn show(&self, id: MessageId) -> Result<Vec<(Row, Vec<Attempt>)>, Error> {
        self.readers.read(move |sql| show(&*sql.unchecked_transaction()?, id)).await
    }

    pub(crate) async fn accepted_by(
        &self,
        recipients: Vec<RecipientId>,
    ) -> Result<BTreeMap<RecipientId, String>, Error> {
        let ids: Vec<_> = recipients.into_iter().map(|recipient| recipient.0).collect();
        let ids = serde_json::to_string(&ids).map_err(|error| Error::Internal(error.to_string()))?;
        self.readers
            .read(move |sql| {
                let mut statement = sql.prepare_cached(ACCEPTED_BY)?;
                let of = |row: &rusqlite::Row<'_>| Ok((RecipientId(row.get(0)?), row.get(1)?));
                Ok(statement.query_map([ids], of)?.collect::<Result<_, _>>()?)
            })
            .await
    }

    pub(crate) async fn body(&self, id: MessageId) -> Result<Option<Bytes>, Error> {
        self.readers
            .read(move |sql| {
                let mut statement = sql.prepare_cached("SELECT bytes FROM body WHERE message = ?1")?;
                let bytes: Option<Vec<u8>> = statement.query_row([id.0], |row| row.get(0)).optional()?;
                Ok(bytes.map(Bytes::from))
            })
            .await
    }
}

fn show(sql: &Connection, id: MessageId) -> Result<Vec<(Row, Vec<Attempt>)>, Error> {
    let text = format!(
        "SELECT {} FROM recipient r JOIN message m ON m.id = r.id / 65536 WHERE r.id BETWEEN ?1 AND ?2 ORDER BY r.id",
        rows::SHOWN
    );
    let values = [RecipientId::of(id, 0).0, RecipientId::of(id, u16::MAX).0].map(Value::from).to_vec();
    let found = shown(sql, &text, values)?;
    if found.is_empty() {
        return Err(Error::NotFound("message"));
    }
    let mut statement = sql.prepare_cached(ATTEMPTS)?;
    let mut all = Vec::new();
    for row in found {
        let mut attempts = Vec::new();
        let mut lines = statement.query([row.recipient.0])?;
        while let Some(line) = lines.next()? {
            attempts.push(rows::attempt(line)?);
        }
        all.push((row, attempts));
    }
    Ok(all)
}

fn shown(sql: &Connection, text: &str, values: Vec<Value>) -> Result<Vec<Row>, Error> {
    let mut statement = sql.prepare_cached(text)?;
    let mut found = statement.query(params_from_iter(values))?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        all.push(rows::shown(row)?);
    }
    Ok(all)
}

/// The first recipient that was accepted since the filter's instant.
pub(super) fn first(sql: &Connection, filter: &Filter) -> Result<Option<i64>, Error> {
    filter.since.map(|since| counts::first_since(sql, since)).transpose()
}

/// Nothing is in that state, of those sites.
fn is_empty(sql: &Connection, filter: &Filter) -> Result<bool, Error> {
    let Some(state) = filter.state else { return Ok(false) };
    Ok(!tally::by_state(sql, filter.site.as_deref(), &filter.sites)?.contains_key(&state))
}

fn part(sql: &Connection, filter: &Filter, after: Option<RecipientId>, limit: usize) -> Result<Part, Error> {
    if is_empty(sql, filter)? {
        return Ok(Part::default());
    }
    let (way, first) = (Way::find(sql, filter)?, first(sql, filter)?);
    let floor = way.floor(sql, filter, after)?.filter(|floor| first.is_none_or(|first| *floor > first));
    let (question, values) = question(&way, filter, floor.or(first), after, limit.saturating_add(1));
    let mut rows = shown(sql, &question, values)?;
    if rows.len() > limit {
        rows.truncate(limit);
        return Ok(Part { next: rows.last().map(|row| row.recipient), rows, looked_back_to: None });
    }
    let accepted_at = |floor: i64| sql.prepare_cached(ACCEPTED_AT)?.query_row([floor], |row| row.get(0));
    let looked_back_to = floor.map(accepted_at).transpose()?.and_then(instant);
    Ok(Part { rows, next: floor.map(RecipientId), looked_back_to })
}

fn counted(sql: &Connection, filter: &Filter) -> Result<Counted, Error> {
    let mut states = tally::by_state(sql, filter.site.as_deref(), &filter.sites)?;
    states.retain(|state, _| filter.state.is_none_or(|asked| asked == *state));
    let (site, sites) = (filter.site.clone(), filter.sites.clone());
    if states.is_empty() || *filter == (Filter { state: filter.state, site, sites, ..Filter::default() }) {
        return Ok(Counted { states, more: false });
    }
    let (way, first) = (Way::find(sql, filter)?, first(sql, filter)?);
    let floor = way.floor(sql, filter, None)?.filter(|floor| first.is_none_or(|first| *floor > first));
    let conditions = Conditions::down(filter, None, COUNTED).from(floor.or(first)).among(&way);
    let question = format!(
        "SELECT state, count(*) FROM (SELECT r.state FROM {} WHERE {} ORDER BY {} LIMIT ?2) GROUP BY state",
        way.tables(),
        conditions.text(),
        way.order()
    );
    let mut statement = sql.prepare_cached(&question)?;
    let mut found = statement.query(params_from_iter(conditions.values))?;
    let mut states = BTreeMap::new();
    while let Some(row) = found.next()? {
        if let Some(state) = state(row.get(0)?) {
            states.insert(state, count(row.get(1)?));
        }
    }
    Ok(Counted::within(states, floor.is_some()))
}

fn outlines(sql: &Connection, messages: &[MessageId]) -> Result<Vec<Outline>, Error> {
    let named: Vec<_> = messages.iter().map(|message| message.0).collect();
    let mut statement = sql.prepare_cached(OUTLINES)?;
    let mut found = statement.query([serde_json::json!(named).to_string()])?;
    let mut all: Vec<Outline> = Vec::new();
    while let Some(row) = found.next()? {
        let message = MessageId(row.get(0)?);
        if all.last().is_none_or(|last| last.message != message) {
            let (site, subject) = (text(row, 1)?, text(row, 2)?.unwrap_or_default());
            all.push(Outline { message, site, subject, states: BTreeMap::new() });
        }
        if let (Some(outline), Some(state)) = (all.last_mut(), state(row.get(3)?)) {
            outline.states.insert(state, count(row.get(4)?));
        }
    }
    Ok(all)
}

/// The filter as SQL, the newest first.
fn question(
    way: &Way,
    filter: &Filter,
    lowest: Option<i64>,
    after: Option<RecipientId>,
    limit: usize,
) -> (String, Vec<Value>) {
    let conditions = Conditions::down(filter, after, limit).from(lowest).among(way);
    let sql = format!(
        "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT ?2",
        rows::SHOWN,
        way.tables(),
        conditions.text(),
        way.order()
    );
    (sql, conditions.values)
}

/// The next ?2 recipients behind ?1 that match, in the order of their ids.
pub(super) fn upwards(filter: &Filter) -> (String, Vec<Value>) {
    let way = Way::upwards(filter);
    let conditions = Conditions::up(filter).among(&way);
    let order = way.order().replace(" DESC", "");
    let sql =
        format!("SELECT r.id FROM {} WHERE {} ORDER BY {order} LIMIT ?2", way.tables(), conditions.text());
    (sql, conditions.values.into_iter().skip(2).collect())
}

#[cfg(test)]
mod tests;
