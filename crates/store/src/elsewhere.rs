//! What other machines change and do, of those that share a queue.

use tokio::sync::watch;

use crate::Store;

/// How it stands. Where two looks differ in one of these, something of it is another than before; what, is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Elsewhere {
    /// The version of the preferences.
    pub preferences: i64,
    /// The pause of all sending.
    pub pause: i64,
    /// Applications and their keys.
    pub applications: i64,
    /// Schedules, and moments of them that are not over.
    pub schedules: i64,
    /// Alarms that are open.
    pub alarms: i64,
    /// How often another machine has rung because mail waits that may be due.
    pub rings: u64,
}

/// For machines that share a queue.
impl Store {
    /// How it stands with what other machines change: looked at every few seconds, and at once where one of them rings. A ring may be lost, a
    /// look is not. Nothing ever changes where there is no other machine.
    pub fn elsewhere(&self) -> watch::Receiver<Elsewhere> {
        ask!(self.db.elsewhere())
    }
}
