//! The commands about the key that seals secrets.

use rand::rngs::StdRng;
use store::Store;

use super::{
    args::{Keys, Output},
    control::{Failure, KeysRequest, Reply, ShownKeys},
    queue,
};
use crate::secrets::{self, KeySource, RotationError};

/// Carries `request` out. The dice must be good enough for secrets; nobody else may seal anything meanwhile.
pub async fn perform(store: &Store, request: KeysRequest, key: &KeySource, dice: &mut StdRng) -> Reply {
    let reply = match request {
        KeysRequest::Show => show(store, key).await.map_err(RotationError::from),
        KeysRequest::Rotate => secrets::rotate(store, key, dice).await.map(Reply::Rotated),
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

async fn show(store: &Store, key: &KeySource) -> Result<Reply, store::Error> {
    let sealed = u64::try_from(store.sealed().await?.len()).unwrap_or(u64::MAX);
    let file = key.file().map(Into::into);
    let is_there = key.file().is_none_or(std::path::Path::exists);
    Ok(Reply::Keys(ShownKeys { file, is_there, sealed, lost: secrets::lost(store, key).await? }))
}

/// What a command line means.
pub(super) fn request(command: Keys) -> (KeysRequest, Output) {
    match command {
        Keys::Show { output } => (KeysRequest::Show, output),
        Keys::Rotate { output } => (KeysRequest::Rotate, output),
    }
}
