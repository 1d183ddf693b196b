//! `cargo xtask bench machines`: one, two and four Bookposts on one PostgreSQL, beside one on its file and Postfix, in turns: the main case of
//! `bench relay`.

use std::{collections::BTreeMap, fmt::Write as _, fs, os::unix::fs::PermissionsExt as _};

use anyhow::ensure;

use super::{
    Bench,
    database::{Database, needed},
    relay::{self, MAIN, Queue, Service, free_port},
    report::{median, ratio},
};

/// So many machines share the queue.
const MACHINES: [usize; 3] = [1, 2, 4];
/// What seals passwords is one for all machines; nothing is sealed here.
const KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// All rounds; the table as Markdown.
pub(super) async fn measure(bench: &Bench) -> anyhow::Result<String> {
    let database = needed(Database::start(bench).await?)?;
    let key = bench.path("key");
    fs::write(&key, KEY)?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
    let mut rates: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut memory: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for round in 1..=bench.options.rounds {
        let mut say = |name: String, passed: &relay::Passed| {
            let rate = ratio(MAIN.messages as u64, 1) / passed.all.as_secs_f64();
            crate::say(&format!("bench: round {round}: {name} {rate:.0}/s"));
            memory
                .entry(name.clone())
                .or_default()
                .extend(passed.memory.map(|bytes| ratio(bytes, 1_000_000)));
            rates.entry(name).or_default().push(rate);
        };
        for machines in MACHINES {
            let name = format!("round{round}_{machines}");
            let url = database.make(&name)?;
            let passed = together(bench, machines, &url).await?;
            let left = database.ask(&name, "SELECT count(*) FROM live")?;
            ensure!(left == "0", "{left} recipients are left in the queue of {name}");
            say(on_postgres(machines), &passed);
        }
        say(ON_A_FILE.to_owned(), &relay::bookpost(bench, &MAIN).await?);
        if let Some(passed) = relay::postfix(bench, &MAIN).await? {
            say(POSTFIX.to_owned(), &passed);
        }
    }
    let of = |name: &str| rates.get(name).map_or(f64::NAN, |all| median(all));
    let mut table = "| who | messages a second | over Postfix | over one machine on PostgreSQL | memory of one (PSS), MB |\n|---|---|---|---|---|\n".to_owned();
    for name in rates.keys() {
        let (rate, memory) = (of(name), memory.get(name).map_or(f64::NAN, |all| median(all)));
        let (postfix, one) = (rate / of(POSTFIX), rate / of(&on_postgres(1)));
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| {name} | {rate:.0} | {postfix:.2} | {one:.2} | {memory:.1} |");
    }
    Ok(table)
}

const ON_A_FILE: &str = "one Bookpost on its file";
const POSTFIX: &str = "Postfix";

fn on_postgres(machines: usize) -> String {
    match machines {
        1 => "1 Bookpost on PostgreSQL".to_owned(),
        more => format!("{more} Bookposts on PostgreSQL"),
    }
}

/// Each takes its share of the mail by a door of its own.
async fn together(bench: &Bench, machines: usize, url: &str) -> anyhow::Result<relay::Passed> {
    let sink = free_port()?;
    let key = bench.path("key");
    let mut services = Vec::new();
    for number in 1..=machines {
        let (name, door) = (format!("machine{number}"), free_port()?);
        let queue = Queue::Shared { url, key: &key, machine: &name, is_first: number == 1 };
        services.push((Service::start(bench, &name, door, sink, &queue, |_| Ok(()))?, door));
    }
    let doors: Vec<u16> = services.iter().map(|(_, door)| *door).collect();
    let watched: Vec<u32> = services.iter().map(|(service, _)| service.id()).collect();
    relay::pass(&MAIN, &doors, sink, &watched).await
}
