//! What people said of the columns of exports that are not known.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Actor, Error, Store};

/// So many are remembered; the one that was chosen longest ago goes for a further one.
pub const COLUMNS_KEPT: usize = 200;

/// By what a column is, such as `email` or `due`, the names of the columns that are.
pub type ChosenColumns = BTreeMap<String, Vec<String>>;

/// What holds for all exports with the same columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownColumns {
    /// The names of all columns, in the order of the alphabet, one a line.
    pub shape: String,
    /// What those are that are used.
    pub chosen: ChosenColumns,
    /// Who said so.
    pub chosen_by: Actor,
    /// When.
    pub chosen_at: Timestamp,
}

/// Columns that were chosen by hand.
impl Store {
    /// All that are remembered, in the order of their shapes.
    pub async fn known_columns(&self) -> Result<Vec<KnownColumns>, Error> {
        self.db.known_columns().await
    }

    /// Remembers what the columns of exports of this shape are, in the place of what was said of them before. What is remembered already
    /// is no change; a change stands in the log, in the same transaction.
    pub async fn remember_columns(
        &self,
        shape: String,
        chosen: ChosenColumns,
        who: Actor,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.db.remember_columns(shape, chosen, who, now).await
    }

    /// Forgets it, and says so in the log; false: nothing was remembered.
    pub async fn forget_columns(&self, shape: String, who: Actor, now: Timestamp) -> Result<bool, Error> {
        self.db.forget_columns(shape, who, now).await
    }
}
