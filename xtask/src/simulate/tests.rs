//! What holds for every run, and one case that has a formula.

use super::{
    arrivals::Arrivals,
    costs::{self, Costs, Figure},
    day, draws,
    outcome::Outcome,
    plan::{self, Design, System},
    world::World,
};

fn ours() -> Costs {
    costs::parse(costs::OURS).expect("the project's own")
}

fn set(figures: &mut [(&mut Figure, f64)]) {
    for (figure, value) in figures {
        figure.value = *value;
    }
}

/// Costs of nothing but the mail server's answer, exponential with a mean of 100 ms, over so many connections.
fn only_answers(connections: f64) -> Costs {
    let mut costs = ours();
    for database in [&mut costs.postgres, &mut costs.sqlite] {
        set(&mut [
            (&mut database.transaction_us, 0.0),
            (&mut database.accept_us, 0.0),
            (&mut database.claim_us, 0.0),
            (&mut database.mark_us, 0.0),
            (&mut database.settle_us, 0.0),
            (&mut database.turn_us, 0.0),
            (&mut database.sync_us, 0.0),
            (&mut database.accept_bytes, 0.0),
            (&mut database.claim_bytes, 0.0),
            (&mut database.mark_bytes, 0.0),
            (&mut database.settle_bytes, 0.0),
        ]);
    }
    let (machine, provider) = (&mut costs.machine, &mut costs.provider);
    set(&mut [
        (&mut machine.accept_us, 0.0),
        (&mut machine.send_us, 0.0),
        (&mut machine.journal_us, 0.0),
        (&mut machine.gather_ms, 0.0),
        (&mut machine.connections, connections),
        (&mut provider.answer_ms, 100.0),
        (&mut provider.answer_spread, -1.0),
        (&mut provider.deferred, 0.0),
    ]);
    costs
}

fn steady(costs: &Costs, system: System, rate: f64, together: f64, seconds: f64) -> World<'_> {
    let arrivals = Arrivals::steady(rate, seconds, together);
    let accounts = plan::accounts(costs, 20_000.0, 1);
    let mut world = World::new(costs, system, arrivals, accounts, testkit::dice::seeded(1));
    world.run(seconds);
    world
}

/// How long one waits on average for one of `servers`, each of which takes `service` (Erlang's C formula).
fn erlang_c_wait(rate: f64, service: f64, servers: u32) -> f64 {
    let (load, count) = (rate * service, f64::from(servers));
    // Erlang's B by its recursion, and C of it.
    let blocked = (1..=servers).fold(1.0, |b, n| load * b / (f64::from(n) + load * b));
    let waits = blocked / (1.0 - load / count * (1.0 - blocked));
    waits * service / (count - load)
}

#[test]
fn the_formula_itself_is_right() {
    // M/M/1: the wait is rho / (1 - rho) services.
    assert!((erlang_c_wait(8.0, 0.1, 1) - 0.4).abs() < 1e-9);
    // M/M/2 with half the load each: rho^2 / (1 - rho^2) services.
    assert!((erlang_c_wait(10.0, 0.1, 2) - 0.1 / 3.0).abs() < 1e-9);
}

#[test]
fn connections_alone_are_an_m_m_c_queue() {
    for (connections, rate) in [(1, 7.0), (10, 85.0), (20, 185.0)] {
        let costs = only_answers(f64::from(connections));
        let system = System { design: Design::Sqlite, machines: 1, clusters: 1 };
        let world = steady(&costs, system, rate, 1.0, 20_000.0);
        let waited = world.counted.line.area / draws::float(world.counted.handed_in);
        let expected = erlang_c_wait(rate, 0.1, connections);
        assert!((waited / expected - 1.0).abs() < 0.05, "{connections}: {waited} for {expected}");
    }
}

#[test]
fn nothing_is_lost_and_the_laws_hold_whatever_the_load() {
    let costs = ours();
    for (design, machines, clusters, messages) in [
        (Design::Sqlite, 1, 1, 50_000.0),
        (Design::OneCluster, 3, 1, 50_000.0),
        (Design::Partitioned, 4, 2, 50_000.0),
    ] {
        let system = System { design, machines, clusters };
        let outcome = day(&costs, system, messages, 7);
        assert!(outcome.checks.hold(), "{outcome:?}");
        assert_eq!(
            (outcome.left, outcome.handed_in),
            (0, outcome.delivered + outcome.refused),
            "{outcome:?}"
        );
        assert!(outcome.deferrals > 0, "{outcome:?}");
        // Cut off in the midst of far more than it can do: what is in every place counts.
        let world = steady(&costs, system, 20_000.0, 50.0, 20.0);
        let outcome = Outcome::of(world, system, messages);
        assert!(outcome.checks.hold() && outcome.left > 100_000, "{outcome:?}");
    }
}

/// What a law says is computed anew from what was drawn, and not from what was counted.
#[test]
fn connections_in_use_are_messages_times_the_time_of_one() {
    let costs = only_answers(50.0);
    let system = System { design: Design::OneCluster, machines: 2, clusters: 1 };
    let world = steady(&costs, system, 400.0, 1.0, 2_000.0);
    let in_use = world.counted.on_connections.area / 2_000.0;
    assert!((in_use / (400.0 * 0.1) - 1.0).abs() < 0.02, "{in_use}");
    let inside = world.counted.inside.area / 2_000.0;
    assert!((inside / (400.0 * world.counted.all.mean()) - 1.0).abs() < 0.02, "{inside}");
}

#[test]
fn the_same_seed_gives_the_same_figures() {
    let costs = ours();
    let system = System { design: Design::Partitioned, machines: 2, clusters: 2 };
    let [one, again, other] =
        [3, 3, 4].map(|seed| serde_json::to_string(&day(&costs, system, 20_000.0, seed)).expect("JSON"));
    assert!(one == again && one != other, "{one}\n{again}\n{other}");
}

#[test]
fn what_is_counted_out_is_enough_for_the_busiest_hour() {
    let costs = ours();
    for design in [Design::OneCluster, Design::Partitioned] {
        let system = plan::sized(&costs, design, 3e6, 1);
        let rate = 3e6 * 0.19 / 3_600.0;
        let outcome = Outcome::of(steady(&costs, system, rate, costs.day.together.value, 300.0), system, 3e6);
        let machines = outcome.resources.iter().filter(|one| !one.name.starts_with("database"));
        for resource in machines {
            assert!(resource.used < 0.85, "{resource:?}");
        }
        assert_eq!(system.clusters > 1, design == Design::Partitioned);
        assert!(system.machines <= 4, "{system:?}");
        assert!(system.machines.is_multiple_of(system.clusters));
    }
}

/// Where the database is full, connections are held for longer as they wait for it; that is no reason for more.
#[test]
fn what_waits_for_the_database_needs_no_more_machines() {
    let costs = ours();
    let rate = 100e6 * 0.19 / 3_600.0;
    let least = rate * 0.2 / (100.0 * 0.7);
    for (design, clusters) in [(Design::OneCluster, 1..=1), (Design::Partitioned, 3..=20)] {
        let system = plan::sized(&costs, design, 100e6, 1);
        assert!(clusters.contains(&system.clusters), "{system:?}");
        assert!(f64::from(system.machines) < least * 2.0, "{system:?} for {least}");
    }
}

#[test]
fn one_machine_is_full_where_the_figures_say() {
    let costs = ours();
    let system = System { design: Design::Sqlite, machines: 1, clusters: 1 };
    let outcome = Outcome::of(steady(&costs, system, 100.0, 10.0, 300.0), system, 1e6);
    // At twice the rate of the least limit a line grows; at half of it none does.
    let least = outcome.resources.iter().map(|one| one.limit_a_day).fold(f64::INFINITY, f64::min);
    let limit = least * 0.19 / 3_600.0;
    for (part, grows) in [(0.5, false), (2.0, true)] {
        let world = steady(&costs, system, limit * part, 10.0, 60.0);
        let waits = draws::float(world.counted.line.now);
        assert_eq!(waits > limit * 10.0, grows, "{part} of {limit}: {waits}");
    }
}
