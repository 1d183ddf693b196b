//! What stands in the queue sealed. The key, and what sealing is, is known to nobody here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Changed, Error, Store,
    codes::{self, as_json},
};

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
        ask!(self.db.sealed().await)
    }

    /// In the place of each secret, what `anew` gives for it; `None`: it stays as it is. All in one transaction. Gives how many were
    /// replaced.
    pub async fn reseal(
        &self,
        anew: impl FnMut(&SealedSecret) -> Option<Vec<u8>> + Send + 'static,
    ) -> Result<u64, Error> {
        ask!(self.db.reseal(anew).await)
    }
}

/// What is given in the place of each secret.
pub(crate) type Anew<'a> = &'a mut (dyn FnMut(&SealedSecret) -> Option<Vec<u8>> + Send);

/// A preference with its secret sealed anew; none: it is no secret, or stays as it is.
pub(crate) fn of_preference(name: &str, json: &str, anew: Anew<'_>) -> Option<String> {
    renewed(SealedKind::Preference, 0, name, json, anew)
}

/// The values of a change on record, with their secrets sealed anew, and how many these are; none: they stay as they are.
pub(crate) fn of_change(
    version: i64,
    noted: Option<String>,
    anew: Anew<'_>,
) -> Result<Option<(String, u64)>, Error> {
    let Some(mut changed): Option<BTreeMap<String, Changed>> = codes::of_json(noted) else { return Ok(None) };
    let mut replaced = 0;
    for (name, changed) in &mut changed {
        for value in [&mut changed.before, &mut changed.after].into_iter().flatten() {
            if let Some(json) = renewed(SealedKind::FormerPreference, version, name, value, anew) {
                *value = json;
                replaced += 1;
            }
        }
    }
    Ok(if replaced > 0 { Some((as_json(&changed)?, replaced)) } else { None })
}

fn renewed(kind: SealedKind, id: i64, name: &str, json: &str, anew: Anew<'_>) -> Option<String> {
    let (about, sealed) = (name.to_owned(), of_json(json)?.into_bytes());
    let sealed = anew(&SealedSecret { kind, id, about, application: None, sealed })?;
    Some(json!({ SEALED: String::from_utf8(sealed).ok()? }).to_string())
}

/// The key under which a preference that is a secret has it.
const SEALED: &str = "sealed";

/// The sealed text, if this value of a preference is a secret.
pub(crate) fn of_json(json: &str) -> Option<String> {
    match serde_json::from_str(json).ok()? {
        Value::Object(of) => of.get(SEALED)?.as_str().map(str::to_owned),
        _ => None,
    }
}
