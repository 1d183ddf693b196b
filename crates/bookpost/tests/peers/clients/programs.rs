//! How each program is told to send the letter. What is said here is what the guide for applications says.

use std::path::PathBuf;

use serde_json::json;
use tokio::process::Command;

use super::Way;
use crate::{
    bench::Security,
    letter::{ATTACHED, FROM, NAME, SUBJECT, TO},
};

const HOST: &str = "127.0.0.1";
/// What they call themselves, where they can be told.
const CLIENT: &str = "tracker.library.example";

pub(super) fn smtp_source(way: &Way<'_>) -> Command {
    smtp_source_many(way, 1, 1)
}

/// As many connections `at_once`.
pub(super) fn smtp_source_many(way: &Way<'_>, at_once: u64, times: u64) -> Command {
    let mut command = command("/usr/sbin/smtp-source", way);
    command.args(["-M", CLIENT, "-f", FROM, "-t", TO, "-F"]).arg(way.file("letter"));
    command.args(["-s", &at_once.to_string(), "-m", &times.to_string(), &format!("{HOST}:{}", way.port)]);
    command
}

pub(super) fn swaks(way: &Way<'_>) -> Command {
    let mut command = command("swaks", way);
    command.args(["--server", HOST, "--port", &way.port.to_string(), "--ehlo", CLIENT]);
    command.args(["--from", FROM, "--to", TO, "--data"]).arg(prefixed("@", way.file("letter")));
    match way.security {
        Security::Plain => &mut command,
        Security::StartTls => command.arg("--tls"),
        Security::Tls => command.arg("--tls-on-connect"),
    };
    if way.security != Security::Plain {
        command.args(["--tls-verify", "--tls-ca-path"]).arg(way.authority());
    }
    if let Some((user, password)) = way.key {
        command.args(["--auth", &way.mechanism.to_uppercase(), "--auth-user", user]);
        command.args(["--auth-password", password]);
    }
    command
}

pub(super) fn msmtp(way: &Way<'_>) -> Command {
    let mut command = command("msmtp", way);
    command.arg(format!("--host={HOST}")).arg(format!("--port={}", way.port));
    command.arg(format!("--domain={CLIENT}")).arg(format!("--from={FROM}"));
    match way.security {
        Security::Plain => command.arg("--tls=off"),
        Security::StartTls => command.args(["--tls=on", "--tls-starttls=on"]),
        Security::Tls => command.args(["--tls=on", "--tls-starttls=off"]),
    };
    if way.security != Security::Plain {
        command.arg(prefixed("--tls-trust-file=", way.authority()));
    }
    match way.key {
        None => command.arg("--auth=off"),
        Some((user, password)) => command
            .arg(format!("--auth={}", way.mechanism))
            .arg(format!("--user={user}"))
            .arg(format!("--passwordeval=echo {password}")),
    };
    command.args(["--", TO]);
    reading(&command, way, "letter")
}

/// The part of nullmailer that speaks SMTP, as its queue runs it.
pub(super) fn nullmailer(way: &Way<'_>) -> Command {
    let mut command = command(peers().join("root/usr/lib/nullmailer/smtp"), way);
    command.env("HELOHOST", CLIENT);
    command.arg(format!("--host={HOST}")).arg(format!("--port={}", way.port));
    match way.security {
        Security::Plain => &mut command,
        Security::StartTls => command.arg("--starttls"),
        Security::Tls => command.arg("--tls"),
    };
    if way.security != Security::Plain {
        command.arg(prefixed("--x509cafile=", way.authority()));
    }
    if let Some((user, password)) = way.key {
        command.arg(format!("--user={user}")).arg(format!("--pass={password}"));
        if way.mechanism == "login" {
            command.arg("--auth-login");
        }
    }
    redirected(&command, way, "3<", "queued")
}

pub(super) fn s_nail(way: &Way<'_>) -> Command {
    let mut command = command("s-nail", way);
    let scheme = if way.security == Security::Tls { "smtps" } else { "smtp" };
    let sign_in = way.key.map_or(String::new(), |(user, password)| format!("{user}:{password}@"));
    command.args(["-:/", "-Sv15-compat", "-Sttycharset=utf-8", "-Ssendwait"]);
    command.arg(format!("-Shostname={CLIENT}")).arg(format!("-Smta={scheme}://{sign_in}{HOST}:{}", way.port));
    command.arg(format!("-Ssmtp-auth={}", way.mechanism));
    if way.security == Security::StartTls {
        command.arg("-Ssmtp-use-starttls");
    }
    command.args(["-Stls-verify=strict", "-Stls-ca-no-defaults"]);
    command.arg(prefixed("-Stls-ca-file=", way.authority()));
    command.arg(format!("-Sfrom={NAME} <{FROM}>")).args(["-s", SUBJECT, "-a"]).arg(way.file(ATTACHED));
    command.arg(TO);
    reading(&command, way, "text")
}

pub(super) fn curl(way: &Way<'_>) -> Command {
    let mut command = command("curl", way);
    let scheme = if way.security == Security::Tls { "smtps" } else { "smtp" };
    command.args(["-sS", "--crlf", "--mail-from", FROM, "--mail-rcpt", TO, "--upload-file"]);
    command.arg(way.file("letter")).arg("--url").arg(format!("{scheme}://{HOST}:{}/{CLIENT}", way.port));
    if way.security != Security::Plain {
        command.args(["--ssl-reqd", "--cacert"]).arg(way.authority());
    }
    if let Some((user, password)) = way.key {
        command.args(["--user", &format!("{user}:{password}"), "--login-options"]);
        command.arg(format!("AUTH={}", way.mechanism.to_uppercase()));
    }
    command
}

pub(crate) fn smtplib(way: &Way<'_>) -> Command {
    let mut command = command("python3", way);
    command.arg(script("with_smtplib.py")).arg(told(way));
    command
}

pub(super) fn aiosmtplib(way: &Way<'_>) -> Command {
    let mut command = command(peers().join("venv/bin/python"), way);
    command.arg(script("with_aiosmtplib.py")).arg(told(way));
    command
}

pub(super) fn nodemailer(way: &Way<'_>) -> Command {
    let mut command = command("node", way);
    command.env("NODE_PATH", "/usr/share/nodejs").arg(script("with_nodemailer.js")).arg(told(way));
    command
}

pub(super) fn net_smtp(way: &Way<'_>) -> Command {
    let mut command = command("perl", way);
    command.arg(script("with_net_smtp.pl")).arg(told(way));
    command
}

impl Way<'_> {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn authority(&self) -> PathBuf {
        self.file("ca.pem")
    }
}

/// What the scripts are told.
fn told(way: &Way<'_>) -> String {
    let (user, password) = way.key.cloned().unzip();
    json!({
        "host": HOST, "port": way.port, "client": CLIENT, "security": way.security.word(), "mechanism": way.mechanism,
        "user": user, "password": password, "authority": way.authority(), "from": FROM, "name": NAME, "to": TO,
        "subject": SUBJECT, "text": way.file("text"), "attachment": way.file(ATTACHED), "letter": way.file("letter"),
    })
    .to_string()
}

/// Without settings of whoever runs the tests.
fn command(program: impl AsRef<std::ffi::OsStr>, way: &Way<'_>) -> Command {
    let mut command = Command::new(program);
    command.env("HOME", way.folder).env("LC_ALL", "C.UTF-8").env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// The same program with this file as its standard input.
fn reading(command: &Command, way: &Way<'_>, name: &str) -> Command {
    redirected(command, way, "<", name)
}

fn redirected(given: &Command, way: &Way<'_>, sign: &str, name: &str) -> Command {
    let given = given.as_std();
    let mut shell = command("sh", way);
    shell.arg("-c").arg(format!("exec \"$0\" \"$@\" {sign}{name}")).arg(given.get_program());
    shell.args(given.get_args()).current_dir(way.folder);
    shell.envs(given.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

fn prefixed(prefix: &str, path: PathBuf) -> std::ffi::OsString {
    let mut text = std::ffi::OsString::from(prefix);
    text.push(path);
    text
}

fn script(name: &str) -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/clients").join(name)
}

/// Where `tests/peers/install` puts what is no package of the system.
#[expect(clippy::disallowed_methods, reason = "./test names the folder in the environment")]
pub(crate) fn peers() -> PathBuf {
    std::env::var_os("BOOKPOST_TEST_PEERS").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/bookpost-test-peers"),
        PathBuf::from,
    )
}
