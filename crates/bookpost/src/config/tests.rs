use std::os::unix::fs::PermissionsExt as _;

use super::*;

const HOST: Option<&str> = Some("books.library.example");

/// The shortest configuration that practises.
const LEAST: &str = r#"
library = "Riverside"
[sending]
way = "practice"
[[sites]]
code = "MAIN"
name = "Main Library"
email = "notices@library.example"
"#;

fn check(text: &str, variables: &[(&str, &str)]) -> Result<Loaded, Problems> {
    let around = Surroundings::given(variables.iter().copied(), HOST);
    check_text(text, Some("bookpost.toml".into()), &around)
}

fn problems(text: &str, variables: &[(&str, &str)]) -> String {
    check(text, variables).unwrap_err().to_string()
}

#[test]
fn the_least_is_enough_and_the_rest_has_defaults() {
    let loaded = check(LEAST, &[]).unwrap();
    insta::assert_snapshot!(loaded.describe());
    insta::assert_snapshot!(loaded.warnings.join("\n"));
}

/// What the program itself begins with is what holds where nothing is set.
#[test]
fn the_usual_settings_are_the_same_everywhere() {
    let read =
        check(LEAST, &[("BOOKPOST_LISTEN", "off"), ("BOOKPOST_DATA_DIR", "/srv/bookpost")]).unwrap().config;
    let mut usual = Config::usual("/srv/bookpost".as_ref(), Way::Practice);
    (usual.library, usual.sites) = (read.library.clone(), read.sites.clone());
    usual.sending.ehlo_name.clone_from(&read.sending.ehlo_name);
    usual.doors.smtp.connections = read.doors.smtp.connections;
    usual.doors.sendmail = read.doors.sendmail.clone();
    assert_eq!(format!("{usual:#?}"), format!("{read:#?}"));
}

/// As browsers write it, or pages would take their own forms for those of another.
#[test]
fn the_public_address_is_a_scheme_and_a_name() {
    for (text, expected) in [
        ("https://mail.library.example", Some("https://mail.library.example")),
        ("https://Mail.Library.example:443/", Some("https://mail.library.example")),
        ("http://mail.library.example:80", Some("http://mail.library.example")),
        ("https://mail.library.example:8443", Some("https://mail.library.example:8443")),
        ("mail.library.example", None),
        ("https://", None),
        ("https://mail.library.example/bookpost", None),
        ("https://user@mail.library.example", None),
        ("ftp://mail.library.example", None),
    ] {
        let checked = check(LEAST, &[("BOOKPOST_PUBLIC_ADDRESS", text)]);
        match expected {
            Some(expected) => assert_eq!(checked.unwrap().config.public_address.as_deref(), Some(expected)),
            None => assert!(checked.unwrap_err().to_string().contains("is not a web address"), "{text}"),
        }
    }
}

#[test]
fn everything_wrong_is_said_at_once() {
    let text = r#"
librery = "Riverside"
way = "practice"
data_dir = "queue"
listen = "0.0.0.0:80"
[sending]
way = "pigeon"
ehlo_name = "localhost"
in_doubts = "retry"
[server1]
host = "smtp://library.example"
port = 70000
encryption = "none"
login = "notices"
password = "hunter2"
connections = 500
[server3]
host = "a"
[schedule]
short_range = "5m"
short_wait = ["9m", "3m"]
give_up_after = "soon"
[[sites]]
code = "A"
name = "North"
email = "north"
[[sites]]
code = "B"
name = "South"
email = "south@library.example"
[[sites]]
code = "B"
name = "South again"
email = "south@library.example"
fone = "1"
[notices]
default_site = "C"
wording = "poem"
[alarms]
webhook = "chat"
"#;
    insta::assert_snapshot!(problems(text, &[]));
}

#[test]
fn cross_rules() {
    let site = "[[sites]]\ncode = \"A\"\nname = \"A\"\nemail = \"a@library.example\"\n";
    let text = |rest: &str| format!("library = \"R\"\n{rest}\n{site}");
    let mut all = String::new();
    for rest in [
        "[sending]\nway = \"servers\"",
        "[sending]\nway = \"practice\"\n[server2]\nhost = \"b.example\"",
        "[sending]\nway = \"servers\"\n[server1]\nhost = \"a.example\"\nlogin = \"l\"",
        "[sending]\nway = \"servers\"\n[server1]\nhost = \"a.example\"\npassword_env = \"P\"",
        "[sending]\nway = \"servers\"\n[server1]\nhost = \"a.example\"\nlogin = \"l\"\npassword_env = \"ABSENT\"",
        "[sending]\nway = \"servers\"\n[server1]\nhost = \"a.example\"\nlogin = \"l\"\npassword_credential = \"c\"",
        "notices = { default_site = \"C\" }\nsending = { way = \"none\" }",
        "sending = { way = \"none\" }\nkeep = { texts_days = 0, records_days = 6 }",
        "sending = 3",
        "[sending",
    ] {
        let problems = problems(&text(rest), &[("P", "secret")]);
        all = format!("{all}{rest}\n--\n{problems}\n====\n");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn the_limit_of_waiting_is_less_than_the_time_after_which_mail_is_given_up() {
    let limit = |schedule: &str, alarms: &str| {
        let text = format!("{LEAST}[schedule]\ngive_up_after = \"{schedule}\"\n[alarms]\n{alarms}\n");
        check(&text, &[]).map(|loaded| loaded.config.alarms.waiting.as_secs() / 3600)
    };
    assert_eq!(limit("100h", "").unwrap(), 24);
    assert_eq!(limit("12h", "").unwrap(), 6, "nobody has chosen it");
    assert_eq!(limit("48h", "waiting_limit = \"47h\"").unwrap(), 47);
    let problems = limit("48h", "waiting_limit = \"48h\"").unwrap_err().to_string();
    assert!(problems.contains("mail is given up before it has waited for so long"), "{problems}");
}

#[test]
fn no_full_host_name_is_an_error_that_names_the_setting_only_where_a_server_asks() {
    let nameless = Surroundings::given([], Some("localhost"));
    check_text(LEAST, None, &nameless).unwrap();
    let servers = LEAST.replace("practice", "servers") + "[server1]\nhost = \"a.example\"\n";
    let problems = check_text(&servers, None, &nameless).unwrap_err().to_string();
    assert!(problems.contains("sending.ehlo_name"), "{problems}");
}

#[test]
fn the_environment_lies_over_the_file() {
    let variables = [
        ("BOOKPOST_LIBRARY", "1984"),
        ("BOOKPOST_SENDING__WAY", "servers"),
        ("BOOKPOST_SERVER1__HOST", "smtp.example"),
        ("BOOKPOST_SERVER1__PORT", "2525"),
        ("BOOKPOST_SERVER1__LOGIN", "42"),
        ("BOOKPOST_SERVER1__PASSWORD_ENV", "MAIL_PASSWORD"),
        ("MAIL_PASSWORD", "top secret"),
        ("BOOKPOST_SCHEDULE__SHORT_WAIT", r#"["1m", "2m"]"#),
        ("BOOKPOST_ALARM_KIND", "server_down"),
    ];
    let loaded = check(LEAST, &variables).unwrap();
    assert_eq!(loaded.config.library, "1984");
    let Way::Servers(servers) = &loaded.config.sending.way else { panic!("servers") };
    assert_eq!((servers[0].host.as_str(), servers[0].port), ("smtp.example", 2525));
    let login = servers[0].login.as_ref().unwrap();
    assert!(login.user == "42" && login.password == "top secret".to_owned().into());
    let shown = format!("{loaded:?}{}", loaded.describe());
    assert!(!shown.contains("top secret"), "{shown}");
    insta::assert_snapshot!(problems(
        LEAST,
        &[("BOOKPOST_SENDING__WEY", "x"), ("BOOKPOST_KEEP__TEXTS_DAYS", "many")]
    ));
}

#[test]
fn a_password_file_must_be_private() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "open sesame\n").unwrap();
    let text = format!(
        "{}[server1]\nhost = \"a.example\"\nlogin = \"l\"\npassword_file = {file:?}\n",
        LEAST.replace("practice", "servers")
    );
    for (mode, good) in [(0o600, true), (0o640, true), (0o644, false), (0o602, false)] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(check(&text, &[]).is_ok(), good, "{mode:o}");
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let loaded = check(&text, &[]).unwrap();
    let Way::Servers(servers) = &loaded.config.sending.way else { panic!("servers") };
    assert!(servers[0].login.as_ref().unwrap().password == "open sesame".to_owned().into());
    let credential = text.replace(&format!("password_file = {file:?}"), "password_credential = \"password\"");
    check(&credential, &[("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap())]).unwrap();
}

#[test]
fn the_sample_can_be_used_as_it_stands_and_shows_every_setting() {
    check(SAMPLE, &[]).unwrap();
    let around = Surroundings::given([], HOST);
    let text = format!("{LEAST}[server1]\nhost = \"a\"\n");
    let mut raw = raw::Raw::parse(&text, None, &around, &BTreeMap::new()).unwrap();
    let _ = check::check(&mut raw, &around);
    for key in raw.asked() {
        let name = key.rsplit('.').next().unwrap();
        assert!(
            SAMPLE.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{name} = "))),
            "{key}"
        );
    }
}

/// What stands in the file is stronger than the pages: the one that is installed leaves to them what they can set.
#[test]
fn the_sample_leaves_to_the_pages_what_people_set_there() {
    let loaded = check(SAMPLE, &[]).unwrap();
    let set: Vec<_> = loaded.preferences.iter().filter(|one| one.origin != Origin::Usual).collect();
    assert!(set.is_empty(), "{set:?}");
    assert!(!loaded.config.sending.way_is_chosen && loaded.config.sites.is_empty());
    assert!(loaded.config.doors.sendmail.socket.is_some() && loaded.config.notices.drop_folder.is_absolute());
}

/// As the guides say: the # is taken away before what is wanted.
#[test]
fn all_can_be_set_by_the_file_alone() {
    let mut text = SAMPLE.to_owned();
    for line in [
        "library = \"Riverside Public Library\"",
        "way = \"practice\"",
        "[server1]",
        "host = \"smtp.library.example\"",
        "encryption = \"starttls\"",
        "[[sites]]",
        "code = \"MAIN\"",
        "name = \"Riverside Public Library\"",
        "email = \"notices@library.example\"",
    ] {
        let commented = format!("\n# {line}\n");
        assert_eq!(text.matches(&commented).count(), 1, "{line}");
        text = text.replace(&commented, &format!("\n{line}\n"));
    }
    let config = check(&text.replace("\"practice\"", "\"servers\""), &[]).unwrap().config;
    let Way::Servers(servers) = &config.sending.way else { panic!("servers") };
    assert_eq!((&*config.library, &*servers[0].host), ("Riverside Public Library", "smtp.library.example"));
    assert_eq!(config.sites[0].email.as_ref().unwrap().as_str(), "notices@library.example");
}

#[test]
fn who_may_not_read_the_file_is_told_who_may() {
    for (kind, helps) in [
        (std::io::ErrorKind::PermissionDenied, "sudo -u bookpost bookpost"),
        (std::io::ErrorKind::NotFound, "config sample"),
    ] {
        let problem = unreadable(Path::new(DEFAULT_FILE), &kind.into());
        assert!(problem.todo.contains(helps), "{problem:?}");
    }
}

#[test]
fn a_server_is_known_before_it_is_chosen() {
    for way in ["practice", "none"] {
        let text = LEAST.replace("practice", way)
            + "[server1]\nhost = \"a.example\"\n[server2]\nhost = \"b.example\"\n";
        let sending = check(&text, &[]).unwrap().config.sending;
        let hosts: Vec<_> = sending.servers.iter().map(|server| server.host.as_str()).collect();
        assert_eq!(hosts, ["a.example", "b.example"]);
        assert!(!matches!(sending.way, Way::Servers(_)));
    }
}

/// Its host is entered on the page; the file of certificates can be named in the settings only.
#[test]
fn whom_to_trust_may_be_said_before_the_server_is_entered() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = format!("{LEAST}[server1]\nca_file = {:?}\n", file.path());
    assert!(check(&text, &[]).unwrap().config.sending.servers.is_empty());
    let entered = check(&text, &[("BOOKPOST_SERVER1__HOST", "a.example")]).unwrap().config.sending.servers;
    assert_eq!(entered[0].ca_file.as_deref(), Some(file.path()));
    let problems = check(&format!("{LEAST}[server1]\nca_file = \"/nowhere\"\n"), &[]).unwrap_err();
    assert!(problems.to_string().contains("/nowhere"), "{problems}");
    check(&format!("{LEAST}[server1]\nport = 25\n"), &[]).unwrap_err();
}

#[test]
fn a_missing_file_says_how_to_make_one() {
    let around = Surroundings::given([("BOOKPOST_CONFIG", "/nowhere/bookpost.toml")], HOST);
    let problems = load(None, &around).unwrap_err().to_string();
    assert!(problems.contains("/nowhere/bookpost.toml") && problems.contains("config sample"), "{problems}");
}

#[test]
fn a_queue_that_cannot_be_read_is_said_with_what_helps() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("queue.db"), [b'x'; 4_096]).unwrap();
    let data_dir = folder.path().display().to_string();
    let around = Surroundings::given([("BOOKPOST_DATA_DIR", data_dir.as_str())], HOST);
    let problems = load(None, &around).unwrap_err().to_string();
    assert!(problems.contains("damaged") && problems.contains("restore a backup"), "{problems}");
    assert!(!problems.contains("sudo"), "{problems}");
}

#[test]
fn others_are_let_in_with_a_certificate_or_by_a_proxy_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key] = ["a.crt", "a.key"].map(|name| folder.path().join(name));
    std::fs::write(&certificate, "").unwrap();
    std::fs::write(&key, "").unwrap();
    let [certificate, key] = [&certificate, &key].map(|file| format!("{:?}", file.display().to_string()));
    let open = "listen = \"0.0.0.0:8625\"\n";
    let with = |settings: &str| format!("{open}{settings}\n{LEAST}");
    for (settings, fault) in [
        (String::new(), Some("could be read on the way")),
        (format!("listen_certificate = {certificate}\nlisten_key = {key}"), None),
        (format!("listen_certificate = {certificate}"), Some("go together")),
        ("behind_proxy = \"10.1.2.3\"".to_owned(), None),
        ("behind_proxy = [\"10.1.0.0/16\", \"fd00::/64\"]".to_owned(), None),
        (
            "behind_proxy = \"10.1.2.3\"\npublic_address = \"http://books.example\"".to_owned(),
            Some("passwords could be read on the way"),
        ),
        ("behind_proxy = \"10.1.2.3\"\npublic_address = \"https://books.example\"".to_owned(), None),
        ("behind_proxy = \"10.1.2.3\"\npublic_address = \"http://localhost:8080\"".to_owned(), None),
        ("behind_proxy = [\"0.0.0.0/0\"]".to_owned(), Some("so large a network")),
        ("behind_proxy = \"proxy.example\"".to_owned(), Some("is no network")),
        ("listen_key = \"/no/such\"".to_owned(), Some("there is no file /no/such")),
    ] {
        match (check(&with(&settings), &[]), fault) {
            (Ok(loaded), None) => assert_eq!(loaded.config.listen, "0.0.0.0:8625".parse().ok(), "{settings}"),
            (Err(problems), Some(fault)) => assert!(problems.to_string().contains(fault), "{problems}"),
            (found, _) => panic!("{settings}: {found:?}"),
        }
    }
}

#[test]
fn the_command_line_goes_before_the_file_and_is_held_to_the_same() {
    let around = |value: &str| {
        Surroundings::given([("BOOKPOST_LISTEN", "127.0.0.1:2")], HOST)
            .with_option("listen", Some(value.to_owned()))
    };
    let loaded = check_text(LEAST, None, &around("127.0.0.1:3")).unwrap();
    assert_eq!(loaded.config.listen, "127.0.0.1:3".parse().ok());
    let refused = check_text(LEAST, None, &around("0.0.0.0:3")).unwrap_err().to_string();
    assert!(refused.contains("the command line, --listen"), "{refused}");
}

#[test]
fn the_name_of_a_library_is_one_line() {
    let named = |name: &str| {
        let text = format!("{LEAST}[[sites]]\ncode = \"B\"\nname = {name}\nemail = \"b@b.example\"\n");
        check(&text, &[])
    };
    named("\"Biblioteca de la Peña\"").unwrap();
    for name in ["\"Main\\r\\nBcc: x@y.example\"", "\"Main\\u0000\""] {
        let problems = named(name).unwrap_err().to_string();
        assert!(problems.contains("line break"), "{problems}");
    }
}

/// It is the sender of the envelope too.
#[test]
fn undeliverable_mail_goes_to_the_sender_unless_another_address_is_named() {
    let reply_to = "reply_to = \"desk@library.example\"\n";
    let named = "return_address = \"back@library.example\"";
    for (settings, goes) in [
        (String::new(), "notices@library.example"),
        (reply_to.to_owned(), "notices@library.example"),
        (format!("{reply_to}{named}"), "back@library.example"),
    ] {
        let config = check(&format!("{LEAST}{settings}"), &[]).unwrap().config;
        assert_eq!(config.sites[0].returns_to().map(mail::Address::as_str), Some(goes), "{settings}");
    }
}

/// A plain computer can send by a provider, which knows it by a sign-in; one's own servers still want a full name.
#[test]
fn a_computer_without_a_full_name_sends_by_a_provider() {
    let nameless = Surroundings::given([], Some("desk"));
    let client = "[google]\nclient_id = \"us\"\nclient_secret_env = \"SECRET\"\n";
    let around = Surroundings::given([("SECRET", "s")], Some("desk"));
    for by in ["smtp", "api"] {
        let text = format!("{}{client}send_by = \"{by}\"\n", LEAST.replace("practice", "google"));
        let sending = check_text(&text, None, &around).unwrap().config.sending;
        assert!(
            sending.ehlo_name.contains('.') && sending.ehlo_name != "bookpost.invalid",
            "{}",
            sending.ehlo_name
        );
        assert_eq!(sending.own_name(), None, "{by}");
        let beside = format!("{text}[server1]\nhost = \"a.example\"\n")
            .replace("[sending]", "[sending]\nbackup = \"servers\"");
        assert!(beside.contains("backup"), "{beside}");
        let problems = check_text(&beside, None, &around).unwrap_err().to_string();
        assert!(problems.contains("full name"), "{problems}");
    }
    let servers = LEAST.replace("practice", "servers") + "[server1]\nhost = \"a.example\"\n";
    check_text(&servers, None, &nameless).unwrap_err();
}
