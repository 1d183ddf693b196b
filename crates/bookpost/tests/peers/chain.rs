//! Mail leaves by the account of whoever has signed in at a mail provider, with nothing that is ours in the chain but the program: a browser goes to
//! oidc-provider (`tests/peers/chain.mjs`), which stands in Google's or Microsoft's place and gives tokens of 30 seconds; Dovecot asks it whether what Bookpost
//! shows is good, and hands on to a sink. `tests/browser/chain.mjs` uses the pages, and asks here for what happens to the others.

use std::{fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path, process::Stdio};

use testkit::sink::{At, Does, Rule, Settings, Sink};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::{
    bench::{Folder, Security, soon},
    peer::{Peer, not_run},
    program::{Program, modules},
};

/// Mails of the run in which tokens end.
const RUN: u64 = 500;
/// The sink comes to a stand after so many of them, and after so many more.
const FIRST: u64 = 100;
const SECOND: u64 = 200;
/// Mails that wait for somebody to sign in again.
const WAITING: u64 = 5;

/// A provider that people sign in at.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

/// What stands behind the program.
struct Chain {
    provider: Provider,
    dovecot: Peer,
    sink: Sink,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_leaves_by_an_account_in_a_browser_wide_and_in_english() {
    drive("google", "wide", Security::StartTls, "xoauth2").await;
}

/// In Microsoft's place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_leaves_by_an_account_at_microsoft_in_a_browser() {
    drive("microsoft", "wide", Security::StartTls, "xoauth2").await;
}

/// By keyboard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_leaves_by_an_account_in_a_browser_narrow_and_in_spanish() {
    drive("google", "narrow-spanish", Security::Tls, "oauthbearer").await;
}

async fn drive(provider: &str, setting: &str, security: Security, mechanism: &str) {
    let Some(modules) = modules() else {
        return not_run("needs chromium, playwright-core and oidc-provider: run tests/peers/install");
    };
    let program = Program::new(Folder::new());
    let Some(mut chain) = Chain::start(&program, &modules, security, mechanism).await else { return };
    let (service, link) = program.serve_with(&chain.settings(&program, provider, security)).await;
    let told = [
        ("PROVIDER", provider.to_owned()),
        ("SETTING", setting.to_owned()),
        ("LINK", link),
        ("RUN", RUN.to_string()),
    ];
    let fulfil = async |wish: &str| chain.fulfil(wish).await;
    let done = program.drive("chain.mjs", modules, &told, fulfil).await;
    assert!(done.is_ok(), "{}\n{}", done.unwrap_err(), chain.dovecot.log());
    let signed_in = format!("method={}", mechanism.to_uppercase());
    assert!(chain.dovecot.log().contains(&signed_in), "{}", chain.dovecot.log());
    drop(service);
}

impl Chain {
    /// None: a real server cannot be started here, which was told.
    async fn start(program: &Program, modules: &Path, security: Security, mechanism: &str) -> Option<Self> {
        let back = format!("{}/preferences/sign-in/back", program.origin);
        let provider = Provider::start(modules, &back).await;
        let sink = Sink::start(Settings::default()).await.unwrap();
        let ask = format!("{}/token/introspection", provider.issuer.replace("//", "//mail:server@"));
        let mut options = program.folder.tls(security, "good");
        options.extend(["--introspection", &ask, "--mechanism", mechanism].map(str::to_owned));
        let options: Vec<_> = options.iter().map(String::as_str).collect();
        let folder = program.folder.path();
        let dovecot = Peer::start("dovecot-submission", folder, Some(sink.address()), &options)?;
        Some(Self { provider, dovecot, sink })
    }

    /// What the guide has entered, with the addresses of the others.
    fn settings(&self, program: &Program, name: &str, security: Security) -> String {
        let encryption = if security == Security::Tls { "tls" } else { "starttls" };
        // Microsoft itself takes 30.
        let per_minute = if name == "microsoft" { "per_minute = 100000\n" } else { "" };
        format!(
            "public_address = \"{}\"\n{}{per_minute}host = \"{}\"\nport = {}\nencryption = \"{encryption}\"\nconnections = 5\n",
            program.origin,
            client(program, name, &self.provider),
            self.dovecot.address.ip(),
            self.dovecot.address.port()
        )
    }

    async fn fulfil(&mut self, wish: &str) {
        match wish {
            "a sink that comes to a stand" => self.stand_after(FIRST),
            "tokens to end in the middle" => self.tokens_end().await,
            "all to have arrived once" => self.each_once(RUN).await,
            "the provider to end it" => {
                self.provider.ask("revoke").await;
                // Connections that showed a token of before are gone, too.
                self.dovecot.kill();
                self.dovecot.start_again();
            }
            "the rest to have arrived once" => self.each_once(RUN + WAITING).await,
            wish => panic!("{wish}: nobody knows how"),
        }
    }

    /// After so many more its answers wait.
    fn stand_after(&self, mails: u64) {
        let at_the_dot = |does, times| Rule { at: At::Dot, address: None, does, times };
        let taken = at_the_dot(Does::Reply("250 2.0.0 Taken".to_owned()), u32::try_from(mails).ok());
        self.sink.set_rules(vec![taken, at_the_dot(Does::Wait, None)]);
    }

    /// While nothing goes on, the token of now comes to be old, and the one after it comes to its end.
    async fn tokens_end(&mut self) {
        let [refreshes, shown] = self.provider.counts().await;
        soon("the first stand", self.sink.wait_for(FIRST + 1)).await;
        self.provider.ask("old").await;
        self.stand_after(SECOND);
        self.sink.let_go();
        soon("the second stand", self.sink.wait_for(FIRST + SECOND + 1)).await;
        self.provider.ask("over").await;
        self.sink.set_rules(Vec::new());
        self.sink.let_go();
        soon("the end of the run", self.sink.wait_for(RUN)).await;
        let after = self.provider.counts().await;
        assert!(after[0] >= refreshes + 2 && after[1] >= shown + 2, "{refreshes} {shown} {after:?}");
    }

    async fn each_once(&self, mails: u64) {
        soon("all arrive", self.sink.wait_for(mails)).await;
        let mut to: Vec<_> = self.sink.taken().into_iter().flat_map(|taken| taken.to).collect();
        let all = to.len();
        to.sort();
        to.dedup();
        assert_eq!((all as u64, to.len() as u64), (mails, mails));
    }
}

/// What the guide has entered for a provider.
pub(crate) fn client(program: &Program, name: &str, provider: &Provider) -> String {
    let secret = program.folder.path().join(format!("{name}.secret"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&secret).unwrap();
    file.write_all(b"a secret of two").unwrap();
    format!(
        "[{name}]\nclient_id = \"bookpost\"\nclient_secret_file = \"{}\"\nissuer = \"{}\"\n",
        secret.display(),
        provider.issuer
    )
}

impl Provider {
    pub(crate) async fn start(modules: &Path, back: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/chain.mjs");
        let mut process = Command::new("node")
            .arg(script)
            .env("MODULES", modules)
            .env("REDIRECT", back)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let issuer = soon("the provider", lines.next_line()).await.unwrap().unwrap();
        Self { issuer, input, lines, _process: process }
    }

    async fn ask(&mut self, what: &str) -> String {
        self.input.write_all(format!("{what}\n").as_bytes()).await.unwrap();
        // oidc-provider has its say between.
        let said = async {
            loop {
                let line = self.lines.next_line().await.unwrap().unwrap();
                if let Some(said) = line.strip_prefix("says ") {
                    return said.to_owned();
                }
            }
        };
        soon(what, said).await
    }

    /// How often tokens were renewed, and how many different ones were shown to Dovecot.
    async fn counts(&mut self) -> [u64; 2] {
        let said = self.ask("counts").await;
        let mut numbers = said.split(' ').map(|number| number.parse().unwrap());
        [(); 2].map(|()| numbers.next().unwrap())
    }
}
