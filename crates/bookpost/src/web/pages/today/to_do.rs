//! What needs a person, each with the next step.

use jiff::Timestamp;
use mail::Reason;
use store::{Alarm, AlarmKind, AuditFilter, Counts, Deed, Error, ForLater, State};

use super::{
    super::{
        known::{Known, Now},
        lost_secrets,
        mail_account::{alarm as account, ends as account_ends},
        notices::{CAN_STILL, LastRun, OfRun, Pending},
        schedules, silence,
        standing::{StandBy, Standing, is_of_the_key, named, refused_by},
        visit::Visit,
        when::At,
    },
    folder, kept_back, old_export,
};
use crate::{alarms::why_not_this_way, config::Way, identity::Permission, receive::maildrop};

/// More runs than these have no link each.
const LINKED: usize = 5;

/// Where it leads, and what it says.
pub(super) type Link = (String, String);

/// Something that a person has to do.
#[derive(Default)]
pub(super) struct ToDo {
    pub(super) title: String,
    /// How it stands, and what is done about it.
    pub(super) what: Vec<String>,
    pub(super) since: Option<At>,
    /// Where it is done, and what the link says.
    pub(super) href: Option<Link>,
    /// Where the parts of it are, with what the links say.
    pub(super) parts: Vec<Link>,
    /// The servers may be asked now.
    pub(super) may_probe: bool,
    /// The export that may be said to be the right one.
    pub(super) take: Option<String>,
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
    (counts, for_later): (&Counts, ForLater),
    (last, pending): (Option<&LastRun>, &Pending),
) -> Result<Vec<ToDo>, Error> {
    let sites = visit.sites();
    let mut alarms: Vec<_> = known.alarms(&sites).collect();
    alarms.sort_by_key(|alarm| order(visit, alarm));
    let mut all = Vec::new();
    let waiting = known.now(&sites).waiting;
    let is_copy = |alarm: &&&Alarm| alarm.kind == AlarmKind::Restored;
    let is_paused = matches!(known.standing, Standing::Paused { .. });
    match (&known.standing, alarms.iter().find(is_copy)) {
        // What is in a copy of the queue is looked at before anything of it is sent.
        (Standing::Paused { .. }, Some(alarm)) => all.push(restored(visit, alarm, waiting).await?),
        (Standing::Paused { since }, None) => all.push(paused(visit, *since, waiting).await?),
        (Standing::DoNotSend { .. }, _) => all.extend(no_way(visit, "to-do-do-not-send", waiting)),
        (Standing::NoWay, _) => {
            all.extend(no_way(visit, "to-do-no-way", waiting).or_else(|| to_be_chosen(visit)));
        }
        _ => {}
    }
    for alarm in &alarms {
        let is_told = alarm.kind == AlarmKind::Restored && is_paused
            || is_of_the_key(alarm) && alarms.iter().any(|other| other.kind == AlarmKind::SecretsLost)
            || is_told_with_the_backup(alarm, &alarms)
            || account::is_told(alarm, &alarms);
        if is_told {
            continue;
        }
        all.push(match alarm.kind {
            _ if is_server(alarm) => server(visit, alarm, &alarms, known, (counts, for_later)),
            _ => other(visit, alarm).await?,
        });
    }
    all.extend(start(visit));
    all.extend(decisions(visit, &known.now(&sites)).await?);
    if let Some(last) = last {
        all.extend(practised(visit, known, last));
    }
    all.extend(returned(visit, pending, last));
    all.extend(not_written(visit, pending, last));
    Ok(all)
}

/// Servers that take no mail come first, in the order in which they are used.
fn order(visit: &Visit, alarm: &Alarm) -> usize {
    let config = visit.pages.sources.config();
    let Way::Servers(servers) = &config.sending.way else { return usize::MAX };
    let own = servers.iter().position(|server| server.name == account::server(alarm));
    own.filter(|_| is_server(alarm)).unwrap_or(usize::MAX)
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
    let who = line.filter(|line| line.happened_at >= since).map(|line| words.actor(&line.who));
    let who = who.map(|who| words.with("to-do-paused-by", &[("who", &who)]));
    let what = who.into_iter().chain([stands_still(visit, "to-do-paused-waits", waiting)]).collect();
    let href = visit.may(Permission::PauseSending).then(|| ("/sending".to_owned(), words.t("banner-resume")));
    Ok(ToDo {
        title: words.t("to-do-paused"),
        what,
        since: Some(visit.clockwork.at(since)),
        href,
        ..ToDo::default()
    })
}

/// How much waits, and that it grows no older.
fn stands_still(visit: &Visit, key: &str, waiting: u64) -> String {
    let (words, give_up_after) = (visit.words(), visit.pages.sources.config().schedule.give_up_after);
    words.count_with(key, waiting, &[("after", &words.hours(give_up_after))])
}

/// Mail is there, and it is for a person to say how it goes out.
fn no_way(visit: &Visit, title: &str, waiting: u64) -> Option<ToDo> {
    let words = visit.words();
    let link = visit.may(Permission::ChangePreferences);
    (waiting > 0).then(|| ToDo {
        title: words.t(title),
        what: vec![stands_still(visit, "to-do-no-way-waits", waiting)],
        href: link.then(|| ("/preferences".to_owned(), words.t("to-do-no-way-link"))),
        ..ToDo::default()
    })
}

/// Nothing waits yet, and nothing could be sent. Before the library is named, that is asked first.
fn to_be_chosen(visit: &Visit) -> Option<ToDo> {
    let words = visit.words();
    let asks = visit.may(Permission::ChangePreferences) && visit.pages.sources.config().sender().is_some();
    asks.then(|| ToDo {
        title: words.t("to-do-choose-way"),
        what: vec![words.t("to-do-choose-way-why")],
        href: Some(("/preferences".to_owned(), words.t("to-do-no-way-link"))),
        ..ToDo::default()
    })
}

async fn restored(visit: &Visit, alarm: &Alarm, waiting: u64) -> Result<ToDo, Error> {
    let one = other(visit, alarm).await?;
    let mut what = one.what;
    what.push(stands_still(visit, "to-do-paused-waits", waiting));
    let href = Some(("/queue?state=held".to_owned(), visit.words().t("look-at-set-aside")));
    Ok(ToDo { what, href, ..one })
}

/// A mail server that does not take mail.
fn server(
    visit: &Visit,
    alarm: &Alarm,
    all: &[&Alarm],
    known: &Known,
    (counts, for_later): (&Counts, ForLater),
) -> ToDo {
    let (words, clockwork) = (visit.words(), &visit.clockwork);
    let provider = account::provider(alarm);
    let goes_on = matches!(known.standing, Standing::Backup { .. } | Standing::Well { .. });
    let (title, todo) = provider
        .and_then(|one| account::said(one, alarm, goes_on, words))
        .unwrap_or_else(|| of_server(visit, alarm, known));
    let is_down = matches!(known.standing, Standing::Down { .. } | Standing::Refused { .. });
    let by_password = alarm.kind == AlarmKind::SignIn && refused_by(alarm).is_none();
    // What is for later does not wait for the server.
    let waiting = known.now(&visit.sites()).waiting.saturating_sub(for_later.count);
    // Of two servers that do not take mail each is named, and what waits for either is said once.
    let is_first = all.iter().find(|other| is_server(other)).is_some_and(|first| first.id == alarm.id);
    let mut what = Vec::new();
    if is_down && is_first && waiting > 0 {
        let key = if alarm.kind == AlarmKind::SignIn { "to-do-locked-waits" } else { "to-do-down-waits" };
        what.push(words.count(key, waiting));
        // Who is limited to some libraries is not told when others' mail is given up.
        if let Some(at) = counts.expires_first_at {
            what.push(words.with("to-do-down-expires", &[("at", &clockwork.text(at))]));
        }
    }
    what.push(todo);
    let sees = visit.may(Permission::SeeAddresses);
    let may_change = visit.may(Permission::ChangePreferences);
    let link = match alarm.kind {
        AlarmKind::SignIn if by_password => Some("to-do-sign-in-link"),
        AlarmKind::SignIn | AlarmKind::ServerDown => Some("to-do-server-link"),
        _ => None,
    };
    ToDo {
        title,
        what,
        since: Some(clockwork.at(alarm.started_at)),
        href: link.filter(|_| may_change).map(|link| match provider {
            Some(one) => account::link(one, alarm, words),
            None => (format!("/preferences#{}", alarm.subject), words.t(link)),
        }),
        parts: Vec::new(),
        may_probe: !by_password && visit.may(Permission::ProbeServers),
        take: None,
        for_it: sees.then(|| ForIt { text: text_for_it(visit, alarm, known), noted: noted(alarm, all) }),
    }
}

fn is_server(alarm: &Alarm) -> bool {
    matches!(alarm.kind, AlarmKind::ServerDown | AlarmKind::SignIn | AlarmKind::BackupInUse)
}

/// The first server sends, and this is about one behind it.
fn is_of_the_backup(visit: &Visit, alarm: &Alarm, known: &Known) -> bool {
    let config = visit.pages.sources.config();
    let first = match &config.sending.way {
        Way::Servers(servers) => servers.first().map(|first| first.name.as_str()),
        Way::None | Way::Practice => None,
    };
    known.standing == Standing::Well { backup: StandBy::Down } && Some(alarm.subject.as_str()) != first
}

/// What is wrong with which server, and what is done about it.
fn of_server(visit: &Visit, alarm: &Alarm, known: &Known) -> (String, String) {
    let words = visit.words();
    if let Some((_, reason)) = why_not_this_way(&alarm.subject) {
        return (words.reason(reason), words.what_to_do(reason));
    }
    let (title, todo) = words.alarm(alarm.kind);
    let todo = match advised(alarm) {
        // The same that the alarm itself says, and when it is tried next.
        Some(reason) if alarm.kind == AlarmKind::ServerDown => {
            format!("{} {}", words.t("to-do-down-asked"), words.what_to_do(reason))
        }
        _ => todo,
    };
    let config = visit.pages.sources.config();
    let servers: &[_] = if let Way::Servers(servers) = &config.sending.way { servers } else { &[] };
    let two = servers.len() > 1;
    if let Some(first) = servers.first().filter(|_| servers.iter().any(|server| server.sign_in.is_some())) {
        let (name, first) = (named(&alarm.subject, words), named(&first.name, words));
        let with = |key: &str| words.with(key, &[("name", &name), ("first", &first)]);
        return match alarm.kind {
            AlarmKind::BackupInUse => (title, with("alarm-backup-by-do")),
            _ if is_of_the_backup(visit, alarm, known) => (with("alarm-by-down"), with("to-do-behind")),
            AlarmKind::ServerDown => (with("alarm-by-down"), todo),
            _ => (title, todo),
        };
    }
    if let Some(reason) = refused_by(alarm) {
        let why = words.reason(reason);
        let title = if two { format!("{}: {why}", named(&alarm.subject, words)) } else { why };
        let goes_on = matches!(known.standing, Standing::Backup { .. } | Standing::Well { .. });
        let mail = words.t(if goes_on { "alarm-account-behind" } else { "alarm-account-waits" });
        return (title, format!("{mail} {}", words.what_to_do(reason)));
    }
    let title = match (alarm.kind, &*alarm.subject) {
        (AlarmKind::ServerDown, "server1") if two => words.t("alarm-server-down-1"),
        (AlarmKind::ServerDown, "server2") if two => words.t("alarm-server-down-2"),
        (AlarmKind::SignIn, "server1") if two => words.t("alarm-sign-in-1"),
        (AlarmKind::SignIn, "server2") if two => words.t("alarm-sign-in-2"),
        _ => title,
    };
    let todo = match alarm.kind {
        AlarmKind::ServerDown if is_of_the_backup(visit, alarm, known) => words.t("to-do-backup-down"),
        // The next mail goes by the backup; none has yet.
        AlarmKind::ServerDown if matches!(known.standing, Standing::Backup { .. }) => {
            words.t("to-do-first-down")
        }
        AlarmKind::SignIn if is_of_the_backup(visit, alarm, known) => words.t("to-do-backup-signed-out"),
        _ => todo,
    };
    (title, todo)
}

/// The reason that says what is done about the server. Of answers that were lost it says what is done about a mail.
fn advised(alarm: &Alarm) -> Option<Reason> {
    alarm.reason?.of_mail().filter(|reason| *reason != Reason::AnswerUnknown)
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
        _ if is_of_the_backup(visit, alarm, known) => "for-it-backup-down",
        AlarmKind::SignIn if refused_by(alarm).is_none() => "for-it-sign-in",
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
    if alarm.kind == AlarmKind::SignInEnds
        && let Some((title, what, link)) = account_ends::to_do(visit, alarm).await?
    {
        let href = Some(link).filter(|_| visit.may(Permission::ChangePreferences));
        let (what, for_it) = (vec![what], for_it(visit, alarm));
        return Ok(ToDo { title, what, href, for_it, ..ToDo::default() });
    }
    if let Some(to_do) = old_export::to_do(visit, alarm) {
        return Ok(to_do);
    }
    if let Some(to_do) = folder::to_do(visit, alarm).await {
        return Ok(to_do);
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
pub(super) fn for_it(visit: &Visit, alarm: &Alarm) -> Option<ForIt> {
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
async fn decisions(visit: &Visit, now: &Now) -> Result<impl Iterator<Item = ToDo>, Error> {
    let words = visit.words();
    let kept_back = if now.held > 0 { kept_back::read(visit).await? } else { Vec::new() };
    let decide = move |(count, key, href, what): (u64, &str, &str, Vec<String>)| {
        let href = Some((href.to_owned(), words.t("look-at-them")));
        (count > 0).then(|| ToDo { title: words.count(key, count), what, href, ..ToDo::default() })
    };
    let all = [
        (now.in_doubt, "to-do-in-doubt", "/queue?state=in_doubt", Vec::new()),
        (now.held, "to-do-held", "/queue?state=held", kept_back),
    ];
    Ok(all.into_iter().filter_map(decide))
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

/// What came back, and was not sent again.
fn returned(visit: &Visit, pending: &Pending, last: Option<&LastRun>) -> Option<ToDo> {
    let words = visit.words();
    let (why, runs) = (pending.why_returned(), pending.returned());
    let count: u64 = runs.iter().map(|run| run.count).sum();
    let of_addresses = |reason: &Reason| {
        matches!(reason, Reason::AddressUnknown | Reason::DomainUnknown | Reason::MailboxDisabled)
    };
    let mut what: Vec<_> = why.iter().map(|(reason, count)| why_returned(visit, *reason, *count)).collect();
    let only = last.filter(|last| is_of(&runs, last));
    if only.is_some_and(LastRun::others_are_done) {
        what.push(words.t("to-do-returned-others"));
    }
    let corrected = why.iter().all(|(reason, _)| of_addresses(reason));
    what.push(words.count(if corrected { "to-do-returned-correct" } else { "to-do-returned-look" }, count));
    let (href, parts) = links(visit, &runs, "returned", words.count("to-do-returned-link", count));
    let title = if only.is_some() { "to-do-returned" } else { "to-do-returned-days" };
    (count > 0).then(|| ToDo { title: words.count(title, count), what, href, parts, ..ToDo::default() })
}

/// It is all of the last run.
fn is_of(runs: &[OfRun], last: &LastRun) -> bool {
    matches!(runs, [run] if run.id == last.id)
}

/// Where the names are: behind one link if all are of one run, else behind one for each of the newest.
pub(super) fn links(visit: &Visit, runs: &[OfRun], what: &str, text: String) -> (Option<Link>, Vec<Link>) {
    let names = |run: &OfRun| format!("/notices/runs/{}/names?what={what}", run.id);
    if let [run] = runs {
        return (Some((names(run), text)), Vec::new());
    }
    let words = visit.words();
    let one = |run: &OfRun| {
        let (n, when) = (words.number(run.count), visit.clockwork.lately(run.at));
        (names(run), words.with("to-do-of-run", &[("when", &when), ("n", &n)]))
    };
    let all = (runs.len() > LINKED).then(|| ("/notices".to_owned(), words.t("to-do-all-runs")));
    (None, runs.iter().take(LINKED).map(one).chain(all).collect())
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
fn not_written(visit: &Visit, pending: &Pending, last: Option<&LastRun>) -> Option<ToDo> {
    let words = visit.words();
    let (all, runs) = (pending.why_not_written(words), pending.not_written());
    let count = all.iter().map(|(count, ..)| count).sum();
    let line =
        |(count, what, todo): &(u64, String, String)| format!("{} {what}. {todo}", words.number(*count));
    let is_last = last.is_some_and(|last| is_of(&runs, last));
    let title = if is_last { "to-do-not-written" } else { "to-do-not-written-days" };
    let (href, parts) = links(visit, &runs, CAN_STILL, words.t("to-do-not-written-link"));
    (count > 0).then(|| ToDo {
        title: words.count(title, count),
        what: all.iter().map(line).collect(),
        href,
        parts,
        ..ToDo::default()
    })
}
