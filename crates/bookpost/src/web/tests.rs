use jiff::Timestamp;
use mail::Reason;
use store::{Alarm, AlarmKind, Counts, FolderFault};

use super::*;

fn at() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

fn well() -> Moment {
    Moment {
        worker_alive: true,
        disk: Some(Disk { free: 5_000_000_000, floor: 100_000_000 }),
        stands: Vec::new(),
        breakers: vec![("server1".to_owned(), true), ("server2".to_owned(), false)],
        recovery: None,
        limited: None,
        journal_syncs: 7,
    }
}

fn alarm(kind: AlarmKind, text: &str) -> Alarm {
    Alarm {
        id: 1,
        kind,
        subject: "server1".to_owned(),
        reason: None,
        text: text.to_owned(),
        started_at: at(),
        ended_at: None,
        told: 1,
    }
}

/// Of the drop folder.
fn about(fault: FolderFault) -> Alarm {
    Alarm { reason: Some(fault.into()), ..alarm(AlarmKind::DropFolder, "it waits") }
}

#[test]
fn unwell_is_what_this_machine_can_mend() {
    let sick = Moment { worker_alive: false, disk: Some(Disk { free: 1, floor: 2 }), ..well() };
    let closed = || Err(store::Error::Closed);
    for (now, counts, alarms, reasons, notes) in [
        (well(), Ok(Counts::default()), Ok(vec![]), 0, 0),
        (well(), Ok(Counts::default()), Ok(vec![alarm(AlarmKind::ServerDown, "does not answer")]), 0, 1),
        (well(), Ok(Counts::default()), Ok(vec![alarm(AlarmKind::SignIn, "password refused")]), 1, 0),
        (well(), Ok(Counts::default()), Ok(vec![alarm(AlarmKind::DropFolder, "cannot be read")]), 1, 0),
        (well(), Ok(Counts::default()), Ok(vec![about(FolderFault::ExportOld)]), 0, 1),
        (well(), Ok(Counts::default()), Ok(vec![about(FolderFault::ExportRefused)]), 0, 1),
        (well(), Ok(Counts::default()), Ok(vec![about(FolderFault::ExportNotNow)]), 1, 0),
        (sick, Err(store::Error::Closed), closed(), 4, 0),
    ] {
        let health = judge(&now, counts, alarms, None);
        assert_eq!((health.reasons.len(), health.notes.len()), (reasons, notes), "{health:?}");
        assert_eq!(health.ok, reasons == 0);
    }
    let pause = Some(store::Pause { began_at: at(), why: store::PauseWhy::ByPerson });
    let health = judge(&well(), Ok(Counts::default()), Ok(vec![]), pause);
    assert!(health.ok && health.notes[0].starts_with("sending has been paused since 20"), "{health:?}");
    let pause = Some(store::Pause { began_at: at(), why: store::PauseWhy::Restored { of: at() } });
    let health = judge(&well(), Ok(Counts::default()), Ok(vec![]), pause);
    assert!(health.ok && health.notes[0].starts_with("Restored from the backup of 2026-11-23"), "{health:?}");
}

#[test]
fn the_figures_are_named_by_the_conventions() {
    let metrics = Metrics::default();
    metrics.accepted(3);
    metrics.attempt(Outcome::Delivered, None);
    metrics.attempt(Outcome::Returned, Some(Reason::AddressUnknown));
    let oldest = Some(at() - jiff::SignedDuration::from_mins(2));
    let counts = Counts { waiting: 2, oldest_waiting_at: oldest, ..Counts::default() };
    let stats = store::Stats { commits: 4, operations: 9, unreadable: 0 };
    let text = metrics.encode(&well(), &counts, stats, true, at());
    let mut samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    samples.sort_unstable();
    insta::assert_snapshot!(samples.join("\n"));
}
