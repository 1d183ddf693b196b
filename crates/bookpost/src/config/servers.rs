//! The rules for Server 1 and Server 2.

use std::{path::PathBuf, sync::Arc};

use super::{
    Backup, Encryption, Limits, Login, MailProvider, Password, Provider, SendBy, Server, Surroundings, Way,
    Wrong,
    raw::{Origin, Raw},
    secret::{self, Given},
    setting::WayName,
};
use crate::secrets::KeySource;

/// Most connections to one server that a setting may ask for.
const MOST_CONNECTIONS: u64 = 100;
pub(super) const USUAL_CONNECTIONS: u64 = 20;
pub(super) const USUAL_FOR_URGENT: u64 = 1;
/// Where web services are.
const HTTPS: u16 = 443;
pub(super) const USUAL_MESSAGES_PER_CONNECTION: u64 = 100;
/// More than anybody sends.
const HIGHEST_LIMIT: u64 = 100_000_000;

/// The way of sending with its servers. Servers are checked even where another way is chosen, so that choosing them later
/// brings no surprise.
pub(super) fn way(
    raw: &mut Raw,
    around: &Surroundings,
    key: Option<&KeySource>,
    providers: &[MailProvider],
    backup: Backup,
) -> Option<(Way, Vec<Arc<Server>>)> {
    let chosen = raw.has("sending.way");
    let name = raw.get("sending.way");
    let name = if chosen { name } else { Some(WayName::None) };
    let [first, second] = ["server1", "server2"].map(|name| {
        let is_named = raw.has(name) && !is_prepared(raw, name);
        is_named.then(|| server(raw, name, around, key))
    });
    if second.is_some() && first.is_none() {
        raw.wrong(
            Wrong::OnlySecond,
            "server2",
            "there is a [server2], but no [server1]",
            "call the only server [server1]",
        );
    }
    let named = first.is_some();
    let servers = [first, second].into_iter().flatten().map(|server| server.map(Arc::new));
    let servers = servers.collect::<Option<Vec<_>>>();
    match name? {
        WayName::None => Some((Way::None, servers?)),
        WayName::Practice => Some((Way::Practice, servers?)),
        WayName::Servers if !named => {
            let todo = "add a section [server1] with at least its host, or choose \"practice\"";
            raw.wrong(
                Wrong::NoServer,
                "sending.way",
                "mail is to leave through servers, but there is no [server1]",
                todo,
            );
            None
        }
        WayName::Servers => {
            let servers = servers?;
            let behind = behind(raw, backup, Backup::Servers, &servers, providers)?;
            Some((Way::Servers([servers.clone(), behind].concat()), servers))
        }
        WayName::By(provider) => {
            let Some(named) = providers.iter().find(|one| one.provider == provider) else {
                let name = provider.name();
                raw.wrong(
                    Wrong::NoServer,
                    "sending.way",
                    format!("mail is to leave by {}, but no client id is set for it", provider.title()),
                    format!("run: bookpost preferences client {name} --id ID, or set `{name}.client_id` and its secret"),
                );
                return None;
            };
            let servers = servers?;
            let behind = behind(raw, backup, Backup::By(provider), &servers, providers)?;
            Some((Way::Servers([vec![Arc::clone(&named.server)], behind].concat()), servers))
        }
    }
}

/// The file says whom to trust for a server that is still to be entered on the page.
fn is_prepared(raw: &mut Raw, name: &str) -> bool {
    let is_prepared = raw.has_only(name, "ca_file");
    if is_prepared {
        described(raw, name, &Usual::SERVER);
    }
    is_prepared
}

/// The servers of the backup, behind those of the way.
fn behind(
    raw: &mut Raw,
    backup: Backup,
    way: Backup,
    servers: &[Arc<Server>],
    providers: &[MailProvider],
) -> Option<Vec<Arc<Server>>> {
    let path = "sending.backup";
    let (what, todo) = match backup {
        Backup::None => return Some(Vec::new()),
        same if same == way => {
            let todo = "choose another, or \"none\"";
            raw.wrong(Wrong::SameBackup, path, "the backup is the way of sending itself", todo);
            return None;
        }
        Backup::Servers if !servers.is_empty() => return Some(servers.to_vec()),
        Backup::Servers => (
            "your own mail servers are to be the backup, but there is no [server1]".to_owned(),
            "add a section [server1] with at least its host, or choose \"none\"".to_owned(),
        ),
        Backup::By(provider) => {
            let (name, title) = (provider.name(), provider.title());
            match providers.iter().find(|one| one.provider == provider) {
                Some(named) => return Some(vec![Arc::clone(&named.server)]),
                None => (
                    format!("{title} is to be the backup, but no client id is set for it"),
                    format!(
                        "run: bookpost preferences client {name} --id ID, or set `{name}.client_id` and its secret"
                    ),
                ),
            }
        }
    };
    raw.wrong(Wrong::NoBackup, path, what, todo);
    None
}

fn server(raw: &mut Raw, name: &str, around: &Surroundings, key: Option<&KeySource>) -> Option<Server> {
    let path = |key: &str| format!("{name}.{key}");
    let host: Option<String> = raw.need(&path("host"), "the server's name or address");
    let host = host.and_then(|host| plain_host(raw, &path("host"), host));
    let server = described(raw, name, &Usual::SERVER);
    let login = login(raw, name, around, key);
    Some(Server { host: host?, login, ..server })
}

/// The mail server of a provider: as usual there, unless something else is said. Whoever signs in shows it a token.
pub(super) fn of_provider(raw: &mut Raw, provider: Provider) -> Option<Server> {
    let name = provider.name();
    let by = raw.get(&format!("{name}.send_by")).unwrap_or(SendBy::Smtp);
    let host = raw.get(&format!("{name}.host")).unwrap_or_else(|| provider.usual_host(by).to_owned());
    let host = plain_host(raw, &format!("{name}.host"), host)?;
    let server = described(raw, name, &Usual::of(provider, by));
    let service = (by == SendBy::Api).then_some(provider.service());
    if service.is_some() && server.encryption != Encryption::Tls {
        raw.problem(
            &format!("{name}.encryption"),
            "a web service that takes mail is encrypted from the start",
            "leave it out, or use \"tls\"",
        );
    }
    if server.encryption == Encryption::Plain && !server.password_on_plain {
        raw.problem(
            &format!("{name}.encryption"),
            "what signs Bookpost in is never sent over a connection that is not encrypted",
            "use \"starttls\"",
        );
    }
    Some(Server { host, sign_in: Some(provider), service, ..server })
}

/// What holds for a server where nothing else is said.
struct Usual {
    encryption: Encryption,
    /// None: that of the encryption.
    port: Option<u16>,
    connections: u64,
    per_minute: Option<u32>,
    per_day: Option<u32>,
}

impl Usual {
    const SERVER: Self = Self {
        encryption: Encryption::StartTls,
        port: None,
        connections: USUAL_CONNECTIONS,
        per_minute: None,
        per_day: None,
    };

    /// What the provider takes of one account; more, and it takes nothing for a day. The Gmail API counts 100 units for each message, and
    /// gives 15,000 a minute.
    fn of(provider: Provider, by: SendBy) -> Self {
        let (encryption, port) = match by {
            SendBy::Smtp => (Self::SERVER.encryption, None),
            SendBy::Api => (Encryption::Tls, Some(HTTPS)),
        };
        let (connections, per_minute, per_day) = match (provider, by) {
            (Provider::Google, SendBy::Smtp) => (10, None, 2000),
            (Provider::Google, SendBy::Api) => (10, Some(150), 2000),
            (Provider::Microsoft, _) => (3, Some(30), 10_000),
        };
        Self { encryption, port, connections, per_minute, per_day: Some(per_day) }
    }
}

/// All but its name and login.
fn described(raw: &mut Raw, name: &str, usual: &Usual) -> Server {
    let path = |key: &str| format!("{name}.{key}");
    let encryption = raw.get(&path("encryption")).unwrap_or(usual.encryption);
    let port = raw.get(&path("port")).unwrap_or(usual.port.unwrap_or(usual_port(encryption)));
    let allow_non_secure = raw.get(&path("allow_non_secure")).unwrap_or(false);
    let password_on_plain = raw.get(&path("send_password_unencrypted")).unwrap_or(false);
    let ca_file: Option<PathBuf> = raw.get(&path("ca_file"));
    if let Some(file) = ca_file.as_ref().filter(|file| !file.is_file()) {
        raw.problem(
            &path("ca_file"),
            format!("there is no file {}", file.display()),
            "name a file of PEM certificates",
        );
    }
    let connections = raw.get_within(&path("connections"), usual.connections, 1..=MOST_CONNECTIONS);
    let for_urgent = raw.get_within(&path("connections_for_urgent"), USUAL_FOR_URGENT, 0..=MOST_CONNECTIONS);
    let messages =
        raw.get_within(&path("messages_per_connection"), USUAL_MESSAGES_PER_CONNECTION, 1..=1_000_000);
    let limits = Limits {
        per_minute: limit(raw, &path("per_minute")).or(usual.per_minute),
        per_day: limit(raw, &path("per_day")).or(usual.per_day),
    };
    if encryption == Encryption::Plain && !allow_non_secure {
        raw.wrong(
            Wrong::Unencrypted,
            &path("encryption"),
            "without encryption, patrons' names and titles could be read on the way",
            format!("use \"starttls\", or set `{name}.allow_non_secure = true` if that is meant"),
        );
    }
    if encryption == Encryption::Plain && raw.has(&path("login")) && !password_on_plain {
        raw.wrong(
            Wrong::LoginUnencrypted,
            &path("login"),
            "there is a login, but the password is never sent over a connection that is not encrypted",
            format!(
                "use \"starttls\", or remove the login, or set `{name}.send_password_unencrypted = true`"
            ),
        );
    }
    Server {
        name: name.to_owned(),
        host: String::new(),
        port,
        encryption,
        allow_non_secure,
        password_on_plain,
        login: None,
        sign_in: None,
        service: None,
        ca_file,
        connections: usize::try_from(connections).unwrap_or(usize::MAX),
        connections_for_urgent: usize::try_from(for_urgent).unwrap_or(usize::MAX),
        messages_per_connection: u32::try_from(messages).unwrap_or(u32::MAX),
        limits,
    }
}

/// Without the setting there is none.
fn limit(raw: &mut Raw, path: &str) -> Option<u32> {
    let is_set = raw.has(path);
    let limit = raw.get_within(path, HIGHEST_LIMIT, 1..=HIGHEST_LIMIT);
    is_set.then(|| u32::try_from(limit).unwrap_or(u32::MAX))
}

/// The port that each kind of encryption is usually found at (RFC 8314, RFC 6409).
fn usual_port(encryption: Encryption) -> u16 {
    match encryption {
        Encryption::StartTls => 587,
        Encryption::Tls => 465,
        Encryption::Plain => 25,
    }
}

fn plain_host(raw: &mut Raw, path: &str, host: String) -> Option<String> {
    let address = host.parse::<std::net::IpAddr>().is_ok();
    if address || !host.contains([':', '/', '@', ' ', '[', ']']) {
        return Some(host);
    }
    raw.wrong(
        Wrong::NoHost,
        path,
        format!("{host:?} is not a host's name or address"),
        "write the name only; the port is a setting of its own",
    );
    None
}

/// `1` of `server1`.
fn number(server: &str) -> &str {
    server.trim_start_matches("server")
}

fn login(raw: &mut Raw, server: &str, around: &Surroundings, key: Option<&KeySource>) -> Option<Login> {
    let path = format!("{server}.login");
    let user: Option<String> = raw.get(&path);
    let named = ["password_file", "password_env", "password_credential", "password"]
        .iter()
        .any(|key| raw.has(&format!("{server}.{key}")));
    let password = secret::secret_or_sealed(raw, server, "password", around, key);
    if user.is_some() && !named {
        raw.wrong(
            Wrong::LoginWithoutPassword,
            &path,
            "there is a login, but no password for it",
            format!(
                "add `{server}.password_file`, or run: bookpost preferences password --server {}",
                number(server)
            ),
        );
    }
    if user.is_none() && named && !raw.has(&path) {
        raw.wrong(
            Wrong::PasswordWithoutLogin,
            server,
            "there is a password, but no login for it",
            if raw.origin(&format!("{server}.password")) == Origin::Preferences {
                format!(
                    "set `{path}` too, or take both away: bookpost preferences unset {path} {server}.password"
                )
            } else {
                format!("set `{path}` too")
            },
        );
    }
    let password = match password? {
        Given::Known(password) => Password::Known(password),
        Given::Lost => Password::Lost,
    };
    Some(Login { user: user?, password })
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::Way;
    use crate::config::{Surroundings, check_text};

    #[test]
    fn the_backup_stands_behind_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        fs::write(&secret, "a secret of two").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let secret = format!("client_secret_file = {:?}", secret.display().to_string());
        let provider = |name: &str| format!("[{name}]\nclient_id = \"bookpost\"\n{secret}\n");
        let (google, microsoft) = (provider("google"), provider("microsoft"));
        let own = "[server1]\nhost = \"a.example\"\n[server2]\nhost = \"b.example\"\n";
        for (way, backup, sections, expected) in [
            ("servers", "none", own, Ok(&["server1", "server2"][..])),
            ("google", "none", own, Ok(&["google"])),
            ("google", "servers", own, Ok(&["google", "server1", "server2"])),
            ("servers", "google", own, Ok(&["server1", "server2", "google"])),
            ("google", "microsoft", "", Ok(&["google", "microsoft"])),
            ("google", "servers", "", Err("there is no [server1]")),
            ("google", "google", own, Err("the way of sending itself")),
            ("servers", "servers", own, Err("the way of sending itself")),
            ("google", "pigeon", own, Err("\"servers\", \"google\", \"microsoft\" or \"none\"")),
            // It is of no use there, and no fault either.
            ("practice", "google", own, Ok(&[])),
        ] {
            let text =
                format!("[sending]\nway = \"{way}\"\nbackup = \"{backup}\"\n{sections}{google}{microsoft}");
            let found = check_text(&text, None, &Surroundings::given([], Some("b.example")));
            match (found, expected) {
                (Ok(loaded), Ok(expected)) => {
                    let names: Vec<_> = match &loaded.config.sending.way {
                        Way::Servers(servers) => servers.iter().map(|one| one.name.as_str()).collect(),
                        _ => Vec::new(),
                    };
                    assert_eq!(names, expected, "{way}, {backup}");
                }
                (Err(problems), Err(expected)) => {
                    assert!(problems.to_string().contains(expected), "{way}, {backup}: {problems}");
                }
                (found, _) => panic!("{way}, {backup}: {found:?}"),
            }
        }
        let text = format!("[sending]\nway = \"google\"\nbackup = \"microsoft\"\n{google}");
        let found = check_text(&text, None, &Surroundings::given([], Some("b.example"))).unwrap_err();
        assert!(found.to_string().contains("no client id is set"), "{found}");
    }
}
