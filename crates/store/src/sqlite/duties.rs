//! A queue in a folder has one machine: it does all there is to be done, and nobody else changes anything.

use tokio::sync::watch;

use super::Sqlite;
use crate::{Elsewhere, Error};

#[expect(clippy::unused_self, reason = "the other database is asked")]
impl Sqlite {
    #[expect(clippy::unused_async, reason = "the other database is asked")]
    pub(crate) async fn take_duty(&self, _name: String) -> Result<bool, Error> {
        Ok(true)
    }

    pub(crate) async fn sending_here(&self) -> Result<u64, Error> {
        Ok(self.counts().await?.sending)
    }

    pub(crate) fn elsewhere(&self) -> watch::Receiver<Elsewhere> {
        watch::channel(Elsewhere::default()).1
    }
}
