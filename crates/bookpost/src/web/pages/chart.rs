//! What was handed in over some time, and which answers came then: a picture, and the same numbers as a table.
//!
//! The picture needs no colours: what was handed in is an outline, what the server accepted fills it from below, what was practised stands
//! on that as a frame of its own, and what came back hangs under the line. More may be accepted within an hour than was handed in then.

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::{Timestamp, ToSpan as _, civil::Time};
use store::{State, States};

use super::when::{Clockwork, midnight};

const HOURS: i64 = 24;
const DAYS: i64 = 7;
/// Units of the picture: one span across, and from the top to the line, and from there to the bottom.
const WIDE: u64 = 20;
const UP: u64 = 80;
const DOWN: u64 = 20;
/// What is there at all is seen.
const LEAST: u64 = 2;

/// One hour or day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Span {
    /// What it is called.
    pub(super) name: String,
    /// What stands under it, if there is room.
    pub(super) tick: String,
    pub(super) handed_in: u64,
    /// By the server.
    pub(super) accepted: u64,
    /// By the practice mailbox: nobody received it.
    pub(super) practiced: u64,
    pub(super) returned: u64,
    /// It may have arrived.
    pub(super) in_doubt: u64,
    began_at: Timestamp,
}

impl Span {
    pub(super) fn is_something(&self) -> bool {
        self.highest() + self.returned + self.in_doubt > 0
    }

    /// What stands above the line.
    fn highest(&self) -> u64 {
        self.handed_in.max(self.accepted + self.practiced)
    }

    fn add(&mut self, answered: &States) {
        let of = |state: &State| answered.get(state).copied().unwrap_or(0);
        self.accepted += of(&State::Delivered);
        self.practiced += of(&State::Practiced);
        self.returned += of(&State::Returned);
        self.in_doubt += of(&State::InDoubt);
    }
}

/// What was handed in by quarters of an hour, or answered.
type Quarters = BTreeMap<Timestamp, States>;

/// How much the highest bar stands for.
pub(super) fn highest(spans: &[Span]) -> u64 {
    spans.iter().map(Span::highest).max().unwrap_or(0)
}

/// The last 24 hours, the present one last.
pub(super) fn hours(clockwork: &Clockwork, handed_in: &Quarters, answered: &Quarters) -> Vec<Span> {
    let hour = clockwork.local(clockwork.now).with().minute(0).second(0).subsec_nanosecond(0).build();
    let hour = hour.ok().and_then(|hour| clockwork.zone.to_timestamp(hour).ok()).unwrap_or(clockwork.now);
    // Of the two hours of the same name when clocks are set back, the later.
    let hour = if clockwork.now.duration_since(hour).as_hours() > 0 { hour + 1.hour() } else { hour };
    let begun = (0..HOURS).rev().filter_map(|back| hour.checked_sub(back.hours()).ok());
    let span = |began_at: Timestamp| {
        let then = clockwork.local(began_at);
        let tick = if then.hour() % 3 == 0 { then.hour().to_string() } else { String::new() };
        Span { name: clockwork.text(began_at), tick, began_at, ..Span::default() }
    };
    filled(begun.map(span).collect(), handed_in, answered)
}

/// The last 7 days, today last.
pub(super) fn days(clockwork: &Clockwork, handed_in: &Quarters, answered: &Quarters) -> Vec<Span> {
    let today = clockwork.local(clockwork.now).date();
    let span = |back: i64| {
        let day = today.checked_sub(back.days()).ok()?;
        let (name, tick) = clockwork.weekday(day.to_datetime(Time::midnight()));
        let began_at = midnight(day, &clockwork.zone)?;
        Some(Span { name, tick, began_at, ..Span::default() })
    };
    filled((0..DAYS).rev().filter_map(span).collect(), handed_in, answered)
}

/// A quarter of an hour belongs to the span in which it begins: each zone's hours begin with one.
fn filled(mut spans: Vec<Span>, handed_in: &Quarters, answered: &Quarters) -> Vec<Span> {
    fn of(spans: &mut [Span], began_at: Timestamp) -> Option<&mut Span> {
        spans.iter_mut().rev().find(|span| span.began_at <= began_at)
    }
    for (began_at, states) in handed_in {
        if let Some(span) = of(&mut spans, *began_at) {
            span.handed_in += states.values().sum::<u64>();
        }
    }
    for (began_at, states) in answered {
        if let Some(span) = of(&mut spans, *began_at) {
            span.add(states);
        }
    }
    spans
}

/// The picture, which says nothing to whoever hears the page: the table does. It is stretched to the room that there is.
pub(super) fn picture(spans: &[Span]) -> String {
    let most = highest(spans).max(1);
    let high = |count: u64, room: u64| {
        if count == 0 { 0 } else { (count.saturating_mul(UP) / most).clamp(LEAST.min(room), room) }
    };
    let width = WIDE * u64::try_from(spans.len()).unwrap_or(1);
    let mut svg = format!(
        r#"<svg class="picture" viewBox="0 0 {width} {}" preserveAspectRatio="none" aria-hidden="true">"#,
        UP + DOWN
    );
    for (at, span) in (0_u64..).zip(spans) {
        let (left, wide) = (at * WIDE + 3, WIDE - 6);
        let (all, accepted) = (high(span.handed_in, UP), high(span.accepted, UP));
        let practiced = high(span.practiced, UP - accepted);
        let mut bar = |class: &str, top: u64, high: u64| {
            if high > 0 {
                // Writing to a String cannot fail.
                let _ = write!(
                    svg,
                    r#"<rect class="{class}" x="{left}" y="{top}" width="{wide}" height="{high}"/>"#
                );
            }
        };
        bar("handed-in", UP - all, all);
        bar("accepted", UP - accepted, accepted);
        bar("practiced", UP - accepted - practiced, practiced);
        bar("returned", UP, high(span.returned, DOWN));
    }
    let _ = write!(svg, r#"<path d="M0 {UP}H{width}"/></svg>"#);
    svg
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, tz::TimeZone};

    use super::*;
    use crate::web::pages::words::Language;

    fn clockwork(zone: &str, now: &str) -> Clockwork {
        let (words, zone) = (Language::English.words(), TimeZone::get(zone).unwrap());
        Clockwork { words, zone, now: now.parse().unwrap() }
    }

    fn quarters(all: &[(&str, State, u64)]) -> BTreeMap<Timestamp, States> {
        let mut found: BTreeMap<Timestamp, States> = BTreeMap::new();
        for (at, state, count) in all {
            found.entry(at.parse().unwrap()).or_default().insert(*state, *count);
        }
        found
    }

    #[test]
    fn mail_stands_in_the_hour_and_the_day_in_which_it_came() {
        // Half an hour off the whole ones.
        let clockwork = clockwork("Asia/Kolkata", "2026-11-28T14:05:00Z");
        let quarters = quarters(&[
            ("2026-11-28T13:45:00Z", State::Delivered, 4),
            ("2026-11-28T13:30:00Z", State::Returned, 1),
            ("2026-11-28T13:15:00Z", State::Waiting, 2),
            ("2026-11-27T18:30:00Z", State::Practiced, 5),
            ("2026-11-27T18:15:00Z", State::Held, 6),
            ("2026-11-21T18:30:00Z", State::Delivered, 7),
            ("2026-11-21T18:15:00Z", State::Delivered, 100),
        ]);
        // What was handed in on the day before is answered today, too.
        let answered = self::quarters(&[
            ("2026-11-28T13:45:00Z", State::Delivered, 9),
            ("2026-11-28T13:30:00Z", State::Returned, 1),
            ("2026-11-28T13:15:00Z", State::InDoubt, 2),
            ("2026-11-27T18:30:00Z", State::Practiced, 5),
            ("2026-11-21T18:15:00Z", State::Delivered, 100),
        ]);
        let hours = hours(&clockwork, &quarters, &answered);
        let of =
            |span: &Span| (span.name.clone(), span.handed_in, span.accepted, span.returned, span.in_doubt);
        let practised = |spans: &[Span]| spans.iter().map(|span| span.practiced).collect::<Vec<_>>();
        assert_eq!((hours.len(), of(&hours[23])), (24, ("19:00".to_owned(), 5, 9, 1, 0)));
        assert_eq!(of(&hours[22]), ("18:00".to_owned(), 2, 0, 0, 2));
        assert_eq!(hours.iter().map(|span| span.handed_in).sum::<u64>(), 18, "not what came before");
        assert_eq!(highest(&hours), 9, "more was accepted than handed in");
        let days = days(&clockwork, &quarters, &answered);
        assert_eq!((days.len(), of(&days[6])), (7, ("Sat 28 Nov".to_owned(), 12, 9, 1, 2)));
        assert_eq!(practised(&days), [0, 0, 0, 0, 0, 0, 5], "what nobody received is accepted by no server");
        assert_eq!(days[6].tick, "Sat 28");
        assert_eq!(of(&days[5]), ("Fri 27 Nov".to_owned(), 6, 0, 0, 0));
        assert_eq!(of(&days[0]), ("Sun 22 Nov".to_owned(), 7, 0, 0, 0));
    }

    /// When clocks are set, there are as many hours, and each quarter is in one.
    #[test]
    fn hours_are_hours_when_clocks_are_set() {
        for now in ["2026-11-01T06:10:00Z", "2026-11-01T07:10:00Z", "2026-03-08T08:10:00Z"] {
            let clockwork = clockwork("America/Chicago", now);
            let spans = hours(&clockwork, &BTreeMap::new(), &BTreeMap::new());
            assert_eq!(spans.len(), 24, "{now}");
            for pair in spans.windows(2) {
                assert_eq!(
                    pair[1].began_at.duration_since(pair[0].began_at),
                    SignedDuration::from_hours(1),
                    "{now}"
                );
            }
            let last = clockwork.now.duration_since(spans[23].began_at);
            assert_eq!(last, SignedDuration::from_mins(10), "{now}");
        }
    }

    #[test]
    fn what_is_there_at_all_is_seen() {
        let span = |handed_in, accepted, returned| Span { handed_in, accepted, returned, ..Span::default() };
        let svg = picture(&[span(1_000, 999, 1), span(0, 0, 0), span(100, 0, 100), span(1, 0, 0)]);
        for bar in [
            r#"<rect class="handed-in" x="3" y="0" width="14" height="80"/>"#,
            r#"<rect class="accepted" x="3" y="1" width="14" height="79"/>"#,
            r#"<rect class="returned" x="3" y="80" width="14" height="2"/>"#,
            r#"<rect class="returned" x="43" y="80" width="14" height="8"/>"#,
            r#"<rect class="handed-in" x="63" y="78" width="14" height="2"/>"#,
        ] {
            assert!(svg.contains(bar), "{bar}: {svg}");
        }
        assert_eq!(svg.matches("<rect").count(), 6);
        let svg = picture(&[Span { practiced: 10, ..span(40, 20, 10) }]);
        for bar in [
            r#"<rect class="accepted" x="3" y="40" width="14" height="40"/>"#,
            r#"<rect class="practiced" x="3" y="20" width="14" height="20"/>"#,
        ] {
            assert!(svg.contains(bar), "{bar}: {svg}");
        }
        assert!(picture(&[span(0, 0, 0)]).contains("M0 80H20"));
    }
}
