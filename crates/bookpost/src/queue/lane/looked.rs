//! Where the answer to a message was lost, a service that may be asked says whether it has it.

use std::{sync::Arc, time::Duration};

use mail::{
    Reply,
    smtp::client::{RecipientResult, TransactionResult},
};
use store::{Claimed, Store};
use tokio::time::timeout;

use super::{Gate, Lane, signed_in::open};
use crate::{
    config::{Server, Service},
    deliver::{by_web::Letter, letter},
    preferences::{mail_accounts::Shown, tested::keeps_ids},
};

/// Somebody waits for the mail behind it.
const PATIENCE: Duration = Duration::from_secs(20);

impl Lane {
    /// The result, if it is known now. None: it is as it was, and in doubt.
    pub(super) async fn looked(&mut self, result: &TransactionResult) -> Option<TransactionResult> {
        let lost = result.recipients.iter().any(|one| matches!(one, RecipientResult::Unknown { .. }));
        if !lost || self.server.service != Some(Service::Gmail) {
            return None;
        }
        let job = {
            let mut slots = self.slots();
            let slot = slots.iter_mut().find(|slot| slot.token == result.token)?;
            // Others may pass meanwhile: this one has passed, and its answer is not to come any more.
            slot.exit = None;
            slot.job.clone()
        };
        let reply = self.look(&job).await?;
        let recipients = vec![RecipientResult::Delivered(reply); result.recipients.len()];
        Some(TransactionResult { recipients, ..result.clone() })
    }

    /// What the service says of it, if it has it. Nobody who wants the program to end waits for that.
    pub(super) async fn look(&mut self, job: &Claimed) -> Option<Reply> {
        let mut gate = self.gate.clone();
        tokio::select! {
            biased;
            _ = gate.wait_for(|gate| *gate == Gate::Abandon) => None,
            found = timeout(PATIENCE, self.ask_what_was_sent(job)) => found.ok().flatten(),
        }
    }

    async fn ask_what_was_sent(&mut self, job: &Claimed) -> Option<Reply> {
        let shown = self.delivery.accounts.shown(self.server.sign_in?).await.ok()?;
        if !shown.may_look
            || self.server.service != Some(Service::Gmail)
            || !finds_ids(&self.delivery.store, &self.server, &shown).await
        {
            return None;
        }
        let message = letter::bytes_of(job, &self.delivery.settings);
        let of = (&*self.server.host, &shown);
        let letter = Letter::of(&message, job.envelope.recipients(), of, job.first_due_at)?;
        letter.found(open(Arc::clone(&self.server), self.tls.clone()).await.ok()?).await
    }
}

/// Nothing is found by its Message-ID where a test has shown that there is another one on it by then.
async fn finds_ids(store: &Store, server: &Server, shown: &Shown) -> bool {
    !matches!(keeps_ids(store, server, &shown.user).await, Ok(Some(false)))
}
