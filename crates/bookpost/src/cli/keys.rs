//! The commands about the key that seals secrets.

use rand::rngs::StdRng;
use store::{SealedKind, Store};

use super::{
    args::{Keys, Output},
    control::{Failure, KeysRequest, Reply, Rotated, ShownKeys},
    queue,
};
use crate::{
    app::lost_secrets,
    config::Source,
    secrets::{self, KeySource, RotationError},
};

/// Carries `request` out. The dice must be good enough for secrets; nobody else may seal anything meanwhile.
pub async fn perform(
    store: &Store,
    request: KeysRequest,
    key: &KeySource,
    source: Option<&Source>,
    dice: &mut StdRng,
) -> Reply {
    let reply = match request {
        KeysRequest::Show => show(store, key, source).await.map_err(RotationError::from),
        KeysRequest::Rotate => rotate(store, key, source, dice).await,
    };
    reply.unwrap_or_else(|error| {
        let failure = match &error {
            RotationError::Given | RotationError::Key(_) => Failure::Config,
            RotationError::NoKey => Failure::Usage,
            RotationError::Store(error) => queue::failure(error),
        };
        Reply::Failed { failure, message: error.to_string() }
    })
}

async fn show(store: &Store, key: &KeySource, source: Option<&Source>) -> Result<Reply, store::Error> {
    let file = key.file().map(Into::into);
    let is_there = key.file().is_none_or(std::path::Path::exists);
    let (sealed, lost) = (in_use(store).await?, lost_secrets::lost(store, key, source).await?);
    Ok(Reply::Keys(ShownKeys { file, is_there, sealed, lost }))
}

async fn rotate(
    store: &Store,
    key: &KeySource,
    source: Option<&Source>,
    dice: &mut StdRng,
) -> Result<Reply, RotationError> {
    secrets::rotate(store, key, dice).await?;
    let unopened = u64::try_from(secrets::lost(store, key).await?.len()).unwrap_or(u64::MAX);
    let resealed = in_use(store).await?.saturating_sub(unopened);
    Ok(Reply::Rotated(Rotated { resealed, lost: lost_secrets::lost(store, key, source).await? }))
}

/// Secrets that are sealed, without those to which changes on record may be undone.
async fn in_use(store: &Store) -> Result<u64, store::Error> {
    let sealed = store.sealed().await?;
    let in_use = sealed.iter().filter(|secret| secret.kind != SealedKind::FormerPreference).count();
    Ok(u64::try_from(in_use).unwrap_or(u64::MAX))
}

/// What a command line means.
pub(super) fn request(command: Keys) -> (KeysRequest, Output) {
    match command {
        Keys::Show { output } => (KeysRequest::Show, output),
        Keys::Rotate { output } => (KeysRequest::Rotate, output),
    }
}
