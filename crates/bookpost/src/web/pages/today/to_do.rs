//! What needs a person, each with the next step.

use jiff::Timestamp;
use mail::Reason;
use store::{Alarm, AlarmKind, AuditFilter, Counts, Deed, Error, State};

use super::super::{
    known::{Known, Now},
    log, lost_secrets, mail_account,
    notices::LastRun,
    schedules, silence,
    standing::{StandBy, Standing},
    visit::Visit,
    when::At,
};
use crate::{
    config::{Provider, Way},
    identity::Permission,
    receive::maildrop,
};

/// Something that a person has to do.
#[derive(Default)]
pub(super) struct ToDo {
    pub(super) title: String,
    /// How it stands, and what is done about it.
    pub(super) what: Vec<String>,
    pub(super) since: Option<At>,
    /// Where it is done, and what the link says.
    pub(super) href: Option<(String, String)>,
    /// The servers may be asked now.
    pub(super) may_probe: bool,
    pub(super) for_it: Option<ForIt>,
}

/// What is copied for the person who looks after the mail server.
pub(super) struct ForIt {
    /// In the reader's language; empty where there is nothing to say but what was noted.
    pub(super) text: String,
    /// As it was noted, in English.
    pub(super) noted: String,
}

/// All of it, the gravest first.
pub(super) async fn read(
    visit: &Visit,
    known: &Known,
    counts: &Counts,
    last: Option<&LastRun>,
) -> Result<Vec<ToDo>, Error> {
    let sites = visit.sites();
    let alarms: Vec<_> = known.alarms(&sites).collect();
    let mut all = Vec::new();
    let waiting = known.now(&sites).waiting;
    let is_copy = |alarm: &&&Alarm| alarm.kind == AlarmKind::Restored;
    let is_paused = matches!(known.standing, Standing::Paused { .. });
    match (&known.standing, alarms.iter().find(is_copy)) {
        // What is in a copy of the queue is looked at before anything of it is sent.
        (Standing::Paused { .. }, Some(alarm)) => all.push(restored(visit, alarm, waiting).await?),
        (Standing::Paused { since }, None) => all.push(paused(visit, *since, waiting).await?),
        _ => {}
    }
    for alarm in &alarms {
        let is_told = alarm.kind == AlarmKind::Restored && is_paused;
        if is_told || is_told_with_the_backup(alarm, &alarms) {
            continue;
        }
        all.push(match alarm.kind {
            _ if is_server(alarm) => server(visit, alarm, &alarms, known, counts),
            _ => other(visit, alarm).await?,
        });
    }
    all.extend(start(visit));
    all.extend(decisions(visit, &known.now(&sites)));
    if let Some(last) = last {
        all.extend(practised(visit, known, last));
        all.extend(returned(visit, last));
        all.extend(not_written(visit, last));
    }
    Ok(all)
}

/// That Server 1 does not answer, and that the backup sends for it, is one thing.
fn is_told_with_the_backup(alarm: &Alarm, all: &[&Alarm]) -> bool {
    let for_it = |other: &&Alarm| other.kind == AlarmKind::BackupInUse && other.subject == alarm.subject;
    alarm.kind == AlarmKind::ServerDown && all.iter().any(for_it)
}

async fn paused(visit: &Visit, since: Timestamp, waiting: u64) -> Result<ToDo, Error> {
    let words = visit.words();
    let filter = AuditFilter { what: Some(Deed::SendingPaused), ..AuditFilter::default() };
    let line = visit.pages.sources.store.audit(filter, None, 1).await?.pop();
    // A pause that a restored backup began is in no log.
    let who = line.filter(|line| line.happened_at >= since).map(|line| log::actor(words, &line.who));
    let who = who.map(|who| words.with("to-do-paused-by", &[("who", &who)]));
    let what = who.into_iter().chain([words.count("to-do-paused-waits", waiting)]).collect();
    let href = visit.may(Permission::PauseSending).then(|| ("/sending".to_owned(), words.t("banner-resume")));
    Ok(ToDo {
        title: words.t("to-do-paused"),
        what,
        since: Some(visit.clockwork.at(since)),
        href,
        ..ToDo::default()
    })
}

async fn restored(visit: &Visit, alarm: &Alarm, waiting: u64) -> Result<ToDo, Error> {
    let one = other(visit, alarm).await?;
    let mut what = one.what;
    what.push(visit.words().count("to-do-paused-waits", waiting));
    let href = Some(("/queue?state=held".to_owned(), visit.words().t("look-at-set-aside")));
    Ok(ToDo { what, href, ..one })
}

/// A mail server that does not take mail.
fn server(visit: &Visit, alarm: &Alarm, all: &[&Alarm], known: &Known, counts: &Counts) -> ToDo {
    let (words, clockwork) = (visit.words(), &visit.clockwork);
    let provider = Provider::named(&alarm.subject).filter(|_| alarm.kind == AlarmKind::SignIn);
    let (title, todo) = provider.map_or_else(
        || of_server(visit, alarm, known),
        |one| {
            let name = [("name", one.title())];
            (words.with("alarm-account", &name), words.with("alarm-account-do", &name))
        },
    );
    let is_down = matches!(known.standing, Standing::Down { .. });
    let waiting = known.now(&visit.sites()).waiting;
    // Of two servers that do not take mail each is named, and what waits for either is said once.
    let is_first = all.iter().find(|other| is_server(other)).is_some_and(|first| first.id == alarm.id);
    let mut what = Vec::new();
    if is_down && is_first && waiting > 0 {
        what.push(words.count("to-do-down-waits", waiting));
        // Who is limited to some libraries is not told when others' mail is given up.
        if let Some(at) = counts.expires_first_at {
            what.push(words.with("to-do-down-expires", &[("at", &clockwork.text(at))]));
        }
    }
    what.push(todo);
    let sees = visit.may(Permission::SeeAddresses);
    let may_change = visit.may(Permission::ChangePreferences);
    let link = match alarm.kind {
        AlarmKind::SignIn => Some("to-do-sign-in-link"),
        AlarmKind::ServerDown => Some("to-do-server-link"),
        _ => None,
    };
    ToDo {
        title,
        what,
        since: Some(clockwork.at(alarm.started_at)),
        href: link.filter(|_| may_change).map(|link| match provider {
            Some(one) => {
                let text = words.with("account-again", &[("name", one.title())]);
                (mail_account::address(one).to_owned(), text)
            }
            None => (format!("/preferences#{}", alarm.subject), words.t(link)),
        }),
        may_probe: alarm.kind != AlarmKind::SignIn && visit.may(Permission::ProbeServers),
        for_it: sees.then(|| ForIt { text: text_for_it(visit, alarm, known), noted: noted(alarm, all) }),
    }
}

fn is_server(alarm: &Alarm) -> bool {
    matches!(alarm.kind, AlarmKind::ServerDown | AlarmKind::SignIn | AlarmKind::BackupInUse)
}

/// Server 1 sends, and this is about the one behind it.
fn is_of_the_backup(alarm: &Alarm, known: &Known) -> bool {
    known.standing == Standing::Well { backup: StandBy::Down } && alarm.subject != "server1"
}

/// What is wrong with which server, and what is done about it.
fn of_server(visit: &Visit, alarm: &Alarm, known: &Known) -> (String, String) {
    let words = visit.words();
    let (title, todo) = words.alarm(alarm.kind);
    let config = visit.pages.sources.config();
    let two = matches!(&config.sending.way, Way::Servers(servers) if servers.len() > 1);
    let title = match (alarm.kind, &*alarm.subject) {
        (AlarmKind::ServerDown, "server1") if two => words.t("alarm-server-down-1"),
        (AlarmKind::ServerDown, "server2") if two => words.t("alarm-server-down-2"),
        (AlarmKind::SignIn, "server1") if two => words.t("alarm-sign-in-1"),
        (AlarmKind::SignIn, "server2") if two => words.t("alarm-sign-in-2"),
        _ => title,
    };
    let todo = match alarm.kind {
        AlarmKind::ServerDown if is_of_the_backup(alarm, known) => words.t("to-do-backup-down"),
        AlarmKind::SignIn if is_of_the_backup(alarm, known) => words.t("to-do-backup-signed-out"),
        _ => todo,
    };
    (title, todo)
}

/// With why the backup is in use.
fn noted(alarm: &Alarm, all: &[&Alarm]) -> String {
    let told = all.iter().filter(|other| is_told_with_the_backup(other, &[alarm]));
    std::iter::once(&alarm.text).chain(told.map(|other| &other.text)).cloned().collect::<Vec<_>>().join("\n")
}

fn text_for_it(visit: &Visit, alarm: &Alarm, known: &Known) -> String {
    let config = visit.pages.sources.config();
    let host = match &config.sending.way {
        Way::Servers(servers) => servers.iter().find(|server| server.name == alarm.subject),
        _ => None,
    };
    let host =
        host.map_or_else(|| alarm.subject.clone(), |server| format!("{}:{}", server.host, server.port));
    let since = visit.clockwork.in_full(alarm.started_at);
    let key = match alarm.kind {
        _ if is_of_the_backup(alarm, known) => "for-it-backup-down",
        AlarmKind::SignIn => "for-it-sign-in",
        AlarmKind::BackupInUse => "for-it-backup",
        _ => "for-it-down",
    };
    visit.words().with(key, &[("server", &host), ("since", &since)])
}

async fn other(visit: &Visit, alarm: &Alarm) -> Result<ToDo, Error> {
    if let Some(of_schedule) = schedules::to_do(visit, alarm).await? {
        return Ok(ToDo {
            title: of_schedule.title,
            what: vec![of_schedule.what],
            // When it was due is in its title.
            href: Some(of_schedule.href),
            for_it: for_it(visit, alarm),
            ..ToDo::default()
        });
    }
    if alarm.kind == AlarmKind::Held && alarm.subject == maildrop::SUBJECT {
        return Ok(ToDo {
            title: visit.words().t("alarm-maildrop"),
            what: vec![visit.words().t("alarm-maildrop-do")],
            since: Some(visit.clockwork.at(alarm.started_at)),
            for_it: for_it(visit, alarm),
            ..ToDo::default()
        });
    }
    let said = match lost_secrets::words(visit, alarm).await? {
        Some(said) => Some(said),
        None => silence::words(visit, alarm).await?,
    };
    // Since when is in its words.
    let is_silent = alarm.kind == AlarmKind::Silence && said.is_some();
    let (title, what) = said.unwrap_or_else(|| visit.words().alarm(alarm.kind));
    Ok(ToDo {
        title,
        what: vec![what],
        since: Some(visit.clockwork.at(alarm.started_at)).filter(|_| !is_silent),
        for_it: for_it(visit, alarm),
        ..ToDo::default()
    })
}

/// As it was noted, for whoever sees addresses.
fn for_it(visit: &Visit, alarm: &Alarm) -> Option<ForIt> {
    let noted = ForIt { text: String::new(), noted: alarm.text.clone() };
    Some(noted).filter(|_| visit.may(Permission::SeeAddresses))
}

fn start(visit: &Visit) -> Option<ToDo> {
    let words = visit.words();
    let is_new = visit.may(Permission::ChangePreferences) && visit.pages.sources.config().sender().is_none();
    is_new.then(|| ToDo {
        title: words.t("to-do-start"),
        what: vec![words.t("to-do-start-do")],
        href: Some(("/start".to_owned(), words.t("to-do-start-link"))),
        ..ToDo::default()
    })
}

/// Mail that waits for somebody's decision.
fn decisions(visit: &Visit, now: &Now) -> impl Iterator<Item = ToDo> {
    let words = visit.words();
    let decide = move |(count, key, href): (u64, &str, &str)| {
        let href = Some((href.to_owned(), words.t("look-at-them")));
        (count > 0).then(|| ToDo { title: words.count(key, count), href, ..ToDo::default() })
    };
    let all = [
        (now.in_doubt, "to-do-in-doubt", "/queue?state=in_doubt"),
        (now.held, "to-do-held", "/queue?state=held"),
    ];
    all.into_iter().filter_map(decide)
}

/// The practice mailbox is still chosen, and what was meant for patrons is in it.
fn practised(visit: &Visit, known: &Known, last: &LastRun) -> Option<ToDo> {
    let words = visit.words();
    let count = last.state(State::Practiced);
    let stands = known.standing == Standing::Practice && last.practice && count > 0;
    let may = visit.may(Permission::ChangePreferences);
    stands.then(|| ToDo {
        title: words.count("to-do-practised", count),
        what: vec![words.t(if may { "to-do-practised-do" } else { "to-do-practised-ask" })],
        href: may.then(|| ("/preferences".to_owned(), words.t("to-do-practised-link"))),
        ..ToDo::default()
    })
}

/// What of the last run came back, and was not sent again.
fn returned(visit: &Visit, last: &LastRun) -> Option<ToDo> {
    let words = visit.words();
    let why = last.why(State::Returned);
    let count: u64 = why.iter().map(|(_, counted)| counted.count).sum();
    let of_addresses = |reason: &Reason| {
        matches!(reason, Reason::AddressUnknown | Reason::DomainUnknown | Reason::MailboxDisabled)
    };
    let mut what: Vec<_> =
        why.iter().map(|(reason, counted)| why_returned(visit, *reason, counted.count)).collect();
    if last.others_are_done() {
        what.push(words.t("to-do-returned-others"));
    }
    let corrected = why.iter().all(|(reason, _)| of_addresses(reason));
    what.push(words.count(if corrected { "to-do-returned-correct" } else { "to-do-returned-look" }, count));
    let href = format!("/notices/runs/{}/names?what=returned", last.id);
    (count > 0 && !last.practice).then(|| ToDo {
        title: words.count("to-do-returned", count),
        what,
        href: Some((href, words.count("to-do-returned-link", count))),
        ..ToDo::default()
    })
}

fn why_returned(visit: &Visit, reason: Reason, count: u64) -> String {
    let words = visit.words();
    match reason {
        Reason::AddressUnknown => words.count("returned-address-unknown", count),
        Reason::DomainUnknown => words.count("returned-domain-unknown", count),
        Reason::MailboxDisabled => words.count("returned-mailbox-disabled", count),
        Reason::MailboxFull => words.count("returned-mailbox-full", count),
        other => words.with("returned-other", &[("n", &words.number(count)), ("why", &words.reason(other))]),
    }
}

/// Whom a further run of the same export would write to.
fn not_written(visit: &Visit, last: &LastRun) -> Option<ToDo> {
    let words = visit.words();
    let all = last.not_written(words);
    let count = all.iter().map(|(count, ..)| count).sum();
    let line =
        |(count, what, todo): &(u64, String, String)| format!("{} {what}. {todo}", words.number(*count));
    (count > 0).then(|| ToDo {
        title: words.count("to-do-not-written", count),
        what: all.iter().map(line).collect(),
        href: Some((
            format!("/notices/runs/{}/names?what=not_written", last.id),
            words.t("to-do-not-written-link"),
        )),
        ..ToDo::default()
    })
}
