//! When people looked how it stands.

use std::time::Duration;

use jiff::Timestamp;

use crate::{Error, PersonId, Store};

/// Who comes back after so long makes another visit.
pub const ANOTHER_VISIT: Duration = Duration::from_mins(30);

impl Store {
    /// Somebody looks how it stands. Gives when they looked for the last time before this visit; `None`: never. Written at most once a
    /// minute.
    pub async fn look(&self, person: PersonId, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        self.db.look(person, now).await
    }

    /// What [`Store::look`] would give, where nobody looks.
    pub async fn looked_before(&self, person: PersonId, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        self.db.looked_before(person, now).await
    }
}
