//! What people said of the columns of exports that are not known.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Actor, Error, Store,
    codes::of_json,
    rows::{Columns, at},
};

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
        ask!(self.db.known_columns().await)
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
        ask!(self.db.remember_columns(shape, chosen, who, now).await)
    }

    /// Forgets it, and says so in the log; false: nothing was remembered.
    pub async fn forget_columns(&self, shape: String, who: Actor, now: Timestamp) -> Result<bool, Error> {
        ask!(self.db.forget_columns(shape, who, now).await)
    }
}

/// Letters of a shape that stand in the log.
const IN_THE_LOG: usize = 200;

/// From `shape, chosen, chosen_by, chosen_at`. None if it cannot be decoded: a person is asked again.
pub(crate) fn decode(row: &impl Columns) -> Result<Option<KnownColumns>, Error> {
    let (shape, chosen_at, chosen) = (row.text(0)?, at(row, 3)?, of_json(row.text(1)?));
    let (Some(shape), Some(chosen), Some(chosen_at)) = (shape, chosen, chosen_at) else { return Ok(None) };
    let chosen_by = of_json(row.text(2)?).unwrap_or(Actor::CommandLine);
    Ok(Some(KnownColumns { shape, chosen, chosen_by, chosen_at }))
}

/// How the log names a shape.
pub(crate) fn about(shape: &str) -> String {
    let names = shape.lines().collect::<Vec<_>>().join(", ");
    match names.char_indices().nth(IN_THE_LOG) {
        Some((end, _)) => format!("{}…", names.get(..end).unwrap_or(&names)),
        None => names,
    }
}
