use std::collections::BTreeSet;

use jiff::{SignedDuration, civil::Time};
use proptest::prelude::*;
use store::{ExportSource, Reading};

use super::*;

fn plan(rhythm: Rhythm, time: &str, zone: &str) -> SchedulePlan {
    SchedulePlan {
        name: "Overdues".to_owned(),
        notice: "overdue-items".to_owned(),
        source: ExportSource::File("/srv/overdues.csv".into()),
        rhythm,
        time: time.parse().unwrap(),
        zone: zone.to_owned(),
        closed: ClosedDays::default(),
        sites: BTreeSet::new(),
        reading: Reading::default(),
        practice: false,
        not_older_than: None,
    }
}

fn closed(plan: SchedulePlan, weekdays: &[i8], dates: &[&str]) -> SchedulePlan {
    let dates = dates.iter().map(|day| day.parse().unwrap()).collect();
    SchedulePlan { closed: ClosedDays { weekdays: weekdays.iter().copied().collect(), dates }, ..plan }
}

fn weekly(days: &[i8]) -> Rhythm {
    Rhythm::Weekly(days.iter().copied().collect())
}

/// Local times with their offsets, from the beginning of this day on.
fn moments(plan: &SchedulePlan, from: &str, most: usize) -> Vec<String> {
    let moments = Moments::of(plan).unwrap();
    let from: Date = from.parse().unwrap();
    let before = moments.zone.to_timestamp(from.to_datetime(Time::midnight())).unwrap();
    let before = before - SignedDuration::from_secs(1);
    let all = moments.following(before, most);
    all.iter()
        .map(|at| at.to_zoned_datetime(moments.zone.clone()).strftime("%Y-%m-%d %H:%M %:z").to_string())
        .collect()
}

/// A time that does not exist runs at the first instant after the gap, and one that is there twice runs once.
#[test]
fn over_both_clock_changes_of_a_year_each_day_has_one_moment() {
    for (zone, time, day, expected) in [
        (
            "America/Chicago",
            "02:30",
            "2026-03-07",
            ["2026-03-07 02:30 -06:00", "2026-03-08 03:00 -05:00", "2026-03-09 02:30 -05:00"],
        ),
        (
            "America/Chicago",
            "01:30",
            "2026-10-31",
            ["2026-10-31 01:30 -05:00", "2026-11-01 01:30 -05:00", "2026-11-02 01:30 -06:00"],
        ),
        (
            "America/Chicago",
            "06:00",
            "2026-03-07",
            ["2026-03-07 06:00 -06:00", "2026-03-08 06:00 -05:00", "2026-03-09 06:00 -05:00"],
        ),
        (
            "Europe/Madrid",
            "02:00",
            "2026-03-28",
            ["2026-03-28 02:00 +01:00", "2026-03-29 03:00 +02:00", "2026-03-30 02:00 +02:00"],
        ),
        (
            "Europe/Madrid",
            "02:59",
            "2026-10-24",
            ["2026-10-24 02:59 +02:00", "2026-10-25 02:59 +02:00", "2026-10-26 02:59 +01:00"],
        ),
        // Where summer is at the turn of the year.
        (
            "Australia/Sydney",
            "02:30",
            "2026-10-03",
            ["2026-10-03 02:30 +10:00", "2026-10-04 03:00 +11:00", "2026-10-05 02:30 +11:00"],
        ),
        (
            "Australia/Sydney",
            "02:30",
            "2026-04-04",
            ["2026-04-04 02:30 +11:00", "2026-04-05 02:30 +11:00", "2026-04-06 02:30 +10:00"],
        ),
        // By half an hour.
        (
            "Australia/Lord_Howe",
            "02:15",
            "2026-10-03",
            ["2026-10-03 02:15 +10:30", "2026-10-04 02:30 +11:00", "2026-10-05 02:15 +11:00"],
        ),
        // At midnight.
        (
            "America/Havana",
            "00:30",
            "2026-03-07",
            ["2026-03-07 00:30 -05:00", "2026-03-08 01:00 -04:00", "2026-03-09 00:30 -04:00"],
        ),
        (
            "America/Phoenix",
            "02:30",
            "2026-03-07",
            ["2026-03-07 02:30 -07:00", "2026-03-08 02:30 -07:00", "2026-03-09 02:30 -07:00"],
        ),
    ] {
        assert_eq!(moments(&plan(Rhythm::Daily, time, zone), day, 3), expected, "{zone} {time}");
    }
}

/// Samoa had no 30 December in 2011.
#[test]
fn a_day_that_there_is_not_has_no_moment_of_its_own_where_the_next_has_one() {
    let at = |rhythm| moments(&plan(rhythm, "06:00", "Pacific/Apia"), "2011-12-29", 2);
    assert_eq!(at(Rhythm::Daily), ["2011-12-29 06:00 -10:00", "2011-12-31 06:00 +14:00"]);
    let once = Rhythm::Once("2011-12-30".parse().unwrap());
    assert_eq!(at(once), ["2011-12-31 00:00 +14:00"]);
}

#[test]
fn months_end_where_they_end() {
    let days = |rhythm, from, most| -> Vec<String> {
        let all = moments(&plan(rhythm, "06:00", "Europe/Madrid"), from, most);
        all.iter().map(|moment| moment.split(' ').next().unwrap().to_owned()).collect()
    };
    for (rhythm, from, expected) in [
        (
            Rhythm::Monthly(31),
            "2027-12-31",
            ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"],
        ),
        (
            Rhythm::Monthly(30),
            "2027-01-01",
            ["2027-01-30", "2027-02-28", "2027-03-30", "2027-04-30", "2027-05-30"],
        ),
        (
            Rhythm::Monthly(1),
            "2027-01-02",
            ["2027-02-01", "2027-03-01", "2027-04-01", "2027-05-01", "2027-06-01"],
        ),
        (
            Rhythm::Yearly(2, 29),
            "2027-01-01",
            ["2027-02-28", "2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28"],
        ),
        (
            weekly(&[1, 4]),
            "2028-02-28",
            ["2028-02-28", "2028-03-02", "2028-03-06", "2028-03-09", "2028-03-13"],
        ),
    ] {
        assert_eq!(days(rhythm.clone(), from, 5), expected, "{rhythm:?}");
    }
    assert_eq!(days(Rhythm::Once("2027-02-03".parse().unwrap()), "2027-01-01", 5), ["2027-02-03"]);
    assert_eq!(days(Rhythm::Once("2027-02-03".parse().unwrap()), "2027-02-04", 5), [""; 0]);
}

/// 2026-12-25 is a Friday.
#[test]
fn on_a_closed_day_it_waits_for_the_next_that_is_open() {
    for (told, plan, from, expected) in [
        (
            "every day but these",
            closed(plan(Rhythm::Daily, "06:00", "UTC"), &[6, 7], &["2026-12-24", "2026-12-25"]),
            "2026-12-22",
            ["2026-12-22", "2026-12-23", "2026-12-28", "2026-12-29"],
        ),
        (
            "each Friday",
            closed(plan(weekly(&[5]), "06:00", "UTC"), &[6, 7], &["2026-12-25"]),
            "2026-12-18",
            ["2026-12-18", "2026-12-28", "2027-01-01", "2027-01-08"],
        ),
        (
            "two that meet",
            closed(plan(weekly(&[5, 1]), "06:00", "UTC"), &[6, 7], &["2026-12-25"]),
            "2026-12-25",
            ["2026-12-28", "2027-01-01", "2027-01-04", "2027-01-08"],
        ),
        (
            "at the end of the month",
            closed(plan(Rhythm::Monthly(31), "06:00", "UTC"), &[7], &[]),
            "2027-01-31",
            ["2027-02-01", "2027-03-01", "2027-03-31", "2027-04-30"],
        ),
    ] {
        let found = moments(&plan, from, 4);
        let days: Vec<_> = found.iter().map(|moment| moment.split(' ').next().unwrap()).collect();
        assert_eq!(days, expected, "{told}");
    }
    let never = closed(plan(Rhythm::Daily, "06:00", "UTC"), &[1, 2, 3, 4, 5, 6, 7], &[]);
    assert_eq!(moments(&never, "2026-12-25", 1), [""; 0]);
}

#[test]
fn what_cannot_be_is_said() {
    for (plan, why) in [
        (plan(Rhythm::Daily, "06:00", "Mars/Olympus"), NoMoments::Zone),
        (plan(weekly(&[]), "06:00", "UTC"), NoMoments::Day),
        (plan(weekly(&[0]), "06:00", "UTC"), NoMoments::Day),
        (plan(Rhythm::Monthly(32), "06:00", "UTC"), NoMoments::Day),
        (plan(Rhythm::Monthly(0), "06:00", "UTC"), NoMoments::Day),
        (plan(Rhythm::Yearly(13, 1), "06:00", "UTC"), NoMoments::Day),
        (closed(plan(Rhythm::Daily, "06:00", "UTC"), &[8], &[]), NoMoments::Day),
    ] {
        assert_eq!(Moments::of(&plan).err(), Some(why), "{plan:?}");
    }
}

#[test]
fn what_passed_is_counted() {
    let plan = plan(Rhythm::Daily, "06:00", "UTC");
    let moments = Moments::of(&plan).unwrap();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    for (to, count) in [("2026-11-03T06:00:00Z", 2), ("2026-11-03T05:59:59Z", 1), ("2026-11-01T07:00:00Z", 0)]
    {
        assert_eq!(moments.passed(at("2026-11-01T06:00:00Z"), at(to)), count, "{to}");
    }
}

#[test]
fn an_export_may_be_as_old_as_the_moment_before_and_half_a_day() {
    let weekend = ClosedDays { weekdays: [6, 7].into(), ..ClosedDays::default() };
    // 2 November 2026 is a Monday.
    for (rhythm, closed, now, hours) in [
        (Rhythm::Daily, ClosedDays::default(), "2026-11-03T06:00:00Z", 24 + 12),
        (Rhythm::Daily, ClosedDays::default(), "2026-11-03T13:00:00Z", 24 + 7 + 12),
        (Rhythm::Daily, weekend.clone(), "2026-11-02T06:00:00Z", 3 * 24 + 12),
        (Rhythm::Weekly([1].into()), ClosedDays::default(), "2026-11-02T06:00:00Z", 7 * 24 + 12),
        (Rhythm::Weekly([1, 4].into()), ClosedDays::default(), "2026-11-02T06:00:00Z", 4 * 24 + 12),
        (Rhythm::Monthly(2), ClosedDays::default(), "2026-11-02T06:00:00Z", 8 * 24),
        (Rhythm::Yearly(11, 2), ClosedDays::default(), "2026-11-02T06:00:00Z", 8 * 24),
        (Rhythm::Once("2026-11-02".parse().unwrap()), weekend, "2026-11-02T06:00:00Z", 36),
    ] {
        let plan = SchedulePlan { closed, ..plan(rhythm, "06:00", "UTC") };
        let age = Moments::of(&plan).unwrap().usual_age(now.parse().unwrap());
        assert_eq!(age, SignedDuration::from_hours(hours), "{plan:?}");
    }
}

const ZONES: [&str; 8] = [
    "America/Chicago",
    "Europe/Madrid",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "America/Havana",
    "Pacific/Apia",
    "Africa/Casablanca",
    "UTC",
];

fn rhythms() -> impl Strategy<Value = Rhythm> {
    prop_oneof![
        Just(Rhythm::Daily),
        proptest::collection::btree_set(1_i8..=7, 1..4).prop_map(Rhythm::Weekly),
        (1_i8..=31).prop_map(Rhythm::Monthly),
        (1_i8..=12, 1_i8..=31).prop_map(|(month, day)| Rhythm::Yearly(month, day)),
    ]
}

proptest! {
    #[test]
    fn the_next_is_later_and_no_day_has_two(
        rhythm in rhythms(),
        minutes in 0_i8..60,
        hour in 0_i8..24,
        zone in proptest::sample::select(&ZONES[..]),
        weekdays in proptest::collection::btree_set(1_i8..=7, 0..6),
        from in 1_293_000_000_i64..2_000_000_000,
    ) {
        let time = Time::new(hour, minutes, 0, 0).unwrap();
        let plan = SchedulePlan { time, ..plan(rhythm, "00:00", zone) };
        let plan = SchedulePlan { closed: ClosedDays { weekdays, ..ClosedDays::default() }, ..plan };
        let (moments, from) = (Moments::of(&plan).unwrap(), Timestamp::from_second(from).unwrap());
        let all = moments.following(from, 20);
        prop_assert_eq!(all.len(), 20);
        let mut last = (from, None);
        for moment in all {
            let day = moments.zone.to_datetime(moment).date();
            prop_assert!(moment > last.0, "{} {}", moment, last.0);
            prop_assert!(Some(day) > last.1, "two on {}", day);
            last = (moment, Some(day));
        }
    }
}
