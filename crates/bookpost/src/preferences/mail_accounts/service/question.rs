//! By what an installation asks for its next token again, should the answer be lost: it stands in its queue, so that it holds across a restart.

use serde::{Deserialize, Serialize};

use super::Opener;
use crate::{
    app::secret_dice,
    config::Provider,
    preferences::mail_accounts::flow::draw,
    secrets::{KeySource, SealingKey},
};

/// One question, asked as often as it takes.
#[derive(Serialize, Deserialize)]
pub(in super::super) struct Question {
    pub(super) name: String,
    pub(super) opener: Opener,
}

impl Question {
    pub(in super::super) fn draw() -> Option<Self> {
        Some(Self { name: draw(&mut secret_dice()), opener: Opener::draw()? })
    }

    /// As it is kept.
    pub(in super::super) fn sealed(&self, provider: Provider, key: &SealingKey) -> Vec<u8> {
        let text = zeroize::Zeroizing::new(serde_json::to_vec(self).unwrap_or_default());
        key.seal(&purpose(provider), &text, &mut secret_dice())
    }

    /// As it was kept. None: the key is another by now.
    pub(in super::super) fn open(provider: Provider, sealed: &[u8], key: &KeySource) -> Option<Self> {
        serde_json::from_slice(&key.open(&purpose(provider), sealed).ok()?).ok()
    }
}

fn purpose(provider: Provider) -> String {
    format!("sign-in service, question {}", provider.name())
}
