//! What an attempt sends: the message as it waits, or, of a letter that is sealed until then, the letter.

use bytes::Bytes;
use store::{Claimed, Kind};

use crate::{
    config::Settings,
    secrets::{SealingKey, letter},
};

/// The bytes of this message for a server. The practice mailbox keeps what it gets in files, and gets letters as they are sealed.
pub fn bytes_of(job: &Claimed, settings: &Settings) -> Bytes {
    let recipients = job.envelope.recipients();
    match recipients.first().filter(|_| job.kind == Kind::Staff && !job.practice) {
        Some(to) => {
            let key = SealingKey::load(&settings.now().sealing_key);
            let key = key.inspect_err(|error| tracing::error!(%error, "a letter cannot be opened"));
            letter::open(&job.bytes, &to.address, key.ok().as_ref()).into()
        }
        None => job.bytes.clone(),
    }
}
