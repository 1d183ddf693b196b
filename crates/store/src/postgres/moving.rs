//! A queue on a server that goes to a file, or comes from one. All of it in one transaction: what breaks off has not begun.

use std::{collections::BTreeMap, path::Path};

use deadpool_postgres::Object;
use futures_util::TryStreamExt as _;
use tokio::sync::mpsc;
use tokio_postgres::types::ToSql;

use super::{Postgres, Server, migrations, open, opened::Opened, tx::Tx, worker};
use crate::{
    Error, MoveError, OpenError,
    codes::{count, instant, micros},
    moving::{EVENTS, End, Kind, MESSAGES, Mark, NUMBERED, Seen, Slice, TABLES, Table, Value},
    rows::Columns as _,
};

/// However long it takes.
const PATIENT: &str = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
/// Of another folder than this machine's, whose lock says that nobody works in it.
const AT_WORK: &str =
    "SELECT machine FROM worker WHERE lease_until > clock_micros() AND folder <> $1 LIMIT 1";
const IN_HAND: &str = "SELECT count(*) FROM live WHERE state = 1";
/// Made by the first opening; tables in this schema, and in no other of the path.
const THERE: &str = "SELECT to_regclass(quote_ident(current_schema()) || '.moved') IS NOT NULL";
const SEEN: &str =
    "SELECT (SELECT value FROM meta WHERE name = 'store_id'), (SELECT value FROM meta WHERE name = 'epoch')";
const MARK: &str = "SELECT target, moved_at, epoch, has_arrived FROM moved";
const LEAVE: &str = "INSERT INTO moved (moved_at, epoch, has_arrived, target) VALUES ($1, $2, $3, $4)
    ON CONFLICT (one) DO UPDATE SET has_arrived = excluded.has_arrived";
const ARRIVED: &str = "UPDATE moved SET has_arrived = true";
const UNMARK: &str = "DELETE FROM moved";
/// Of machines that have worked on an empty queue. Those that come go by the numbers of the queue that arrives.
const FORGET_MACHINES: &str = "DELETE FROM worker";
/// So that the first claim is planned by what is there.
const LOOK: &str = "ANALYZE message, addressee, live, done, attempt, event, ledger";

impl Server {
    /// Where it is, in words.
    pub(crate) fn words(&self) -> String {
        open::words(&self.url)
    }
}

/// Nobody enters while this is held.
pub(crate) struct Alone<'a> {
    tx: Tx<'a>,
}

impl Alone<'_> {
    /// Notes where the queue goes, and lets go; it is on disk when this returns.
    pub(crate) async fn leave(self, mark: &Mark) -> Result<(), Error> {
        leave(&self.tx, mark).await?;
        self.tx.commit().await
    }
}

impl Postgres {
    pub(crate) fn words(&self) -> &str {
        &self.place
    }

    /// No machine is at work but this one, and none comes. Nobody is being sent to.
    pub(crate) async fn alone<'a>(&'a self, connection: &'a mut Object) -> Result<Alone<'a>, MoveError> {
        let tx = self.write(connection).await?;
        tx.run(worker::OPENING, &[]).await?;
        tx.batch(PATIENT).await?;
        nobody_works(&tx, &self.folder).await?;
        match count(tx.one(IN_HAND, &[]).await?.id(0)?) {
            0 => Ok(Alone { tx }),
            some => Err(MoveError::InHand(some)),
        }
    }

    /// All of it as it is now.
    pub(crate) async fn leaving<'a>(&'a self, connection: &'a mut Object) -> Result<ServerEnd<'a>, Error> {
        let tx = self.read(connection).await?;
        tx.batch(PATIENT).await?;
        Ok(ServerEnd { tx })
    }

    /// It is where it went.
    pub(crate) async fn has_arrived(&self) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        tx.run(ARRIVED, &[]).await?;
        tx.commit().await
    }
}

async fn nobody_works(tx: &Tx<'_>, but_in: &Path) -> Result<(), MoveError> {
    let ours = open::known_machine(but_in).unwrap_or_default();
    match tx.first(AT_WORK, &[&ours]).await? {
        Some(row) => Err(MoveError::AtWork(row.text(0)?.unwrap_or_default())),
        None => Ok(()),
    }
}

async fn leave(tx: &Tx<'_>, mark: &Mark) -> Result<(), Error> {
    tx.run(LEAVE, &[&micros(mark.at), &mark.epoch, &mark.is_over, &mark.to]).await.map(drop)
}

async fn mark_of(tx: &Tx<'_>) -> Result<Option<Mark>, Error> {
    let Some(row) = tx.first(MARK, &[]).await? else { return Ok(None) };
    let at = instant(row.id(1)?).unwrap_or_default();
    Ok(Some(Mark { to: row.text(0)?.unwrap_or_default(), at, epoch: row.id(2)?, is_over: row.is(3)? }))
}

/// Nobody works on a queue that went elsewhere.
pub(super) async fn refuse(tx: &Tx<'_>, server: &Server) -> Result<(), OpenError> {
    match mark_of(tx).await? {
        Some(mark) => Err(mark.refusal(server.words())),
        None => Ok(()),
    }
}

/// What a server says of the queue that it has. Enters no machine.
pub(crate) async fn look(server: &Server) -> Result<Option<Seen>, MoveError> {
    let queue = Opened::new(open::pool(&open::Way::to(server)?)?);
    let mut connection = queue.connection().await?;
    let tx = queue.write(&mut connection).await?;
    tx.run(worker::OPENING, &[]).await?;
    if !tx.one(THERE, &[]).await?.is(0)? {
        return Ok(None);
    }
    let row = tx.one(SEEN, &[]).await?;
    let seen = row.number(0)?.zip(row.number(1)?);
    let mark = mark_of(&tx).await?;
    Ok(seen.map(|(store_id, epoch)| Seen { store_id, epoch, mark }))
}

/// Marks it, or takes the mark away.
pub(crate) async fn set_mark(server: &Server, mark: Option<&Mark>) -> Result<(), MoveError> {
    let queue = Opened::new(open::pool(&open::Way::to(server)?)?);
    let mut connection = queue.connection().await?;
    let tx = queue.write(&mut connection).await?;
    tx.run(worker::OPENING, &[]).await?;
    match mark {
        Some(mark) => leave(&tx, mark).await?,
        None => drop(tx.run(UNMARK, &[]).await?),
    }
    Ok(tx.commit().await?)
}

/// The server to which a queue goes; refused as when a machine opens it.
pub(crate) async fn target(server: &Server) -> Result<Opened, MoveError> {
    let pool = open::pool(&open::Way::to(server)?)?;
    open::check(&pool).await?;
    Ok(Opened::new(pool))
}

/// Makes the tables where there are none. Nobody enters before the end.
pub(crate) async fn begin<'a>(
    target: &'a Opened,
    connection: &'a mut Object,
    server: &Server,
) -> Result<ServerEnd<'a>, MoveError> {
    let tx = target.write(connection).await?;
    tx.run(worker::OPENING, &[]).await?;
    tx.batch(PATIENT).await?;
    migrations::run(&tx).await?;
    let not_empty = |found| MoveError::NotEmpty { place: server.words(), found };
    nobody_works(&tx, &server.folder).await?;
    if let Some(mark) = mark_of(&tx).await? {
        return Err(not_empty(format!("it has the queue that was moved to {}", mark.to)));
    }
    for table in TABLES.iter().filter(|table| !table.fills_itself) {
        let there = format!("SELECT EXISTS (SELECT FROM {})", rows_of(table));
        if tx.one(&there, &[]).await?.is(0)? {
            return Err(not_empty(format!("there is something in its table {}", table.name)));
        }
    }
    Ok(ServerEnd { tx })
}

/// One transaction.
pub(crate) struct ServerEnd<'a> {
    tx: Tx<'a>,
}

impl ServerEnd<'_> {
    /// All is there, and on disk when this returns.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        self.tx.commit().await
    }
}

impl End for ServerEnd<'_> {
    async fn count(&self, table: &'static Table) -> Result<u64, Error> {
        let text = format!("SELECT count(*) FROM {}", rows_of(table));
        Ok(count(self.tx.one(&text, &[]).await?.id(0)?))
    }

    async fn read(&self, table: &'static Table, slices: mpsc::Sender<Slice>) -> Result<(), Error> {
        let columns: Vec<_> = table.columns().map(|(name, kind)| read(name, kind)).collect();
        let text = format!("SELECT {} FROM {} ORDER BY {}", columns.join(", "), rows_of(table), table.key);
        let mut found = std::pin::pin!(self.tx.stream(&text).await?);
        let mut slice = Slice::default();
        while let Some(row) = found.try_next().await? {
            slice.add(table, &row)?;
            if slice.is_full() && slices.send(std::mem::take(&mut slice)).await.is_err() {
                return Ok(());
            }
        }
        // Whoever hears no more has failed, and says so.
        drop(slices.send(slice).await);
        Ok(())
    }

    async fn clear(&self, table: &'static Table) -> Result<(), Error> {
        self.tx.batch(&format!("DELETE FROM {}", table.name)).await
    }

    async fn write(&self, table: &'static Table, slice: Slice) -> Result<(), Error> {
        let columns: Vec<Array<'_>> =
            table.columns().enumerate().map(|(at, (_, kind))| array(at, kind, &slice)).collect();
        let values: Vec<&(dyn ToSql + Sync)> = columns.iter().map(Array::as_value).collect();
        self.tx.run(&insert(table), &values).await.map(drop)
    }

    async fn numbers(&self) -> Result<BTreeMap<&'static str, i64>, Error> {
        let mut numbers = BTreeMap::new();
        for (name, sequence) in sequences() {
            let text = format!("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}");
            numbers.insert(name, self.tx.one(&text, &[]).await?.id(0)?);
        }
        Ok(numbers)
    }

    async fn complete(&self, numbers: &BTreeMap<&'static str, i64>) -> Result<(), Error> {
        for (name, sequence) in sequences() {
            let last = numbers.get(name).copied().unwrap_or(0);
            let text = format!("SELECT setval('{sequence}', greatest($1::BIGINT, 1), $1::BIGINT > 0)");
            self.tx.one(&text, &[&last]).await?;
        }
        // Its numbers are not those of rows that are gone.
        self.tx.batch("SELECT setval('brokered_id_seq', max(id)) FROM brokered HAVING max(id) > 0").await?;
        self.tx.run(FORGET_MACHINES, &[]).await?;
        self.tx.batch(LOOK).await
    }
}

/// What gives the ids of each table, by the table's name.
fn sequences() -> impl Iterator<Item = (&'static str, String)> {
    let tables = NUMBERED.into_iter().map(|name| (name, format!("{name}_id_seq")));
    [(MESSAGES, "message_id".to_owned()), (EVENTS, "event_id".to_owned())].into_iter().chain(tables)
}

fn rows_of(table: &Table) -> &'static str {
    table.rows.map_or(table.name, |[_, on_server]| on_server)
}

/// A column as it is read.
fn read(name: &str, kind: Kind) -> String {
    match kind {
        Kind::Words => format!("to_json(\"{name}\")::TEXT"),
        _ => format!("\"{name}\""),
    }
}

/// A column as it is written, of one that is a number, text or octets.
fn written(name: &str, kind: Kind) -> String {
    match kind {
        Kind::Small => format!("\"{name}\"::SMALLINT AS \"{name}\""),
        Kind::Medium => format!("\"{name}\"::INTEGER AS \"{name}\""),
        Kind::Flag => format!("\"{name}\" <> 0 AS \"{name}\""),
        Kind::Words => format!(
            "CASE WHEN \"{name}\" IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(\"{name}\"::JSONB)) END AS \"{name}\""
        ),
        Kind::Number | Kind::Text | Kind::Octets => format!("\"{name}\""),
    }
}

/// The statement that writes rows out of arrays.
fn insert(table: &Table) -> String {
    let of = |kind| match kind {
        Kind::Number | Kind::Small | Kind::Medium | Kind::Flag => "BIGINT",
        Kind::Text | Kind::Words => "TEXT",
        Kind::Octets => "BYTEA",
    };
    let columns: Vec<_> = table.columns().collect();
    let joined = |each: &dyn Fn(usize, &(&str, Kind)) -> String| {
        let all: Vec<_> = columns.iter().enumerate().map(|(at, column)| each(at, column)).collect();
        all.join(", ")
    };
    let names = joined(&|_, (name, _)| format!("\"{name}\""));
    let values = joined(&|_, (name, kind)| written(name, *kind));
    let arrays = joined(&|at, (_, kind)| format!("${}::{}[]", at + 1, of(*kind)));
    let given = format!("WITH given AS (SELECT {values} FROM unnest({arrays}) AS row ({names}))");
    let into = |name: &str, names: &str, which: &str| {
        format!(
            "INSERT INTO {name} ({names}) OVERRIDING SYSTEM VALUE SELECT {names} FROM given WHERE {which}"
        )
    };
    let Some((last, others)) = table.parts.split_last() else {
        return format!("{given} {}", into(table.name, &names, "true"));
    };
    let others: Vec<_> = others
        .iter()
        .map(|part| format!(", of_{} AS ({})", part.name, into(part.name, part.columns, part.which)))
        .collect();
    format!("{given}{} {}", others.concat(), into(last.name, last.columns, last.which))
}

/// One column of some rows.
enum Array<'a> {
    Numbers(Vec<Option<i64>>),
    Texts(Vec<Option<&'a str>>),
    Octets(Vec<Option<&'a [u8]>>),
}

impl Array<'_> {
    fn as_value(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Numbers(column) => column,
            Self::Texts(column) => column,
            Self::Octets(column) => column,
        }
    }
}

fn array(at: usize, kind: Kind, slice: &Slice) -> Array<'_> {
    let column = slice.rows.iter().map(|row| row.get(at).unwrap_or(&Value::Null));
    match kind {
        Kind::Number | Kind::Small | Kind::Medium | Kind::Flag => {
            Array::Numbers(column.map(Value::number).collect())
        }
        Kind::Text | Kind::Words => Array::Texts(column.map(Value::text).collect()),
        Kind::Octets => Array::Octets(column.map(Value::octets).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_is_written_by_one_statement() {
        let of = |name: &str| insert(TABLES.iter().find(|table| table.name == name).unwrap());
        assert_eq!(
            of("came_back"),
            "WITH given AS (SELECT \"recipient\", \"failed\" <> 0 AS \"failed\", \"noted_at\", \"until\", \"reason\", \"by\", \"words\" \
             FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::TEXT[], $6::TEXT[], $7::TEXT[]) \
             AS row (\"recipient\", \"failed\", \"noted_at\", \"until\", \"reason\", \"by\", \"words\")) \
             INSERT INTO came_back (\"recipient\", \"failed\", \"noted_at\", \"until\", \"reason\", \"by\", \"words\") OVERRIDING SYSTEM VALUE \
             SELECT \"recipient\", \"failed\", \"noted_at\", \"until\", \"reason\", \"by\", \"words\" FROM given WHERE true"
        );
        let recipients = of("recipient");
        for part in
            ["of_addressee AS (INSERT INTO addressee", "of_live AS (INSERT INTO live", ") INSERT INTO done"]
        {
            assert!(recipients.contains(part), "{recipients}");
        }
    }
}
