//! From the settings as written to values that can be used as they stand. Goes on after a problem, to find them all.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use mail::retry::RetrySchedule;
use zeroize::Zeroizing;

use super::{
    AlarmsConfig, Backup, Config, InDoubtPolicy, Keep, MailProvider, NotPrivate, NoticesConfig, Sending,
    Site, Surroundings, Way, Wrong,
    checked::{LANGUAGES, NO_HOST, USUAL_LISTEN_CONNECTIONS, USUAL_WAITING},
    database,
    doors::doors,
    mail_provider, oidc, private_url,
    raw::Raw,
    secret, servers, sign_in_service,
    surroundings::{ABORT_AT, is_full},
    undeliverable::undeliverable,
    web,
};
use crate::{
    app::steps::AbortAt,
    secrets::{GivenBy, KeySource, SealingKey},
};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// What a library is called before anybody says its name.
const NAMELESS: &str = "The library";

const MOST_LISTEN_CONNECTIONS: u64 = 10_000;

/// Everything, or None when something that cannot be done without is missing or wrong. Problems are noted in `raw`.
pub(super) fn check(raw: &mut Raw, around: &Surroundings) -> Option<Config> {
    let library = raw.get("library").unwrap_or_else(|| NAMELESS.to_owned());
    let data_dir = data_dir(raw);
    let web = web::door(raw);
    let listen = web::listen(raw, &web);
    let listen_connections =
        raw.get_within("listen_connections", USUAL_LISTEN_CONNECTIONS as u64, 1..=MOST_LISTEN_CONNECTIONS);
    let public_address = public_address(raw);
    web::is_private(raw, &web, public_address.as_deref());
    let oidc = oidc::oidc(raw, around, public_address.as_deref());
    let log = raw.get("log").unwrap_or_else(|| "info".to_owned());
    let sealing_key = sealing_key(raw, &data_dir, around);
    let database = database::database(raw, around);
    let sign_in_service = sign_in_service::service(raw, around, sealing_key.as_ref());
    let providers = mail_provider::providers(raw, around, sealing_key.as_ref(), sign_in_service.as_ref());
    let sending = sending(raw, around, sealing_key.as_ref(), &providers);
    let schedule = schedule(raw);
    let sites = sites(raw);
    let library_mail = sites.iter().flatten().find_map(|site| site.email.as_ref());
    let sending = sending.map(|sending| sending.named_after(library_mail));
    let doors = doors(raw);
    let undeliverable = undeliverable(raw);
    let notices = notices(raw, &data_dir, sites.as_deref());
    let alarms = alarms(raw, schedule.give_up_after);
    // An event is told with what the record of its message says.
    let events_kept = store::EVENTS_KEPT.as_secs().div_ceil(DAY.as_secs());
    let keep = Keep {
        bodies: days(raw, "keep.texts_days", 1, 30),
        records: days(raw, "keep.records_days", events_kept, 365),
    };
    if keep.records < keep.bodies {
        raw.wrong(
            Wrong::RecordsTooShort,
            "keep",
            "texts would be kept longer than the records they belong to",
            "keep records at least as long",
        );
    }
    Some(Config {
        data_dir,
        database,
        library,
        sending: sending?,
        schedule,
        alarms,
        sites: sites?,
        notices,
        doors,
        undeliverable,
        sealing_key: sealing_key?,
        listen: listen?,
        web,
        listen_connections: usize::try_from(listen_connections).unwrap_or(usize::MAX),
        public_address,
        sign_in_service,
        providers,
        oidc,
        keep,
        log,
        abort_at: abort_at(raw, around),
    })
}

/// Where the queue is.
pub(super) fn data_dir(raw: &mut Raw) -> PathBuf {
    raw.get("data_dir").unwrap_or_else(|| PathBuf::from("/var/lib/bookpost"))
}

/// Set by tests only, and only in the environment.
fn abort_at(raw: &mut Raw, around: &Surroundings) -> Option<AbortAt> {
    let parsed = around.variable(ABORT_AT)?.parse();
    parsed.map_err(|why: String| raw.problem(ABORT_AT, why, "do not set it: it is for tests")).ok()
}

/// None: what is named is no key, or cannot be had, which is noted.
fn sealing_key(raw: &mut Raw, data_dir: &Path, around: &Surroundings) -> Option<KeySource> {
    let (named, key) = given_key(raw, "key", around);
    let (old_named, old) = given_key(raw, "old_key", around);
    if old_named && !named {
        let what = "an old key is named, and no new one";
        raw.problem("secrets", what, "without both in the settings, run: bookpost keys rotate");
    }
    match key {
        Some(key) => Some(KeySource::Given { by: given_by(raw)?, key, old }),
        None => (!named).then(|| KeySource::File(KeySource::usual(data_dir))),
    }
}

/// What gives the key; None: nothing that is named.
fn given_by(raw: &mut Raw) -> Option<GivenBy> {
    let file = raw.get("secrets.key_file").map(GivenBy::File);
    let variable = raw.get("secrets.key_env").map(GivenBy::Variable);
    file.or(variable).or_else(|| raw.get("secrets.key_credential").map(GivenBy::Credential))
}

/// Whether a key is named, and the key; one that is none, or cannot be had, is noted.
fn given_key(raw: &mut Raw, what: &str, around: &Surroundings) -> (bool, Option<Zeroizing<String>>) {
    let named = ["file", "env", "credential"].iter().any(|place| raw.has(&format!("secrets.{what}_{place}")));
    let text = secret::secret(raw, "secrets", what, around);
    let usable = text.filter(|text| {
        SealingKey::parse(text)
            .map_err(|error| {
                raw.problem("secrets", error.to_string(), "make one: head -c 32 /dev/urandom | base64");
            })
            .is_ok()
    });
    (named, usable)
}

/// As browsers write it in `Origin` (RFC 6454 section 6.2): in small letters, without the port that goes without saying.
fn public_address(raw: &mut Raw) -> Option<String> {
    let text: String = raw.get("public_address")?;
    let lower = text.trim().trim_end_matches('/').to_ascii_lowercase();
    let is_host = |host: &str| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    };
    for (scheme, usual_port) in [("https://", ":443"), ("http://", ":80")] {
        if let Some(host) = lower.strip_prefix(scheme).filter(|host| is_host(host)) {
            return Some(format!("{scheme}{}", host.strip_suffix(usual_port).unwrap_or(host)));
        }
    }
    let todo = "write it like \"https://bookpost.library.example\"";
    raw.problem(
        "public_address",
        format!("{text:?} is not a web address with a name and nothing after it"),
        todo,
    );
    None
}

fn sending(
    raw: &mut Raw,
    around: &Surroundings,
    key: Option<&KeySource>,
    providers: &[MailProvider],
) -> Option<Sending> {
    let way_is_chosen = raw.has("sending.way");
    let backup = raw.get("sending.backup").unwrap_or(Backup::None);
    let (way, servers) = servers::way(raw, around, key, providers, backup).unzip();
    let needs_none = match &way {
        Some(Way::None | Way::Practice) => true,
        Some(Way::Servers(servers)) => servers.iter().all(|server| server.sign_in.is_some()),
        None => false,
    };
    let ehlo_name = ehlo_name(raw, around, needs_none);
    Some(Sending {
        in_doubt: raw.get("sending.in_doubt").unwrap_or(InDoubtPolicy::Retry),
        digest_from: raw.get("sending.digest_from").unwrap_or(20),
        digest_window: raw.get("sending.digest_window").unwrap_or(10 * MINUTE),
        report_delay: raw.get("sending.report_delay").unwrap_or(MINUTE),
        bulk_over: raw.get("sending.bulk_over").unwrap_or(500),
        null_reverse_path: raw.get("sending.null_reverse_path").unwrap_or(true),
        way: way?,
        backup,
        way_is_chosen,
        servers: servers?,
        ehlo_name: ehlo_name?,
        ehlo_is_borrowed: false,
    })
}

fn ehlo_name(raw: &mut Raw, around: &Surroundings, needs_none: bool) -> Option<String> {
    let path = "sending.ehlo_name";
    let todo = "set `sending.ehlo_name` to this machine's full name, such as \"books.library.example\"";
    if raw.has(path) {
        let name: String = raw.get(path)?;
        if is_full(&name) {
            return Some(name);
        }
        raw.wrong(
            Wrong::NoFullName,
            path,
            format!("mail servers distrust a machine that calls itself {name:?}"),
            todo,
        );
        return None;
    }
    let _: Option<String> = raw.get(path);
    match around.host_name.clone().filter(|name| is_full(name)) {
        Some(name) => Some(name),
        None if needs_none => Some(NO_HOST.to_owned()),
        None => {
            raw.wrong(
                Wrong::NoFullName,
                path,
                "this machine's full name cannot be found, and mail servers ask for it",
                todo,
            );
            None
        }
    }
}

fn schedule(raw: &mut Raw) -> RetrySchedule {
    let usual = RetrySchedule::default();
    let schedule = RetrySchedule {
        short_range: raw.get("schedule.short_range").unwrap_or(usual.short_range),
        short_wait: raw.get("schedule.short_wait").unwrap_or(usual.short_wait),
        long_wait: raw.get("schedule.long_wait").unwrap_or(usual.long_wait),
        give_up_after: raw.get("schedule.give_up_after").unwrap_or(usual.give_up_after),
    };
    if !(10 * MINUTE..=24 * HOUR).contains(&schedule.short_range) {
        raw.wrong(
            Wrong::ShortRange,
            "schedule.short_range",
            "the short range is too short or too long",
            "choose from \"10m\" to \"24h\"",
        );
    }
    if schedule.give_up_after < schedule.short_range {
        let what = "messages would be given up before the short range is over";
        raw.wrong(
            Wrong::GivenUpTooSoon,
            "schedule.give_up_after",
            what,
            "choose a longer time; \"100h\" is usual",
        );
    }
    schedule
}

/// There may be none yet: then notices have nobody to be from, and each run says so.
fn sites(raw: &mut Raw) -> Option<Vec<Site>> {
    let count = raw.count("sites");
    let sites: Vec<_> = (0..count).map(|at| site(raw, at)).collect();
    let mut seen = BTreeSet::new();
    for (at, site) in sites.iter().enumerate() {
        let Some(site) = site else { continue };
        let codes =
            std::iter::once(("code", &site.code)).chain(site.branches.iter().map(|one| ("branches", one)));
        for (key, code) in codes {
            if !seen.insert(code.clone()) {
                let what = format!("the code {code:?} belongs to more than one site");
                let todo = "give each site its own codes, as the exports have them";
                raw.problem(&format!("sites.{at}.{key}"), what, todo);
            }
        }
    }
    sites.into_iter().collect()
}

fn site(raw: &mut Raw, at: usize) -> Option<Site> {
    let path = |key: &str| format!("sites.{at}.{key}");
    let code = raw.need(&path("code"), "the branch code that the exports use");
    let name: Option<String> = raw.need(&path("name"), "the name that patrons know");
    if name.as_deref().is_some_and(|name| name.contains(char::is_control)) {
        let what = "there is a line break, or another character that cannot be shown, in the name";
        raw.problem(&path("name"), what, "write it in one line");
    }
    let email = raw.get(&path("email"));
    let (reply_to, return_address) = (raw.get(&path("reply_to")), raw.get(&path("return_address")));
    let phone = raw.get(&path("phone"));
    let branches = raw.get(&path("branches")).unwrap_or_default();
    let time_zone = raw.get(&path("time_zone"));
    let language = language(raw, &path("language"));
    let (code, name) = (code?, name?);
    Some(Site { code, name, email, reply_to, return_address, phone, branches, time_zone, language })
}

/// One that notices are written in.
fn language(raw: &mut Raw, path: &str) -> Option<String> {
    let language: Option<String> = raw.get(path);
    if let Some(other) = language.as_deref().filter(|one| !LANGUAGES.contains(one)) {
        raw.problem(path, format!("notices are not written in {other:?}"), "write \"en\" or \"es\"");
    }
    language
}

fn notices(raw: &mut Raw, data_dir: &Path, sites: Option<&[Site]>) -> NoticesConfig {
    let repeat_days: u64 = raw.get("notices.repeat_days").unwrap_or(6);
    let wording = raw.get("notices.wording").unwrap_or_else(|| "overdue".to_owned());
    let templates: Option<PathBuf> = raw.get("notices.templates");
    let aliases: Option<PathBuf> = raw.get("notices.aliases");
    if templates.as_ref().is_some_and(|folder| !folder.is_dir()) {
        raw.problem("notices.templates", "there is no such folder", "make it, or remove the setting");
    }
    if aliases.as_ref().is_some_and(|file| !file.is_file()) {
        raw.problem("notices.aliases", "there is no such file", "make it, or remove the setting");
    }
    if templates.is_none() && !["overdue", "overdue-without-titles"].contains(&wording.as_str()) {
        let todo = "use \"overdue\" or \"overdue-without-titles\", or name a folder with own wordings as `notices.templates`";
        raw.problem("notices.wording", format!("there is no wording {wording:?}"), todo);
    }
    let dates: Option<String> = raw.get("notices.dates");
    if dates.as_deref().is_some_and(|order| !["d/m/y", "m/d/y", "y/m/d"].contains(&order)) {
        raw.problem(
            "notices.dates",
            "this is no order of day, month and year",
            "write \"d/m/y\", \"m/d/y\" or \"y/m/d\"",
        );
    }
    let default_site: Option<String> = raw.get("notices.default_site");
    // Where a site could not be read, its code may be the one that is meant.
    if let (Some(code), Some(sites)) = (&default_site, sites)
        && sites.iter().all(|site| site.code != *code)
    {
        let known: Vec<_> = sites.iter().map(|site| site.code.as_str()).collect();
        let todo = format!("use one of the codes of [[sites]]: {}", known.join(", "));
        raw.problem("notices.default_site", format!("no site has the code {code:?}"), todo);
    }
    NoticesConfig {
        repeat: (repeat_days > 0).then(|| DAY.saturating_mul(u32::try_from(repeat_days).unwrap_or(u32::MAX))),
        wording,
        templates,
        aliases,
        dates,
        drop_folder: raw.get("notices.drop_folder").unwrap_or_else(|| data_dir.join("notices.d")),
        default_site,
        language: language(raw, "notices.language").unwrap_or_else(|| "en".to_owned()),
    }
}

fn alarms(raw: &mut Raw, give_up_after: Duration) -> AlarmsConfig {
    let command: Option<PathBuf> = raw.get("alarms.command");
    if let Some(command) = command.as_ref().filter(|command| !command.is_file()) {
        let what = format!("there is no command {}", command.display());
        raw.problem("alarms.command", what, "name a program by its full path; it is run without arguments");
    }
    AlarmsConfig {
        command,
        webhook: web_address(raw, "alarms.webhook"),
        email: raw.get("alarms.email"),
        deadman: web_address(raw, "alarms.deadman"),
        waiting: waiting(raw, give_up_after),
    }
}

/// What is told there nobody reads on the way.
fn web_address(raw: &mut Raw, key: &str) -> Option<String> {
    let address: Option<String> = raw.get(key);
    if let Some((text, why)) = address.as_ref().and_then(|at| Some((at, private_url(at).err()?))) {
        let (what, todo) = match why {
            NotPrivate::Malformed => {
                (format!("`{key}` is {text:?}: this is not a web address"), "write it with https:// in front")
            }
            NotPrivate::NotEncrypted => (
                format!("`{key}` is {text:?}: what is told there could be read on the way"),
                "write it with https:// in front",
            ),
            // What stands in it is not shown.
            NotPrivate::Credentials => {
                (format!("`{key}`: a name or a password stands in the address"), "take both out")
            }
        };
        raw.wrong(Wrong::WebAddress, key, what, todo);
    }
    address
}

/// How long mail may wait before a person is told: less than until it is given up.
fn waiting(raw: &mut Raw, give_up_after: Duration) -> Duration {
    let Some(given) = raw.get("alarms.waiting_limit") else { return USUAL_WAITING.min(give_up_after / 2) };
    if given >= give_up_after {
        let todo = "choose less than `schedule.give_up_after`; \"24h\" is usual";
        raw.problem("alarms.waiting_limit", "mail is given up before it has waited for so long", todo);
    } else if !(HOUR..=365 * DAY).contains(&given) {
        let todo = "choose from \"1h\" to \"8760h\"; \"24h\" is usual";
        raw.problem("alarms.waiting_limit", "it is shorter than an hour or longer than a year", todo);
    }
    given
}

fn days(raw: &mut Raw, path: &str, least: u64, usual: u64) -> Duration {
    let days: u64 = raw.get(path).unwrap_or(usual);
    let most = 36_500;
    if !(least..=most).contains(&days) {
        let todo = format!("choose a number of days from {least} to {most}");
        raw.wrong(Wrong::OutOfRange { least, most }, path, format!("`{path}` is {days}"), todo);
    }
    DAY.saturating_mul(u32::try_from(days).unwrap_or(u32::MAX))
}
