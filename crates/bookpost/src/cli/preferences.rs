//! The commands about preferences: read from the command line, and carried out by the service, or by the command itself while it holds the
//! lock.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, IsTerminal as _, Write as _},
};

use jiff::Timestamp;
use rand::CryptoRng;
use serde_json::Value;
use store::{Actor, Error, Store};

use super::{
    accounts,
    args::{Output, preferences::Settings},
    control::{ChangedPreferences, Failure, Found, PreferencesRequest, Reply, ShownPreferences},
    queue,
};
use crate::{
    app::App,
    config::{Provider, SECRETS, SendBy, Source},
    preferences::{
        self, Change, Changed, KEY_OF_SERVICE, Refused, Wish,
        as_seen::{By, as_seen},
        secret_of,
        tested::{self, ARRIVED, Tested},
    },
    web,
};

/// Carries `request` out where no service runs.
pub(super) async fn perform(
    store: &Store,
    source: &Source,
    request: PreferencesRequest,
    dice: &mut (impl CryptoRng + Send),
    now: Timestamp,
) -> Reply {
    if let PreferencesRequest::Account(_) = &request {
        return accounts::without_service();
    }
    let change = async |change| {
        let changed = preferences::change(store, source, change, dice, |_| Ok(()), now).await;
        changed.map(|(changed, ())| changed)
    };
    answer(store, Ok(source), request, now, change).await
}

impl App {
    /// Carries `request` out; what is changed holds when it is answered.
    pub(super) async fn about_preferences(&self, request: PreferencesRequest) -> Reply {
        if let PreferencesRequest::Account(request) = request {
            return self.about_account(request).await;
        }
        let (source, now) = (self.preferences.source(), self.clock.now());
        let change = async |change| self.preferences.change(change).await;
        let mut reply = answer(&self.store, source, request, now, change).await;
        if let Reply::Preferences(shown) = &mut reply {
            match web::in_use(&self.sources()).await {
                Ok(in_use) => shown.in_use = in_use,
                Err(why) => return refused(&why),
            }
        }
        reply
    }
}

async fn answer(
    store: &Store,
    source: Result<&Source, Refused>,
    request: PreferencesRequest,
    now: Timestamp,
    change: impl AsyncFnOnce(Change) -> Result<Changed, Refused>,
) -> Reply {
    let reply = match request {
        PreferencesRequest::Show => match source {
            Ok(source) => show(store, source, now).await,
            Err(why) => Err(why),
        },
        PreferencesRequest::Account(_) => return accounts::without_service(),
        PreferencesRequest::Tested { server, named, result } => {
            let noted = tested::note(store, Actor::CommandLine, &server, &named, &result, now).await;
            noted.map(|_| Reply::TestNoted).map_err(Refused::Store)
        }
        PreferencesRequest::Arrived { server, named, found } => {
            arrived(store, &server, &named, found, now).await.map_err(Refused::Store)
        }
        PreferencesRequest::History { limit } => history(store, limit).await,
        PreferencesRequest::Change(wanted) => {
            let imports = matches!(wanted, Change::Import { .. });
            change(wanted).await.map(|changed| told(changed, imports))
        }
    };
    reply.unwrap_or_else(|why| refused(&why))
}

async fn show(store: &Store, source: &Source, now: Timestamp) -> Result<Reply, Refused> {
    let stored = store.preferences().await?;
    let loaded = source.check(&stored.values).map_err(Refused::Problems)?;
    let preferences = loaded.in_force();
    let (version, accounts) = (stored.version, accounts::shown(store, &loaded.config, now).await?);
    let signed_in = store.mail_accounts().await?;
    let as_seen = as_seen(&loaded.config, By::first(&loaded.config.sending.way, &signed_in));
    let warnings = loaded.warnings;
    Ok(Reply::Preferences(ShownPreferences {
        version,
        preferences,
        in_use: None,
        accounts,
        as_seen,
        warnings,
    }))
}

/// Remembers it as the page does; of a server as it is set now, and only where it took a test message.
async fn arrived(
    store: &Store,
    server: &str,
    named: &str,
    found: Found,
    now: Timestamp,
) -> Result<Reply, Error> {
    // A provider's is tested by the account of whoever has signed in there.
    let (named, which) = match Provider::named(server) {
        Some(provider) => match store.mail_account(provider.name()).await? {
            Some(account) => (tested::as_account(named, &account.account), provider.name().to_owned()),
            None => return Ok(accounts::nobody(provider)),
        },
        None => (named.to_owned(), format!("--server {}", server.trim_start_matches("server"))),
    };
    if Tested::of(store, server, &named).await?.is_none() {
        let message = format!(
            "no test message was accepted by this server as it is set now; test it with: bookpost preferences test {which} --to ADDRESS"
        );
        return Ok(Reply::Failed { failure: Failure::Usage, message });
    }
    if found == Found::Yes {
        tested::note(store, Actor::CommandLine, server, &named, ARRIVED, now).await?;
    }
    Ok(Reply::Found(found))
}

async fn history(store: &Store, limit: usize) -> Result<Reply, Refused> {
    let changes = store.preference_changes(limit).await?;
    Ok(Reply::PreferencesHistory(changes.into_iter().map(preferences::masked).collect()))
}

fn told(changed: Changed, imported: bool) -> Reply {
    let Changed { loaded, change, .. } = changed;
    let still_set = preferences::elsewhere(&loaded).filter(|_| imported).cloned().collect();
    let change = change.map(preferences::masked);
    Reply::PreferencesChanged(ChangedPreferences { change, warnings: loaded.warnings, still_set })
}

pub(super) fn refused(why: &Refused) -> Reply {
    let failure = match why {
        Refused::Store(error) | Refused::HalfHeard(error) => queue::failure(error),
        Refused::Key(_) | Refused::Unusable(_) => Failure::Config,
        Refused::Problems(_) | Refused::NoText { .. } => Failure::Data,
        _ => Failure::Usage,
    };
    let todo = match why {
        Refused::Store(Error::Changed) => ": bookpost preferences show",
        _ => "",
    };
    Reply::Failed { failure, message: format!("{}{todo}", why.to_string().trim_end()) }
}

/// What a command line means; or why it means nothing.
pub(super) fn request(command: Settings) -> Result<(PreferencesRequest, Output), String> {
    let set = |values| {
        PreferencesRequest::Change(Change::Set(Wish { based_on: None, values, by: Actor::CommandLine }))
    };
    Ok(match command {
        Settings::Show { output } => (PreferencesRequest::Show, output),
        Settings::Set { values, output } => (set(pairs(&values)?), output),
        Settings::Unset { names, output } => {
            (set(names.into_iter().map(|name| (name, Value::Null)).collect()), output)
        }
        Settings::Password { server, login, values, output } => {
            let mut all = pairs(&values)?;
            let password = ask_for("Password").map_err(|error| format!("no password came: {error}"))?;
            all.extend(login.map(|login| (format!("server{server}.login"), Value::from(login))));
            all.insert(format!("server{server}.password"), Value::from(password));
            (set(all), output)
        }
        Settings::Client { provider, id, tenant, audience, send_by, output } => {
            if audience.is_some() && provider != Provider::Google {
                return Err("an audience is set for Google only".to_owned());
            }
            let secret =
                ask_for("Client secret").map_err(|error| format!("no client secret came: {error}"))?;
            let mut values = client(provider, id, tenant, secret);
            values.extend(
                audience.map(|one| (format!("{}.audience", provider.name()), Value::from(one.name()))),
            );
            values.extend(send_by.map(|by| sends_by(provider, by)));
            (set(values), output)
        }
        Settings::SignInService { address, name, output } => {
            let key = ask_for("Key").map_err(|error| format!("no key came: {error}"))?;
            let named = [("address", address), ("name", name), ("key", Some(key))];
            let named = named.into_iter().filter_map(|(name, value)| Some((name, value?)));
            (
                set(named
                    .map(|(name, value)| (format!("sign_in_service.{name}"), Value::from(value)))
                    .collect()),
                output,
            )
        }
        Settings::Undo { output } => {
            (PreferencesRequest::Change(Change::Undo { by: Actor::CommandLine }), output)
        }
        Settings::Import { output } => {
            (PreferencesRequest::Change(Change::Import { by: Actor::CommandLine }), output)
        }
        Settings::History { limit, output } => (PreferencesRequest::History { limit }, output),
    })
}

fn client(
    provider: Provider,
    id: Option<String>,
    tenant: Option<String>,
    secret: String,
) -> BTreeMap<String, Value> {
    let named = |key: &str| format!("{}.{key}", provider.name());
    let id = id.map(|id| (named("client_id"), Value::from(id)));
    let tenant = tenant.map(|tenant| (named("tenant"), Value::from(tenant)));
    id.into_iter().chain(tenant).chain([(secret_of(provider), Value::from(secret))]).collect()
}

/// Mail is handed to this provider so from now on.
pub(super) fn hand_over_by(provider: Provider, by: SendBy) -> PreferencesRequest {
    let values = BTreeMap::from([sends_by(provider, by)]);
    PreferencesRequest::Change(Change::Set(Wish { based_on: None, values, by: Actor::CommandLine }))
}

/// How mail is handed over, as a preference.
fn sends_by(provider: Provider, by: SendBy) -> (String, Value) {
    (format!("{}.send_by", provider.name()), Value::from(by.name()))
}

fn pairs(texts: &[String]) -> Result<BTreeMap<String, Value>, String> {
    texts.iter().map(|text| pair(text)).collect()
}

/// `NAME=VALUE`, where the value is as in the configuration file, or a text without quotes.
fn pair(text: &str) -> Result<(String, Value), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("{text:?} lacks its value: write it as NAME=VALUE"))?;
    let name = name.trim().to_owned();
    if SECRETS.contains(&name.as_str()) {
        if let Some(provider) = name.strip_suffix(".client_secret") {
            return Err(format!(
                "a secret on the command line can be seen by others: bookpost preferences client {provider}"
            ));
        }
        if name == KEY_OF_SERVICE {
            return Err(
                "a key on the command line can be seen by others: bookpost preferences sign-in-service"
                    .to_owned(),
            );
        }
        let server = name.trim_start_matches("server").trim_end_matches(".password");
        return Err(format!(
            "a password on the command line can be seen by others: bookpost preferences password --server {server}"
        ));
    }
    if matches!(value.trim(), "" | "\"\"" | "''") {
        let with = name.strip_suffix(".login").map(|server| format!(" {server}.password"));
        let with = with.filter(|with| SECRETS.contains(&with.trim())).unwrap_or_default();
        return Err(format!(
            "`{name}` is set to nothing here: to take it away, run: bookpost preferences unset {name}{with}"
        ));
    }
    let written = format!("v = {value}").parse::<toml::Table>().ok().and_then(|mut table| table.remove("v"));
    let value = written.and_then(|value| serde_json::to_value(value).ok());
    Ok((
        name,
        value.unwrap_or_else(|| Value::from(text.split_once('=').map_or("", |(_, value)| value).trim())),
    ))
}

fn ask_for(what: &str) -> std::io::Result<String> {
    let mut stdin = std::io::stdin().lock();
    let hidden = stdin.is_terminal().then(|| Hidden::begin(what)).transpose()?;
    let mut line = String::new();
    stdin.read_line(&mut line)?;
    drop(hidden);
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() { Err(std::io::Error::other("the line is empty")) } else { Ok(password) }
}

/// What is typed is not shown while this lives.
struct Hidden(rustix::termios::Termios);

impl Hidden {
    fn begin(what: &str) -> std::io::Result<Self> {
        let mut err = std::io::stderr().lock();
        write!(err, "{what}: ")?;
        err.flush()?;
        let before = rustix::termios::tcgetattr(std::io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(rustix::termios::LocalModes::ECHO);
        rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Flush, &hidden)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let now = rustix::termios::OptionalActions::Now;
        let _ = rustix::termios::tcsetattr(std::io::stdin(), now, &self.0);
        let _ = writeln!(std::io::stderr().lock());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Of the server as it is set now, and only where it took a test message.
    #[tokio::test]
    async fn what_was_found_in_the_mailbox_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::constant(1_800_000_000, 0);
        let store = Store::open(folder.path(), now).unwrap();
        let source = Source::given("", None, &crate::config::Surroundings::given([], None));
        let mut dice = crate::app::secret_dice();
        let mut ask = async |request| perform(&store, &source, request, &mut dice, now).await;
        let (server, here) = ("server1".to_owned(), "smtp.example:587 starttls".to_owned());
        let arrived =
            |found| PreferencesRequest::Arrived { server: server.clone(), named: here.clone(), found };
        let test = |named: &str, result: &str| PreferencesRequest::Tested {
            server: server.clone(),
            named: named.to_owned(),
            result: result.to_owned(),
        };
        let refused = async |reply: Reply, why: &str| match reply {
            Reply::Failed { failure: Failure::Usage, message } => {
                assert!(message.contains("preferences test --server 1 --to"), "{message}");
            }
            other => panic!("{why}: {other:?}"),
        };
        refused(ask(arrived(Found::Yes)).await, "it was not tested").await;
        assert_eq!(ask(test("other.example:587 starttls", tested::ACCEPTED)).await, Reply::TestNoted);
        refused(ask(arrived(Found::Yes)).await, "it was another one").await;
        assert_eq!(ask(test(&here, tested::WORKS)).await, Reply::TestNoted);
        refused(ask(arrived(Found::Yes)).await, "there was no message").await;
        assert_eq!(ask(test(&here, tested::ACCEPTED)).await, Reply::TestNoted);
        let last = async || Tested::of(&store, &server, &here).await.unwrap().unwrap();
        for found in [Found::NotYet, Found::InSpam] {
            assert_eq!(ask(arrived(found)).await, Reply::Found(found));
            assert!(!last().await.arrived);
        }
        assert_eq!(ask(arrived(Found::Yes)).await, Reply::Found(Found::Yes));
        assert!(last().await.arrived);
    }

    #[test]
    fn values_are_read_as_in_the_file_or_are_texts() {
        for (text, name, value) in [
            ("server1.port=587", "server1.port", json!(587)),
            ("server1.host=smtp.library.example", "server1.host", json!("smtp.library.example")),
            ("library=\"The 3 Rivers\"", "library", json!("The 3 Rivers")),
            ("library=A = B", "library", json!("A = B")),
            ("schedule.short_wait=[\"3m\", \"9m\"]", "schedule.short_wait", json!(["3m", "9m"])),
            ("server1.allow_non_secure=true", "server1.allow_non_secure", json!(true)),
            ("sites=[{ code = \"A\" }]", "sites", json!([{ "code": "A" }])),
        ] {
            assert_eq!(pair(text).unwrap(), (name.to_owned(), value), "{text}");
        }
        for (text, unset) in [
            ("server1.login=", "preferences unset server1.login server1.password"),
            ("library= \"\"", "preferences unset library"),
        ] {
            let refused = pair(text).unwrap_err();
            assert!(refused.ends_with(unset), "{text}: {refused}");
        }
        assert!(pair("server1.host").unwrap_err().contains("NAME=VALUE"));
        let refused = pair("server2.password=secret").unwrap_err();
        assert!(refused.contains("--server 2") && !refused.contains("secret"), "{refused}");
        let refused = pair("google.client_secret=GOCSPX").unwrap_err();
        assert!(refused.contains("preferences client google") && !refused.contains("GOCSPX"), "{refused}");
    }
}
