//! What is said in sentences: which server is in use, and what happens if an email fails to send.

use std::time::Duration;

use mail::retry::RetrySchedule;
use store::{Alarm, AlarmKind};

use crate::{
    config::{Config, Provider, Way},
    preferences::{InUse, Why},
    web::pages::{
        standing::{Standing, named, refused_by},
        when::Clockwork,
        words::Words,
    },
};

/// Which server is in use now, since when, and why.
pub(super) fn in_use(
    way: &Way,
    standing: &Standing,
    alarms: &[Alarm],
    known: Option<&InUse>,
    clockwork: &Clockwork,
) -> String {
    let sentence = of_the_standing(way, standing, alarms, clockwork);
    match known.and_then(|known| since(known, clockwork)) {
        Some(since) => format!("{sentence} {since}"),
        None => sentence,
    }
}

/// Since when the first server is used, and what came to be then. Of another the standing says it.
fn since(known: &InUse, clockwork: &Clockwork) -> Option<String> {
    let key = match known.why {
        Why::Set => "in-use-since-set",
        Why::TakesMailAgain => "in-use-since-again",
        Why::Started => "in-use-since-started",
        Why::FirstFails => return None,
    };
    let (words, since) = (clockwork.words, clockwork.text(known.since?));
    Some(words.with(key, &[("server", &named(&known.server, words)), ("since", &since)]))
}

fn of_the_standing(way: &Way, standing: &Standing, alarms: &[Alarm], clockwork: &Clockwork) -> String {
    let words = clockwork.words;
    let servers: &[_] = if let Way::Servers(servers) = way { servers } else { &[] };
    let by_provider = servers.iter().any(|server| server.sign_in.is_some());
    let with_why = |about: &dyn Fn(&str) -> bool| {
        let sentence = standing.sentence(way, clockwork);
        why(alarms, about, words).map_or(sentence.clone(), |why| format!("{sentence} {why}."))
    };
    let Standing::Backup { since: Some(since) } = standing else {
        let Standing::Down { sign_in, .. } = standing else { return standing.sentence(way, clockwork) };
        let about = |subject: &str| subject.starts_with("server") || by_provider;
        // Of both servers the sentence says it, and of one too, but who signed us out.
        let said = if *sign_in { AlarmKind::SignIn } else { AlarmKind::ServerDown };
        let is_said = fault(alarms, about).is_none_or(|fault| {
            fault.kind == said && (!sign_in || Provider::named(&fault.subject).is_none())
        });
        if is_said || servers.len() > 1 && !by_provider {
            return standing.sentence(way, clockwork);
        }
        return with_why(&about);
    };
    if let Some(first) = servers.first().filter(|_| by_provider) {
        return with_why(&|subject| subject == first.name);
    }
    let why = why(alarms, |subject| subject == "server1", words);
    let why = why.unwrap_or_else(|| words.alarm(AlarmKind::ServerDown).0);
    words.with("in-use-backup", &[("since", &clockwork.text(*since)), ("why", &why)])
}

fn fault(alarms: &[Alarm], about: impl Fn(&str) -> bool) -> Option<&Alarm> {
    let kinds = [AlarmKind::SignIn, AlarmKind::ServerDown, AlarmKind::Quota];
    alarms.iter().find(|alarm| kinds.contains(&alarm.kind) && about(&alarm.subject))
}

fn why(alarms: &[Alarm], about: impl Fn(&str) -> bool, words: &Words) -> Option<String> {
    let found = fault(alarms, about)?;
    if let Some(reason) = refused_by(found).filter(|_| Provider::named(&found.subject).is_none()) {
        return Some(words.reason(reason).trim_end_matches('.').to_owned());
    }
    let provider = Provider::named(&found.subject).filter(|_| found.kind == AlarmKind::SignIn);
    Some(provider.map_or_else(
        || words.alarm(found.kind).0,
        |provider| words.with("alarm-account", &[("name", provider.title())]),
    ))
}

/// What happens if an email fails to send, with the numbers that hold now.
pub(super) fn failing(config: &Config, words: &Words) -> [String; 4] {
    let RetrySchedule { short_range, short_wait, long_wait, give_up_after } = config.schedule;
    // Both in one unit, which is said once.
    let (from, to) = (in_minutes(short_wait.0, words), words.minutes(short_wait.1));
    let (later_from, later_to) = (in_minutes(long_wait.0, words), words.minutes(long_wait.1));
    [
        words.with("failing-short", &[("range", &words.minutes(short_range)), ("from", &from), ("to", &to)]),
        words.with("failing-long", &[("from", &later_from), ("to", &later_to)]),
        words.with("failing-end", &[("after", &words.hours(give_up_after))]),
        words.t("failing-at-once"),
    ]
}

/// With neither a second way nor a web address, nobody hears that the only server is dead.
pub(super) fn unheard(config: &Config) -> bool {
    let second = matches!(&config.sending.way, Way::Servers(servers) if servers.len() > 1);
    !second && config.alarms.webhook.is_none() && config.alarms.command.is_none()
}

fn in_minutes(length: Duration, words: &Words) -> String {
    words.number(length.as_secs().div_ceil(60))
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use jiff::{Timestamp, tz::TimeZone};

    use super::*;
    use crate::{
        config::Server,
        web::pages::{standing::StandBy, words::Language},
    };

    fn alarm(kind: AlarmKind, subject: &str) -> Alarm {
        let (subject, text) = (subject.to_owned(), String::new());
        Alarm { id: 1, kind, subject, reason: None, text, started_at: at(), ended_at: None, told: 0 }
    }

    fn at() -> Timestamp {
        "2026-11-27T22:10:00Z".parse().unwrap()
    }

    #[test]
    fn of_the_first_server_it_is_said_since_when() {
        let now = "2026-11-28T09:00:00Z".parse().unwrap();
        let well = Standing::Well { backup: StandBy::Nothing };
        let said = |language: Language, why| {
            let clockwork = Clockwork { words: language.words(), zone: TimeZone::UTC, now };
            let known = InUse { server: "server1".to_owned(), since: Some(at()), why, fault: None };
            in_use(&Way::None, &well, &[], Some(&known), &clockwork)
        };
        let whole = "All mail goes out through Server 1. Server 1 has been used since 27 Nov, 22:10,";
        for (why, expected) in [
            (Why::Set, "when it was set so."),
            (Why::TakesMailAgain, "when it took mail again."),
            (Why::Started, "when Bookpost was started."),
        ] {
            assert_eq!(said(Language::English, why), format!("{whole} {expected}"));
            assert!(said(Language::Spanish, why).contains("desde"), "{why:?}");
        }
        assert_eq!(said(Language::English, Why::FirstFails), "All mail goes out through Server 1.");
    }

    #[test]
    fn it_is_said_which_server_is_in_use_and_why() {
        let now = "2026-11-28T09:00:00Z".parse().unwrap();
        let clockwork = Clockwork { words: Language::English.words(), zone: TimeZone::UTC, now };
        let backup = Standing::Backup { since: Some(at()) };
        for (standing, alarms, expected) in [
            (
                &backup,
                vec![alarm(AlarmKind::ServerDown, "server1")],
                "All mail has gone out, through the backup server, since 27 Nov, 22:10. Why: The mail server does not answer as it should (Server 1).",
            ),
            (
                &backup,
                vec![alarm(AlarmKind::SignIn, "server1"), alarm(AlarmKind::ServerDown, "server1")],
                "All mail has gone out, through the backup server, since 27 Nov, 22:10. Why: The mail server did not accept our password (Server 1).",
            ),
            (&Standing::Well { backup: StandBy::Nothing }, vec![], "All mail goes out through Server 1."),
            (
                &Standing::Down { since: None, sign_in: false },
                vec![alarm(AlarmKind::SignIn, "server1")],
                "Nothing goes out at the moment: the mail server does not answer as it should. Mail is kept, and goes out by itself as soon as it can. The mail server did not accept our password.",
            ),
            (
                &Standing::Down { since: Some(at()), sign_in: false },
                vec![alarm(AlarmKind::ServerDown, "server1")],
                "Nothing has gone out since 27 Nov, 22:10: the mail server does not answer as it should. Mail is kept, and goes out by itself as soon as it can.",
            ),
        ] {
            assert_eq!(in_use(&Way::None, standing, &alarms, None, &clockwork), expected);
        }
    }

    /// There is no password, and Server 1 may be behind it.
    #[test]
    fn a_provider_is_named() {
        let now = "2026-11-28T09:00:00Z".parse().unwrap();
        let clockwork = Clockwork { words: Language::English.words(), zone: TimeZone::UTC, now };
        let named = |name: &str| Server::plain(name, ([192, 0, 2, 1], 25).into());
        let google = Arc::new(Server { sign_in: Some(Provider::Google), ..named("google") });
        let own = Arc::new(named("server1"));
        let (alone, google_first) =
            ([Arc::clone(&google)].to_vec(), [Arc::clone(&google), Arc::clone(&own)].to_vec());
        let own_first = [own, google].to_vec();
        let signed_out = || vec![alarm(AlarmKind::SignIn, "google")];
        let down = Standing::Down { since: Some(at()), sign_in: true };
        let backup = Standing::Backup { since: Some(at()) };
        let well = |backup| Standing::Well { backup };
        for (servers, standing, alarms, expected) in [
            (&alone, &well(StandBy::Nothing), vec![], "All mail goes out through Google."),
            (
                &google_first,
                &well(StandBy::Ready),
                vec![],
                "All mail goes out through Google; the backup stands by.",
            ),
            (
                &own_first,
                &well(StandBy::Ready),
                vec![],
                "All mail goes out through Server 1; the backup stands by.",
            ),
            (
                &own_first,
                &well(StandBy::Down),
                signed_out(),
                "All mail goes out through Server 1. The backup cannot be used at the moment.",
            ),
            (
                &alone,
                &down,
                signed_out(),
                "Nothing has gone out since 27 Nov, 22:10: somebody must sign in at Google. Mail is kept, and goes out by itself afterwards. Google signed us out.",
            ),
            (
                &google_first,
                &backup,
                signed_out(),
                "All mail has gone out through the backup since 27 Nov, 22:10: Google takes none. Google signed us out.",
            ),
            (
                &own_first,
                &backup,
                vec![alarm(AlarmKind::ServerDown, "server1")],
                "All mail has gone out through the backup since 27 Nov, 22:10: Server 1 takes none. The mail server does not answer as it should.",
            ),
        ] {
            let way = Way::Servers(servers.clone());
            assert_eq!(in_use(&way, standing, &alarms, None, &clockwork), expected);
        }
    }

    #[test]
    fn what_happens_is_said_with_the_numbers_that_hold() {
        let mut config = Config::usual(Path::new("/"), Way::None);
        let said = failing(&config, Language::English.words());
        assert!(said[0].contains("60 minutes") && said[0].contains("after 3 to 9 minutes"), "{said:?}");
        assert!(said[1].contains("60 to 90 minutes"), "{said:?}");
        assert!(said[2].contains("100 hours"), "{said:?}");
        config.schedule.give_up_after = Duration::from_mins(90);
        config.schedule.short_wait.0 = Duration::from_mins(1);
        let said = failing(&config, Language::English.words());
        assert!(said[0].contains("after 1 to 9 minutes") && said[2].contains("90 minutes"), "{said:?}");
    }

    #[test]
    fn a_dead_server_is_heard_of_by_another_way_only() {
        let mut config = Config::usual(Path::new("/"), Way::None);
        assert!(unheard(&config));
        config.alarms.email = Some("it@library.example".parse().unwrap());
        assert!(unheard(&config), "that mail would go by the dead server");
        config.alarms.webhook = Some("https://a.example".to_owned());
        assert!(!unheard(&config));
    }
}
