//! The browser's way through the service: from the installation, over the provider, back to the installation.
//!
//! Nothing of it is stored. What comes next is sealed in what the browser brings, so that nothing grows with those who begin and never
//! come back; that a return is used once is on record in the queue.

use std::time::Duration;

use aws_lc_rs::constant_time;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use oauth2::url::form_urlencoded::Serializer;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::{Installation, KeyId};

use super::{
    Broker, not_understood,
    wire::{Begin, No, Why},
};
use crate::{
    app::secret_dice,
    config::{Provider, SendBy},
    preferences::mail_accounts::{
        AccountError, Back,
        endpoints::Endpoints,
        flow::draw,
        redirect,
        tokens::{Asker, plain},
    },
    secrets::SealingKey,
};

/// Whoever was told where to go is there by then.
const TICKET_LASTS: Duration = Duration::from_mins(10);
/// Whoever was sent to the provider is back by then.
pub(super) const THERE: Duration = Duration::from_mins(15);
/// What they are sent back with is used by then.
const HANDOFF_LASTS: Duration = Duration::from_mins(5);
/// No `state` and no key of an installation is longer.
const LONGEST: usize = 200;

const OF_TICKET: &str = "sign-in service, ticket";
const OF_BROWSER: &str = "sign-in service, browser";
const OF_HANDOFF: &str = "sign-in service, handoff";

/// Somebody has begun at an installation.
#[derive(Clone, Serialize, Deserialize)]
pub struct Ticket {
    pub(super) key: KeyId,
    /// Names this beginning, for which something is fetched once.
    pub(super) once: String,
    /// What the installation is called.
    pub name: String,
    /// Where their browser is led back to.
    pub returns_to: String,
    pub provider: Provider,
    pub(super) send_by: SendBy,
    state: String,
    challenge: String,
    pub(super) seal_to: String,
    at: Timestamp,
}

impl Ticket {
    /// What they are asked to agree to is more than sending.
    pub fn covers_all_mail(&self) -> bool {
        (self.provider, self.send_by) == (Provider::Google, SendBy::Smtp)
    }
}

/// What the browser keeps on its way.
#[derive(Serialize, Deserialize)]
struct Kept {
    ticket: Ticket,
    /// Stands on the page that names the installation, and nowhere else: nobody is led past that page.
    seen: String,
    state: String,
    nonce: String,
    verifier: String,
    at: Timestamp,
}

/// Where somebody goes on, and what their browser keeps meanwhile.
pub struct Going {
    pub ticket: Ticket,
    /// Brought along by whoever has seen the page.
    pub seen: String,
    pub kept: String,
}

/// They are back: what they bring to the installation.
#[derive(Serialize, Deserialize)]
pub(super) struct Handoff {
    pub(super) ticket: Ticket,
    pub(super) code: String,
    /// Who has led them back, where it says so.
    pub(super) iss: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
    /// When a browser was led back with it first.
    at: Timestamp,
}

impl Broker {
    /// Where a browser goes that an installation sends, and what names this beginning.
    pub(super) fn ticket(&self, installation: &Installation, begin: Begin) -> Result<(String, Vec<u8>), No> {
        let Begin { provider, send_by, back, state, challenge, seal_to } = begin;
        if back != format!("{}{}", installation.returns_to, redirect::BACK) {
            return Err(No::new(Why::AnotherAddress, installation.returns_to.clone()));
        }
        if [&state, &challenge].iter().any(|text| text.is_empty() || text.len() > LONGEST)
            || !super::sealed::is_key(&seal_to)
        {
            return Err(not_understood());
        }
        let once = draw(&mut secret_dice());
        let ticket = Ticket {
            key: installation.key.clone(),
            once: once.clone(),
            name: installation.name.clone(),
            returns_to: installation.returns_to.clone(),
            provider,
            send_by,
            state,
            challenge,
            seal_to,
            at: self.now(),
        };
        let sealed =
            self.sealed(OF_TICKET, &ticket).map_err(|error| No::new(Why::Unable, error.to_string()))?;
        let to = format!("{}?ticket={sealed}", redirect::of_service(&self.config(), redirect::GO));
        Ok((to, once.into_bytes()))
    }

    /// Somebody is here whom an installation has sent. None: their ticket is none, too old, or of an installation that is served no more.
    pub async fn here(&self, ticket: &str) -> Result<Option<Going>, AccountError> {
        let Some(ticket) = self.opened::<Ticket>(OF_TICKET, ticket) else { return Ok(None) };
        if !self.is_young(ticket.at, TICKET_LASTS) || !self.is_served(&ticket.key).await? {
            return Ok(None);
        }
        let mut dice = secret_dice();
        let [seen, state, nonce, verifier] = [(); 4].map(|()| draw(&mut dice));
        let kept =
            Kept { ticket: ticket.clone(), seen: seen.clone(), state, nonce, verifier, at: self.now() };
        Ok(Some(Going { ticket, seen, kept: self.sealed(OF_BROWSER, &kept)? }))
    }

    /// They have read for whom it is, and go on to the provider. None: they did not, in this browser, lately.
    pub async fn there(&self, kept: &str, seen: &str) -> Result<Option<String>, AccountError> {
        let Some(kept) = self.kept(kept) else { return Ok(None) };
        if !same(&kept.seen, seen) {
            return Ok(None);
        }
        let set = self.set(kept.ticket.provider).ok_or(AccountError::NotSet)?;
        let endpoints = Endpoints::of(&set, self.asks()).await?;
        let asker = Asker::new(&set, &endpoints, self.asks())?;
        let back = redirect::of_service(&self.config(), redirect::SERVICE_BACK);
        asker.there(kept.ticket.send_by, &back, [&kept.state, &kept.nonce, &kept.verifier]).map(Some)
    }

    /// They are back from the provider: where they go on, at the installation. None: they did not begin in this browser, or too long ago.
    pub async fn back(&self, kept: &str, back: &Back) -> Result<Option<String>, AccountError> {
        let Some(kept) = self.kept(kept) else { return Ok(None) };
        if !same(&kept.state, &back.state) || !self.is_served(&kept.ticket.key).await? {
            return Ok(None);
        }
        let (to, state) =
            (format!("{}{}", kept.ticket.returns_to, redirect::BACK), kept.ticket.state.clone());
        let brought = if back.error.is_empty() {
            let Some(handoff) = self.handoff(kept, back).await? else { return Ok(None) };
            vec![("code", handoff)]
        } else {
            vec![("error", plain(&back.error)), ("error_description", plain(&back.error_description))]
        };
        let mut query = Serializer::new(String::new());
        query.append_pair("state", &state).extend_pairs(brought);
        Ok(Some(format!("{to}?{}", query.finish())))
    }

    /// What they bring to the installation. None: another provider has led them back, or it was fetched before.
    async fn handoff(&self, kept: Kept, back: &Back) -> Result<Option<String>, AccountError> {
        let set = self.set(kept.ticket.provider).ok_or(AccountError::NotSet)?;
        if let Err(error) = Endpoints::of(&set, self.asks()).await?.led_back(&back.iss) {
            tracing::warn!(%error, "somebody was not led on to an installation");
            return Ok(None);
        }
        let Some(at) = self.led_back(&kept.ticket.once).await? else { return Ok(None) };
        let handoff = Handoff {
            ticket: kept.ticket,
            code: back.code.clone(),
            iss: back.iss.clone(),
            nonce: kept.nonce,
            verifier: kept.verifier,
            at,
        };
        self.sealed(OF_HANDOFF, &handoff).map(Some)
    }

    /// What an installation fetches by this: for itself, in time, and by whoever began.
    pub(super) fn handed(
        &self,
        installation: &Installation,
        handoff: &str,
        verifier: &str,
    ) -> Option<Handoff> {
        let handoff: Handoff = self.opened(OF_HANDOFF, handoff)?;
        let is_theirs = handoff.ticket.key == installation.key;
        let is_whose = same(&handoff.ticket.challenge, &super::sealed::challenge(verifier));
        (is_theirs && is_whose && self.is_young(handoff.at, HANDOFF_LASTS)).then_some(handoff)
    }

    fn kept(&self, kept: &str) -> Option<Kept> {
        self.opened::<Kept>(OF_BROWSER, kept).filter(|kept| self.is_young(kept.at, THERE))
    }

    fn is_young(&self, at: Timestamp, lasts: Duration) -> bool {
        self.now().duration_since(at).unsigned_abs() <= lasts
    }

    fn sealed(&self, purpose: &str, what: &impl Serialize) -> Result<String, AccountError> {
        let mut dice = secret_dice();
        let (key, _) = SealingKey::get(&self.config().sealing_key, &mut dice)?;
        let text = zeroize::Zeroizing::new(serde_json::to_vec(what).unwrap_or_default());
        Ok(URL_SAFE_NO_PAD.encode(key.seal(purpose, &text, &mut dice)))
    }

    fn opened<T: DeserializeOwned>(&self, purpose: &str, sealed: &str) -> Option<T> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let opened = self.config().sealing_key.open(purpose, &sealed).ok()?;
        serde_json::from_slice(&opened).ok()
    }
}

fn same(one: &str, other: &str) -> bool {
    constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}
