//! What comes back of mail that a server had accepted.
//!
//! A report counts for a message only if whoever wrote it has seen that message: by the address that it came to, which names the message and
//! cannot be made up, or by the Message-ID of what came back and the recipient's address together. An address alone says nothing.
//! What is tied to no message is left for people. This part knows nothing of how the mail came here.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use mail::{
    Address,
    bounce::{self, BounceReport, Bounced, Happened},
    clock::Clock,
    message::is_drawn_id,
};
use store::{About, Bounce, Kind, MessageId, Noted, Store};

use super::report_lost;
use crate::{
    alarms::Alarms,
    config::Settings,
    receive::{ComesBack, Expected},
    secrets::return_path::{ReturnPaths, looks_made},
};

/// Takes mail that comes back. Cheap to clone.
#[derive(Clone)]
pub struct Incoming {
    pub settings: Settings,
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub paths: ReturnPaths,
    pub alarms: Alarms,
    pub counts: Counts,
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It tells of a message of ours, and is on record.
    Noted,
    /// Nothing that was not known before.
    Known,
    /// It tells of a message that is not settled yet: to be brought again.
    NotYet,
    /// A report, and of no message of ours as far as can be shown.
    NotTied,
    /// A program's own answer.
    Automatic,
    /// For people to read.
    Other,
}

/// How many mails became what, since the start. All clones count together.
#[derive(Debug, Clone, Default)]
pub struct Counts(Arc<[AtomicU64; 3]>);

impl Counts {
    /// Tied to a message, tied to none, and no report.
    pub fn now(&self) -> [u64; 3] {
        [0, 1, 2].map(|at: usize| self.0.get(at).map_or(0, |count| count.load(Ordering::Relaxed)))
    }

    fn count(&self, taken: Taken) {
        let at = match taken {
            Taken::Noted => 0,
            Taken::NotTied => 1,
            Taken::Automatic | Taken::Other => 2,
            Taken::Known | Taken::NotYet => return,
        };
        if let Some(count) = self.0.get(at) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Incoming {
    /// With the queue's own key.
    pub async fn open(
        settings: &Settings,
        store: &Store,
        clock: &Arc<dyn Clock>,
        alarms: &Alarms,
    ) -> Result<Self, store::Error> {
        Ok(Self {
            settings: settings.clone(),
            store: store.clone(),
            clock: Arc::clone(clock),
            paths: ReturnPaths::new(&store.return_path_key().await?),
            alarms: alarms.clone(),
            counts: Counts::default(),
        })
    }

    /// Reads a mail, and notes what it tells. `to` is the address that it was sent to, where that is known; else those in it are
    /// looked at. To be brought again after an error: what was noted stays so, and is not noted twice.
    pub async fn take(&self, mail: &[u8], to: Option<&Address>) -> Result<Taken, store::Error> {
        let taken = match bounce::read(mail) {
            bounce::Incoming::Report(report) => {
                let named = to.map_or_else(|| bounce::sent_to(mail), |to| vec![to.clone()]);
                let named = named.iter().find_map(|to| self.named(to));
                self.note(&report, named).await?
            }
            bounce::Incoming::Automatic => Taken::Automatic,
            bounce::Incoming::Other => Taken::Other,
        };
        self.counts.count(taken);
        Ok(taken)
    }

    /// The message that an address names.
    fn named(&self, to: &Address) -> Option<MessageId> {
        let config = self.settings.now();
        self.paths.read(config.undeliverable.address.as_ref()?, to)
    }

    async fn note(&self, report: &BounceReport, named: Option<MessageId>) -> Result<Taken, store::Error> {
        let host = self.settings.now().sending.ehlo_name.clone();
        let by_id = report.message_id.as_deref().filter(|id| is_drawn_id(id, &host));
        let about = named.map(About::Message).or_else(|| Some(About::MessageId(by_id?.to_owned())));
        let Some(about) = about else {
            tracing::info!(
                "a report about undeliverable mail names no message of ours, and is left for people"
            );
            return Ok(Taken::NotTied);
        };
        let mut all = Vec::new();
        for one in &report.recipients {
            let bounce = Bounce {
                about: about.clone(),
                addresses: one.addresses.clone(),
                happened: one.happened,
                reason: one.reason,
                by: report.reporting_mta.clone(),
                words: one.words.clone(),
            };
            let noted = self.store.came_back(bounce, self.clock.now()).await?;
            self.tell(one, noted);
            all.push(noted);
        }
        let any = |is: fn(&Noted) -> bool| all.iter().any(is);
        Ok(if any(|noted| matches!(noted, Noted::NotYet(_))) {
            Taken::NotYet
        } else if any(|noted| matches!(noted, Noted::New { .. })) {
            Taken::Noted
        } else if any(|noted| matches!(noted, Noted::Known(_))) {
            Taken::Known
        } else {
            Taken::NotTied
        })
    }

    fn tell(&self, one: &Bounced, noted: Noted) {
        match noted {
            Noted::New { recipient, kind, run } => {
                let (id, run, reason) = (recipient.0, run.map(|run| run.0), one.reason.as_str());
                if one.happened != Happened::Failed {
                    return tracing::info!(
                        recipient.id = id,
                        run,
                        reason,
                        "a mail server still tries to deliver a message that it accepted"
                    );
                }
                tracing::info!(
                    recipient.id = id,
                    run,
                    reason,
                    "a message came back that a mail server had accepted"
                );
                if let (Kind::Report, Some(to)) = (kind, one.addresses.first()) {
                    report_lost(&self.alarms, to);
                }
            }
            Noted::NotYet(recipient) => {
                tracing::debug!(
                    recipient.id = recipient.0,
                    "a report is looked at again when its message is settled"
                );
            }
            Noted::Known(_) => {}
            Noted::Unknown => tracing::info!(
                "a report names a recipient to whom no message of ours went, and is left for people"
            ),
        }
    }
}

impl ComesBack for Incoming {
    fn expects(&self, to: &Address) -> Expected {
        let config = self.settings.now();
        let read = &config.undeliverable;
        let address = read.address.as_ref().filter(|_| read.takes_by_smtp());
        // With nothing beside the star, all addresses of a domain have a word in its place.
        match address.and_then(|address| address.word_in(to)).filter(|word| looks_made(word)) {
            None => Expected::NotHere,
            Some(_) if self.named(to).is_some() => Expected::Yes,
            Some(_) => Expected::MadeUp,
        }
    }

    fn is_open(&self) -> bool {
        self.settings.now().undeliverable.takes_by_smtp()
    }

    fn take(
        &self,
        to: Address,
        content: Bytes,
    ) -> Pin<Box<dyn Future<Output = Result<bool, store::Error>> + Send + '_>> {
        Box::pin(async move { Ok(Self::take(self, &content, Some(&to)).await? != Taken::NotYet) })
    }
}
