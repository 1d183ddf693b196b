//! What people may ask of a recipient, by its state; of whatever database.

use crate::{EventKind, Move, State};

impl Move {
    /// From which states it is legal.
    pub(crate) fn legal_from(self) -> &'static [State] {
        match self {
            Self::Retry | Self::Cancel => &[State::Waiting, State::InDoubt, State::Held],
            Self::Hold => &[State::Waiting],
            Self::Release => &[State::Held],
            Self::Return => &[State::Waiting, State::Held],
        }
    }

    /// Where it leads.
    pub(crate) fn leads_to(self) -> State {
        match self {
            Self::Retry | Self::Release => State::Waiting,
            Self::Hold => State::Held,
            Self::Cancel => State::Cancelled,
            Self::Return => State::Returned,
        }
    }

    /// What is told of it.
    pub(crate) fn happened(self) -> EventKind {
        match self {
            Self::Retry | Self::Release => EventKind::Released,
            Self::Hold => EventKind::Held,
            Self::Cancel => EventKind::Cancelled,
            Self::Return => EventKind::Returned,
        }
    }
}
