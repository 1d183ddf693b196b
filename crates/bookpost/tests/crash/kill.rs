//! Killed in the middle, at every named step and at random moments.

use std::{collections::BTreeSet, time::Duration};

use bookpost::app::steps::{AbortAt, Step};
use rand::{RngExt, rngs::StdRng};
use testkit::sink::{Settings, Sink};

use crate::{
    account::account,
    child::{CONNECTIONS, Task},
    parent::{self, Manner},
};

/// The variable that asks for more rounds than the usual ones.
const ROUNDS: &str = "BOOKPOST_CRASH_ROUNDS";
const USUAL_ROUNDS: u32 = 25;
/// Messages that flow through one queue.
const MESSAGES: u64 = 2_000;
/// A queue lives through so many deaths.
const DEATHS: u32 = 5;

/// What all rounds came to.
#[derive(Debug, Default)]
struct Figures {
    /// Deaths and the doubts that they left, by whose hand: at a step, at a random moment.
    deaths: [u32; 2],
    doubts: [u64; 2],
    messages: usize,
    doubled: usize,
    /// Steps at which it was killed.
    steps: BTreeSet<&'static str>,
}

/// How a child ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// By its own hand, at a step.
    Step = 0,
    /// By ours, at a random moment.
    Random = 1,
    /// When all is delivered.
    Peace,
}

impl Figures {
    fn kills(&self) -> u32 {
        self.deaths.iter().sum()
    }

    fn note(&mut self, end: End, doubts: u64) {
        if let Some((deaths, sum)) = self.deaths.get_mut(end as usize).zip(self.doubts.get_mut(end as usize))
        {
            *deaths += 1;
            *sum += doubts;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_loses_nothing_and_doubles_nothing_in_silence() {
    let rounds = rounds();
    let mut figures = Figures::default();
    let mut flow = 0;
    while figures.kills() < rounds {
        flow += 1;
        flow_through_deaths(flow, rounds, &mut figures).await;
    }
    assert_eq!(figures.steps.len(), Step::all().count(), "killed at each step: {:?}", figures.steps);
    let all_doubts: u64 = figures.doubts.iter().sum();
    assert!(all_doubts < u64::from(figures.kills()), "fewer than one in doubt per kill: {figures:?}");
    let [at_steps, at_random] = figures.deaths;
    let [doubts_at_steps, doubts_at_random] = figures.doubts;
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let per_kill = doubts_at_random as f64 / f64::from(at_random.max(1));
    println!(
        "{} kills while {} messages flowed over up to {CONNECTIONS} connections: 0 lost, 0 twice in silence, {} twice\n\
         {at_random} kills at random moments: {doubts_at_random} in doubt, {per_kill:.2} per kill\n\
         {at_steps} kills at named steps: {doubts_at_steps} in doubt",
        figures.kills(),
        figures.messages,
        figures.doubled,
    );
}

#[expect(clippy::disallowed_methods, reason = "`cargo xtask crash` asks for more rounds")]
fn rounds() -> u32 {
    std::env::var(ROUNDS).map_or(USUAL_ROUNDS, |text| text.parse().unwrap())
}

/// One queue, through several deaths, until all is delivered.
async fn flow_through_deaths(flow: u64, rounds: u32, figures: &mut Figures) {
    let mut dice = testkit::dice::seeded(flow);
    let place = tempfile::tempdir().unwrap();
    let (folder, ledger) = (place.path().join("data"), place.path().join("ledger"));
    let sink = Sink::start(Settings { ledger: Some(ledger.clone()), ..Settings::default() }).await.unwrap();
    let mut promised = BTreeSet::new();
    let (mut deaths, mut doubts, mut before) = (0, 0, End::Peace);
    for child in 0.. {
        let left = MESSAGES.saturating_sub(promised.len() as u64);
        // A child that outlived its death has had its share: in the end there may be too little left to die over.
        let last = deaths >= DEATHS || figures.kills() >= rounds || left == 0;
        let mut task = Task {
            folder: folder.clone(),
            server: sink.address(),
            boot_id: "one".into(),
            seed: dice.random(),
            // What was handed in and not promised is nobody's promise: it keeps its numbers.
            first: child * MESSAGES,
            count: if last { left } else { left.min(MESSAGES / u64::from(DEATHS)) },
            abort_at: None,
            dies_refusing: false,
        };
        let end = if last { End::Peace } else { [End::Step, End::Random][dice.random_range(0..2)] };
        // First each step once, so that none is left to chance.
        let steps: Vec<Step> = Step::all().collect();
        let untried = steps.iter().find(|step| !figures.steps.contains(step.name()));
        let step = *untried.unwrap_or(&steps[dice.random_range(0..steps.len())]);
        let manner = manner(end, step, &mut task, &mut dice);
        let said = parent::run(&task, manner).await;
        assert_eq!(said.failed, None, "{}", parent::log(&folder));
        promised.extend(&said.accepted);
        if let Some(now) = said.doubts {
            figures.note(before, now - doubts);
            (doubts, before) = (now, End::Peace);
        }
        if said.done {
            if last {
                break;
            }
        } else {
            assert!(!last, "{}", parent::log(&folder));
            deaths += 1;
            before = end;
            if end == End::Step {
                figures.steps.insert(step.name());
            }
        }
    }
    let found = account(&folder, &ledger, &promised).await;
    found.assert_sound(&format!("flow {flow}"));
    figures.messages += found.messages;
    figures.doubled += found.doubled;
}

fn manner(end: End, step: Step, task: &mut Task, dice: &mut StdRng) -> Manner {
    match end {
        End::Step => {
            // Only what waited is claimed, and that in large pieces.
            let times = if step == Step::Claimed { 1..=1 } else { 1..=50 };
            task.abort_at = Some(AbortAt { step, time: dice.random_range(times) }.to_string());
            Manner::default()
        }
        End::Random => {
            let moment = Duration::from_millis(dice.random_range(20..400));
            Manner { kill_after: Some(moment), ..Manner::default() }
        }
        End::Peace => Manner::default(),
    }
}
