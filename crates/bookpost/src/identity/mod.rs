//! Who may do what: the applications that hand mail in, with their keys and limits, and the staff who use the pages ([`people`]).
//!
//! A door asks in this order: who is it ([`Applications::authenticate`], [`Applications::bearer`], [`Applications::local`]); and
//! then at each message: is it still so ([`Applications::again`]), may it send this ([`Caller`]), not too fast
//! ([`Applications::admit`]), and is there room ([`Applications::room`]).
//!
//! Nothing here knows of SMTP or HTTP. The clock and the dice are arguments.

mod allowance;
mod applications;
mod caller;
mod guessing;
mod installations;
mod key;
#[cfg(feature = "oidc")]
pub mod oidc;
pub mod people;
mod person_keys;
mod room;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use allowance::Rate;
pub use applications::{Applications, Refusal};
pub use caller::{Action, Caller, Denied, Field};
pub(crate) use guessing::place;
pub use installations::Installations;
pub use key::{Key, Mistyped, id_in};
pub use people::{People, Permission, SignInError, Visitor};
pub use person_keys::{Holder, PersonKeys};
pub use room::Full;

/// Whoever broke off while it was held left it as it was.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
