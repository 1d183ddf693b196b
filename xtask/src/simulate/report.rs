//! The tables that people read.

use std::fmt::Write as _;

use super::outcome::Outcome;

const HEAD: &str = "\
| messages a day | design | machines | clusters | connections: most in use / there | to PostgreSQL | database log a day | longest queue | \
accepted: half / 99 of 100 | delivered: half / 99 of 100 | with retries: 99 of 100 | database in use | left after two days |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
";

const LIMITS: &str = "\
| messages a day | design | what is full first, and at how many messages a day | then |
|---|---|---|---|
";

/// All runs, as Markdown.
pub(super) fn tables(outcomes: &[Outcome]) -> String {
    let mut text = HEAD.to_owned();
    for one in outcomes {
        let system = one.system;
        let of_database = one.resources.iter().filter(|resource| resource.name.starts_with("database"));
        let database = of_database.map(|resource| resource.used).fold(0.0, f64::max);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} / {} | {:.0} | {} | {} | {} / {} | {} / {} | {} | {:.0} % | {} |",
            many(one.messages_a_day),
            system.design.in_words(),
            system.machines,
            system.clusters,
            one.connections.most,
            one.connections.there,
            one.connections.to_databases,
            octets(one.log_gb),
            many(super::draws::float(one.longest_queue)),
            time(one.accepted_within.p50),
            time(one.accepted_within.p99),
            time(one.delivered_within.p50),
            time(one.delivered_within.p99),
            time(one.with_retries_within.p99),
            database * 100.0,
            many(super::draws::float(one.left)),
        );
    }
    text.push('\n');
    text.push_str(LIMITS);
    for one in outcomes {
        let mut resources: Vec<_> = one.resources.iter().collect();
        resources.sort_by(|first, second| first.limit_a_day.total_cmp(&second.limit_a_day));
        let said: Vec<_> = resources
            .iter()
            .map(|resource| format!("{} at {}", resource.name, many(resource.limit_a_day)))
            .collect();
        let (first, then) = said.split_first().map_or(("", &[][..]), |(first, then)| (first.as_str(), then));
        let (messages, design) = (many(one.messages_a_day), one.system.design.in_words());
        let _ = writeln!(text, "| {messages} | {design} | {first} | {} |", then.join("; "));
    }
    text
}

/// What was checked of each run, in a sentence.
pub(super) fn checked(outcomes: &[Outcome]) -> String {
    let most = |check: fn(&Outcome) -> f64| outcomes.iter().map(check).fold(0.0, f64::max);
    format!(
        "checked in {} runs: what came in is what came out and what is left (off by {:.0e} at most), Little's law ({:.0e}), the utilisation law ({:.0e})",
        outcomes.len(),
        most(|one| one.checks.conservation),
        most(|one| one.checks.little),
        most(|one| one.checks.utilisation),
    )
}

/// How many, to three digits.
fn many(count: f64) -> String {
    match count {
        count if count >= 1e9 => format!("{} billion", digits(count / 1e9)),
        count if count >= 1e6 => format!("{} million", digits(count / 1e6)),
        count if count >= 1e4 => format!("{:.0},000", count / 1e3),
        count => format!("{count:.0}"),
    }
}

fn octets(gigabytes: f64) -> String {
    if gigabytes >= 1e3 {
        format!("{} TB", digits(gigabytes / 1e3))
    } else {
        format!("{} GB", digits(gigabytes))
    }
}

fn time(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 1.0 => format!("{} ms", digits(seconds * 1e3)),
        seconds if seconds < 120.0 => format!("{} s", digits(seconds)),
        seconds if seconds < 7_200.0 => format!("{} min", digits(seconds / 60.0)),
        seconds => format!("{} h", digits(seconds / 3_600.0)),
    }
}

fn digits(value: f64) -> String {
    let places = usize::from(value < 10.0);
    let text = format!("{value:.places$}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (found, expected) in [
            (many(999.0), "999"),
            (many(12_345.0), "12,000"),
            (many(1e6), "1 million"),
            (many(12_345_678.0), "12 million"),
            (many(1.5e9), "1.5 billion"),
            (time(0.0051), "5.1 ms"),
            (time(0.25), "250 ms"),
            (time(1.25), "1.2 s"),
            (time(600.0), "10 min"),
            (time(36_000.0), "10 h"),
            (octets(2.0), "2 GB"),
            (octets(1_500.0), "1.5 TB"),
        ] {
            assert_eq!(found, expected);
        }
    }
}
