//! Programs that nobody here wrote call `sendmail`, with a service and without: each letter arrives once, as it was meant, and nobody
//! sees for whom else it was.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bookpost::receive::maildrop::{Maildrop, Parts, accept};
use serde_json::json;
use testkit::{dice::seeded, sink::Taken};
use tokio::process::Command;

use crate::{
    arrived::Arrived,
    bench::{Folder, soon},
    clients::{programs::peers, run, write_letter},
    door::OpenDoor,
    letter::{self, ATTACHED, FROM, NAME, SUBJECT, TO},
    peer::{not_installed, not_run},
};

/// A second recipient, of whom nobody else is to know.
const BLIND: &str = "eve@patrons.example.org";
/// One of whom everybody knows.
const SECOND: &str = "ann@patrons.example.org";

/// A machine on which `sendmail` is Bookpost's.
struct Machine {
    folder: Folder,
    door: OpenDoor,
}

/// How the command is reached on it.
struct Call<'a> {
    folder: &'a Path,
    /// The command by its name.
    sendmail: PathBuf,
    /// Where the service is, or is not.
    socket: PathBuf,
}

/// Who the letter is from, when it cannot be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sender {
    /// As the program says.
    Desk,
    /// The user who calls.
    User,
}

impl Machine {
    async fn start() -> Self {
        let folder = Folder::new();
        write_letter(&folder);
        std::fs::create_dir(folder.path().join("maildrop")).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_bookpost"), folder.path().join("sendmail")).unwrap();
        let door = OpenDoor::start(&folder, false).await;
        Self { folder, door }
    }

    /// With a service, and without.
    fn calls(&self) -> [Call<'_>; 2] {
        ["submit.sock", "absent.sock"].map(|socket| {
            let folder = self.folder.path();
            Call { folder, sendmail: folder.join("sendmail"), socket: folder.join(socket) }
        })
    }

    /// Waits until so many files are in the maildrop, whole.
    async fn are_left(&self, files: usize) {
        let is_whole = |path: &Path| path.extension().is_some_and(|end| end == "mail");
        let left = || std::fs::read_dir(self.folder.path().join("maildrop")).unwrap();
        while left().filter(|entry| is_whole(&entry.as_ref().unwrap().path())).count() < files {
            tokio::task::yield_now().await;
        }
    }

    /// What arrives for so many recipients, when the service has also taken what was left in the maildrop: `left` files.
    async fn taken(self, recipients: u64, left: usize) -> (Vec<Taken>, Folder) {
        let maildrop = self.folder.path().join("maildrop");
        let count = || std::fs::read_dir(&maildrop).unwrap().count();
        assert_eq!(count(), left);
        let app = &self.door.bench.app;
        let parts = Parts {
            folder: maildrop.clone(),
            settings: app.settings.clone(),
            clock: Arc::clone(&app.clock),
            receiver: app.receiver.clone(),
            alarms: app.alarms.clone(),
            dice: Arc::new(Mutex::new(seeded(1))),
        };
        let submitter = app.submitter();
        Maildrop::new(parts).look(&|dropped| accept(dropped, &submitter)).await;
        assert_eq!(count(), 0);
        self.door.arrived(recipients).await;
        let taken = self.door.sink.taken();
        self.door.stop().await;
        (taken, self.folder)
    }
}

impl Call<'_> {
    /// Without settings of whoever runs the tests.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("HOME", self.folder).env("LC_ALL", "C.UTF-8").env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("BOOKPOST_SENDMAIL_SOCKET", &self.socket);
        command.env("BOOKPOST_SENDMAIL_MAILDROP", self.folder.join("maildrop")).current_dir(self.folder);
        command
    }

    fn script(&self, program: &str, name: &str) -> Command {
        let mut command = self.command(program);
        command.arg(script(name)).arg(self.told());
        command
    }

    fn told(&self) -> String {
        json!({
            "sendmail": self.sendmail, "from": FROM, "name": NAME, "to": TO, "blind": BLIND, "subject": SUBJECT,
            "text": "text", "attachment": ATTACHED, "letter": "letter",
        })
        .to_string()
    }
}

fn s_nail(call: &Call<'_>) -> Command {
    // It reads the text from its standard input, and leaves blind copies to be taken out by the command.
    let mut command = call.command("sh");
    command.args(["-c", "exec \"$0\" \"$@\" <text", "s-nail", "-:/", "-Sv15-compat", "-Sttycharset=utf-8"]);
    command.args(["-Ssendwait", "-Smta-bcc-ok"]).arg(format!("-Smta={}", call.sendmail.display()));
    command.arg(format!("-Sfrom={NAME} <{FROM}>")).args(["-s", SUBJECT, "-a", ATTACHED]);
    command.arg("-r").arg(format!("{NAME} <{FROM}>")).args(["-b", BLIND, TO]);
    command
}

fn git_send_email(call: &Call<'_>) -> Command {
    // It encodes names and subjects itself.
    let word = |text: &str| format!("=?utf-8?B?{}?=", STANDARD.encode(text));
    let patch = letter::whole().replace(&word(NAME), NAME).replace(&word(SUBJECT), SUBJECT);
    std::fs::write(call.folder.join("patch"), patch).unwrap();
    let mut command = call.command("/usr/lib/git-core/git-send-email");
    command.args(["--confirm=never", "--suppress-cc=all", "--8bit-encoding=UTF-8"]);
    command.arg(format!("--sendmail-cmd={}", call.sendmail.display()));
    command.arg(format!("--from={NAME} <{FROM}>")).arg(format!("--envelope-sender={FROM}"));
    command.arg(format!("--to={TO}")).arg(format!("--bcc={BLIND}")).arg("patch");
    command
}

fn php_mail(call: &Call<'_>) -> Command {
    let mut command = call.command("php");
    command.arg("-d").arg(format!("sendmail_path={} -t -i", call.sendmail.display()));
    command.arg(script("with_mail.php")).arg(call.told());
    command
}

fn python(call: &Call<'_>) -> Command {
    call.script("python3", "with_sendmail.py")
}

fn perl(call: &Call<'_>) -> Command {
    call.script("perl", "with_sendmail.pl")
}

/// One test for each program: they run side by side. `as it was`: it hands on the octets that it was given.
macro_rules! callers {
    ($($caller:ident: from $sender:ident, as it was: $whole:literal;)+) => {
        $(mod $caller {
            #[tokio::test]
            async fn calls_sendmail() {
                super::calls_sendmail(stringify!($caller), super::$caller, super::Sender::$sender, $whole).await;
            }
        })+
    };
}

callers! {
    s_nail: from Desk, as it was: false;
    git_send_email: from Desk, as it was: true;
    php_mail: from Desk, as it was: true;
    python: from User, as it was: false;
    perl: from Desk, as it was: true;
}

async fn calls_sendmail(name: &str, program: fn(&Call<'_>) -> Command, sender: Sender, whole: bool) {
    let machine = Machine::start().await;
    for call in machine.calls() {
        if !run(name, program(&call), &format!("{:?}", call.socket.file_name())).await {
            return;
        }
    }
    let (taken, folder) = Box::pin(machine.taken(4, 1)).await;
    let mut to: Vec<_> = taken.iter().flat_map(|one| &one.to).collect();
    to.sort();
    assert_eq!(to, [BLIND, BLIND, TO, TO], "{name}");
    for one in &taken {
        match sender {
            Sender::Desk => assert_eq!(one.from, FROM, "{name}"),
            Sender::User => assert_eq!(one.from.split('@').next(), Some(user().as_str()), "{name}"),
        }
        let text = String::from_utf8_lossy(&one.bytes);
        assert!(!text.contains("eve@") && !text.to_lowercase().contains("\nbcc:"), "{name}: {text}");
        // PHP ends with an empty line of its own.
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        let (body, meant) = (body.trim_end(), String::from_utf8(letter::body()).unwrap());
        assert!(!whole || body == meant.trim_end(), "{name} changed the body, or we did: {body}");
    }
    let arrived: Vec<_> = taken.into_iter().map(|one| Arrived { to: one.to, bytes: one.bytes }).collect();
    letter::check(&arrived, folder.path(), name);
}

/// Debian's own, with jobs of root: one whose MAILTO says who is to read what it wrote, and one without.
#[tokio::test]
async fn cron_mails_what_jobs_wrote() {
    if !rustix::process::geteuid().is_root() {
        return not_run("needs root to start cron");
    }
    let cron = peers().join("root/usr/sbin/cron");
    if !cron.exists() {
        return not_installed("cron");
    }
    let machine = Machine::start().await;
    let job = "@reboot printf 'Grüße\\n.\\n..\\nend\\n'";
    let tab = machine.folder.path().join("crontab");
    std::fs::write(&tab, format!("{job} >&2\nMAILTO={TO},{SECOND}\n{job}\n")).unwrap();
    let running = machine.calls().map(|call| {
        let mut command = call.command(script("with_cron"));
        command.arg(&cron).arg(&call.sendmail).arg(&tab).stdin(Stdio::null());
        // It ends with this.
        command.kill_on_drop(true).spawn().unwrap()
    });
    machine.door.arrived(3).await;
    soon("both mails are left", machine.are_left(2)).await;
    drop(running);
    let (taken, _) = Box::pin(machine.taken(6, 2)).await;
    let mut all: Vec<_> = taken.iter().map(|one| one.to.clone()).collect();
    all.sort_by_key(Vec::len);
    assert_eq!(all[2..], [[TO, SECOND]; 2]);
    for one in &taken {
        let (text, root) = (String::from_utf8_lossy(&one.bytes), &one.from);
        assert!(root.starts_with("root@") && (one.to.len() == 2 || one.to == [root.as_str()]), "{one:?}");
        assert!(text.contains(&format!("\r\nFrom: {root} (Cron Daemon)\r\n")), "{text}");
        assert!(text.contains("\r\nSubject: Cron <root@") && text.contains("\r\nX-Cron-Env: "), "{text}");
        assert!(text.ends_with("\r\n\r\nGrüße\r\n.\r\n..\r\nend\r\n"), "{text}");
    }
}

fn user() -> String {
    let output = std::process::Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/callers").join(name)
}
