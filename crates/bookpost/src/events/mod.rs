//! Applications are told what became of their mail: each event is posted to the web addresses that ask for it.
//!
//! The store notes events beside the outcomes ([`store::Event`]); here they are only read. Whatever a web address answers, and however
//! long it takes, changes nothing about mail.
//!
//! Events go in the order in which they happened, up to a hundred in one request, one request to an address at a time. What fails is
//! tried again by the resend schedule; events that are older than its end when they fail are given up.

mod body;
mod post;
mod signature;
mod teller;

pub use body::{EventBody, EventName};
pub use post::{Address, AddressError, test};
pub use signature::SigningSecret;
pub(crate) use teller::alarm_subject;
pub use teller::{Teller, run};
