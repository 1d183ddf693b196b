//! The rounds, in which all sides take turns, and what is measured once.

use std::{fs, time::Duration};

use super::{
    Bench, bookpost, mails, output, postfix,
    report::{Figures, Round, ratio},
    smtplib, waiting,
};

/// Everything.
pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Figures> {
    let options = &bench.options;
    let export = bench.path("overdues.csv");
    let mut koha = bench.program("examples/koha");
    koha.args([options.patrons.to_string(), options.items.to_string()]);
    fs::write(&export, output(koha)?)?;
    crate::say("bench: a first run, which makes the mails for the other sides and is not counted");
    let sent = bookpost::run(bench, &export).await?.mails;
    let list = mails::write(&sent, &bench.path("mails"))?;
    let few = sent.get(..options.postfix.min(sent.len())).unwrap_or(&sent);
    let mut rounds = Vec::new();
    for number in 1..=options.rounds {
        let ours = bookpost::run(bench, &export).await?;
        let script = smtplib::send(bench, &sent, &list).await?;
        let postfix = postfix::send(bench, few, &list).await?;
        let round = Round {
            bookpost: rate(sent.len(), ours.delivered),
            smtplib: rate(sent.len(), script),
            postfix: postfix.map(|time| rate(few.len(), time)),
            command_seconds: ours.used.wall.as_secs_f64(),
            cpu_seconds: ours.used.cpu.as_secs_f64(),
            memory: ours.used.memory,
            flushes: ratio(ours.flushes, sent.len()),
        };
        crate::say(&format!("bench: round {number}: {}", round.in_words()));
        rounds.push(round);
    }
    crate::say("bench: syncs under strace");
    let syncs = bookpost::syncs(bench, &export).await?;
    let bytes = sent.iter().map(|mail| mail.bytes.len() as u64).sum::<u64>();
    Ok(Figures {
        messages: sent.len(),
        mean_bytes: ratio(bytes, sent.len()),
        syncs,
        waiting: waiting::measure(bench).await?,
        rounds,
    })
}

fn rate(messages: usize, time: Duration) -> f64 {
    ratio(messages as u64, 1) / time.as_secs_f64()
}
