//! The mark "transmission begun": leave to pass the point of no return.
//!
//! The store is asked first, whether the message is still ours to send; then the journal makes the mark durable, so that a crash
//! of ours leaves no doubt about what had begun.

use store::{Lease, RecipientId, Store};

use super::journal::{Journal, JournalError, Marked};

/// The last byte of this message may not leave.
#[derive(Debug, thiserror::Error)]
pub enum NotMarked {
    /// Another machine has taken it over: it is to be given back, and whoever has it now sends it.
    #[error("it is not ours to send any more")]
    NotOurs,
    /// Nobody knows whose it is: it is to be given back, and tried again later.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Nothing may pass the point of no return before the next start.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Leave to send the last byte of a message to these. If the future is dropped, the mark is void.
pub async fn mark(
    store: &Store,
    journal: &Journal,
    recipients: Vec<(RecipientId, Lease)>,
) -> Result<Marked, NotMarked> {
    if !store.mark(&recipients).await? {
        return Err(NotMarked::NotOurs);
    }
    Ok(journal.mark(recipients).await?)
}

#[cfg(test)]
mod tests {
    use super::{
        super::settler::tests::{LEASE, START, fresh, opened},
        *,
    };

    /// The journal's mark alone would have the next start take the message for begun, whoever has it then.
    #[tokio::test]
    async fn the_journal_is_asked_for_no_mark_that_the_store_does_not_give() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), START).unwrap();
        let accepted = store.accept(vec![fresh()], START).await.unwrap();
        let (journal, _) = opened(folder.path(), &store);
        let keys = vec![(RecipientId::of(accepted[0].id, 0), LEASE)];
        mark(&store, &journal, keys.clone()).await.unwrap().release().unwrap();
        let (before, other) = (journal.stats(), store.clone());
        store.close().await.unwrap();
        let refused = mark(&other, &journal, keys).await;
        assert!(matches!(refused, Err(NotMarked::Store(store::Error::Closed))), "{refused:?}");
        assert_eq!(journal.stats(), before);
    }
}
