//! Links that are made for somebody go to them by mail. Where that cannot be, the link is shown once, to whoever had it made.

use std::net::IpAddr;

use askama::Template;
use axum::http::Uri;
use jiff::tz::TimeZone;
use mail::{
    Address, Envelope, ReversePath,
    message::{AutoSubmitted, Mailbox, NewMail},
};
use store::{Class, Door, Error, Kind, LinkPurpose, NewMessage, Person};

use super::{
    Pages,
    frame::{Frame, Place, page},
    visit::Visit,
    words::{Language, Words},
};
use crate::{
    app::secret_dice,
    cli::people::link_path,
    config::Way,
    identity::people::MadeLink,
    secrets::{SealingKey, letter},
};

/// Why Bookpost cannot mail a link now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    NoWay,
    /// “Do not send” is chosen.
    Off,
    Practice,
    Paused,
    NoAddress,
    NoSender,
    /// It was tried.
    Refused,
}

/// From whom letters are, and where their links lead.
pub(super) struct Post {
    from: Address,
    public: String,
}

#[derive(Template)]
#[template(path = "link_made.html")]
struct Shown {
    f: Frame,
    title: String,
    why: String,
    lasts: String,
    link: String,
    /// It opens on this computer only.
    is_local: bool,
    back: String,
}

impl Obstacle {
    /// In words, as the beginning of a sentence that ends in what to do instead.
    pub(super) fn words(self, words: &Words) -> String {
        words.t(match self {
            Self::NoWay => "no-post-way",
            Self::Off => "no-post-off",
            Self::Practice => "no-post-practice",
            Self::Paused => "no-post-paused",
            Self::NoAddress => "no-post-address",
            Self::NoSender => "no-post-sender",
            Self::Refused => "no-post-refused",
        })
    }
}

impl Post {
    /// As things stand now. The link in a mail is by the address in the settings, never by the name that a request was made by: others can
    /// make requests by any name.
    pub(super) async fn now(pages: &Pages) -> Result<Result<Self, Obstacle>, Error> {
        let config = pages.sources.config();
        let paused = pages.sources.store.paused().await?.is_some();
        let sender = config.sender().map(|(_, email)| email.clone());
        Ok(match (&config.sending.way, config.public_address.clone(), sender) {
            (Way::None, ..) if config.sending.is_off() => Err(Obstacle::Off),
            (Way::None, ..) => Err(Obstacle::NoWay),
            (Way::Practice, ..) => Err(Obstacle::Practice),
            (Way::Servers(_), ..) if paused => Err(Obstacle::Paused),
            (_, None, _) => Err(Obstacle::NoAddress),
            (_, _, None) => Err(Obstacle::NoSender),
            (_, Some(public), Some(from)) => Ok(Self { from, public }),
        })
    }

    /// Mails this link to its person, in their language, or in this one where they have chosen none.
    pub(super) async fn send(
        &self,
        pages: &Pages,
        person: &Person,
        purpose: LinkPurpose,
        made: &MadeLink,
        language: Language,
    ) -> Result<(), Obstacle> {
        let chosen = person.language.as_deref().and_then(Language::named);
        let words = chosen.unwrap_or(language).words();
        let refused = |error: &dyn std::fmt::Display| {
            tracing::error!(%error, person.id = person.id.0, "a link could not be mailed");
            Obstacle::Refused
        };
        let letter = self.letter(pages, person, purpose, made, words);
        let message_id = letter.message_id.clone();
        let subject = letter.subject.clone();
        let config = pages.sources.config();
        let (now, mut dice) = (pages.sources.clock.now(), secret_dice());
        let (key, _) = SealingKey::get(&config.sealing_key, &mut dice).map_err(|error| refused(&error))?;
        let bytes = letter::seal(letter, &person.email, &key, &mut dice).map_err(|error| refused(&error))?;
        let message = NewMessage {
            kind: Kind::Staff,
            door: Door::Bookpost,
            class: Class::Urgent,
            practice: false,
            application: "bookpost".to_owned(),
            site: None,
            run: None,
            // Nothing comes back: a report of a server elsewhere would have the link in it.
            envelope: Envelope::to_one(ReversePath::Null, person.email.clone()),
            message_id,
            subject,
            tags: Vec::new(),
            patron: None,
            bytes: bytes.into(),
            first_due_at: now,
            // With a link that opens nothing it is of no use.
            expires_at: config.schedule.expires_at(now).min(made.expires_at),
            lease: None,
        };
        pages.sources.submitter.submit_own(message).await.map(drop).map_err(|error| refused(&error))
    }

    fn letter(
        &self,
        pages: &Pages,
        person: &Person,
        purpose: LinkPurpose,
        made: &MadeLink,
        words: &Words,
    ) -> NewMail {
        let library = pages.sources.config().library.clone();
        let library = if library.is_empty() { "Bookpost".to_owned() } else { library };
        let link = format!("{}{}", self.public, link_path(purpose, made.code.text()));
        let (subject, said) = match purpose {
            LinkPurpose::Invitation | LinkPurpose::SetUp => {
                ("letter-invitation-subject", "letter-invitation")
            }
            LinkPurpose::Reset => ("letter-reset-subject", "letter-reset"),
        };
        let parts = [
            words.with("letter-hello", &[("name", person.name.as_str())]),
            words.with(said, &[("library", &library)]),
            link,
            lasts(words, purpose),
            words.t("letter-not-expected"),
        ];
        let now = pages.sources.clock.now();
        NewMail {
            from: Mailbox { name: Some(library.clone()), address: self.from.clone() },
            reply_to: None,
            to: vec![Mailbox { name: Some(person.name.to_string()), address: person.email.clone() }],
            cc: Vec::new(),
            subject: words.with(subject, &[("library", &library)]),
            text: format!("{}\n", parts.join("\n\n")),
            html: None,
            pictures: Vec::new(),
            attachments: Vec::new(),
            headers: Vec::new(),
            auto_submitted: Some(AutoSubmitted::Generated),
            list_id: None,
            message_id: pages.sources.submitter.draw_message_id(),
            date: now,
            offset: TimeZone::system().to_offset(now),
        }
    }
}

/// Mails a link that an administrator made, or says why it is not mailed.
pub(super) async fn mail(
    visit: &Visit,
    person: &Person,
    purpose: LinkPurpose,
    made: &MadeLink,
) -> Result<Result<(), Obstacle>, Error> {
    Ok(match Post::now(&visit.pages).await? {
        Ok(post) => post.send(&visit.pages, person, purpose, made, visit.words().language).await,
        Err(obstacle) => Err(obstacle),
    })
}

/// The page that shows a link that was not mailed, once. It is by the address in the settings, or else by that of this very page.
pub(super) async fn show(
    visit: &Visit,
    person: &Person,
    purpose: LinkPurpose,
    made: &MadeLink,
    obstacle: Obstacle,
) -> Result<axum::response::Response, Error> {
    let words = visit.words();
    let origin = visit.pages.public().unwrap_or_else(|| visit.origin.clone());
    let name = person.name.as_str();
    Ok(page(&Shown {
        f: Frame::around(visit, Place::People).await?,
        title: match purpose {
            LinkPurpose::Reset => words.with("link-made-reset", &[("name", name)]),
            _ => words.with("link-made-invitation", &[("name", name)]),
        },
        why: obstacle.words(words),
        lasts: lasts(words, purpose),
        is_local: is_local(&origin),
        link: format!("{origin}{}", link_path(purpose, made.code.text())),
        back: format!("/preferences/people/{}", person.id.0),
    }))
}

/// An address that leads to whatever computer it is opened on.
fn is_local(origin: &str) -> bool {
    let Some(name) = origin.parse::<Uri>().ok().and_then(|uri| uri.host().map(ToOwned::to_owned)) else {
        return false;
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn lasts(words: &Words, purpose: LinkPurpose) -> String {
    words.t(match purpose {
        LinkPurpose::Invitation => "link-lasts-week",
        LinkPurpose::SetUp | LinkPurpose::Reset => "link-lasts-hour",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_this_computer_is_known_as_one() {
        for (origin, expected) in [
            ("http://127.0.0.1:8625", true),
            ("http://[::1]:8625", true),
            ("http://localhost:8625", true),
            ("https://books.library.example", false),
            ("http://192.0.2.7:8625", false),
            ("nothing of the kind", false),
        ] {
            assert_eq!(is_local(origin), expected, "{origin}");
        }
    }
}
