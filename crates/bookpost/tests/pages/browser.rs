//! The pages in a browser: scripts in `tests/browser` use them, this starts what is used.
//!
//! A test of a browser has "browser" in its name: `./test browser` runs these.

use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
};

use jiff::SignedDuration;
use store::{NewMessage, Verdict};
use tokio::process::Command;

use crate::bench::{Bench, PASSWORD, email, notice, servers};

/// Where `tests/peers/install` puts playwright-core and axe-core.
#[expect(clippy::disallowed_methods, reason = "./test says in the environment where peers are")]
pub(crate) fn modules() -> Option<PathBuf> {
    let peers = std::env::var_os("BOOKPOST_TEST_PEERS").map(PathBuf::from)?;
    let modules = peers.join("node");
    let there =
        modules.join("node_modules/playwright-core").is_dir() && Path::new("/usr/bin/chromium").exists();
    there.then_some(modules)
}

#[expect(clippy::disallowed_methods, reason = "./test names its list in the environment")]
pub(crate) fn not_run(script: &str) {
    let line = format!("browser/{script}: chromium, playwright-core and axe-core (tests/peers/install)");
    if let Some(list) = std::env::var_os("BOOKPOST_NOT_RUN") {
        writeln!(OpenOptions::new().append(true).create(true).open(list).unwrap(), "{line}").unwrap();
    }
}

/// Has `tests/browser/SCRIPT` use this Bookpost as its administrator; in `told` stands what else the script must know. Where there is no
/// browser, that is said in the list of what was not run.
pub(crate) async fn drive(script: &str, bench: &Bench, told: &[(&str, &str)]) {
    let Some(modules) = modules() else { return not_run(script) };
    let done = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser").join(script))
        .env("BASE", &bench.origin)
        .env("EMAIL", email("administrator"))
        .env("PASSWORD", PASSWORD)
        .env("MODULES", modules)
        .envs(told.iter().copied())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let said = [done.stdout, done.stderr].concat();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_work_in_a_browser() {
    let bench = Bench::staffed(servers()).await;
    let due_at = bench.now() + SignedDuration::from_mins(7);
    let later = Verdict::Deferred { due_at, in_doubt: false };
    for (to, subject, verdict) in [
        ("ana@example.org", "Your overdue items", Some(Verdict::Delivered)),
        ("ben@example.org", "Your overdue items", Some(later)),
        ("cleo@example.org", "Your hold is ready", Some(Verdict::Returned)),
        ("dan@example.org", "Your hold is ready", Some(Verdict::Held)),
        ("eve@example.org", "Your overdue items", Some(Verdict::InDoubt)),
        ("fay@example.org", "Your library card expires soon", None),
        (
            "a.patron.with.a.very.long.address@a.provider.with.a.long.name.example.org",
            "",
            Some(Verdict::Held),
        ),
        (
            "guy@example.org",
            "A subject that goes on and on, as some programs write them, with everything in it",
            Some(Verdict::Held),
        ),
        ("hal@example.org", "Your overdue items", Some(Verdict::Held)),
    ] {
        bench.mail(notice(to, subject), verdict).await;
    }
    let of_another =
        NewMessage { site: Some("EAST".to_owned()), ..notice("ida@example.org", "Your overdue items") };
    bench.mail(of_another, Some(Verdict::Delivered)).await;
    let text =
        "The mail server does not let us send from desk@library.example. Mail from there is set aside.";
    bench
        .app
        .store
        .raise(store::AlarmKind::SenderRefused, "desk@library.example", text, bench.now())
        .await
        .unwrap();
    drive("pages.mjs", &bench, &[]).await;
    bench.stop().await;
}
