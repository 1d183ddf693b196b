//! The other machines that share the queue, where a server has it: what a dead one was sending is taken over.

use std::{sync::Arc, time::Duration};

use mail::clock::Clock;
use store::{Error, Restarted, Store};

use crate::queue::worker::Handle;

/// The others are looked at this often. A machine counts as dead half a minute after its last word, so within a minute its mail goes on.
const LOOK: Duration = Duration::from_secs(10);

/// Works for as long as the program runs.
pub(super) async fn watch(store: Store, clock: Arc<dyn Clock>, worker: Handle) {
    loop {
        tokio::time::sleep(LOOK).await;
        match store.take_over(clock.now()).await {
            Ok(taken) if taken != Restarted::default() => {
                tracing::warn!(
                    waiting = taken.waiting,
                    in_doubt = taken.in_doubt,
                    "another machine has said nothing for half a minute; what it was sending goes on here"
                );
                worker.wake();
            }
            Ok(_) => {}
            Err(Error::Closed) => return,
            Err(error) => {
                tracing::error!(%error, "the other machines cannot be looked at; they are again in a moment");
            }
        }
    }
}
