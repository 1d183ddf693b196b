use std::path::Path;

use jiff::Timestamp;
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::json;

use store::AlarmKind;

use super::*;
use crate::config::{Password, Surroundings, Way};

const FILE: &str = "library = \"Riverside\"\n[sending]\nehlo_name = \"books.library.example\"\n";

struct Bench {
    folder: tempfile::TempDir,
    store: Store,
    source: Source,
}

fn now() -> Timestamp {
    Timestamp::constant(1_800_000_000, 0)
}

fn source(folder: &Path) -> Source {
    let file = format!("data_dir = {folder:?}\n{FILE}");
    Source::given(&file, Some("bookpost.toml".into()), &Surroundings::given([], None))
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), now()).unwrap();
        Self { source: source(folder.path()), store, folder }
    }

    async fn set(&self, based_on: Option<i64>, values: Value) -> Result<Changed, Refused> {
        let Value::Object(values) = values else { panic!("{values}") };
        let wish = Wish { based_on, values: values.into_iter().collect(), by: Actor::CommandLine };
        let mut dice = StdRng::seed_from_u64(7);
        change(&self.store, &self.source, Change::Set(wish), &mut dice, |_| Ok(()), now())
            .await
            .map(|(changed, ())| changed)
    }

    async fn undo(&self) -> Result<Changed, Refused> {
        let (undo, mut dice) = (Change::Undo { by: Actor::CommandLine }, StdRng::seed_from_u64(7));
        let undone = change(&self.store, &self.source, undo, &mut dice, |_| Ok(()), now()).await;
        undone.map(|(changed, ())| changed)
    }

    async fn loaded(&self) -> Loaded {
        self.source.check(&self.store.preferences().await.unwrap().values).unwrap()
    }
}

#[tokio::test]
async fn what_is_set_holds_and_is_undone() {
    let bench = Bench::new();
    assert!(
        matches!(bench.loaded().await.config.sending.way, Way::None),
        "nothing is sent before somebody says how"
    );
    let servers = json!({ "sending.way": "servers", "server1.host": "smtp.example", "server1.port": 2525,
        "server1.login": "library", "server1.password": "open sesame",
        "sites": [{ "code": "A", "name": "North", "email": "north@library.example" }] });
    let changed = bench.set(Some(0), servers).await.unwrap();
    assert_eq!(changed.change.as_ref().unwrap().values.len(), 6);
    let config = &changed.loaded.config;
    let Way::Servers(servers) = &config.sending.way else { panic!("{:?}", config.sending.way) };
    let login = servers[0].login.as_ref().unwrap();
    assert_eq!((servers[0].port, &*login.user, config.sites.len()), (2525, "library", 1));
    assert!(matches!(&login.password, Password::Known(password) if password.as_str() == "open sesame"));
    let shown = serde_json::to_string(&changed.loaded.preferences).unwrap() + &format!("{changed:?}");
    assert!(!shown.contains("open sesame"), "{shown}");
    assert_eq!(
        bench.set(None, json!({ "server1.port": 2525 })).await.unwrap().change,
        None,
        "it was so already"
    );

    let undone = bench.undo().await.unwrap();
    assert!(matches!(undone.loaded.config.sending.way, Way::None) && undone.loaded.config.sites.is_empty());
    bench.undo().await.unwrap();
    assert!(matches!(bench.loaded().await.config.sending.way, Way::Servers(_)), "to undo an undoing");
}

/// A later version stored it: mail leaves all the same, and a person reads of it. What is entered or written here must be known.
#[tokio::test]
async fn what_a_later_version_has_stored_is_passed_over_and_told() {
    let bench = Bench::new();
    let sites = json!([{ "code": "A", "name": "North", "email": "north@library.example" }]);
    bench.set(None, json!({ "sites": sites, "server1.host": "smtp.example" })).await.unwrap();
    let later = [
        ("sites", r#"[{"code":"A","name":"North","email":"north@library.example","shelf":"B"}]"#),
        ("server1.by_pigeon", "true"),
        ("pigeons.count", "7"),
        ("pigeons.loft.address", r#""roof""#),
    ];
    let later = later.map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
    bench.store.change_preferences(1, later.into(), Actor::CommandLine, now()).await.unwrap();
    let loaded = bench.loaded().await;
    let mut unknown: Vec<_> = loaded.unknown.iter().map(|one| one.setting.as_str()).collect();
    unknown.sort_unstable();
    assert_eq!(unknown, ["pigeons", "server1.by_pigeon", "sites.0.shelf"]);
    assert!(loaded.warnings.iter().any(|one| one.contains("`server1.by_pigeon`")), "{:?}", loaded.warnings);
    bench.set(None, json!({ "sending.way": "practice" })).await.unwrap();
    assert_eq!(bench.loaded().await.unknown.len(), 3, "it is there for the later version");
    let shelf = json!([{ "code": "A", "name": "North", "email": "north@library.example", "shelf": "B" }]);
    let refused = bench.set(None, json!({ "sites": shelf })).await.unwrap_err().to_string();
    assert!(refused.contains("sites.0.shelf"), "{refused}");
    let stored = bench.store.preferences().await.unwrap().values;
    let written = format!("data_dir = {:?}\n[pigeons]\ncolour = \"grey\"\n{FILE}", bench.folder.path());
    let refused = Source::given(&written, None, &Surroundings::given([], None)).check(&stored).unwrap_err();
    assert!(refused.to_string().contains("there is no setting `pigeons`"), "{refused}");
}

/// Each in words that say what to do, and nothing of it is stored.
#[tokio::test]
async fn what_cannot_be_used_is_refused_as_a_whole() {
    let bench = Bench::new();
    for (values, words) in [
        (json!({ "server1.hst": "a" }), "did you mean `server1.host`?"),
        (json!({ "library": "Hill" }), "bookpost.toml, line 2"),
        (json!({ "listen": "0.0.0.0:80" }), "stands in the configuration file"),
        (json!({ "alarms.command": "/bin/sh" }), "stands in the configuration file"),
        (json!({ "sending.way": "servers" }), "there is no [server1]"),
        (json!({ "sending.way": "practice", "server1.port": 70_000 }), "must be a number from 1 to 65535"),
        (json!({ "server1.host": "a.example", "server1.password": "secret" }), "no login for it"),
        (json!({ "server1.password": 5 }), "must be a text"),
    ] {
        let refused = bench.set(None, values.clone()).await.unwrap_err().to_string();
        assert!(refused.contains(words), "{values}: {refused}");
    }
    let values = [("sending.way".to_owned(), json!("practice"))].into();
    let wish = Wish { based_on: None, values, by: Actor::CommandLine };
    let mut dice = StdRng::seed_from_u64(7);
    let unusable = |_: &Config| -> anyhow::Result<()> { anyhow::bail!("no such certificates") };
    let refused = change(&bench.store, &bench.source, Change::Set(wish), &mut dice, unusable, now()).await;
    assert_eq!(refused.unwrap_err().to_string(), "no such certificates");
    assert_eq!(bench.store.preferences().await.unwrap(), store::Preferences::default());
    assert!(matches!(bench.undo().await, Err(Refused::NothingToUndo)));
}

#[tokio::test]
async fn who_saves_what_another_has_changed_meanwhile_is_told() {
    let bench = Bench::new();
    bench.set(Some(0), json!({ "sending.way": "practice" })).await.unwrap();
    let late = bench.set(Some(0), json!({ "sending.way": "none" })).await.unwrap_err();
    assert!(matches!(late, Refused::Store(store::Error::Changed)), "{late}");
    assert!(matches!(bench.loaded().await.config.sending.way, Way::Practice));
}

/// Everything else goes on, and the server is not asked with another password.
#[tokio::test]
async fn a_lost_key_loses_the_passwords_only() {
    let bench = Bench::new();
    let servers = json!({ "sending.way": "servers", "server1.host": "smtp.example", "server1.login": "l",
        "server1.password": "open sesame" });
    bench.set(None, servers).await.unwrap();
    std::fs::remove_file(bench.folder.path().join("secret.key")).unwrap();
    let config = bench.loaded().await.config;
    let Way::Servers(servers) = &config.sending.way else { panic!("{:?}", config.sending.way) };
    assert!(matches!(&servers[0].login, Some(login) if login.password == Password::Lost));
    let again = bench.set(None, json!({ "server1.password": "open again" })).await.unwrap().loaded.config;
    let Way::Servers(servers) = &again.sending.way else { panic!("{:?}", again.sending.way) };
    assert!(matches!(&servers[0].login.as_ref().unwrap().password, Password::Known(_)));
}

/// Nobody has a password that they do not know sent to a machine of theirs, or in clear.
#[tokio::test]
async fn a_kept_password_goes_nowhere_else() {
    let bench = Bench::new();
    let server = json!({ "sending.way": "servers", "server1.host": "smtp.example", "server1.login": "library",
        "server1.password": "open sesame" });
    bench.set(None, server).await.unwrap();
    let stored = bench.store.preferences().await.unwrap().values;
    for values in [
        json!({ "server1.host": "evil.example" }),
        json!({ "server1.host": "evil.example", "server1.login": "other" }),
        json!({ "server1.allow_non_secure": true, "server1.send_password_unencrypted": true }),
        json!({ "server1.encryption": "none", "server1.allow_non_secure": true, "server1.send_password_unencrypted": true }),
    ] {
        let refused = bench.set(None, values.clone()).await.unwrap_err();
        let Refused::Problems(problems) = &refused else { panic!("{values}: {refused}") };
        assert_eq!(problems.0[0].setting, "server1.password", "{values}");
        let Value::Object(tried) = values.clone() else { panic!("{values}") };
        let (tried, mut dice) = (tried.into_iter().collect(), StdRng::seed_from_u64(7));
        let tried = proposed(&bench.store, &bench.source, tried, &mut dice).await;
        assert!(matches!(tried, Err(Refused::Problems(_))), "{values}: it is not tried with it either");
        assert_eq!(bench.store.preferences().await.unwrap().values, stored, "{values}");
        let mut entered = values.as_object().cloned().unwrap();
        entered.insert("server1.password".to_owned(), json!("own words"));
        bench.set(None, Value::Object(entered)).await.unwrap();
        bench.undo().await.unwrap();
    }
    for values in [
        json!({ "server1.host": "SMTP.example" }),
        json!({ "server1.port": 2525, "server1.encryption": "tls" }),
        json!({ "server1.allow_non_secure": true }),
        json!({ "server1.host": "new.example", "server1.login": null, "server1.password": null }),
    ] {
        bench.set(None, values).await.unwrap();
    }
}

/// What the file says is not entered again here.
#[tokio::test]
async fn a_password_of_the_file_goes_nowhere_else_either() {
    let bench = Bench::new();
    let around = Surroundings::given([("PASSWORD", "open sesame")], None);
    let file = format!(
        "data_dir = {:?}\n{FILE}[server1]\nlogin = \"library\"\npassword_env = \"PASSWORD\"\n",
        bench.folder.path()
    );
    let mut bench = bench;
    bench.set(None, json!({ "server1.host": "smtp.example" })).await.unwrap();
    bench.source = Source::given(&file, Some("bookpost.toml".into()), &around);
    let refused = bench.set(None, json!({ "server1.host": "evil.example" })).await.unwrap_err().to_string();
    assert!(refused.contains("it is set elsewhere (bookpost.toml, line 7)"), "{refused}");
}

/// The last of what had to be so that mail goes out by the first server.
#[tokio::test]
async fn it_is_known_since_when_the_first_server_is_in_use() {
    let mut bench = Bench::new();
    let minute = |minutes| now() + jiff::SignedDuration::from_mins(minutes);
    let known = async |bench: &Bench| {
        let loaded = bench.loaded().await;
        let server = loaded.config.sending.servers[0].clone();
        let known = InUse::first(&bench.store, &loaded, &server, minute(-5)).await.unwrap();
        (known.since.unwrap(), known.why)
    };
    bench.set(None, json!({ "sending.way": "servers", "server1.host": "smtp.example" })).await.unwrap();
    assert_eq!(known(&bench).await, (now(), Why::Set));
    // Of another server, and what was over before it was set so.
    bench.store.raise(AlarmKind::ServerDown, "server2", "", minute(1)).await.unwrap();
    bench.store.clear(AlarmKind::ServerDown, "server2", minute(2)).await.unwrap();
    bench.store.raise(AlarmKind::SignIn, "server1", "", minute(-3)).await.unwrap();
    bench.store.clear(AlarmKind::SignIn, "server1", minute(-2)).await.unwrap();
    assert_eq!(known(&bench).await, (now(), Why::Set));
    bench.store.raise(AlarmKind::ServerDown, "server1", "", minute(3)).await.unwrap();
    bench.store.clear(AlarmKind::ServerDown, "server1", minute(4)).await.unwrap();
    assert_eq!(known(&bench).await, (minute(4), Why::TakesMailAgain));
    bench.store.raise(AlarmKind::Disk, "server1", "", minute(5)).await.unwrap();
    bench.store.clear(AlarmKind::Disk, "server1", minute(6)).await.unwrap();
    assert_eq!(known(&bench).await, (minute(4), Why::TakesMailAgain), "that kept no mail from it");
    let about = "sending".to_owned();
    let who = Actor::CommandLine;
    let line = store::NewAudit { who, what: store::Deed::SendingResumed, about, old: None, new: None };
    bench.store.note_audit(line, minute(7)).await.unwrap();
    assert_eq!(
        known(&bench).await,
        (minute(4), Why::TakesMailAgain),
        "it is the same server as before the pause"
    );
    // What the file says may have been something else before the start.
    let file = format!("data_dir = {:?}\n{FILE}[server1]\nhost = \"other.example\"\n", bench.folder.path());
    bench.source = Source::given(&file, Some("bookpost.toml".into()), &Surroundings::given([], None));
    let loaded = bench.loaded().await;
    let server = loaded.config.sending.servers[0].clone();
    let started = InUse::first(&bench.store, &loaded, &server, minute(9)).await.unwrap();
    assert_eq!((started.since, started.why), (Some(minute(9)), Why::Started));
    // It is the same when it stands here too.
    let imported = [("server1.host".to_owned(), Some("\"other.example\"".to_owned()))].into();
    let version = bench.store.preferences().await.unwrap().version;
    bench.store.change_preferences(version, imported, Actor::CommandLine, minute(12)).await.unwrap();
    let loaded = bench.loaded().await;
    assert_eq!(InUse::first(&bench.store, &loaded, &server, minute(9)).await.unwrap(), started);
}
