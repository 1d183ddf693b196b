//! What sends while the way of sending fails, as the pages have it.

use std::{fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _};

use store::{AlarmKind, Role};
use tempfile::TempDir;

use crate::bench::{Bench, listener, servers};

const WHO: &str = "administrator";
const FIELD: &str = "name=\"sending.backup\"";

/// With Google set up. The folder holds the secret.
async fn place(backup: &str) -> (Bench, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&secret).unwrap();
    file.write_all(b"a secret of two").unwrap();
    let google = format!("[google]\nclient_id = \"us\"\nclient_secret_file = \"{}\"\n", secret.display());
    let file = format!("[sending]\nbackup = \"{backup}\"\n{google}");
    let mut bench = Bench::at(listener().await, servers(), &file).await;
    bench.person(WHO, Role::Administrator, None).await;
    bench.person("viewer", Role::Viewer, None).await;
    (bench, folder)
}

#[tokio::test]
async fn a_provider_behind_the_own_servers_is_told_of() {
    let (bench, _secret) = place("google").await;
    let page = bench.get(WHO, "/preferences").await.text;
    assert!(page.contains(FIELD) && page.contains("While that fails, mail goes out by"), "{page}");
    let says = "the backup stands by.";
    assert!(bench.get(WHO, "/").await.text.contains(says) && page.contains(says));
    let store = &bench.app.store;
    let text = "Google signed us out.";
    store.raise(AlarmKind::SignIn, "google", text, bench.now()).await.unwrap();
    let today = bench.get(WHO, "/").await.text;
    for said in [
        "The backup cannot be used at the moment.",
        "Google signed us out",
        "Mail goes out by another way meanwhile, and none waits for this. Sign in again at Google.",
    ] {
        assert!(today.contains(said), "{said}: {today}");
    }
    // On every page, with the way there for whoever may go it.
    let banner = "Somebody must sign in at Google, so that mail goes out by it.";
    let link = "<a href=\"/preferences/sign-in/google\">Sign in with Google</a>";
    for (who, may) in [(WHO, true), ("viewer", false)] {
        let queue = bench.get(who, "/queue").await.text;
        assert!(queue.contains(banner) && queue.contains(link) == may, "{who}: {queue}");
    }
    bench.stop().await;
}

/// Server 2 is the backup of Server 1, and nobody is asked for another.
#[tokio::test]
async fn without_a_provider_no_backup_is_asked_for() {
    let mut bench = Bench::start(servers()).await;
    bench.person(WHO, Role::Administrator, None).await;
    assert!(!bench.get(WHO, "/preferences").await.text.contains(FIELD));
    bench.stop().await;
}
