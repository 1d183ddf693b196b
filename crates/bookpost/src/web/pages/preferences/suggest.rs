//! "Find out": who hosts the mail of the library's address, and by which server it can be sent. What is taken over stands in the form
//! and is not saved; so does a port that was found, and a form that was away for a test.

use axum::response::Response;
use mail::Address;

use super::{
    draft::{Draft, Notice, begin},
    entries::LIBRARY_EMAIL,
    page,
    sent::Sent,
};
use crate::{
    deliver::hosting::{self, Answer, Hosting, LookupError, SignIn, Suggestion},
    web::pages::{form::Posted, visit::Visit, words::Words},
};

/// What was found out.
pub(super) struct Found {
    pub(super) sentence: String,
    pub(super) suggestions: Vec<Suggested>,
}

/// A server that can be taken over.
pub(super) struct Suggested {
    pub(super) title: String,
    pub(super) server: String,
    pub(super) notes: Vec<String>,
    /// What the button sends.
    pub(super) takes: String,
}

/// Looks it up, or takes a suggestion over, or shows the form as it was.
pub(in super::super) async fn answer(Posted { visit, form }: Posted<Sent>) -> Response {
    let mut draft = match begin(&visit, &form).await {
        Ok(draft) => draft,
        Err(refused) => return refused,
    };
    let filled_in = if let Some(wanted) = form.get("use") {
        take_over(wanted, &mut draft).then(|| visit.words().t("taken-over"))
    } else if let Some(found) = form.get("port") {
        take_port(found, &mut draft).map(|port| visit.words().with("port-taken", &[("port", port)]))
    } else {
        None
    };
    if ["use", "port", "back"].iter().any(|button| form.has(button)) {
        draft.notice = filled_in.map(Notice::FilledIn);
        if draft.typed_too_long_ago && draft.notice.is_none() {
            draft.faults.others.push(visit.words().t("password-too-long-ago").into());
            draft.notice = Some(Notice::Wrong);
        }
        return page::show(&visit, draft).await;
    }
    let text = form.get(LIBRARY_EMAIL).unwrap_or_default().trim().to_owned();
    match Address::parse(&text) {
        Ok(address) => draft.notice = Some(Notice::Found(Box::new(find(&address, &visit).await))),
        Err(_) => draft.fault(LIBRARY_EMAIL, visit.words().t("fault-email")),
    }
    // Also where it cannot be changed here.
    draft.entries.insert(LIBRARY_EMAIL, text);
    page::show(&visit, draft).await
}

/// What the names of servers end in at which nobody signs in.
const RELAYS: [&str; 2] = ["smtp-relay.gmail.com", ".mail.protection.outlook.com"];

/// `HOST PORT ENCRYPTION` as Server 1. Whatever it is, it is checked like everything that is typed.
fn take_over(wanted: &str, draft: &mut Draft) -> bool {
    let mut parts = wanted.split_ascii_whitespace();
    let (Some(host), Some(port), Some(encryption)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    for (name, text) in [
        ("sending.way", "servers"),
        ("server1.host", host),
        ("server1.port", port),
        ("server1.encryption", encryption),
        ("server1.allow_non_secure", ""),
    ] {
        draft.fill(name, text);
    }
    // A relay knows us by our address: it asks for no login, and one that is left there would want its password anew.
    if RELAYS.iter().any(|relay| host.ends_with(relay)) {
        draft.fill("server1.login", "");
        draft.passwords.remove("server1.password");
        draft.forgotten.push("server1.password".to_owned());
    }
    true
}

/// `SERVER PORT ENCRYPTION`, as it was found; the port.
fn take_port<'a>(found: &'a str, draft: &mut Draft) -> Option<&'a str> {
    let mut parts = found.split_ascii_whitespace();
    let (server, port, encryption) = (parts.next()?, parts.next()?, parts.next()?);
    let (of_port, of_encryption) = match server {
        "server1" => ("server1.port", "server1.encryption"),
        "server2" => ("server2.port", "server2.encryption"),
        _ => return None,
    };
    draft.fill(of_port, port);
    draft.fill(of_encryption, encryption);
    Some(port)
}

async fn find(address: &Address, visit: &Visit) -> Found {
    let (words, sources) = (visit.words(), &visit.pages.sources);
    let not_found = |sentence: String| Found { sentence, suggestions: Vec::new() };
    match sources.look_at(address.domain()).await {
        Ok((hosting, answer)) => found(hosting, &answer, words),
        Err(LookupError::NoSuchDomain(domain)) => {
            not_found(words.with("host-no-domain", &[("domain", &domain)]))
        }
        Err(LookupError::NoAnswer(..)) => not_found(words.t("host-no-answer")),
    }
}

fn found(hosting: Hosting, answer: &Answer, words: &Words) -> Found {
    let domain = ("domain", answer.domain.as_str());
    let by = ("by", answer.hosted_by.unwrap_or_default());
    let mut sentence = match hosting {
        Hosting::At(_) => words.with("host-at", &[domain, by]),
        Hosting::Behind(_) => words.with("host-behind", &[domain, by]),
        Hosting::Own => words.with("host-own", &[domain]),
        Hosting::NoMail => words.with("host-no-mail", &[domain]),
    };
    if answer.suggestions.is_empty() && hosting != Hosting::NoMail {
        sentence.push(' ');
        sentence.push_str(&words.t("host-ask"));
    }
    Found { sentence, suggestions: answer.suggestions.iter().map(|one| suggested(one, words)).collect() }
}

fn suggested(one: &Suggestion, words: &Words) -> Suggested {
    let (title, notes) = match one.host.as_str() {
        "smtp-relay.gmail.com" => ("suggest-google-relay", vec!["suggest-google-relay-note"]),
        "smtp.gmail.com" => ("suggest-gmail", vec!["suggest-gmail-note"]),
        "smtp.office365.com" => ("suggest-microsoft", vec!["suggest-microsoft-note"]),
        host if hosting::Provider::of_server(host).is_some() || host.ends_with(".mx.microsoft") => {
            ("suggest-microsoft-direct", vec!["suggest-microsoft-direct-note"])
        }
        _ => ("suggest-own", own_notes(one)),
    };
    Suggested {
        title: words.t(title),
        server: format!("{}:{}", one.host, one.port),
        notes: notes.into_iter().map(|key| words.t(key)).collect(),
        takes: format!("{} {} {}", one.host, one.port, one.encryption),
    }
}

fn own_notes(one: &Suggestion) -> Vec<&'static str> {
    let notes = [
        (one.sign_in == SignIn::Needed, "suggest-needs-login"),
        (one.encryption == "none", "suggest-not-encrypted"),
        (one.port == 25, "suggest-port-25"),
    ];
    notes.into_iter().filter_map(|(so, key)| so.then_some(key)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{deliver::hosting::MailServers, web::pages::words::Language};

    fn of(domain: &str, servers: &[&str]) -> Found {
        let servers = MailServers::At(servers.iter().map(|&server| server.to_owned()).collect());
        let answer = hosting::answer(domain, &servers, &[]);
        found(Hosting::of(&servers), &answer, Language::English.words())
    }

    #[test]
    fn each_provider_has_its_suggestions_in_our_words() {
        for (servers, sentence, takes) in [
            (
                &["aspmx.l.google.com"][..],
                "library.example has its mail at Google.",
                &["smtp-relay.gmail.com 587 starttls", "smtp.gmail.com 587 starttls"][..],
            ),
            (
                &["library-example.mail.protection.outlook.com"],
                "library.example has its mail at Microsoft 365.",
                &[
                    "smtp.office365.com 587 starttls",
                    "library-example.mail.protection.outlook.com 25 starttls",
                ],
            ),
        ] {
            let found = of("library.example", servers);
            assert_eq!(found.sentence, sentence);
            assert_eq!(found.suggestions.iter().map(|one| one.takes.as_str()).collect::<Vec<_>>(), takes);
            for one in &found.suggestions {
                let keys =
                    [&one.title].into_iter().chain(&one.notes).filter(|text| text.starts_with("suggest-"));
                assert_eq!(keys.count(), 0, "{}", one.title);
            }
        }
        assert!(
            of("library.example", &["mx.library.example"]).sentence.contains("Ask whoever runs your mail")
        );
    }
}
