//! Whether Bookpost is well, and if not, why, in plain words.

use serde::Serialize;
use store::{Alarm, AlarmKind, Counts, Error, Pause, PauseWhy};

use super::Moment;
use crate::{app::drop_folder, cli::words};

/// The answer of `/healthz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    pub ok: bool,
    /// Why not; empty when all is well.
    pub reasons: Vec<String>,
    /// What a person was told of, though mail is safe and will go by itself.
    pub notes: Vec<String>,
}

/// Judges from what was asked. A fault that a restart or a look at this machine would mend makes it unwell; mail that merely
/// waits for somebody's mail server does not, and neither does an export that waits for somebody's answer: these are notes.
pub fn judge(
    now: &Moment,
    counts: Result<Counts, Error>,
    alarms: Result<Vec<Alarm>, Error>,
    pause: Option<Pause>,
) -> Health {
    let mut reasons = Vec::new();
    let mut notes = Vec::new();
    if let Some(pause) = pause {
        notes.push(match pause.why {
            PauseWhy::ByPerson => {
                format!("sending has been paused since {:.0}: mail is accepted and waits", pause.began_at)
            }
            PauseWhy::OldMail => format!(
                "sending has been paused since {:.0}: mail has waited for more than 48 hours, and nobody has said yet what becomes of it",
                pause.began_at
            ),
            PauseWhy::Restored { of } => words::restored(&format!("{of:.0}")),
        });
    }
    if let Err(error) = counts {
        reasons.push(format!("the queue cannot be read: {error}"));
    }
    if !now.worker_alive {
        reasons.push("sending has stopped: the worker ended".to_owned());
    }
    if let Some(disk) = now.disk.filter(|disk| disk.free < disk.floor) {
        reasons.push(format!("the disk is nearly full: {} MB are free", disk.free / 1_000_000));
    }
    match alarms {
        Ok(alarms) => {
            for alarm in alarms {
                let list = if is_ours(&alarm) { &mut reasons } else { &mut notes };
                list.push(format!("{} ({})", alarm.text, alarm.subject));
            }
        }
        Err(error) => reasons.push(format!("the alarms cannot be read: {error}")),
    }
    Health { ok: reasons.is_empty(), reasons, notes }
}

/// Whether the fault is on this machine or in what it was told, and lasts until somebody acts. What only waits for a person's answer is none.
fn is_ours(alarm: &Alarm) -> bool {
    match alarm.kind {
        AlarmKind::SignIn | AlarmKind::Stuck | AlarmKind::ClockJump | AlarmKind::Disk => true,
        AlarmKind::DropFolder => !drop_folder::waits_for_a_person(alarm),
        _ => false,
    }
}
