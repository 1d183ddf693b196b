//! Replies as plain text for people. The console belongs to the owner of the mail: nothing is masked here.

mod applications;
mod as_seen;
mod backup;
mod broker;
mod keys;
mod mails;
mod moved;
mod notices;
mod people;
pub(super) mod preferences;
mod runs;
mod schedules;
pub(super) mod servers;
mod sites;
mod webhooks;

use std::fmt::Write as _;

use jiff::{Timestamp, tz::TimeZone};
use mail::counted;
use store::{Alarm, InsteadOf, Moved, Pause, Row, State, Unreachable};

use super::{
    control::{Figures, Reply, RunSummary, Shown, Status, Today},
    words,
};
use crate::{
    app::notice_run::shown_tags,
    config::{Sending, Way},
    queue::stands::WaitsFor,
};

/// Characters of a subject in a list.
const SUBJECT: usize = 40;

/// Where a reply is read.
pub(super) struct View<'a> {
    pub(super) zone: &'a TimeZone,
    pub(super) sends: Sends,
    pub(super) now: Timestamp,
}

/// Which mail is sent at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sends {
    All,
    /// Only what is of a rehearsal.
    Practice,
    /// Nobody has chosen yet how.
    NoWay,
    /// None, as somebody chose that.
    Nothing,
}

impl Sends {
    pub(super) fn of(sending: &Sending) -> Self {
        match &sending.way {
            Way::Servers(_) => Self::All,
            Way::Practice => Self::Practice,
            Way::None if sending.is_off() => Self::Nothing,
            Way::None => Self::NoWay,
        }
    }
}

impl View<'_> {
    fn at(&self, instant: Timestamp) -> String {
        self.zone.to_datetime(instant).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// Until when mail of this kind waits, if it is not sent at all.
    fn stays(&self, practice: bool) -> Option<&'static str> {
        match self.sends {
            _ if practice => None,
            Sends::All => None,
            Sends::Practice | Sends::NoWay => Some(words::NO_WAY),
            Sends::Nothing => Some(words::DO_NOT_SEND),
        }
    }
}

/// A reply in words; ends with a line end, or is empty. Subjects and servers' answers are others' words: what would steer a
/// terminal is taken out of them.
pub(super) fn text(reply: &Reply, view: &View<'_>) -> String {
    harmless(&words_of(reply, view))
}

/// A run's summary as a file: the same words, with everyone named who was left out.
pub(crate) fn report(run: &RunSummary) -> String {
    harmless(&runs::report(run))
}

fn harmless(text: &str) -> String {
    let steers = |c: char| c.is_control() && c != '\n';
    text.replace(steers, " ")
}

fn words_of(reply: &Reply, view: &View<'_>) -> String {
    match reply {
        // A renewed sign-in is for the command that asked, and never printed.
        Reply::Progress(_) | Reply::TestNoted | Reply::Renewed(_) => String::new(),
        Reply::Status(status) => show_status(status, view),
        Reply::Today(today) => show_today(today, view),
        Reply::Check(checked) => format!("{}\n", checked.line()),
        Reply::Rows(rows) => show_rows(rows, view),
        Reply::Unreachable(all) => show_unreachable(all, view),
        Reply::Message(message) => show_message(message, view),
        Reply::Moved(moved) => show_moved(moved),
        Reply::Text(shown) => mails::text(shown),
        Reply::SentAgain(sent) => mails::sent_again(sent),
        Reply::Samples(sent) => mails::samples(sent),
        Reply::RunStopped(stopped) => mails::stopped(stopped),
        Reply::Paused(pause) => format!("{}\n", words::paused(pause, |instant| view.at(instant))),
        Reply::Resumed { pause, older } => show_resumed(pause, older, view),
        Reply::Probing => "The mail servers that do not work are being asked whether they answer again. See: bookpost queue status\n".to_owned(),
        Reply::Runs(list) => runs::list(list, view),
        Reply::ShownRun(shown) => runs::show(shown, view),
        Reply::Run(run) => runs::summary(run),
        Reply::Preview(preview) => runs::preview(preview),
        Reply::Preferences(shown) => preferences::show(shown, view),
        Reply::PreferencesChanged(changed) => preferences::changed(changed),
        Reply::SignInBegun { to, .. } => format!("{to}\n"),
        Reply::SignInByCode { address, code, .. } => format!("{address}\n{code}\n"),
        Reply::NotTypedYet { .. } => "The code was not typed yet.\n".to_owned(),
        Reply::Connected(account) => preferences::account(account, view),
        Reply::ConnectedInstead { account, before, told, why_not_told } => {
            preferences::instead(account, before, *told, why_not_told.as_deref(), view)
        }
        Reply::AnotherAccount { account, before } => preferences::another(account, before),
        Reply::NotRenewed { reason, text } => format!("{} ({text})\n", reason.plain_words()),
        Reply::Disconnecting { provider, account, mail } => {
            preferences::disconnecting(provider, account, mail)
        }
        Reply::Disconnected { provider, told, why_not_told } => {
            preferences::disconnected(provider, *told, why_not_told.as_deref())
        }
        Reply::Found(found) => servers::found(*found).to_owned(),
        Reply::PreferencesHistory(changes) => preferences::history(changes, view),
        Reply::Sites(shown) => sites::list(shown),
        Reply::Notices(all) => notices::list(all),
        Reply::Notice(one) => notices::show(one),
        Reply::Schedules(all) => schedules::list(all, view),
        Reply::Schedule(shown) => schedules::show(shown, view),
        Reply::ScheduleRemoved(schedule) => schedules::removed(schedule),
        Reply::SchedulesRan(all) => schedules::ran(all),
        Reply::ExportTaken(name) => format!("{name} is run as it is, as soon as the service looks at the drop folder\n"),
        Reply::Applications(all) => applications::list(all, view),
        Reply::Application(application) => applications::show(application, view),
        Reply::NewKey(key) => applications::new_key(key),
        Reply::Webhooks(all) => webhooks::list(all, view),
        Reply::NewWebhook(new) => webhooks::added(new),
        Reply::WebhookRemoved(webhook) => format!("{} is told nothing any more\n", webhook.url),
        Reply::WebhookWorks(webhook) => format!("{} takes what it is told\n", webhook.url),
        Reply::People(all) => people::list(all, view),
        Reply::Person(person) => people::show(person, view),
        Reply::Link(link) => people::link(link, view),
        Reply::NewPersonKey(key) => people::new_key(key),
        Reply::PersonKeys(shown) => people::keys(shown, view),
        Reply::Sessions(shown) => people::sessions(shown, view),
        Reply::SignedOut(out) => people::signed_out(out),
        Reply::Broker(reply) => broker::words(reply, view),
        Reply::Log(lines) => people::log(lines, view),
        Reply::SelfSigned { certificate, key } => format!(
            "made; these lines of the settings use it, and browsers ask before they trust it:\n\nlisten_certificate = \"{}\"\nlisten_key = \"{}\"\n",
            certificate.display(),
            key.display()
        ),
        Reply::Keys(all) => keys::show(all),
        Reply::Rotated(done) => keys::rotated(done),
        Reply::BackedUp { backup, key_file } => backup::made(backup, key_file.as_deref(), view),
        Reply::Backup(backup) => backup::look(backup, view),
        Reply::Restored { restored, key_file, elsewhere } => {
            backup::restored(restored, key_file.as_deref(), *elsewhere, view)
        },
        Reply::QueueMoved(moved) => moved::moved(moved),
        Reply::QueueArrived { from, to, at } => moved::arrived(from, to, &view.at(*at)),
        Reply::QueueTakenBack { place } => moved::taken_back(place),
        Reply::Failed { message, .. } => format!("{message}\n"),
    }
}

fn show_resumed(pause: &Pause, older: &Moved, view: &View<'_>) -> String {
    let since = view.at(pause.began_at);
    let moved = match older.moved {
        0 => String::new(),
        moved => format!(
            " For {} that had waited for more than 48 hours it was done as you said.",
            counted(moved, "mail", "mails")
        ),
    };
    let goes_on = match view.sends {
        Sends::All | Sends::Practice => "Sending goes on",
        Sends::NoWay => {
            "Sending is not paused any more, and waits for a way of sending to be chosen (sending.way)"
        }
        Sends::Nothing => {
            "Sending is not paused any more, and nothing goes out all the same, as \"Do not send\" is chosen (sending.way)"
        }
    };
    format!("{goes_on}; it was paused since {since}, and that time makes no mail older.{moved}\n")
}

fn show_status(status: &Status, view: &View<'_>) -> String {
    let counts = &status.counts;
    let mut table = Table::default();
    for (state, count) in counts.by_state() {
        table.row([words::state(state), &count.to_string()]);
    }
    let mut out = table.to_string();
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    if let Some(pause) = &status.pause {
        line(format!(
            "\n{}\nTo go on sending, run: bookpost queue resume",
            words::paused(pause, |instant| view.at(instant))
        ));
    }
    match counts.next_due_at {
        _ if status.pause.is_some() => {}
        Some(_) if view.sends == Sends::NoWay => line(format!("\nmail {} (sending.way)", words::NO_WAY)),
        Some(_) if view.sends == Sends::Nothing => {
            let chosen = words::not_to_be_sent(status.do_not_send.as_ref(), |instant| view.at(instant));
            line(format!("\n{chosen}: mail waits until another way of sending is (sending.way)"));
        }
        Some(due) if due <= view.now => line("\nnext try as soon as a mail server takes mail".to_owned()),
        Some(due) => line(format!("\nnext try at {}", view.at(due))),
        None => {}
    }
    if let Some(oldest) = counts.oldest_waiting_at {
        line(format!("the oldest waits since {}", view.at(oldest)));
    }
    if counts.ever_in_doubt > 0 {
        line(format!(
            "{} may have arrived twice or not at all: bookpost queue list --in-doubt",
            counts.ever_in_doubt
        ));
    }
    if counts.reports_owed > 0 {
        let reports = counted(counts.reports_owed, "return report is", "return reports are");
        line(format!("{reports} still to be written"));
    }
    if !status.service {
        line("\nno service is running: what waits is not sent until `bookpost serve` runs".to_owned());
    }
    status.alarms.iter().for_each(|alarm| line(show_alarm(alarm, view)));
    out
}

fn show_today(today: &Today, view: &View<'_>) -> String {
    let mut table = Table::default();
    table.row([
        "library",
        "handed in today",
        "accepted by the server today",
        "practised today",
        "sent back today",
        "may have arrived, undecided, today",
        "not sent today",
        "waiting now",
        "set aside now",
    ]);
    let mut row = |name: &str, figures: &Figures| {
        let Figures { accepted, delivered, practiced, returned, in_doubt_today, cancelled, .. } = figures;
        let Figures { waiting, held, .. } = figures;
        let all = [accepted, delivered, practiced, returned, in_doubt_today, cancelled, waiting, held];
        let [accepted, delivered, practiced, returned, in_doubt, cancelled, waiting, held] =
            &all.map(u64::to_string);
        table.row([name, accepted, delivered, practiced, returned, in_doubt, cancelled, waiting, held]);
    };
    for library in &today.libraries {
        row(library.site.as_deref().unwrap_or("(of no library)"), &library.figures);
    }
    row("all", &today.sum());
    let elsewhere = today.libraries.iter().filter(|library| library.since != today.since);
    let elsewhere = elsewhere.filter_map(|library| {
        Some(format!("; in {} since {}", library.site.as_deref()?, view.at(library.since)))
    });
    format!("since {}{}\n{table}", view.at(today.since), elsewhere.collect::<String>())
}

fn show_alarm(alarm: &Alarm, view: &View<'_>) -> String {
    format!("\n! {} ({}, since {})", alarm.text, alarm.subject, view.at(alarm.started_at))
}

/// What waits before the queue.
pub(super) fn left_in_maildrop(messages: usize) -> String {
    match messages {
        0 => String::new(),
        1 => "\n1 message that sendmail left is not in the queue yet: a running service takes it within seconds\n".to_owned(),
        many => format!("\n{many} messages that sendmail left are not in the queue yet: a running service takes them within seconds\n"),
    }
}

fn show_moved(moved: &Moved) -> String {
    let mut out = format!("done for {}", moved.moved);
    if moved.unmoved > 0 {
        let _ = write!(out, "; not possible for {}", moved.unmoved);
        let states = moved.unmoved_in.iter();
        let states: Vec<_> =
            states.map(|(state, count)| format!("{count}: {}", words::state(*state))).collect();
        if !states.is_empty() {
            let _ = write!(out, " ({})", states.join("; "));
        }
    }
    if !moved.missing.is_empty() {
        let ids: Vec<_> = moved.missing.iter().map(|id| id.0.to_string()).collect();
        let _ = write!(out, "; there is no message {}", ids.join(", "));
    }
    out + "\n"
}

fn show_rows(rows: &[Row], view: &View<'_>) -> String {
    if rows.is_empty() {
        return "none\n".to_owned();
    }
    let mut table = Table::default();
    table.row(["message", "accepted", "program", "to", "patron or subject", "state", "because"]);
    for row in rows {
        table.row([
            &row.message.0.to_string(),
            &view.at(row.accepted_at),
            &row.application,
            row.to.address.as_str(),
            &row.patron.as_ref().map_or_else(|| shortened(&row.subject), |patron| patron.name.clone()),
            &state_of(row, view),
            &words::because(row, |of| view.at(of)),
        ]);
    }
    table.to_string()
}

fn show_unreachable(all: &[Unreachable], view: &View<'_>) -> String {
    if all.is_empty() {
        return "none\n".to_owned();
    }
    let mut table = Table::default();
    table.row(["since", "last", "site", "to", "patron", "number", "message", "because"]);
    for Unreachable { row, since } in all {
        let patron = row.patron.as_ref();
        table.row([
            &view.at(*since),
            &view.at(row.settled_at.unwrap_or(row.accepted_at)),
            row.site.as_deref().unwrap_or_default(),
            row.to.address.as_str(),
            patron.map_or("", |patron| &patron.name),
            patron.and_then(|patron| patron.number.as_deref()).unwrap_or_default(),
            &row.message.0.to_string(),
            row.reason.map_or("", words::reason),
        ]);
    }
    table.to_string()
}

/// As much of a subject as a column has room for.
fn shortened(subject: &str) -> String {
    match subject.char_indices().nth(SUBJECT) {
        Some((end, _)) => format!("{}...", subject.get(..end).unwrap_or_default()),
        None => subject.to_owned(),
    }
}

fn state_of(row: &Row, view: &View<'_>) -> String {
    let stays = view.stays(row.practice).filter(|_| row.state == State::Waiting);
    if let Some(stays) = stays {
        return stays.to_owned();
    }
    match (row.state, row.due_at) {
        // Its time has come: it waits for a connection, or for a server that answers.
        (State::Waiting, Some(due)) if due <= view.now => "goes out as soon as it can".to_owned(),
        (State::Waiting, Some(due)) if row.attempts == 0 => format!("waits until {}", view.at(due)),
        (State::Waiting, Some(due)) => format!("will try again at {}", view.at(due)),
        (state, _) => words::state(state).to_owned(),
    }
}

/// Until when it is tried, as long as it waits for a try.
fn gives_up(message: &[Shown], view: &View<'_>) -> Option<String> {
    let waits = |shown: &&Shown| matches!(shown.row.state, State::Waiting | State::Sending);
    let waiting = message.iter().find(waits)?;
    let since = waiting.ageing_stopped_at.filter(|_| waiting.row.state == State::Waiting);
    Some(match since {
        Some(since) => format!("not yet: its time stands still since {}", view.at(since)),
        None => view.at(waiting.row.expires_at),
    })
}

fn show_message(message: &[Shown], view: &View<'_>) -> String {
    let mut out = String::new();
    if let Some(Shown { row, .. }) = message.first() {
        let from = row.reverse_path.address().map_or("nobody (a report)", |address| address.as_str());
        let mut table = Table::default();
        table.row(["message", &row.message.0.to_string()]);
        table.row(["program", &row.application]);
        if let Some(door) = row.door {
            table.row(["came in by", words::door(door)]);
        }
        table.row(["subject", &row.subject]);
        let tags = shown_tags(row);
        if !tags.is_empty() {
            table.row(["tags", &tags.join(", ")]);
        }
        table.row(["class", words::class(row.class)]);
        table.row(["size", &counted(row.size, "octet", "octets")]);
        table.row(["returns to", from]);
        table.row(["accepted", &view.at(row.accepted_at)]);
        if let Some(at) = gives_up(message, view) {
            table.row(["gives up", &at]);
        }
        table.row(["Message-ID", &row.message_id]);
        out.push_str(&table.to_string());
    }
    for shown @ Shown { row, attempts, decided_by, .. } in message {
        let patron = row.patron.as_ref().map_or(String::new(), |patron| format!(" ({})", patron.name));
        let because = match decided_by {
            Some(by) => format!(": decided by {}", words::decider(by)),
            None => {
                row.reason.map_or(String::new(), |_| format!(": {}", words::because(row, |of| view.at(of))))
            }
        };
        let _ = writeln!(out, "\n{}{patron}\n  {}{because}", row.to.address, state_of(row, view));
        out.push_str(&waits_for(shown, view));
        for attempt in attempts {
            let server = if attempt.server.is_empty() { "no server" } else { &attempt.server };
            let what = attempt.reason.map_or("accepted", words::reason);
            let _ = writeln!(
                out,
                "  {}  {server}  {what}\n      {}",
                view.at(attempt.started_at),
                attempt.answer.trim_end()
            );
            if let Some(InsteadOf { since, reason }) = attempt.instead_of {
                let (since, why) = (view.at(since), words::reason(reason));
                let _ = writeln!(out, "      by the backup, as Server 1 took no mail since {since}: {why}");
            }
        }
    }
    out
}

/// What it waits for: that sending goes on, or a server, with why.
fn waits_for(shown: &Shown, view: &View<'_>) -> String {
    if view.stays(shown.row.practice).is_some() {
        return String::new();
    }
    let mut out = String::new();
    if let Some(pause) = shown.paused.as_ref().filter(|_| shown.row.state == State::Waiting) {
        let _ = writeln!(out, "  {}", words::paused(pause, |instant| view.at(instant)));
    }
    for WaitsFor { server, address, reason, since, until } in &shown.waits_for {
        let since = since.map_or(String::new(), |since| format!(" since {}", view.at(since)));
        let until = until.map_or(String::new(), |until| format!(" until {}", view.at(until)));
        let why = reason.map_or("it takes no mail", words::reason);
        let _ = writeln!(out, "  waits for {server} ({address}){since}{until}: {why}");
    }
    out
}

/// Columns as wide as their widest cell, two spaces apart.
#[derive(Default)]
struct Table(Vec<Vec<String>>);

impl Table {
    fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.0.push(cells.iter().map(|cell| (*cell).to_owned()).collect());
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.0.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.0.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..columns).map(width).collect();
        for row in &self.0 {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let _ = write!(line, "{cell:<width$}  ");
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::control::Failure;

    #[test]
    fn others_words_do_not_steer_the_terminal() {
        let message = "250 \u{1b}[2J\rok\u{9b}1m".to_owned();
        let view = View { zone: &TimeZone::UTC, sends: Sends::NoWay, now: Timestamp::UNIX_EPOCH };
        let shown = text(&Reply::Failed { failure: Failure::Refused, message }, &view);
        assert_eq!(shown, "250  [2J ok 1m\n");
    }
}
