//! The reverse-path that an attempt is made with: one that names the message, where what comes back to it is read; and whom our own
//! letters are from, towards servers that refuse mail from nobody.

use std::sync::atomic::{AtomicBool, Ordering};

use mail::{Address, ReversePath, envelope::Notify};
use store::{Claimed, Kind};

use crate::{
    config::{ReadAddress, Settings},
    secrets::return_path::ReturnPaths,
};

/// Return reports and alarms have the null reverse-path, so that nothing can go in circles (RFC 5321 section 4.5.5). Where that is
/// refused they have the site's address: whatever comes back to it, they are still known by their kind and never reported.
#[derive(Debug)]
pub struct OwnReversePath {
    settings: Settings,
    paths: ReturnPaths,
    /// A server of the present way of sending refuses it.
    null_refused: AtomicBool,
}

impl OwnReversePath {
    /// As in the settings.
    pub fn new(settings: Settings, paths: ReturnPaths) -> Self {
        Self { settings, paths, null_refused: AtomicBool::new(false) }
    }

    /// A server of this way of sending refuses the null reverse-path; it is not tried again before there is another.
    pub fn refuse_null(&self) {
        if !self.null_refused.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the mail server refuses mail without a sender; reports go with the site's address"
            );
        }
    }

    /// There is another way of sending.
    pub fn forget(&self) {
        self.null_refused.store(false, Ordering::Relaxed);
    }

    /// The reverse-path that a server is told in an attempt at this message: where what comes back is read, one that names the message. To
    /// everybody else the message is still from whom it was.
    pub fn told(&self, job: &Claimed) -> ReversePath {
        let config = self.settings.now();
        let naming = config.undeliverable.naming().filter(|naming| is_named(job, naming));
        let named = naming.and_then(|naming| self.paths.make(naming, job.id));
        named.map_or_else(|| job.envelope.reverse_path.clone(), ReversePath::Address)
    }

    /// The reverse-path that this message has: of our own letters, what the server takes.
    pub fn of(&self, job: &Claimed) -> ReversePath {
        let usual = &job.envelope.reverse_path;
        if !is_null(job) {
            return usual.clone();
        }
        let config = self.settings.now();
        if config.sending.null_reverse_path && !self.null_refused.load(Ordering::Relaxed) {
            return usual.clone();
        }
        let own = config.sites.iter().find(|site| Some(&site.code) == job.site.as_ref());
        let site = own.and_then(|site| site.email.as_ref()).or_else(|| Some(config.sender()?.1));
        let recipient = job.envelope.recipients().first().map(|to| &to.address);
        site.or(recipient).map_or_else(|| usual.clone(), |address| ReversePath::Address(address.clone()))
    }
}

/// Whether the reverse-path may name the message: it is of a domain for which that stands, and whoever sent the message asked for no
/// news that Bookpost would not hand on to them (RFC 3461 section 4.1).
fn is_named(job: &Claimed, naming: &ReadAddress) -> bool {
    let asks = |notify: Notify| matches!(notify, Notify::On { success, delay, .. } if success || delay);
    let wants_more = job.envelope.recipients().iter().any(|to| to.notify.is_some_and(asks));
    let domain = job.envelope.reverse_path.address().map(Address::domain);
    job.kind == Kind::Mail
        && !job.practice
        && !wants_more
        && domain.is_some_and(|domain| naming.is_of(domain))
}

/// A letter of our own that is from nobody. Mail that was handed in without a sender stays so.
pub fn is_null(job: &Claimed) -> bool {
    job.kind != Kind::Mail && job.envelope.reverse_path == ReversePath::Null
}
