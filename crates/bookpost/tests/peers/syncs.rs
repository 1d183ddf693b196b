//! Syncs for each message under load, counted by strace: each is a wait for the disk, and without any nothing would be safe.

use std::{fs, path::Path};

use bookpost::notices::sample;
use jiff::civil::date;
use testkit::sink::{Settings, Sink};
use tokio::process::Command;

use crate::peer::not_installed;

const PATRONS: usize = 1_000;
const SYNCS: &str = "fsync,fdatasync,sync_file_range";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overdue_run_syncs_seldom_but_does() {
    let place = tempfile::tempdir().unwrap();
    let sink = Sink::start(Settings::default()).await.unwrap();
    fs::write(place.path().join("export.csv"), sample::koha(PATRONS, PATRONS, date(2026, 11, 2))).unwrap();
    fs::write(place.path().join("config"), config(place.path(), &sink)).unwrap();
    let counted = place.path().join("counted");
    let run = Command::new("strace")
        .args(["-f", "-c", "-e", &format!("trace={SYNCS}"), "-o"])
        .arg(&counted)
        // Nothing of the environment of the tests is a setting.
        .args(["env", "-i"])
        .arg(env!("CARGO_BIN_EXE_bookpost"))
        .arg("--config")
        .arg(place.path().join("config"))
        .args(["notices", "run"])
        .arg(place.path().join("export.csv"))
        .output()
        .await;
    let run = match run {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return not_installed("strace"),
        run => run.unwrap(),
    };
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let messages = sink.count();
    assert_eq!(usize::try_from(messages).unwrap(), PATRONS);
    let syncs = calls(&fs::read_to_string(counted).unwrap());
    println!("{syncs} syncs for {messages} messages");
    assert!(0 < syncs && 2 * syncs <= messages, "{syncs} syncs for {messages} messages");
}

/// The sum of the column `calls` of strace's table, whose last column names the call.
fn calls(table: &str) -> u64 {
    let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.last().is_some_and(|name| SYNCS.split(',').any(|sync| sync == *name)))
        .map(|row| row[3].parse::<u64>().unwrap())
        .sum()
}

fn config(place: &Path, sink: &Sink) -> String {
    let sites = sample::BRANCHES.map(|(code, name)| {
        format!("[[sites]]\ncode = \"{code}\"\nname = \"{name}\"\nemail = \"desk@library.example\"\n")
    });
    format!(
        "library = \"Riverside\"\ndata_dir = \"{}\"\nlisten = \"off\"\n[sending]\nway = \"servers\"\n\
         ehlo_name = \"books.library.example\"\n[server1]\nhost = \"127.0.0.1\"\nport = {}\nencryption = \"none\"\n\
         allow_non_secure = true\n{}",
        place.join("data").display(),
        sink.address().port(),
        sites.concat()
    )
}
