//! Whoever takes mail that comes back of what was sent.

use std::pin::Pin;

use bytes::Bytes;
use mail::Address;

/// Takes mail that comes back, in a network that anybody may send from. This part knows nothing of what is in it.
pub trait ComesBack: Send + Sync {
    /// Such mail may come in by a door.
    fn is_open(&self) -> bool;
    /// Whether mail to this address is such mail.
    fn expects(&self, to: &Address) -> Expected;
    /// Takes one mail; false: it is to be brought again later.
    fn take(
        &self,
        to: Address,
        content: Bytes,
    ) -> Pin<Box<dyn Future<Output = Result<bool, store::Error>> + Send + '_>>;
}

/// What an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// One that names a message.
    Yes,
    /// One that looks like it, and that nobody was ever given.
    MadeUp,
    /// Of something else.
    NotHere,
}
