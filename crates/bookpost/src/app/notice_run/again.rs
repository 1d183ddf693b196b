//! One person's notice once more, to another address.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use jiff::{Timestamp, tz::TimeZone};
use mail::{
    Address, Envelope,
    message::{date, message_id, with_fields},
};
use serde::{Deserialize, Serialize};
use store::{
    Actor, Class, Deed, Door, Filter, Kind, MessageId, NewAudit, NewMessage, Once, OnceKey, RecipientId, Row,
    RunId, State, TO_TEACHER,
};

use super::NoticeRuns;
use crate::{config::Way, notices::returned::is_believed, receive::NotNow};

/// All mail that was sent again has this as its first tag, and for which recipient as its second: the store finds it by them.
pub const SENT_AGAIN: &str = "sent again";
/// Among the tags of a notice, the one that says that parents or guardians get it.
pub const TO_GUARDIANS: &str = "to guardians";
/// So many of one notice are looked at.
const AGAIN: usize = 1_000;

/// Why a notice was not sent again.
#[derive(Debug, thiserror::Error)]
pub enum NotAgain {
    #[error("its text is deleted already")]
    Gone,
    #[error("it is still on its way, or was never sent")]
    NotFinished,
    #[error("the same request sent something else before")]
    AnotherRequest,
    #[error(transparent)]
    NotNow(#[from] NotNow),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Why a person has to say that a notice is right all the same, before it goes out once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// The newest export says so: when it was made, and its run.
    pub of: Timestamp,
    pub run: RunId,
    /// That run wrote to the patron. Otherwise it does not name them any more.
    pub wrote: bool,
}

/// Why a person has to say that this address is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Same {
    /// Mail came back from it, then or when it was sent again.
    CameBack,
    /// Mail may have arrived there.
    MayHaveArrived,
}

/// What becomes of a notice that is sent again, as mail is sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goes {
    /// To the address.
    Out,
    /// It is a practice.
    ToPractice,
    /// It waits for a way of sending.
    Waits,
}

/// Among the tags of what was sent again, the one that says for which recipient.
fn tag(recipient: RecipientId) -> String {
    format!("{SENT_AGAIN} for {}", recipient.0)
}

/// For whom this was sent again.
pub fn sent_again_for(row: &Row) -> Option<RecipientId> {
    let number = |tag: &String| tag.strip_prefix(SENT_AGAIN)?.strip_prefix(" for ")?.parse().ok();
    row.tags.iter().find_map(number).map(RecipientId)
}

/// Those that say something to people.
pub fn shown_tags(row: &Row) -> Vec<&str> {
    let is_number =
        |tag: &&String| tag.strip_prefix(SENT_AGAIN).is_some_and(|rest| rest.starts_with(" for "));
    row.tags.iter().filter(|tag| !is_number(tag) && *tag != TO_GUARDIANS).map(String::as_str).collect()
}

/// Whether a notice in this state may go out once more. `in_doubt`: it may have arrived, which somebody cancelled has no other way out of.
pub fn may_go_again(state: State, in_doubt: bool) -> bool {
    matches!(state, State::Returned | State::Delivered | State::Practiced)
        || state == State::Cancelled && in_doubt
}

impl NoticeRuns {
    /// Just before a notice leaves it is held against the newest export. A rehearsal writes to nobody.
    pub async fn doubt(&self, row: &Row) -> Result<Option<Doubt>, store::Error> {
        if row.practice {
            return Ok(None);
        }
        let newer = self.store.newer_export(row.message).await?;
        let newer = newer.filter(|newer| !newer.names || newer.wrote);
        if let Some(newer) = newer.filter(|newer| !newer.names)
            && !self.is_believed(row, newer.run).await?
        {
            return Ok(None);
        }
        Ok(newer.map(|newer| Doubt { of: newer.of, run: newer.run, wrote: newer.names }))
    }

    /// Whether the export of this run is believed where it does not name the patron any more.
    async fn is_believed(&self, row: &Row, newer: RunId) -> Result<bool, store::Error> {
        let (Some(run), Some(site)) = (row.run, &row.site) else { return Ok(false) };
        let (made_from, taken) = (self.store.export_of(run).await?, self.store.export_of(newer).await?);
        Ok(made_from.zip(taken).is_some_and(|(made_from, taken)| is_believed(&made_from, &taken, site)))
    }

    /// Whether this very address is one of which somebody has to say that it is meant. A rehearsal writes to nobody.
    pub async fn same(&self, row: &Row, to: &Address) -> Result<Option<Same>, store::Error> {
        if row.practice {
            return Ok(None);
        }
        let is_it = |one: &Row| one.to.address.as_str().eq_ignore_ascii_case(to.as_str());
        let came_back = |one: &Row| one.state == State::Returned && is_it(one);
        let in_its_place = Filter { run: row.run, tag: Some(tag(row.recipient)), ..Filter::default() };
        let again = self.store.list(in_its_place, None, AGAIN).await?;
        if came_back(row) || again.iter().any(came_back) {
            return Ok(Some(Same::CameBack));
        }
        Ok((row.state == State::Cancelled && is_it(row)).then_some(Same::MayHaveArrived))
    }

    /// What would become of it if it were sent again.
    pub fn goes(&self, row: &Row) -> Goes {
        match self.settings.now().sending.way {
            _ if row.practice => Goes::ToPractice,
            Way::Servers(_) => Goes::Out,
            Way::Practice | Way::None => Goes::Waits,
        }
    }

    /// Sends what this recipient was to get to `to`, and writes so in the log. The same `request` sends it once; whoever goes away has sent it
    /// all the same.
    pub async fn send_again(
        &self,
        recipient: RecipientId,
        to: &Address,
        request: &str,
        who: Actor,
    ) -> Result<MessageId, NotAgain> {
        let (runs, to, request) = (self.clone(), to.clone(), request.to_owned());
        let sent = tokio::spawn(async move { runs.send_here(recipient, &to, &request, who).await }).await;
        sent.unwrap_or_else(|error| Err(internal(&error)))
    }

    async fn send_here(
        &self,
        recipient: RecipientId,
        to: &Address,
        request: &str,
        who: Actor,
    ) -> Result<MessageId, NotAgain> {
        self.receiver.has_room()?;
        let shown = self.store.show(recipient.message()).await?;
        let row = shown.into_iter().map(|(row, _)| row).find(|row| row.recipient == recipient);
        let row = row.filter(|row| row.run.is_some()).ok_or(store::Error::NotFound("message"))?;
        if !may_go_again(row.state, row.in_doubt_at.is_some()) {
            return Err(NotAgain::NotFinished);
        }
        let body = self.store.body(row.message).await?.ok_or(NotAgain::Gone)?;
        let message = self.readdressed(&row, &body, to)?;
        let fingerprint = digest(&SHA256, format!("{} {to}", recipient.0).as_bytes());
        let key = OnceKey {
            application: row.application.clone(),
            key: format!("{SENT_AGAIN} {request}"),
            fingerprint: fingerprint.as_ref().try_into().unwrap_or_default(),
        };
        let answer =
            |accepted: &[store::Accepted]| accepted.iter().flat_map(|one| one.id.0.to_be_bytes()).collect();
        let id = |answer: &[u8]| {
            answer.try_into().map(|id| MessageId(i64::from_be_bytes(id))).map_err(|error| internal(&error))
        };
        let once = self.receiver.accept_once(key, vec![message], answer).await?;
        match once {
            Once::Stored { answer, .. } => {
                let about = format!("message {}", row.message.0);
                let (old, new) = (Some(row.to.address.to_string()), Some(to.to_string()));
                let line = NewAudit { who, what: Deed::SentAgain, about, old, new };
                if let Err(error) = self.store.note_audit(line, self.clock.now()).await {
                    tracing::error!(%error, "that a notice was sent again could not be written to the log");
                }
                id(&answer)
            }
            Once::Before(answer) => id(&answer),
            Once::Another => Err(NotAgain::AnotherRequest),
        }
    }

    fn readdressed(&self, row: &Row, body: &[u8], to: &Address) -> Result<NewMessage, NotAgain> {
        let (now, settings) = (self.clock.now(), self.settings.now());
        let random = u128::from(self.draw()) << 64 | u128::from(self.draw());
        let id = format!("<{}>", message_id(random, &settings.sending.ehlo_name));
        let site = settings.sites.iter().find(|site| row.site.as_ref() == Some(&site.code));
        let zone = site.and_then(|site| site.time_zone.clone()).unwrap_or_else(TimeZone::system);
        let date = date(now, zone.to_offset(now)).map_err(|error| internal(&error))?;
        // A list for a teacher stays one, and is not counted with people.
        let list = row.tags.first().filter(|tag| *tag == TO_TEACHER).cloned();
        let guardians = row.tags.iter().find(|tag| *tag == TO_GUARDIANS).cloned();
        let fields = [("Date", &*date), ("To", to.as_str()), ("Message-ID", &id)];
        Ok(NewMessage {
            kind: Kind::Mail,
            class: Class::Normal,
            door: Door::Notices,
            practice: row.practice,
            application: row.application.clone(),
            site: row.site.clone(),
            run: row.run,
            envelope: Envelope::to_one(row.reverse_path.clone(), to.clone()),
            bytes: Bytes::from(with_fields(body, &fields)),
            message_id: id,
            subject: row.subject.clone(),
            tags: list
                .into_iter()
                .chain([SENT_AGAIN.to_owned(), tag(row.recipient)])
                .chain(guardians)
                .collect(),
            patron: row.patron.clone(),
            first_due_at: now,
            expires_at: settings.schedule.expires_at(now),
            lease: None,
        })
    }
}

fn internal(error: &impl ToString) -> NotAgain {
    NotAgain::Store(store::Error::Internal(error.to_string()))
}
