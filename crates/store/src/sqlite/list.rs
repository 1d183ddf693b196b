//! Lists and single messages, for people.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params_from_iter, types::Value};

use super::{
    Sqlite,
    codes::{kind_code, state_code, whole},
    counts, rows,
};
use crate::{Attempt, Error, Filter, Kind, MessageId, RecipientId, Row, State};

const ATTEMPTS: &str =
    "SELECT started_at, ended_at, server, phase, reason, answer FROM attempt WHERE recipient = ?1 ORDER BY n";

impl Sqlite {
    pub(crate) async fn list(
        &self,
        filter: Filter,
        after: Option<RecipientId>,
        limit: usize,
    ) -> Result<Vec<Row>, Error> {
        self.readers
            .read(move |reader| {
                let first = filter.since.map(|since| counts::first_since(reader, since)).transpose()?;
                let (sql, values) = question(&filter, first, after, limit);
                shown(reader, &sql, values)
            })
            .await
    }

    pub(crate) async fn show(&self, id: MessageId) -> Result<Vec<(Row, Vec<Attempt>)>, Error> {
        self.readers.read(move |sql| show(&*sql.unchecked_transaction()?, id)).await
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

/// The filter as SQL. A run and an application are entered by their messages, small states by their index; all else goes down the key, which ends
/// as soon as the page is full.
fn question(
    filter: &Filter,
    first: Option<i64>,
    after: Option<RecipientId>,
    limit: usize,
) -> (String, Vec<Value>) {
    let mut conditions = vec!["r.id < ?1".to_owned()];
    let mut values = vec![Value::from(after.map_or(i64::MAX, |id| id.0)), Value::from(whole(limit))];
    let mut require = |column: &str, value: Value| {
        values.push(value);
        conditions.push(format!("{column} = ?{}", values.len()));
    };
    if let Some(run) = filter.run {
        require("m.run", Value::from(run.0));
    }
    if let Some(site) = &filter.site {
        require("m.site", Value::from(site.clone()));
    }
    if let Some(address) = &filter.address {
        require("r.address COLLATE NOCASE", Value::from(address.as_str().to_owned()));
    }
    if let Some(kind) = filter.kind {
        require("m.kind", Value::from(kind_code(kind)));
    }
    if let Some(application) = &filter.application {
        require("m.application", Value::from(application.clone()));
        conditions.push(format!("m.run IS NULL AND m.kind = {}", kind_code(Kind::Mail)));
    }
    if !filter.sites.is_empty() {
        values.push(Value::from(serde_json::json!(filter.sites).to_string()));
        conditions.push(format!("m.site IN (SELECT value FROM json_each(?{}))", values.len()));
    }
    if let Some(first) = first {
        values.push(Value::from(first));
        conditions.push(format!("r.id >= ?{}", values.len()));
    }
    if let Some(tag) = &filter.tag {
        values.push(Value::from(tag.clone()));
        conditions.push(format!("EXISTS (SELECT 1 FROM json_each(m.tags) WHERE value = ?{})", values.len()));
    }
    if let Some(state) = filter.state {
        conditions.push(format!("r.state = {}", state_code(state)));
    }
    if filter.ever_in_doubt {
        conditions.push("r.in_doubt_at IS NOT NULL".to_owned());
    }
    let index = way(filter);
    let by_message = filter.run.is_some() || (filter.application.is_some() && index == WHOLE);
    let (from, order) = if by_message {
        let through = if filter.run.is_some() { "message_run" } else { "message_application" };
        let from = format!(
            "message m INDEXED BY {through} CROSS JOIN recipient r ON r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535"
        );
        conditions.push("m.id <= ?1 / 65536".to_owned());
        (from, "m.id DESC, r.id DESC")
    } else {
        (format!("recipient r {index} CROSS JOIN message m ON m.id = r.id / 65536"), "r.id DESC")
    };
    let sql = format!(
        "SELECT {} FROM {from} WHERE {} ORDER BY {order} LIMIT ?2",
        rows::SHOWN,
        conditions.join(" AND ")
    );
    (sql, values)
}

/// Down the key.
const WHOLE: &str = "NOT INDEXED";

fn way(filter: &Filter) -> &'static str {
    match filter.state {
        Some(State::InDoubt) => "INDEXED BY recipient_in_doubt",
        Some(State::Held) => "INDEXED BY recipient_held",
        Some(State::Returned) => "INDEXED BY recipient_returned",
        _ if filter.ever_in_doubt => "INDEXED BY recipient_ever_in_doubt",
        _ => WHOLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::open;

    #[test]
    fn an_application_walks_through_its_own_mail_only() {
        let filter = Filter { application: Some("cron".to_owned()), ..Filter::default() };
        let (question, _) = question(&filter, None, None, 10);
        let plan = open::tests::plan(&question);
        assert!(plan.contains("message_application (application=? AND rowid<?)"), "{plan}");
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}
