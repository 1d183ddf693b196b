//! The page around the form.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use store::{Error, MailAccount};

use super::{
    checklist::{self, Known, Line},
    copies,
    draft::{Draft, Notice},
    entries::LIBRARY_EMAIL,
    fields::{Form, ServerFields, label},
    history::Told,
    instead::Instead,
    library_email, refused, sentences,
    suggest::Found,
    tried::Failed,
};
use crate::{
    config::{Config, Loaded, Provider},
    identity::Permission,
    preferences,
    web::pages::{
        field::Field,
        frame::{Frame, Place, page_as},
        mail_account,
        not_done::NotDone,
        not_here, recovered,
        senders::{self, Sender},
        standing::Standing,
        visit::Visit,
        words::Words,
    },
};

/// A way of sending that can be chosen.
struct Way {
    value: &'static str,
    title: String,
    sentence: String,
    chosen: bool,
    /// Where somebody signs in for it.
    page: Option<&'static str>,
    /// That the sign-in ends soon.
    ends: Option<String>,
}

/// One that cannot be chosen yet: what to do today, and what Server 1 would be.
struct Later {
    title: String,
    sentence: String,
    /// What a button says, and what it fills in.
    takes: Vec<(String, &'static str)>,
    /// Where it is made possible, and what the link says.
    page: Option<(&'static str, String)>,
}

/// A field with something wrong: where it is on the page, and what it is called.
struct Marked {
    id: String,
    label: String,
}

/// A notice as it is read.
enum Above {
    Plain(String),
    /// With the fields that are marked, by their names.
    Wrong {
        title: String,
        marked: Vec<Marked>,
        others: Vec<NotDone>,
    },
    Meanwhile {
        changes: Vec<Told>,
        both: Vec<Marked>,
    },
    Failed(Vec<Failed>),
    Found(Box<Found>),
    Instead(Instead),
}

#[derive(Template)]
#[template(path = "preferences.html")]
struct Preferences {
    f: Frame,
    version: i64,
    /// By which passwords are found that were typed before.
    typed: Option<String>,
    unsaved: bool,
    above: Option<Above>,
    applies: String,
    programs: String,
    checklist: Vec<Line>,
    tone: &'static str,
    in_use: String,
    /// When what waited for the server leaves, now that it takes mail again.
    recovered: Option<String>,
    library_email: String,
    library_email_hint: String,
    library_email_problem: Option<String>,
    ways: Vec<Way>,
    /// What sends while the way fails, where there is more than one.
    backup: Vec<Field>,
    way_problem: Option<String>,
    way_elsewhere: Option<String>,
    later: Vec<Later>,
    own_name: Vec<Field>,
    servers: Vec<ServerFields>,
    senders: Vec<Sender>,
    failing: [String; 4],
    schedule: Vec<Vec<Field>>,
    in_doubt: Vec<Field>,
    reports: Vec<Field>,
    reports_more: Vec<Field>,
    /// Where what comes back later is read.
    comes_back: Vec<Field>,
    comes_back_folder: Option<String>,
    comes_back_counts: Option<String>,
    keep: Vec<Field>,
    alarms: Vec<Field>,
    alarm_command: Option<String>,
    unheard: bool,
    paused: Option<String>,
    stands_still: String,
    copies: [String; 3],
    last: Option<Told>,
    elsewhere: Vec<String>,
    /// What a later version has stored.
    unknown: Option<String>,
}

/// The page with what is stored.
pub(in super::super) async fn ask(visit: Visit) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    match visit.pages.sources.preferences.now().await {
        Ok(standing) => show(&visit, Draft::stored(standing)).await,
        Err(why) => refused(&why, &visit),
    }
}

pub(super) async fn show(visit: &Visit, draft: Draft) -> Response {
    show_as(StatusCode::OK, visit, draft).await
}

pub(super) async fn show_as(status: StatusCode, visit: &Visit, draft: Draft) -> Response {
    match made(visit, draft).await {
        Ok(preferences) => page_as(status, &preferences),
        Err(error) => not_here::of(&error, visit),
    }
}

async fn made(visit: &Visit, draft: Draft) -> Result<Preferences, Error> {
    let (sources, clockwork, words) = (&visit.pages.sources, &visit.clockwork, visit.words());
    let store = &sources.store;
    let config = &draft.standing.loaded.config;
    let own = visit.person().email.to_string();
    let form = Form {
        words,
        entries: &draft.entries,
        loaded: &draft.standing.loaded,
        faults: &draft.faults.by_field,
        typed: &draft.passwords,
        forgotten: &draft.forgotten,
        tests_to: &draft.tests_to,
        own: &own,
    };
    let (pause, (standing, alarms)) = (store.paused().await?, Standing::read(sources).await?);
    let waits = store.counts().await?.waiting > 0;
    let last = store.preference_changes(1).await?.pop();
    let sites = u64::try_from(config.sites.len()).unwrap_or(u64::MAX);
    let give_up = words.hours(config.schedule.give_up_after);
    let elsewhere =
        preferences::elsewhere(&draft.standing.loaded).map(|one| label(&one.name, words)).collect();
    Ok(Preferences {
        f: Frame::around(visit, Place::Email).await?,
        version: draft.standing.stored.version,
        typed: None,
        unsaved: draft.unsaved,
        above: None,
        applies: words.count("applies-to", sites),
        programs: programs(visit).await?,
        checklist: checklist::lines(config, &Box::pin(Known::read(visit, config)).await?, words),
        tone: standing.tone(),
        in_use: sentences::in_use(
            &sources.config().sending.way,
            &standing,
            &alarms,
            Box::pin(standing.in_use(sources, &alarms)).await.ok().flatten().as_ref(),
            clockwork,
        ),
        recovered: recovered::leaves(&standing, sources, clockwork).filter(|_| waits),
        library_email: draft.entries.get(LIBRARY_EMAIL).cloned().unwrap_or_default(),
        library_email_hint: library_email::hint(&draft, words),
        library_email_problem: draft.faults.by_field.get(LIBRARY_EMAIL).cloned(),
        ways: ways(&form, visit, &endings(visit).await?),
        backup: backup(&form, visit),
        way_problem: draft.faults.by_field.get("sending.way").cloned(),
        way_elsewhere: form.elsewhere("sending.way"),
        later: later(visit),
        own_name: form.group(["sending.ehlo_name"]),
        servers: form.servers(),
        senders: senders::by_the_way(visit, config).await?,
        failing: sentences::failing(config, words),
        schedule: schedule(&form),
        in_doubt: form.group(["sending.in_doubt"]),
        reports: form.group(["sending.digest_from"]),
        reports_more: form.group([
            "sending.digest_window",
            "sending.report_delay",
            "sending.bulk_over",
            "sending.null_reverse_path",
        ]),
        comes_back: form.group(["undeliverable.address", "undeliverable.by_smtp"]),
        comes_back_counts: config.undeliverable.is_read().then(|| counted(visit)),
        comes_back_folder: comes_back_folder(config, words),
        keep: form.group(["keep.texts_days", "keep.records_days"]),
        alarms: form.group(["alarms.email", "alarms.webhook", "alarms.waiting_limit", "alarms.deadman"]),
        alarm_command: config.alarms.command.as_ref().map(|command| command.display().to_string()),
        unheard: sentences::unheard(config),
        paused: pause.map(|pause| words.with("health-paused", &[("since", &clockwork.text(pause.began_at))])),
        stands_still: words.with("pause-stands-still", &[("after", &give_up)]),
        copies: copies::sentences(&config.sealing_key, store, words).await?,
        last: last.map(|change| Told::of(&change, clockwork)),
        elsewhere,
        unknown: unknown(&draft.standing.loaded, words),
    }
    .with(visit, draft))
}

fn unknown(loaded: &Loaded, words: &Words) -> Option<String> {
    let names: Vec<_> = loaded.unknown.iter().map(|one| one.setting.as_str()).collect();
    (!names.is_empty()).then(|| words.with("prefs-unknown", &[("names", &names.join(", "))]))
}

fn comes_back_folder(config: &Config, words: &Words) -> Option<String> {
    let folder = config.undeliverable.maildir.as_ref().or(config.undeliverable.mbox.as_ref())?;
    Some(words.with("comes-back-folder", &[("folder", &folder.display().to_string())]))
}

/// What was made of the mail that came back.
fn counted(visit: &Visit) -> String {
    let words = visit.words();
    let [noted, untied, others] = visit.pages.sources.came_back.now().map(|count| words.number(count));
    words.with("comes-back-counts", &[("noted", &noted), ("untied", &untied), ("others", &others)])
}

async fn programs(visit: &Visit) -> Result<String, Error> {
    let known = visit.pages.sources.store.applications().await?.readable;
    let names = known.into_iter().filter(|one| one.disabled_at.is_none()).map(|one| one.name.to_string());
    let names: Vec<_> = names.collect();
    Ok(match names.as_slice() {
        [] => visit.words().t("changes-notices"),
        names => visit.words().with("changes-programs", &[("programs", &names.join(", "))]),
    })
}

fn ways(form: &Form<'_>, visit: &Visit, endings: &[(Provider, String)]) -> Vec<Way> {
    let stands = form.entries.get("sending.way").map_or("", String::as_str);
    let way = |(value, title, sentence): (&'static str, &str, &str), page| Way {
        value,
        title: form.words.t(title),
        sentence: form.words.t(sentence),
        chosen: stands == value,
        page,
        ends: endings.iter().find(|(one, _)| one.name() == value).map(|(_, said)| said.clone()),
    };
    let always = [
        ("none", "way-none", "way-none-is"),
        ("practice", "way-practice", "way-practice-is"),
        ("servers", "way-servers", "way-servers-is"),
    ];
    let by = |provider: Provider| match provider {
        Provider::Google => ("google", "way-google", "way-google-is"),
        Provider::Microsoft => ("microsoft", "way-microsoft", "way-microsoft-is"),
    };
    let mut ways: Vec<_> = always.map(|one| way(one, None)).into();
    ways.extend(set_up(visit).map(|one| way(by(one), Some(mail_account::address(one)))));
    ways
}

/// What is said of sign-ins that end soon.
async fn endings(visit: &Visit) -> Result<Vec<(Provider, String)>, Error> {
    let accounts = visit.pages.sources.store.mail_accounts().await?;
    let of = |account: &MailAccount| {
        let provider = Provider::named(&account.provider)?;
        Some((provider, mail_account::ends::said(visit, provider, account)?))
    };
    Ok(accounts.iter().filter_map(of).collect())
}

/// It can be chosen once a provider is set up; before, Server 2 is the backup of Server 1.
fn backup(form: &Form<'_>, visit: &Visit) -> Vec<Field> {
    let stands = form.entries.get("sending.backup").is_some_and(|backup| !backup.is_empty());
    if stands || set_up(visit).next().is_some() { form.group(["sending.backup"]) } else { Vec::new() }
}

/// The providers at which somebody can sign in.
fn set_up(visit: &Visit) -> impl Iterator<Item = Provider> {
    Provider::ALL.into_iter().filter(|one| visit.pages.sources.accounts.provider(*one).is_some())
}

fn later(visit: &Visit) -> Vec<Later> {
    let words = visit.words();
    let later = |(title, sentence, takes): (&str, &str, &[(&str, &'static str)])| Later {
        title: words.t(title),
        sentence: words.t(sentence),
        takes: takes.iter().map(|(key, takes)| (words.t(key), *takes)).collect(),
        page: None,
    };
    let of_provider = |provider: Provider, of: (&str, &str, &[(&str, &'static str)])| {
        let text = words.with("way-set-up", &[("name", provider.title())]);
        Later { page: Some((mail_account::address(provider), text)), ..later(of) }
    };
    let google: &[_] = &[
        ("fill-google-relay", "smtp-relay.gmail.com 587 starttls"),
        ("fill-gmail", "smtp.gmail.com 587 starttls"),
    ];
    let microsoft: &[_] = &[("fill-microsoft", "smtp.office365.com 587 starttls")];
    let set_up: Vec<_> = set_up(visit).collect();
    let mut all = Vec::new();
    if !set_up.contains(&Provider::Google) {
        all.push(of_provider(Provider::Google, ("way-google", "way-google-today", google)));
    }
    if !set_up.contains(&Provider::Microsoft) {
        all.push(of_provider(Provider::Microsoft, ("way-microsoft", "way-microsoft-today", microsoft)));
    }
    all.push(later(("way-integrated", "way-integrated-today", &[])));
    all
}

/// In lines of fields that belong together.
fn schedule(form: &Form<'_>) -> Vec<Vec<Field>> {
    vec![
        form.group(["schedule.short_range"]),
        form.group(["schedule.short_wait.least", "schedule.short_wait.most"]),
        form.group(["schedule.long_wait.least", "schedule.long_wait.most"]),
        form.group(["schedule.give_up_after"]),
    ]
}

impl Marked {
    fn of(name: &str, words: &Words) -> Self {
        // The way has several boxes.
        let id = if name == "sending.way" { "way" } else { name };
        Self { id: id.to_owned(), label: label(name, words) }
    }
}

impl Preferences {
    /// With what is said above the form, and what was typed kept for the next time.
    fn with(self, visit: &Visit, draft: Draft) -> Self {
        let (words, others) = (visit.words(), draft.faults.others);
        let by_field = draft.faults.by_field;
        let above = draft.notice.map(|notice| match notice {
            Notice::Wrong => Above::Wrong {
                title: words.t("not-saved"),
                marked: by_field.keys().map(|name| Marked::of(name, words)).collect(),
                others,
            },
            Notice::FilledIn(said) => Above::Plain(said),
            Notice::Refused(why) => {
                Above::Wrong { title: words.t("not-done"), marked: Vec::new(), others: why }
            }
            Notice::Found(found) => Above::Found(found),
            Notice::Instead(provider) => Above::Instead(Instead::of(provider, words)),
            Notice::Failed(failed) => Above::Failed(failed),
            Notice::Meanwhile { changes, both } => Above::Meanwhile {
                changes: changes.iter().map(|change| Told::of(change, &visit.clockwork)).collect(),
                both: both.into_iter().map(|name| Marked::of(name, words)).collect(),
            },
        });
        let typed = visit.pages.typed.keep(visit.person().id, draft.passwords, visit.clockwork.now);
        Self { typed, above, ..self }
    }

    fn failed_title(&self, failed: &Failed) -> String {
        let server = self.f.words.t(if failed.number == 2 { "trial-server-2" } else { "trial-server-1" });
        self.f.words.with("tried-failed", &[("server", &server)])
    }

    /// Where it is put right.
    fn first_failed(servers: &[Failed]) -> &'static str {
        if servers.first().is_some_and(|failed| failed.number == 2) { "server2" } else { "server1" }
    }

    fn more(&self, lines: usize) -> String {
        self.f.words.count("changed-more", u64::try_from(lines).unwrap_or(u64::MAX))
    }

    fn is_open(fields: &[Field]) -> bool {
        fields.iter().any(|field| field.problem.is_some())
    }
}
