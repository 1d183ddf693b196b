//! A sign-in service, from both of its ends: an installation that has no client of its own at a provider signs its people in by the client
//! of another Bookpost, and has tokens renewed there.
//!
//! What a provider gives passes through the service and stays with the installation: it is sealed to a key that the installation has drawn
//! for this one exchange, and the service keeps nothing of it. See `docs/adr/0019-sign-in-service.md`.

mod asked;
mod broker;
mod kept;
mod limits;
pub mod name;
mod question;
mod sealed;
mod visit;
pub mod wire;

use std::time::Duration;

pub use self::{
    asked::{Answers, ServiceError, test},
    broker::{Broker, not_understood},
    visit::{Going, Ticket},
};
pub(super) use self::{
    asked::{Fetched, Hosted},
    kept::Kept,
    question::Question,
    sealed::Opener,
};

/// A provider has answered the service by then: it is asked where it is, and then for tokens.
pub(super) const OF_PROVIDER: Duration = Duration::from_secs(8);
/// The service has answered the installation by then.
pub(super) const OF_SERVICE: Duration = Duration::from_secs(25);
/// Whoever asks a service has so long before somebody else may: it asks again once where a connection broke.
pub(super) const LEASE: Duration = Duration::from_mins(1);

// What the provider has given is never waited for in vain.
const _: () =
    assert!(2 * OF_PROVIDER.as_secs() < OF_SERVICE.as_secs() && 2 * OF_SERVICE.as_secs() < LEASE.as_secs());
