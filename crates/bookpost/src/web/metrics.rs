//! The figures for Prometheus. Names end in their unit; counters begin at zero with the program.

use jiff::Timestamp;
use mail::Reason;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::{ConstGauge, Gauge},
    },
    registry::Registry,
};
use store::{Counts, Stats};

use super::Moment;

/// How one attempt for one recipient ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    Delivered,
    Practiced,
    Deferred,
    Returned,
    Held,
    InDoubt,
}

impl Outcome {
    fn label(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Practiced => "practiced",
            Self::Deferred => "deferred",
            Self::Returned => "returned",
            Self::Held => "held",
            Self::InDoubt => "in_doubt",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    outcome: &'static str,
    reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ServerLabel {
    server: String,
}

/// What the parts count as they work. Cheap to clone; all clones count together.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    attempts: Family<AttemptLabels, Counter>,
    accepted: Counter,
}

impl Metrics {
    /// One attempt for one recipient ended.
    pub fn attempt(&self, outcome: Outcome, reason: Option<Reason>) {
        let reason = reason.map_or_else(String::new, name);
        self.attempts.get_or_create(&AttemptLabels { outcome: outcome.label(), reason }).inc();
    }

    /// So many messages were accepted.
    pub fn accepted(&self, messages: u64) {
        self.accepted.inc_by(messages);
    }

    /// All figures in the OpenMetrics text format.
    pub(super) fn encode(
        &self,
        now: &Moment,
        counts: &Counts,
        stats: Stats,
        paused: bool,
        at: Timestamp,
    ) -> String {
        let mut registry = Registry::with_prefix("bookpost");
        registry.register("messages_accepted", "Messages accepted", self.accepted.clone());
        let help = "Attempts by how they ended and why, one per recipient";
        registry.register("attempts", help, self.attempts.clone());
        queue(&mut registry, counts, at);
        let help = "Committed transactions of the queue; each is one sync";
        registry.register("store_commits", help, ConstCounter::new(stats.commits));
        registry.register("store_operations", "Operations in them", ConstCounter::new(stats.operations));
        registry.register(
            "journal_syncs",
            "Syncs of the outcome journal",
            ConstCounter::new(now.journal_syncs),
        );
        let breakers = Family::<ServerLabel, Gauge>::default();
        for (server, open) in &now.breakers {
            breakers.get_or_create(&ServerLabel { server: server.clone() }).set(i64::from(*open));
        }
        registry.register(
            "breaker_open",
            "1 while nothing is sent to this server, because it fails",
            breakers,
        );
        registry.register(
            "worker_up",
            "1 while the worker runs",
            ConstGauge::new(i64::from(now.worker_alive)),
        );
        registry.register(
            "sending_paused",
            "1 while a person wants nothing to be sent",
            ConstGauge::new(i64::from(paused)),
        );
        if let Some(disk) = now.disk {
            registry.register("disk_free_bytes", "Free space where the queue lives", gauge(disk.free));
        }
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

fn queue(registry: &mut Registry, counts: &Counts, at: Timestamp) {
    let states = Family::<StateLabel, Gauge>::default();
    for (state, count) in [
        ("waiting", counts.waiting),
        ("sending", counts.sending),
        ("in_doubt", counts.in_doubt),
        ("delivered", counts.delivered),
        ("practiced", counts.practiced),
        ("returned", counts.returned),
        ("held", counts.held),
        ("cancelled", counts.cancelled),
    ] {
        states.get_or_create(&StateLabel { state }).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    registry.register("recipients", "Recipients on record, by state", states);
    let help = "Recipients whose answer was once never read";
    registry.register("recipients_ever_in_doubt", help, gauge(counts.ever_in_doubt));
    registry.register("reports_owed", "Return reports still to be written", gauge(counts.reports_owed));
    let oldest = counts.oldest_waiting_at.map_or(0, |oldest| at.duration_since(oldest).as_secs().max(0));
    let help = "How long the oldest waiting message has waited";
    registry.register("oldest_waiting_age_seconds", help, ConstGauge::new(oldest));
}

fn gauge(count: u64) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The name under which the reason is stored everywhere (`address_unknown`).
fn name(reason: Reason) -> String {
    match serde_json::to_value(reason) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
