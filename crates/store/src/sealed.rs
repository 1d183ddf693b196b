//! What stands in the queue sealed. The key, and what sealing is, is known to nobody here.

use serde::{Deserialize, Serialize};

use crate::{Error, Store};

/// What is sealed. A further kind needs its place in `sqlite/sealed.rs`, and its purpose where the key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SealedKind {
    /// What signs the posts to a web address.
    Webhook,
}

impl SealedKind {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::Webhook];
}

/// One secret as it stands in the queue.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// What it is.
    pub kind: SealedKind,
    /// Its number among those of its kind.
    pub id: i64,
    /// What it is for, as people know it: the web address.
    pub about: String,
    /// The secret, sealed.
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
