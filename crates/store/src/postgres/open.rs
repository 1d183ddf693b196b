//! Opening the queue on a server: what is refused, the connections and what they promise.

use std::{
    fmt,
    fs::{self, File},
    io::Write as _,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts,
};
use tokio_postgres::{
    Config, NoTls, SimpleQueryMessage,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls;
use crate::{Error, OpenError, rows::Columns as _, sqlite::open};

/// The oldest version of PostgreSQL that is used.
pub(crate) const OLDEST: u32 = 15;
/// The file in the data folder that says which machine this is.
const MACHINE: &str = "machine";
/// Connections at most: accepting, settling, marking, claiming, the heartbeat, and a few readers.
const CONNECTIONS: usize = 8;
/// So long somebody waits for one of them, and for the server to answer at first.
const PATIENCE: Duration = Duration::from_secs(10);
/// No statement, no lock and no idle transaction holds up others for longer. A commit is on disk when it returns.
const PROMISES: &str = "SET statement_timeout = '60s'; SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '30s';
    SET client_min_messages = 'warning'; SET default_transaction_isolation = 'read committed'; SET TimeZone = 'UTC'; SET jit = off";
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')";
const SERVER: &str = "SELECT current_setting('server_version_num')::BIGINT, current_setting('server_version'), pg_is_in_recovery(),
    current_setting('fsync') = 'on'";
const PROCESS: &str = "SELECT pg_backend_pid()";

/// A queue on a server, and the machine that works on it.
#[derive(Clone)]
pub struct Server {
    /// As libpq has it: `postgresql://user@host/database`, or `host=... dbname=...`. The tables are made in the first schema of its
    /// `search_path`.
    pub url: String,
    /// The password, if one is asked for.
    pub password: Option<String>,
    /// How its connections are kept from others.
    pub encryption: ServerEncryption,
    /// This machine's data folder: it holds the machine's id, and a lock.
    pub folder: PathBuf,
    /// What people call this machine; each that works on the queue has a name of its own.
    pub machine: String,
}

/// Without what a person might have written into the address.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("machine", &self.machine).finish_non_exhaustive()
    }
}

/// How connections to a database server are kept from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerEncryption {
    /// They are not: the server is on this machine, or people know what they do.
    None,
    /// TLS, and the server's certificate is verified: by what stands in this file, or by what the system trusts.
    Verified(Option<PathBuf>),
}

/// What the address of a server says, beside where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerAddress {
    /// It is on this machine: what goes there cannot be read on the way.
    pub is_local: bool,
    /// It has a password in it.
    pub has_password: bool,
}

impl Server {
    /// What this address says; an error where it is none.
    pub fn address(url: &str) -> Result<ServerAddress, OpenError> {
        let config = parsed(url)?;
        let is_local = |host: &Host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()),
        };
        let hosts = config.get_hosts();
        let by_number = config.get_hostaddrs().iter().all(IpAddr::is_loopback);
        let is_local = !hosts.is_empty() && hosts.iter().all(is_local) && by_number;
        Ok(ServerAddress { is_local, has_password: config.get_password().is_some() })
    }
}

/// This machine, as the queue knows it.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) lock: File,
    pub(super) id: String,
}

/// The folder's lock, and the id in it, which is drawn by the server where there is none.
pub(super) async fn machine(folder: &Path, pool: &Pool) -> Result<Machine, OpenError> {
    let lock = open::take(folder)?;
    let file = folder.join(MACHINE);
    if let Some(id) = known_machine(folder) {
        return Ok(Machine { lock, id });
    }
    let connection = connection(pool).await?;
    let row = connection.query_one("SELECT gen_random_uuid()::TEXT", &[]).await.map_err(Error::from)?;
    let id = row.text(0)?.unwrap_or_default();
    write_id(folder, &file, &id)
        .map_err(|error| OpenError::Folder { folder: folder.to_owned(), why: error.to_string() })?;
    Ok(Machine { lock, id })
}

/// The id in a folder that has one.
pub(super) fn known_machine(folder: &Path) -> Option<String> {
    let id = fs::read_to_string(folder.join(MACHINE)).ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

/// Whole or not at all.
fn write_id(folder: &Path, file: &Path, id: &str) -> std::io::Result<()> {
    let part = file.with_extension("part");
    let mut written = File::create(&part)?;
    writeln!(written, "{id}")?;
    written.sync_all()?;
    fs::rename(&part, file)?;
    File::open(folder)?.sync_all()
}

/// By what connections are made.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) config: Config,
    /// None: it is not encrypted.
    pub(super) tls: Option<MakeRustlsConnect>,
}

impl Way {
    pub(super) fn to(server: &Server) -> Result<Self, OpenError> {
        let mut config = parsed(&server.url)?;
        if let Some(password) = &server.password {
            config.password(password);
        }
        if config.get_application_name().is_none() {
            config.application_name("bookpost");
        }
        config
            .connect_timeout(PATIENCE)
            .keepalives_idle(Duration::from_secs(30))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(3)
            .tcp_user_timeout(PATIENCE * 3);
        let tls = match &server.encryption {
            ServerEncryption::None => None,
            ServerEncryption::Verified(ca_file) => Some(tls::connector(ca_file.as_deref())?),
        };
        config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
        Ok(Self { config, tls })
    }

    /// For connections that are called so on the server.
    pub(super) fn named(mut self, name: &str) -> Self {
        self.config.application_name(name);
        self
    }
}

/// The connections; none is made yet.
pub(super) fn pool(way: &Way) -> Result<Pool, OpenError> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let config = way.config.clone();
    let manager = match &way.tls {
        None => Manager::from_config(config, NoTls, recycling),
        Some(connector) => Manager::from_config(config, connector.clone(), recycling),
    };
    let promise = Hook::async_fn(|client, _| {
        Box::pin(async move {
            let promised = client.batch_execute(PROMISES).await;
            promised.and(client.batch_execute(DURABLE).await).map_err(HookError::Backend)
        })
    });
    Pool::builder(manager)
        .max_size(CONNECTIONS)
        .runtime(Runtime::Tokio1)
        .timeouts(Timeouts { wait: Some(PATIENCE * 3), create: Some(PATIENCE), recycle: Some(PATIENCE) })
        .post_create(promise)
        .build()
        .map_err(|error| OpenError::Server(error.to_string()))
}

/// Where an address leads to, in words: without a user or a password.
pub(super) fn words(url: &str) -> String {
    let Ok(config) = parsed(url) else { return "the database server".to_owned() };
    let hosts: Vec<_> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(folder) => folder.display().to_string(),
        })
        .collect();
    let name = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("the database {name} on {}", hosts.join(", "))
}

fn parsed(url: &str) -> Result<Config, OpenError> {
    url.parse().map_err(|error: tokio_postgres::Error| {
        OpenError::Server(
            std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string),
        )
    })
}

async fn connection(pool: &Pool) -> Result<Object, Error> {
    Ok(pool.get().await?)
}

/// Refuses servers on which the queue would not be safe.
pub(super) async fn check(pool: &Pool) -> Result<(), OpenError> {
    let one = connection(pool).await?;
    // Before anything is prepared: behind a pooler that would be lost, or be there already.
    if is_pooled(&one, &connection(pool).await?).await? {
        return Err(OpenError::Pooler);
    }
    let row = one.query_one(SERVER, &[]).await.map_err(Error::from)?;
    refuse(row.id(0)?, row.text(1)?.unwrap_or_default(), row.is(2)?)?;
    if !row.is(3)? {
        tracing::warn!(
            "the database server does not sync its files (fsync = off): a power cut can lose mail"
        );
    }
    Ok(())
}

fn refuse(version: i64, found: String, is_replica: bool) -> Result<(), OpenError> {
    if version / 10_000 < i64::from(OLDEST) {
        return Err(OpenError::OldServer { found });
    }
    if is_replica { Err(OpenError::Replica) } else { Ok(()) }
}

/// Whether two of our connections share those of the server: while the one is within a transaction, the other is somebody else.
async fn is_pooled(one: &Object, other: &Object) -> Result<bool, Error> {
    let process = async |client: &Object| {
        let answer = client.simple_query(PROCESS).await?;
        let id = answer.iter().find_map(|part| match part {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        Ok::<Option<String>, Error>(id)
    };
    let before = process(one).await?;
    other.batch_execute("BEGIN").await?;
    let (busy, after) = (process(other).await?, process(one).await?);
    other.batch_execute("ROLLBACK").await?;
    Ok(before != after || busy == before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_old_or_only_read_is_refused() {
        for (version, is_replica, expected) in [
            (150_000, false, None),
            (180_001, false, None),
            (140_019, false, Some("the database server is PostgreSQL 14.19; Bookpost needs 15 or newer")),
            (150_004, true, Some("the database server is a replica")),
        ] {
            let said = refuse(version, "14.19".to_owned(), is_replica).err().map(|error| error.to_string());
            match (said, expected) {
                (None, None) => {}
                (Some(said), Some(expected)) => assert!(said.starts_with(expected), "{said}"),
                other => panic!("{version}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_password_is_never_printed() {
        let server = Server {
            url: "postgresql://bookpost:s3cret@db/queue".to_owned(),
            password: Some("s3same".to_owned()),
            encryption: ServerEncryption::None,
            folder: "/var/lib/bookpost".into(),
            machine: "north".to_owned(),
        };
        let printed = format!("{server:?} {:?}", pool(&Way::to(&server).unwrap()).unwrap());
        assert!(
            printed.contains("north") && !printed.contains("s3cret") && !printed.contains("s3same"),
            "{printed}"
        );
    }

    #[test]
    fn what_names_no_server_is_said_to() {
        for url in ["host=db port=many", "nonsense"] {
            assert!(matches!(Server::address(url), Err(OpenError::Server(_))), "{url}");
        }
    }

    #[test]
    fn an_address_says_whether_it_is_here_and_has_a_password() {
        for (url, is_local, has_password) in [
            ("postgresql://bookpost@db.example.org/bookpost", false, false),
            ("postgresql://bookpost:secret@127.0.0.1/bookpost", true, true),
            ("postgresql://bookpost@localhost,db.example.org/bookpost", false, false),
            ("host=/run/postgresql dbname=bookpost", true, false),
            ("host=localhost hostaddr=192.0.2.1 dbname=bookpost", false, false),
            ("dbname=bookpost", false, false),
        ] {
            let found = Server::address(url).unwrap();
            assert_eq!((found.is_local, found.has_password), (is_local, has_password), "{url}");
        }
    }
}
