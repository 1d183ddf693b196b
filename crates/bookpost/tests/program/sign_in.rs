//! Signing in at a mail provider by command, end to end: there and back, how it stands, and the end of it.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Stdio};

use serde_json::{Value, json};
use testkit::{
    provider::{CLIENT, Person, Provider},
    sink::{Settings, Sink},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStderr, Command},
};

use crate::bench::{Place, Said, bookpost};

const LIBRARY: &str = "library@school.example";

/// Both providers, in whose place the same one stands; mail leaves by the account at Google.
struct SignIn {
    place: Place,
    provider: Provider,
    sink: Sink,
}

impl SignIn {
    async fn new() -> Self {
        let provider = Provider::start(false, 3600).await.unwrap();
        let settings = Settings { provider: Some(provider.clone()), ..Settings::default() };
        let sink = Sink::start(settings).await.unwrap();
        let place = Place::new("google", None);
        let secret = place.path("secret");
        fs::write(&secret, CLIENT.1).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        for name in ["google", "microsoft"] {
            place.add(&format!(
                "[{name}]\nclient_id = \"{}\"\nclient_secret_file = \"{}\"\nissuer = \"{}\"\nhost = \"127.0.0.1\"\nport = {}\n\
                 encryption = \"none\"\nallow_non_secure = true\nsend_password_unencrypted = true\n",
                CLIENT.0,
                secret.display(),
                provider.issuer(),
                sink.address().port()
            ));
        }
        Self { place, provider, sink }
    }

    fn begin(&self, words: &[&str]) -> Terminal {
        let mut command = bookpost(&self.place.path(""));
        command.arg("--config").arg(self.place.path("config")).args(["preferences", "connect"]).args(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut command = command.spawn().unwrap();
        let said = BufReader::new(command.stderr.take().unwrap()).lines();
        Terminal { command, said }
    }

    /// Somebody opens the address that the command prints, agrees, and pastes the one with which they come back.
    async fn connect(&self) -> Said {
        let mut terminal = self.begin(&["google"]);
        let there = terminal.says(&self.provider.issuer()).await;
        let (code, state) = self.provider.agree(&there, &Person::new(LIBRARY)).unwrap();
        let back = format!("http://localhost/preferences/sign-in/back?code={code}&state={state}\n");
        terminal.command.stdin.take().unwrap().write_all(back.as_bytes()).await.unwrap();
        terminal.ends().await
    }

    async fn disconnect(&self, words: &[&str]) -> Said {
        self.place.run(&[&["preferences", "disconnect"], words].concat()).await
    }

    /// The same at a terminal, where this is typed.
    async fn disconnect_at_a_terminal(&self, typed: &str) -> Said {
        let program =
            [env!("CARGO_BIN_EXE_bookpost"), "--config", self.place.path("config").to_str().unwrap()]
                .map(|word| format!("'{word}'"))
                .join(" ");
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command"]);
        command.arg(format!("{program} preferences disconnect google")).arg("/dev/null");
        command.env_clear().env("PATH", "/usr/bin:/bin").env("SHELL", "/bin/sh");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Said::given(command, typed).await
    }

    /// As commands show the account; None: nobody has signed in.
    async fn account(&self) -> Option<Value> {
        let shown = self.place.run(&["preferences", "show", "--json"]).await.json();
        shown.pointer("/preferences/accounts/0").cloned()
    }
}

/// A command that has begun.
struct Terminal {
    command: Child,
    said: Lines<BufReader<ChildStderr>>,
}

impl Terminal {
    /// The next line that begins so.
    async fn says(&mut self, beginning: &str) -> String {
        loop {
            let line = self.said.next_line().await.unwrap().unwrap();
            if line.starts_with(beginning) {
                return line;
            }
        }
    }

    /// What it came to.
    async fn ends(self) -> Said {
        let Self { command, said } = self;
        let mut done = command.wait_with_output().await.unwrap();
        said.into_inner().read_to_end(&mut done.stderr).await.unwrap();
        done.into()
    }
}

/// From the first question to the end: as whom, since when, what was agreed to, when it is renewed, what was sent, and what went wrong last.
#[tokio::test]
async fn by_an_address_somebody_connects_sees_how_it_stands_and_disconnects() {
    let sign_in = SignIn::new().await;
    let service = sign_in.place.serve().await;
    let connected = sign_in.connect().await;
    assert_eq!(connected.code, Some(0), "{connected:?}");
    let run = sign_in.place.notices(&["run", "--wait"], &sign_in.place.export(3)).await;
    assert_eq!((run.code, sign_in.sink.count()), (Some(0), 3), "{run:?}");
    sign_in.provider.answers(401, json!({ "error": "invalid_client" }));
    let test = sign_in.place.run(&["preferences", "test", "google"]).await;
    assert_eq!(test.code, Some(78), "{test:?}");
    let shown = sign_in.place.run(&["preferences", "show"]).await.out;
    for (said, at_once) in [
        ("Google: connected as library@school.example since ", true),
        (", by command line\n", true),
        ("renewed next: with the first mail after ", true),
        ("3 of 3 boxes ticked: openid email https://mail.google.com/\n", true),
        ("mail is handed over: by the mail server (smtp)\n", true),
        ("sent in the last 24 hours: 0 of 2000\n", true),
        ("sent in the last 24 hours: 3 of 2000\n", false),
        ("last error: Google does not know Bookpost by the client id and secret that are set (", false),
    ] {
        assert_eq!(connected.out.contains(said), at_once, "{said}: {connected:?}");
        assert_eq!(shown.contains(said), !said.contains("0 of 2000"), "{said}: {shown}");
    }
    let account = sign_in.account().await.unwrap();
    assert_eq!(account["sent_in_24_hours"], json!({ "count": 3, "limit": 2000 }));
    assert_eq!((&account["account"], &account["last_reason"]), (&json!(LIBRARY), &json!("client_refused")));
    for text in [&connected.out, &connected.err, &shown, &account.to_string()] {
        assert!(
            !text.contains("token-00") && !text.contains("later-00") && !text.contains(CLIENT.1),
            "{text}"
        );
    }
    let ended = sign_in.disconnect(&["google", "--yes"]).await;
    assert!(
        ended.code == Some(0) && ended.out.contains("Disconnected from Google: it was told"),
        "{ended:?}"
    );
    assert_eq!((sign_in.account().await, sign_in.provider.grants().len()), (None, 0));
    service.kill().await;
}

/// Nothing need come back, and of boxes nothing is said.
#[tokio::test]
async fn by_a_code_somebody_connects_sees_how_it_stands_and_disconnects() {
    let sign_in = SignIn::new().await;
    sign_in.provider.asked_every(1);
    let service = sign_in.place.serve().await;
    let mut terminal = sign_in.begin(&["microsoft", "--device-code"]);
    terminal.says(&format!("{}/typed", sign_in.provider.issuer())).await;
    let code = terminal.says("typed-").await;
    assert!(sign_in.provider.types(&code, &Person::new(LIBRARY)));
    let connected = terminal.ends().await;
    let shown = sign_in.place.run(&["preferences", "show"]).await.out;
    for said in [
        "Microsoft: connected as library@school.example since ",
        "agreed to: openid email https://outlook.office.com/SMTP.Send",
        "renewed next: ",
        "sent in the last 24 hours: 0 of 10000\n",
    ] {
        assert!(connected.code == Some(0) && connected.out.contains(said), "{said}: {connected:?}");
        assert!(shown.contains(said) && !shown.contains("boxes"), "{said}: {shown}");
    }
    // Another account than before is not taken by accident, and nothing is left of it.
    let mut terminal = sign_in.begin(&["microsoft", "--device-code"]);
    let code = terminal.says("typed-").await;
    sign_in.provider.types(&code, &Person::new("anna@school.example"));
    let another = terminal.ends().await;
    assert!(another.code == Some(65) && another.out.contains("--another"), "{another:?}");
    assert_eq!(sign_in.provider.grants(), [LIBRARY]);
    // Where it is meant, nothing is left of the one before.
    let mut terminal = sign_in.begin(&["microsoft", "--device-code", "--another"]);
    let code = terminal.says("typed-").await;
    sign_in.provider.types(&code, &Person::new("anna@school.example"));
    let another = terminal.ends().await;
    let told = "Microsoft was told that the sign-in of library@school.example is over";
    assert!(another.code == Some(0) && another.out.contains(told), "{another:?}");
    assert_eq!(sign_in.provider.grants(), ["anna@school.example"]);
    let ended = sign_in.disconnect(&["microsoft", "--yes"]).await;
    assert!(ended.out.contains("Disconnected from Microsoft"), "{ended:?}");
    assert_eq!((sign_in.account().await, sign_in.provider.grants().len()), (None, 0));
    service.kill().await;
}

/// Of the account as it is set now, and only where a test message was accepted by it.
#[tokio::test]
async fn that_a_test_message_arrived_is_said_of_an_account_too() {
    let sign_in = SignIn::new().await;
    let service = sign_in.place.serve().await;
    let arrived = ["preferences", "arrived", "yes", "google"];
    let nobody = sign_in.place.run(&arrived).await;
    assert!(nobody.code == Some(64) && nobody.err.contains("nobody has signed in at Google"), "{nobody:?}");
    sign_in.connect().await;
    let untested = sign_in.place.run(&arrived).await;
    assert_eq!(untested.code, Some(64));
    assert!(untested.err.contains("bookpost preferences test google --to ADDRESS"), "{untested:?}");
    let test = sign_in.place.run(&["preferences", "test", "google", "--to", "ann@example.org"]).await;
    assert_eq!((test.code, sign_in.sink.count()), (Some(0), 1), "{test:?}");
    let said = sign_in.place.run(&arrived).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let log = sign_in.place.run(&["log", "--json"]).await.out;
    assert!(log.contains("as library@school.example: arrived"), "{log}");
    let both = sign_in.place.run(&["preferences", "arrived", "yes", "google", "--server", "2"]).await;
    assert_eq!(both.code, Some(64), "{both:?}");
    service.kill().await;
}

/// How much mail waits is said first, and nothing is done before somebody agrees.
#[tokio::test]
async fn who_disconnects_hears_how_much_mail_waits_and_is_asked() {
    let sign_in = SignIn::new().await;
    let service = sign_in.place.serve().await;
    let connected = sign_in.connect().await;
    assert_eq!(connected.code, Some(0), "{connected:?}");
    sign_in.place.run(&["queue", "pause"]).await;
    let run = sign_in.place.notices(&["run"], &sign_in.place.export(3)).await.json();
    assert_eq!(run["run"]["progress"]["waiting"], json!(3), "{run}");
    let unasked = sign_in.disconnect(&["google"]).await;
    assert_eq!(unasked.code, Some(64), "{unasked:?}");
    for said in ["3 mails wait for this way of sending", LIBRARY, "nothing was changed: say --yes"] {
        assert!(unasked.err.contains(said), "{said}: {unasked:?}");
    }
    let no = sign_in.disconnect_at_a_terminal("n\n").await;
    assert!(no.out.contains("3 mails wait") && no.out.contains("Type y or n:"), "{no:?}");
    assert!(no.code == Some(64) && no.out.contains("nothing was changed"), "{no:?}");
    assert!(sign_in.account().await.is_some() && sign_in.provider.revoked().is_empty());
    let yes = sign_in.disconnect_at_a_terminal("y\n").await;
    assert!(yes.code == Some(0) && yes.out.contains("Disconnected from Google: it was told"), "{yes:?}");
    assert_eq!((sign_in.account().await, sign_in.provider.revoked().len()), (None, 1));
    let nobody = sign_in.disconnect(&["google", "--yes"]).await;
    assert!(nobody.code == Some(64) && nobody.err.contains("nobody has signed in at Google"), "{nobody:?}");
    service.kill().await;
}

/// Then whoever owns the account takes the access away, and reads where.
#[tokio::test]
async fn where_the_provider_could_not_be_told_that_is_said() {
    let sign_in = SignIn::new().await;
    let service = sign_in.place.serve().await;
    let nowhere = Value::from("http://127.0.0.1:1/revoke");
    for (endpoint, said) in
        [(nowhere, "Google could not be told that it is over ("), (Value::Null, "Google was not told")]
    {
        sign_in.connect().await;
        sign_in.provider.introduces("revocation_endpoint", endpoint);
        let ended = sign_in.disconnect(&["google", "--yes"]).await;
        assert!(ended.code == Some(0) && ended.out.contains(said), "{ended:?}");
        assert!(ended.out.contains("https://myaccount.google.com/connections"), "{ended:?}");
        assert_eq!(sign_in.account().await, None);
    }
    sign_in.connect().await;
    let json = sign_in.disconnect(&["google", "--yes", "--json"]).await.json();
    assert_eq!(json.pointer("/disconnected/told"), Some(&Value::from(false)), "{json}");
    service.kill().await;
}
