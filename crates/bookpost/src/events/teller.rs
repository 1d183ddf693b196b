//! The task that tells web addresses.

use std::{collections::HashMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use mail::{clock::Clock, retry::Next};
use rand::rngs::StdRng;
use store::{
    AlarmKind, EventFilter, EventId, Events, Store, Webhook, WebhookId, WebhookOutcome, WebhookTrouble,
};
use tokio::task::{self, JoinError, JoinSet};
use zeroize::Zeroizing;

use super::{
    body::EventBody,
    post::{Address, Poster},
    signature::SigningSecret,
};
use crate::{
    alarms::Alarms,
    app::duties::Duty,
    config::Settings,
    secrets::{self, Unopened},
};

/// Events in one request.
const IN_ONE: usize = 100;
/// What happens in this time after an event goes in the same request.
const GATHERING: SignedDuration = SignedDuration::from_secs(1);
/// New addresses, and those that a person wants to be tried again, are found in this time.
const LOOK: SignedDuration = SignedDuration::from_secs(60);
/// An address that fails for less is told to nobody.
const QUIET: SignedDuration = SignedDuration::from_mins(15);
/// That so many events do not concern an address is put on record, so that they are not looked through again.
const PASSED: i64 = 10_000;

/// What the teller works with.
pub struct Teller {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub alarms: Alarms,
    pub settings: Settings,
    /// For the schedule.
    pub dice: StdRng,
    /// What came of telling an address and could not be stored: nothing is told anew before it is.
    pub unstored: HashMap<WebhookId, WebhookOutcome>,
}

/// Works for as long as the program runs.
pub async fn run(mut teller: Teller) {
    let poster = match Poster::new() {
        Ok(poster) => poster,
        Err(error) => {
            tracing::error!(%error, "no web address can be told of events; mail is not affected");
            return std::future::pending().await;
        }
    };
    let mut noted = teller.store.events_noted();
    let mut requests = Requests::default();
    loop {
        noted.mark_unchanged();
        let next_look_at = teller.begin(&poster, &mut requests).await;
        tokio::select! {
            Some(ended) = requests.ended() => teller.end(ended).await,
            Ok(()) = noted.changed() => {
                let gathered_at = teller.clock.now().saturating_add(GATHERING).unwrap_or(Timestamp::MAX);
                teller.clock.sleep_until(gathered_at).await;
            }
            () = teller.clock.sleep_until(next_look_at) => {}
        }
    }
}

/// The requests that are being made.
#[derive(Default)]
struct Requests {
    running: JoinSet<Ended>,
    of: HashMap<task::Id, WebhookId>,
}

impl Requests {
    fn is_made_to(&self, webhook: WebhookId) -> bool {
        self.of.values().any(|busy| *busy == webhook)
    }

    fn make(&mut self, webhook: WebhookId, request: impl Future<Output = Ended> + Send + 'static) {
        self.of.insert(self.running.spawn(request).id(), webhook);
    }

    /// The next that ends; never, where none is made. One that breaks is not made again before the next start.
    async fn ended(&mut self) -> Option<Result<Ended, JoinError>> {
        let ended = self.running.join_next_with_id().await?;
        if let Ok((id, _)) = &ended {
            self.of.remove(id);
        }
        Some(ended.map(|(_, ended)| ended))
    }
}

/// A request that has come to its end.
struct Ended {
    webhook: Webhook,
    /// The last event that it told of, or that does not concern this address.
    until: EventId,
    /// `Err` is what a person should hear.
    told: Result<(), String>,
}

impl Teller {
    /// Begins what is due, one request for each address, and says when to look again at the latest.
    async fn begin(&mut self, poster: &Poster, requests: &mut Requests) -> Timestamp {
        let now = self.clock.now();
        let mut next_look_at = now.saturating_add(LOOK).unwrap_or(Timestamp::MAX);
        let is_ours = Duty::Events.is_ours(&self.store).await;
        if !is_ours && self.unstored.is_empty() {
            return next_look_at;
        }
        let webhooks = self.store.webhooks().await.unwrap_or_else(|error| {
            tracing::error!(%error, "the web addresses cannot be read; they are again in a minute");
            Vec::new()
        });
        for webhook in webhooks {
            if requests.is_made_to(webhook.id) {
                continue;
            }
            if let Some(outcome) = self.unstored.remove(&webhook.id) {
                self.keep(webhook.id, outcome, now).await;
                if !self.unstored.contains_key(&webhook.id) {
                    next_look_at = now.saturating_add(GATHERING).unwrap_or(Timestamp::MAX);
                }
                continue;
            }
            if !is_ours {
                continue;
            }
            if let Some(trouble) = webhook.trouble.as_ref().filter(|trouble| trouble.next_attempt_at > now) {
                next_look_at = next_look_at.min(trouble.next_attempt_at);
                continue;
            }
            match self.events(&webhook, webhook.told, IN_ONE).await {
                Ok(found) if found.events.is_empty() => self.passed(&webhook, &found, now).await,
                Ok(found) => self.ask(poster.clone(), webhook, found, requests).await,
                Err(error) => tracing::error!(%error, webhook.id = webhook.id.0, "events cannot be read"),
            }
        }
        next_look_at
    }

    /// What an address is to be told. A request that failed is made again as it was.
    async fn events(&self, webhook: &Webhook, after: EventId, limit: usize) -> Result<Events, store::Error> {
        let filter = EventFilter {
            application: webhook.application.to_string(),
            after,
            until: webhook.trouble.as_ref().and_then(|trouble| trouble.retried_until),
            kinds: webhook.kinds.clone(),
        };
        self.store.events(filter, limit).await
    }

    /// Nothing in there concerns it.
    async fn passed(&mut self, webhook: &Webhook, found: &Events, now: Timestamp) {
        let until = found.read_to;
        let outcome = match &webhook.trouble {
            None if until.0 - webhook.told.0 > PASSED => WebhookOutcome::Passed(until),
            // What failed was forgotten meanwhile.
            Some(trouble) if trouble.retried_until.is_some() => {
                let trouble = WebhookTrouble { retried_until: None, ..trouble.clone() };
                WebhookOutcome::GivenUp { until, events: 0, trouble }
            }
            _ => return,
        };
        self.keep(webhook.id, outcome, now).await;
    }

    async fn ask(&mut self, poster: Poster, webhook: Webhook, found: Events, requests: &mut Requests) {
        let id = format!(
            "{:016x}-{}-{}-{}",
            self.store.store_id(),
            webhook.id.0,
            found.events.first().map_or(0, |event| event.id.0),
            found.read_to.0
        );
        let (until, secret, now) = (found.read_to, self.secret(&webhook).await, self.clock.now());
        let events: Vec<_> = found.events.into_iter().map(EventBody::from).collect();
        requests.make(webhook.id, async move {
            let told = match (webhook.url.parse::<Address>(), secret) {
                (Ok(address), Ok(secret)) => {
                    let application = webhook.application.as_str();
                    poster.post(&address, application, &secret, &id, &events, now).await
                }
                (Err(error), _) => Err(error.to_string()),
                (_, Err(why)) => Err(why),
            };
            Ended { webhook, until, told }
        });
    }

    /// The secret that signs, or why it cannot be had.
    async fn secret(&mut self, webhook: &Webhook) -> Result<SigningSecret, String> {
        // It may have been sealed anew between the one and the other.
        let opened = match self.open(webhook).await? {
            Err(Unopened::Sealed(_)) => self.open(webhook).await?,
            other => other,
        };
        opened.map(SigningSecret::of_bytes).map_err(|error| match error {
            Unopened::Key(error) => {
                format!("{error}; put it back, or remove this web address and add it anew")
            }
            Unopened::Sealed(error) => format!(
                "the secret that signs cannot be read, as {error}: remove this web address and add it anew"
            ),
        })
    }

    async fn open(&self, webhook: &Webhook) -> Result<Result<Zeroizing<Vec<u8>>, Unopened>, String> {
        let sealed = self.store.webhook_secret(webhook.id).await.map_err(|error| error.to_string())?;
        Ok(self.settings.now().sealing_key.open(secrets::OF_WEBHOOKS, &sealed))
    }

    async fn end(&mut self, ended: Result<Ended, JoinError>) {
        let Ok(Ended { webhook, until, told }) = ended else {
            return tracing::error!(
                "a request to a web address broke; nothing more is told there before the next start"
            );
        };
        let now = self.clock.now();
        let outcome = match told {
            Ok(()) => {
                self.alarms.clear(AlarmKind::Webhook, &alarm_subject(webhook.id));
                WebhookOutcome::Told(until)
            }
            Err(answer) => self.failed(&webhook, until, answer, now).await,
        };
        self.keep(webhook.id, outcome, now).await;
    }

    async fn failed(
        &mut self,
        webhook: &Webhook,
        until: EventId,
        answer: String,
        now: Timestamp,
    ) -> WebhookOutcome {
        tracing::warn!(webhook.id = webhook.id.0, application = webhook.application.as_str(), %answer, "a web address was not told");
        let failing_since = webhook.trouble.as_ref().map_or(now, |trouble| trouble.failing_since);
        let expires_at = self.settings.now().schedule.expires_at(failing_since);
        let next_attempt_at =
            match self.settings.now().schedule.next(now, failing_since, expires_at, &mut self.dice) {
                Next::At(at) => at,
                Next::GiveUp => {
                    now.saturating_add(self.settings.now().schedule.long_wait.0).unwrap_or(Timestamp::MAX)
                }
            };
        if now.duration_since(failing_since) >= QUIET {
            self.alarms.raise(AlarmKind::Webhook, &alarm_subject(webhook.id), words(webhook, &answer));
        }
        let trouble =
            |retried_until| WebhookTrouble { failing_since, retried_until, next_attempt_at, answer };
        match self.given_up(webhook, now).await {
            Some((until, events)) => WebhookOutcome::GivenUp { until, events, trouble: trouble(None) },
            None => WebhookOutcome::Failed(trouble(Some(until))),
        }
    }

    /// The events that have failed for too long: the last of them, and how many. None: there are none.
    async fn given_up(&self, webhook: &Webhook, now: Timestamp) -> Option<(EventId, u64)> {
        let too_old = |at: Timestamp| self.settings.now().schedule.expires_at(at) <= now;
        let (mut until, mut count) = (webhook.told, 0);
        let whole = Webhook { trouble: None, ..webhook.clone() };
        loop {
            let found = self.events(&whole, until, 1_000).await.ok()?;
            let old = found.events.iter().take_while(|event| too_old(event.happened_at));
            let before = count;
            for event in old {
                (until, count) = (event.id, count + 1);
            }
            if count - before < found.events.len() as u64 || !found.more {
                return (count > 0).then_some((until, count));
            }
            until = found.read_to;
        }
    }

    async fn keep(&mut self, webhook: WebhookId, outcome: WebhookOutcome, now: Timestamp) {
        if let Err(error) = self.store.webhook_told(webhook, outcome.clone(), now).await {
            tracing::error!(%error, webhook.id = webhook.0, "what came of telling a web address could not be stored; nothing more is told there before it is");
            self.unstored.insert(webhook, outcome);
        }
    }
}

/// What the alarm is about.
pub(crate) fn alarm_subject(webhook: WebhookId) -> String {
    format!("webhook {}", webhook.0)
}

fn words(webhook: &Webhook, answer: &str) -> String {
    let host = webhook.url.parse::<Address>().map(|address| address.host().to_owned()).unwrap_or_default();
    format!(
        "{} is not told what becomes of its mail: its web address at {host} does not take it ({answer}). Mail itself is not affected. Bookpost goes on trying; what is older than 100 hours by then is given up. To see more, run: bookpost programs show '{}'",
        webhook.application, webhook.application
    )
}
