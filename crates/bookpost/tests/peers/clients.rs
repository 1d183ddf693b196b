//! Programs that nobody here wrote hand in mail, over every kind of connection and sign-in that they know: each letter arrives once,
//! as it was meant.

pub(crate) mod programs;

use std::{io::ErrorKind, path::Path, process::Stdio};

use tokio::process::Command;

use crate::{
    arrived::Arrived,
    bench::{Folder, Security, soon},
    door::OpenDoor,
    letter::{self, TO},
    peer::not_installed,
};

/// How a program is to come in.
pub(crate) struct Way<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) port: u16,
    pub(crate) security: Security,
    /// User and password; None: it need not sign in.
    pub(crate) key: Option<&'a (String, String)>,
    pub(crate) mechanism: &'static str,
}

/// A kind of connection, and how to sign in over it; None: not at all.
type Kind = (Security, Option<&'static str>);

const UNSIGNED: &[Kind] = &[(Security::Plain, None)];
/// Of a program that chooses the mechanism by itself.
const USUAL: &[Kind] = &[
    (Security::Plain, None),
    (Security::StartTls, None),
    (Security::Plain, Some("plain")),
    (Security::StartTls, Some("plain")),
    (Security::Tls, Some("plain")),
];
const ALL: &[Kind] = &[
    (Security::Plain, None),
    (Security::StartTls, None),
    (Security::Plain, Some("plain")),
    (Security::Plain, Some("login")),
    (Security::StartTls, Some("plain")),
    (Security::StartTls, Some("login")),
    (Security::Tls, Some("plain")),
    (Security::Tls, Some("login")),
];

/// Letters that are handed to a pool.
const POOLED: u64 = 50;

/// One test for each program: they run side by side. `as it was`: it hands on the octets that it was given.
macro_rules! clients {
    ($($client:ident: $kinds:ident, as it was: $whole:literal;)+) => {
        $(#[tokio::test]
        async fn $client() {
            hands_in(stringify!($client), programs::$client, $kinds, $whole).await;
        })+
    };
}

clients! {
    smtp_source: UNSIGNED, as it was: true;
    swaks: ALL, as it was: true;
    msmtp: ALL, as it was: true;
    nullmailer: ALL, as it was: true;
    s_nail: ALL, as it was: false;
    curl: ALL, as it was: true;
    smtplib: ALL, as it was: false;
    aiosmtplib: ALL, as it was: false;
    nodemailer: ALL, as it was: false;
    net_smtp: USUAL, as it was: true;
}

/// Of nodemailer, as web applications have it: many letters at once over few connections that stay open.
#[tokio::test]
async fn a_pool_hands_in_many() {
    let folder = Folder::new();
    write_letter(&folder);
    let door = OpenDoor::start(&folder, false).await;
    let security = Security::StartTls;
    let way = Way {
        folder: folder.path(),
        port: door.address(security).port(),
        security,
        key: Some(&door.key),
        mechanism: "plain",
    };
    let mut program = programs::nodemailer(&way);
    program.arg(POOLED.to_string());
    if !run("nodemailer", program, "pooled").await {
        return;
    }
    let arrived = door.arrived(POOLED).await;
    assert_eq!(arrived.len() as u64, POOLED);
    letter::check(&arrived, folder.path(), "pooled");
    door.stop().await;
}

/// Twenty at a time, two hundred in all.
#[tokio::test]
async fn smtp_source_hands_in_many() {
    let folder = Folder::new();
    write_letter(&folder);
    let door = OpenDoor::start(&folder, true).await;
    let way = Way {
        folder: folder.path(),
        port: door.address(Security::Plain).port(),
        security: Security::Plain,
        key: None,
        mechanism: "none",
    };
    if !run("smtp-source", programs::smtp_source_many(&way, 20, 200), "many").await {
        return;
    }
    assert_eq!(door.arrived(200).await.len(), 200);
    door.stop().await;
}

async fn hands_in(name: &str, program: fn(&Way<'_>) -> Command, kinds: &[Kind], whole: bool) {
    let folder = Folder::new();
    write_letter(&folder);
    for trusted in [true, false] {
        let kinds: Vec<_> = kinds.iter().filter(|(_, mechanism)| mechanism.is_none() == trusted).collect();
        if kinds.is_empty() {
            continue;
        }
        let door = OpenDoor::start(&folder, trusted).await;
        for (security, mechanism) in &kinds {
            let way = Way {
                folder: folder.path(),
                port: door.address(*security).port(),
                security: *security,
                key: mechanism.map(|_| &door.key),
                mechanism: mechanism.unwrap_or("none"),
            };
            if !run(name, program(&way), &format!("{security:?} {mechanism:?}")).await {
                return;
            }
        }
        let arrived = door.arrived(kinds.len() as u64).await;
        assert_eq!(arrived.len(), kinds.len(), "{name}");
        check(name, &arrived, &folder, whole);
        door.stop().await;
        std::fs::remove_dir_all(folder.path().join("bookpost")).unwrap();
    }
}

fn check(name: &str, arrived: &[Arrived], folder: &Folder, whole: bool) {
    letter::check(arrived, folder.path(), name);
    for one in arrived {
        assert_eq!(one.to, [TO], "{name}");
        let body = one.bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        if whole {
            // Some end with an empty line of their own.
            let text = |octets: &[u8]| String::from_utf8_lossy(octets).trim_end().to_owned();
            assert_eq!(text(&one.bytes[body..]), text(&letter::body()), "{name} changed the body, or we did");
        }
    }
}

/// The letter as files, for programs that read it.
pub(crate) fn write_letter(folder: &Folder) {
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("letter", letter::whole().as_bytes());
    write("text", letter::TEXT.as_bytes());
    write(letter::ATTACHED, &letter::attachment());
    // As nullmailer keeps it in its queue.
    write("queued", format!("{}\n{TO}\n\n{}", letter::FROM, letter::whole()).as_bytes());
}

/// Runs it to its end, which is a good one. False: it is not installed, and that was told.
pub(crate) async fn run(name: &str, mut program: Command, case: &str) -> bool {
    program.stdin(Stdio::null()).kill_on_drop(true);
    let output = match soon("the program ends", program.output()).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            not_installed(name);
            return false;
        }
        output => output.unwrap(),
    };
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{name}, {case}: {}\n{}", output.status, said.concat());
    true
}
