//! The commands about people: read from the command line, and carried out on the queue, by the service for whoever asks over the
//! control socket, or by the command itself while it holds the lock.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mail::Address;
use rand::CryptoRng;
use store::{
    Actor, AuditFilter, AuditId, Error, KeyId, LinkPurpose, Person, PersonSettings, SessionId, Store,
};

use super::{
    args::Output,
    args::people::{BROWSER, Change, Log, One, People as Command},
    control::{
        Failure, PeopleRequest, PersonChange, Reply, Secret, ShownLink, ShownPersonKey, ShownPersonKeys,
        ShownSessions, SignedOut,
    },
    queue,
};
use crate::{
    config::Site,
    identity::{Key, People, people},
    web::LANGUAGES,
};

/// What the commands need to know of the settings.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub sites: &'a [Site],
    /// By which addresses people come to the pages, with their scheme.
    pub pages: &'a [String],
}

/// Carries `request` out. The dice must be good enough for secrets.
pub async fn perform(
    store: &Store,
    request: PeopleRequest,
    place: Place<'_>,
    who: Actor,
    dice: &mut (impl CryptoRng + Send),
    now: Timestamp,
) -> Reply {
    let unknown = unknown_site(&request, place.sites).or_else(|| unknown_language(&request));
    if let Some(message) = unknown {
        return Reply::Failed { failure: Failure::Usage, message };
    }
    answer(store, request, place, who, dice, now)
        .await
        .unwrap_or_else(|error| Reply::Failed { failure: queue::failure(&error), message: told(&error) })
}

/// The line that a start says while nobody can administer Bookpost; its code is a new one each time.
pub async fn set_up_line(people: &People, pages: &[String]) -> Result<Option<String>, Error> {
    let links = set_up_links(people, pages).await?;
    Ok(links.map(|links| {
        format!(
            "nobody can sign in to the pages yet. Within the hour, make yourself the administrator: {}",
            links.join(" or ")
        )
    }))
}

/// Where the first administrator is made, by each address of the pages; none: there is one.
pub async fn set_up_links(people: &People, pages: &[String]) -> Result<Option<Vec<String>>, Error> {
    if !people.needs_set_up().await? {
        return Ok(None);
    }
    let made = people.make_link(LinkPurpose::SetUp, None, Actor::Bookpost).await?;
    Ok(Some(links(pages, LinkPurpose::SetUp, made.code.text())))
}

async fn answer(
    store: &Store,
    request: PeopleRequest,
    place: Place<'_>,
    who: Actor,
    dice: &mut (impl CryptoRng + Send),
    now: Timestamp,
) -> Result<Reply, Error> {
    let of = async |email: &Address| store.person_of(email).await;
    Ok(match request {
        PeopleRequest::List => Reply::People(store.people().await?),
        PeopleRequest::Add(settings) => {
            let person = store.add_person(settings, who.clone(), now).await?;
            shown_link(store, LinkPurpose::Invitation, Some(person), place, who, dice, now).await?
        }
        PeopleRequest::Change { email, change } => {
            let id = of(&email).await?.id;
            Reply::Person(store.change_person(id, |settings| change.apply(settings), who, now).await?)
        }
        PeopleRequest::Disable { email } => {
            Reply::Person(store.disable_person(of(&email).await?.id, who, now).await?)
        }
        PeopleRequest::Enable { email } => {
            Reply::Person(store.enable_person(of(&email).await?.id, who, now).await?)
        }
        PeopleRequest::Sessions { email } => {
            let person = of(&email).await?;
            let sessions = store.sessions_of(person.id, now).await?;
            Reply::Sessions(ShownSessions { person, sessions })
        }
        PeopleRequest::EndSession { email, session } => {
            end_session(store, of(&email).await?, session, who, now).await?
        }
        PeopleRequest::SignOut { email } => {
            let person = of(&email).await?;
            let sessions = store.end_sessions_of(person.id, None, who, now).await?;
            Reply::SignedOut(SignedOut { person, sessions })
        }
        PeopleRequest::Link { purpose, email } => {
            let person = match &email {
                Some(email) => Some(of(email).await?),
                None => None,
            };
            shown_link(store, purpose, person, place, who, dice, now).await?
        }
        PeopleRequest::AddKey { email } => {
            let (person, key) = (of(&email).await?, Key::draw(dice));
            store.add_person_key(person.id, key.stored(), who, now).await?;
            let (id, key) = (key.id().clone(), Secret(key.whole().to_string()));
            Reply::NewPersonKey(ShownPersonKey { person, id, key })
        }
        PeopleRequest::Keys { email } => keys(store, of(&email).await?).await?,
        PeopleRequest::RevokeKey { email, key } => {
            let person = of(&email).await?;
            store.revoke_person_key(person.id, &key, who, now).await?;
            keys(store, person).await?
        }
        PeopleRequest::Log { by, about, before, limit } => {
            let who = match &by {
                Some(email) => Some(of(email).await?.id),
                None => None,
            };
            Reply::Log(store.audit(AuditFilter { who, about, what: None }, before, limit).await?)
        }
    })
}

/// Where they are signed in afterwards. A session of somebody else is not ended.
async fn end_session(
    store: &Store,
    person: Person,
    session: SessionId,
    who: Actor,
    now: Timestamp,
) -> Result<Reply, Error> {
    let is_theirs = store.sessions_of(person.id, now).await?.iter().any(|one| one.id == session);
    let ended = if is_theirs { store.end_session(session, who, now).await? } else { None };
    ended.ok_or(Error::NotFound("session"))?;
    let sessions = store.sessions_of(person.id, now).await?;
    Ok(Reply::Sessions(ShownSessions { person, sessions }))
}

async fn keys(store: &Store, person: Person) -> Result<Reply, Error> {
    let keys = store.person_keys(person.id).await?;
    Ok(Reply::PersonKeys(ShownPersonKeys { person, keys }))
}

async fn shown_link(
    store: &Store,
    purpose: LinkPurpose,
    person: Option<Person>,
    place: Place<'_>,
    who: Actor,
    dice: &mut (impl CryptoRng + Send),
    now: Timestamp,
) -> Result<Reply, Error> {
    let id = person.as_ref().map(|person| person.id);
    let made = people::make_link(store, purpose, id, who, dice, now).await?;
    let code = made.code.text();
    let mut all = links(place.pages, purpose, code).into_iter().map(Secret);
    let link = all.next().unwrap_or_else(|| Secret(link_path(purpose, code)));
    Ok(Reply::Link(ShownLink { purpose, person, link, also: all.collect(), expires_at: made.expires_at }))
}

/// The page that takes a code, by each address.
fn links(pages: &[String], purpose: LinkPurpose, code: &str) -> Vec<String> {
    pages.iter().map(|page| format!("{page}{}", link_path(purpose, code))).collect()
}

/// The path of the page that takes a code, with the code.
pub(crate) fn link_path(purpose: LinkPurpose, code: &str) -> String {
    let page = match purpose {
        LinkPurpose::SetUp => "set-up",
        LinkPurpose::Invitation => "invitation",
        LinkPurpose::Reset => "reset",
    };
    format!("/{page}?code={code}")
}

/// What was done, for what is answered with how the person stands afterwards, or with a link.
pub(super) fn done(request: &PeopleRequest) -> Option<String> {
    Some(match request {
        PeopleRequest::Add(settings) => format!("{} was added.", settings.email),
        PeopleRequest::Change { email, .. } => format!("{email} was changed, and stands so now:"),
        PeopleRequest::Disable { email } => format!("{email} is disabled, and signed out everywhere."),
        PeopleRequest::Enable { email } => format!("{email} is enabled, and can sign in."),
        PeopleRequest::EndSession { email, session } => {
            format!("The session {} of {email} is ended.", session.0)
        }
        PeopleRequest::RevokeKey { email, key } => {
            format!("The key {} of {email} is revoked: it opens nothing any more.", key.0)
        }
        _ => return None,
    })
}

/// A slip in a code would leave a person who may see nothing.
fn unknown_site(request: &PeopleRequest, sites: &[Site]) -> Option<String> {
    let named = match request {
        PeopleRequest::Add(settings) => &settings.sites,
        PeopleRequest::Change { change: PersonChange { sites: Some(named), .. }, .. } => named,
        _ => return None,
    };
    let unknown = named.iter().find(|code| !sites.iter().any(|site| site.code == **code))?;
    let codes: Vec<_> = sites.iter().map(|site| site.code.as_str()).collect();
    Some(format!("no site has the code {unknown}; the settings name these: {}", codes.join(", ")))
}

/// Pages in a language that there is not would be in English without a word.
fn unknown_language(request: &PeopleRequest) -> Option<String> {
    let language = match request {
        PeopleRequest::Add(settings) => settings.language.as_deref()?,
        PeopleRequest::Change { change, .. } => change.language.as_deref()?,
        _ => return None,
    };
    let is_known = language.is_empty() || LANGUAGES.contains(&language);
    let known = LANGUAGES.join(", ");
    (!is_known).then(|| format!("the pages are not in {language:?}; they are in: {known}"))
}

fn told(error: &Error) -> String {
    match error {
        Error::NotFound("person") => format!("{error}; all are shown by: bookpost people list"),
        Error::NotFound("session") => {
            format!("{error}; all of a person are shown by: bookpost people sessions")
        }
        Error::Exists("a password of this person") => {
            format!("{error}; for another, run: bookpost people reset-link")
        }
        _ => error.to_string(),
    }
}

/// What a command line means; or what is wrong with it, and by whose fault.
pub(super) fn request(command: Command) -> Result<(PeopleRequest, Output), (Failure, String)> {
    let one = |One { email, output }: One| Ok::<_, (Failure, String)>((address(&email)?, output));
    Ok(match command {
        Command::Add { email, name, role, site, language, output } => {
            let name = name.parse().map_err(|error| (Failure::Usage, format!("--name: {error}")))?;
            let (email, sites) = (address(&email)?, site.into_iter().collect());
            let settings = PersonSettings { email, name, role: role.into(), sites, language };
            (PeopleRequest::Add(settings), output)
        }
        Command::List { output } => (PeopleRequest::List, output),
        Command::Change { email, change, output } => {
            (PeopleRequest::Change { email: address(&email)?, change: changed(change)? }, output)
        }
        Command::Disable(person) => {
            let (email, output) = one(person)?;
            (PeopleRequest::Disable { email }, output)
        }
        Command::Enable(person) => {
            let (email, output) = one(person)?;
            (PeopleRequest::Enable { email }, output)
        }
        Command::Sessions(person) => {
            let (email, output) = one(person)?;
            (PeopleRequest::Sessions { email }, output)
        }
        Command::EndSession { email, session, output } => {
            (PeopleRequest::EndSession { email: address(&email)?, session: SessionId(session) }, output)
        }
        Command::SignOut(person) => {
            let (email, output) = one(person)?;
            (PeopleRequest::SignOut { email }, output)
        }
        Command::InviteLink(person) => {
            let (email, output) = one(person)?;
            (PeopleRequest::Link { purpose: LinkPurpose::Invitation, email: Some(email) }, output)
        }
        Command::ResetLink(person) => {
            let (email, output) = one(person)?;
            (PeopleRequest::Link { purpose: LinkPurpose::Reset, email: Some(email) }, output)
        }
        Command::Key(person) => {
            let (email, output) = one(person)?;
            (PeopleRequest::AddKey { email }, output)
        }
        Command::Keys(person) => {
            let (email, output) = one(person)?;
            (PeopleRequest::Keys { email }, output)
        }
        Command::RevokeKey { email, key, output } => {
            (PeopleRequest::RevokeKey { email: address(&email)?, key: KeyId(key) }, output)
        }
        Command::SetupLink { output } => {
            (PeopleRequest::Link { purpose: LinkPurpose::SetUp, email: None }, output)
        }
    })
}

/// What `log` means.
pub(super) fn log_request(wanted: Log) -> Result<(PeopleRequest, Output), (Failure, String)> {
    let Log { by, about, before, limit, output } = wanted;
    let by = by.as_deref().map(address).transpose()?;
    Ok((PeopleRequest::Log { by, about, before: before.map(AuditId), limit }, output))
}

fn changed(change: Change) -> Result<PersonChange, (Failure, String)> {
    let Change { email, name, role, site, all_sites, language } = change;
    let name = name.map(|name| name.parse().map_err(|error| (Failure::Usage, format!("--name: {error}"))));
    Ok(PersonChange {
        email: email.as_deref().map(address).transpose()?,
        name: name.transpose()?,
        role: role.map(Into::into),
        sites: (all_sites || !site.is_empty()).then(|| BTreeSet::from_iter(site)),
        language: language.map(|language| if language == BROWSER { String::new() } else { language }),
    })
}

fn address(text: &str) -> Result<Address, (Failure, String)> {
    let named =
        "people are named by the address that they sign in with; all are shown by: bookpost people list";
    Address::parse(text).map_err(|error| (Failure::Data, format!("{error}; {named}")))
}

#[cfg(test)]
mod tests;
