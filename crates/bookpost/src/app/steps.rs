//! The named steps of a message, at which a test may end the process as a power cut would.

use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

/// A step of a message on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is on disk, and nobody was told yet.
    Accepted,
    /// The worker has it.
    Claimed,
    /// A connection has it, and nothing of it was looked at.
    InHand,
    /// Its mark is durable; nothing says yet that its last byte leaves.
    TransmissionBegun,
    /// The journal says that its last byte leaves; it has not.
    Released,
    /// The server's answer was read, and is nowhere else.
    Answered,
    /// The database has the outcome; the journal does not know that.
    Settled,
}

/// Each step and its name.
const NAMES: [(Step, &str); 7] = [
    (Step::Accepted, "accepted"),
    (Step::Claimed, "claimed"),
    (Step::InHand, "in hand"),
    (Step::TransmissionBegun, "transmission begun"),
    (Step::Released, "released"),
    (Step::Answered, "answered"),
    (Step::Settled, "settled"),
];

impl Step {
    /// All of them, in the order of a message's way.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.into_iter().map(|(step, _)| step)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(step, _)| *step == self).map_or("", |(_, name)| name)
    }
}

/// Where the process ends itself, such as `answered:37`: when that step is reached for the 37th time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbortAt {
    /// The step.
    pub step: Step,
    /// Which time, from 1.
    pub time: u32,
}

impl FromStr for AbortAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(':').and_then(|(name, time)| {
            let step = Step::all().find(|step| step.name() == name)?;
            Some(Self { step, time: time.parse().ok().filter(|time| *time > 0)? })
        });
        parsed.ok_or_else(|| {
            let names: Vec<_> = Step::all().map(Step::name).collect();
            format!("{text:?} is not a step and a number; the steps are: {}", names.join(", "))
        })
    }
}

impl std::fmt::Display for AbortAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.step.name(), self.time)
    }
}

/// Told by all parts of the program of each step. Cheap to clone; all clones count together.
#[derive(Debug, Clone, Default)]
pub struct Steps {
    abort_at: Option<(Step, Arc<AtomicU32>)>,
    break_at: Option<(Step, Arc<AtomicU32>)>,
}

impl Steps {
    /// Steps at which nothing happens, but for one.
    pub fn new(abort_at: Option<AbortAt>) -> Self {
        Self { abort_at: abort_at.map(|at| (at.step, Arc::new(AtomicU32::new(at.time)))), break_at: None }
    }

    /// The attempts that come to this step first break there, so many of them, as by a defect of the program.
    #[must_use]
    pub fn breaking(mut self, at: Option<(Step, u32)>) -> Self {
        self.break_at = at.map(|(step, times)| (step, Arc::new(AtomicU32::new(times))));
        self
    }

    /// A message has come to this step.
    pub fn reached(&self, step: Step) {
        if let Some((at, left)) = &self.abort_at
            && *at == step
            && left.fetch_sub(1, Ordering::Relaxed) == 1
        {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
        if let Some((at, left)) = &self.break_at
            && *at == step
            && left.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
        {
            std::panic::resume_unwind(Box::new("an attempt breaks, as a test wants it"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_known_by_their_names() {
        for step in Step::all() {
            let at = AbortAt { step, time: 7 };
            assert_eq!(at.to_string().parse(), Ok(at));
        }
        for wrong in ["", "answered", "answered:", "answered:0", "nowhere:3"] {
            assert!(wrong.parse::<AbortAt>().is_err(), "{wrong}");
        }
    }
}
