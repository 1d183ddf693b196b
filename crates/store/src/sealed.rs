//! What stands in the queue sealed. The key, and what sealing is, is known to nobody here.

use serde::{Deserialize, Serialize};

use crate::{Error, Store};

/// What is sealed. A further kind needs its place in `sqlite/sealed.rs`, and its purpose where the key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SealedKind {
    /// What signs the posts to a web address.
    Webhook,
    /// A preference, as it is.
    Preference,
    /// A preference as it was before or after a change on record, to which that change may be undone.
    FormerPreference,
    /// What a mail provider gave to whoever signed in there.
    MailAccount,
}

/// One secret as it stands in the queue.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// What it is.
    pub kind: SealedKind,
    /// The number of the web address, or of the change on record; 0 for a preference as it is, and for an account.
    pub id: i64,
    /// What it is for: the web address, the name of the preference, or the provider.
    pub about: String,
    /// Whose web address it is.
    pub application: Option<String>,
    /// The secret, sealed; of a preference the text that stands there.
    pub sealed: Vec<u8>,
}

impl std::fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedSecret").field("kind", &self.kind).field("id", &self.id).finish_non_exhaustive()
    }
}

/// Sealed secrets.
impl Store {
    /// All of them.
    pub async fn sealed(&self) -> Result<Vec<SealedSecret>, Error> {
        self.db.sealed().await
    }

    /// In the place of each secret, what `anew` gives for it; `None`: it stays as it is. All in one transaction. Gives how many were
    /// replaced.
    pub async fn reseal(
        &self,
        anew: impl FnMut(&SealedSecret) -> Option<Vec<u8>> + Send + 'static,
    ) -> Result<u64, Error> {
        self.db.reseal(anew).await
    }
}
