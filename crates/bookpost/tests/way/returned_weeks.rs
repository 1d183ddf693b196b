//! Twenty weeks of a library: books come and go, the mail server is down for days, sending is paused over holidays, an export breaks off. Each
//! patron gets exactly the mails that a careful librarian would have sent, who is modelled here: slowly, and without a look at how
//! Bookpost does it.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use bookpost::cli::control::{Older, QueueRequest, Reply, Request};
use jiff::{Span, civil::Date, tz::TimeZone};
use mail::{Reason, clock::Clock as _};
use store::{Filter, State};
use testkit::sink::{At, Does, Rule, Sink};
use tokio::sync::mpsc;

use crate::{
    bench::{Bench, START, always, server, sink},
    returned::run,
};

const HOUR: Duration = Duration::from_hours(1);
const HALF_DAY: Duration = Duration::from_hours(12);
const PATRONS: usize = 24;
/// In half days: after it somebody is written to again about the same.
const REPEAT: usize = 12;

/// Dice of the test's own (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(n).unwrap()).unwrap()
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

/// A copy that somebody has. Renewed, it is due on another day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Loan {
    patron: usize,
    title: String,
    due: Date,
}

/// What goes on at the desk.
struct Library {
    dice: Dice,
    titles: usize,
    loans: Vec<Loan>,
}

impl Library {
    /// Some days pass until `today`.
    fn live(&mut self, days: usize, today: Date) {
        for _ in 0..days {
            let dice = &mut self.dice;
            self.loans.retain(|_| !dice.percent(8));
            for loan in &mut self.loans {
                if dice.percent(2) {
                    loan.due = today + Span::new().days(7);
                }
            }
            for _ in 0..4 {
                self.titles += 1;
                let (patron, title) = (self.dice.below(PATRONS), format!("Tome-{:04}.", self.titles));
                let due = today + Span::new().days(i64::try_from(self.dice.below(9)).unwrap() - 4);
                self.loans.push(Loan { patron, title, due });
            }
        }
    }

    fn overdue(&self, today: Date) -> Vec<Loan> {
        let mut overdue: Vec<_> = self.loans.iter().filter(|loan| loan.due < today).cloned().collect();
        overdue.sort();
        overdue
    }
}

fn has_address(patron: usize) -> bool {
    patron % 7 != 3
}

fn export(loans: &[Loan]) -> String {
    let mut text = "name,card number,title,due,email,branch\n".to_owned();
    for Loan { patron, title, due } in loans {
        let address = if has_address(*patron) { format!("p{patron}@example.org") } else { String::new() };
        writeln!(text, "P{patron},{patron},{title},{due},{address},RIV").unwrap();
    }
    text
}

/// A letter in an envelope.
#[derive(Debug, Clone)]
struct Letter {
    patron: usize,
    about: Vec<Loan>,
}

/// Does it by hand. Letters lie in a tray until somebody takes them to the post; before she writes new ones she goes through the tray.
#[derive(Default)]
struct Librarian {
    tray: Vec<Letter>,
    /// When she last wrote about what, in half days.
    notes: Vec<(Loan, usize)>,
    posted: BTreeMap<usize, Vec<Vec<String>>>,
    torn_up: usize,
    written_anew: usize,
}

impl Librarian {
    /// A new list came. One that is `whole` lacks what came back; of one that broke off she knows only what it has.
    fn takes(&mut self, list: &[Loan], whole: bool, now: usize) {
        let is_out = |loan: &Loan| !whole || list.contains(loan);
        for letter in std::mem::take(&mut self.tray) {
            if letter.about.iter().any(is_out) {
                self.tray.push(letter);
            } else {
                self.torn_up += 1;
                self.notes.retain(|(loan, _)| !letter.about.contains(loan));
            }
        }
        for patron in (0..PATRONS).filter(|patron| has_address(*patron)) {
            let about: Vec<Loan> = list.iter().filter(|loan| loan.patron == patron).cloned().collect();
            if !about.is_empty() {
                self.considers(patron, about, whole, now);
            }
        }
    }

    fn considers(&mut self, patron: usize, about: Vec<Loan>, whole: bool, now: usize) {
        let is_out = |loan: &Loan| !whole || about.contains(loan);
        let theirs: Vec<Letter> =
            self.tray.iter().filter(|letter| letter.patron == patron).cloned().collect();
        let wrong = theirs.iter().any(|letter| !letter.about.iter().all(is_out));
        let written_lately =
            |loan: &Loan| self.notes.iter().any(|(known, at)| known == loan && now - at < REPEAT);
        if !wrong && about.iter().all(written_lately) {
            return;
        }
        // One envelope for each: what lies there already and says no more than the new letter goes.
        for letter in theirs {
            if letter.about.iter().all(|loan| !is_out(loan) || about.contains(loan)) {
                self.tray.retain(|other| other.patron != patron || other.about != letter.about);
                self.notes.retain(|(loan, _)| !letter.about.contains(loan));
                self.written_anew += 1;
            }
        }
        self.notes.retain(|(loan, _)| !about.contains(loan));
        self.notes.extend(about.iter().map(|loan| (loan.clone(), now)));
        self.tray.push(Letter { patron, about });
    }

    fn posts(&mut self) {
        for letter in std::mem::take(&mut self.tray) {
            let titles = letter.about.into_iter().map(|loan| loan.title).collect();
            self.posted.entry(letter.patron).or_default().push(titles);
        }
    }
}

/// What arrived, by patron; of each mail the titles that it names.
fn arrived(sink: &Sink) -> BTreeMap<usize, Vec<Vec<String>>> {
    let mut all = BTreeMap::<usize, Vec<Vec<String>>>::new();
    for mail in sink.taken() {
        let patron = mail.to[0].trim_start_matches('p').split_once('@').unwrap().0.parse().unwrap();
        let text = String::from_utf8(mail.bytes).unwrap().replace("=\r\n", "");
        let mut titles: Vec<String> = text
            .match_indices("Tome-")
            .filter_map(|(at, _)| text.get(at..at + 10))
            .map(str::to_owned)
            .collect();
        titles.sort();
        titles.dedup();
        all.entry(patron).or_default().push(titles);
    }
    all
}

/// Mail that lies for days leaves in no order.
fn sorted(mut all: BTreeMap<usize, Vec<Vec<String>>>) -> BTreeMap<usize, Vec<Vec<String>>> {
    for mails in all.values_mut() {
        for titles in mails.iter_mut() {
            titles.sort();
        }
        mails.sort();
    }
    all
}

/// Something out of the ordinary, at a half day of the 20 weeks.
#[derive(Debug, Clone, Copy)]
enum Event {
    Export {
        whole: bool,
    },
    /// Each mail is put off, or there is nobody to talk to.
    Down {
        alone: bool,
    },
    Up,
    Pause,
    Resume,
}

/// An export each Monday and sometimes one more on Wednesday; trouble begins before an export and ends before the next Monday's mail is too old.
fn calendar(dice: &mut Dice) -> Vec<(usize, Event)> {
    let mut all = Vec::new();
    let mut week = 0;
    while week < 20 {
        let monday = week * 14;
        match dice.below(5) {
            0 => all.extend([(monday, Event::Pause), (monday + 19, Event::Resume)]),
            1 | 2 => {
                let days = 1 + dice.below(3);
                all.extend([
                    (monday, Event::Down { alone: dice.percent(50) }),
                    (monday + 2 * days + 1, Event::Up),
                ]);
            }
            _ => {}
        }
        let paused = matches!(all.last(), Some((at, Event::Resume)) if *at > monday);
        for monday in (monday..).step_by(14).take(1 + usize::from(paused)) {
            all.push((monday, Event::Export { whole: true }));
            if dice.percent(60) {
                // With few lines it would, in a pause, be what the next list is compared with.
                all.push((monday + 4, Event::Export { whole: paused || !dice.percent(25) }));
            }
            week += 1;
        }
    }
    // What begins at the same time as an export begins before it.
    all.sort_by_key(|(at, event)| (*at, matches!(event, Event::Export { .. })));
    all
}

async fn ask(bench: &Bench, request: QueueRequest) {
    let reply = bench.app.answer(Request::Queue(request), mpsc::unbounded_channel().0).await;
    assert!(matches!(reply, Reply::Paused(_) | Reply::Resumed { .. }), "{reply:?}");
}

fn today(bench: &Bench) -> Date {
    TimeZone::system().to_datetime(bench.clock.now()).date()
}

async fn cancelled(bench: &Bench, reason: Reason) -> usize {
    let filter = Filter { state: Some(State::Cancelled), ..Filter::default() };
    let rows = bench.app.store.list(filter, None, 100_000).await.unwrap();
    rows.iter().filter(|row| row.reason == Some(reason)).count()
}

/// Gives how many letters were torn up, and how many written anew.
async fn twenty_weeks(seed: u64) -> (usize, usize) {
    let sink = sink(Vec::new()).await;
    let bench = Bench::start_with(vec![server("server1", sink.address())], |config| {
        config.notices.repeat = Some(HALF_DAY * u32::try_from(REPEAT).unwrap());
    })
    .await;
    let mut library = Library { dice: Dice(seed), titles: 0, loans: Vec::new() };
    let mut librarian = Librarian::default();
    library.live(7, today(&bench));
    let calendar = calendar(&mut library.dice);
    let (mut lived, mut down, mut paused) = (0, false, false);
    for (at, event) in calendar {
        let then = START + HALF_DAY * u32::try_from(at).unwrap();
        bench.pass_in_steps(then.duration_since(bench.clock.now()).unsigned_abs(), HOUR * 3).await;
        match event {
            Event::Export { whole } => {
                library.live((at - lived) / 2, today(&bench));
                lived = at;
                let mut list = library.overdue(today(&bench));
                if !whole {
                    list.truncate(2);
                }
                run(&bench, &export(&list), None).await;
                librarian.takes(&list, whole, at);
            }
            Event::Down { alone: false } => {
                let hangs_up = |at| Rule { at, address: None, does: Does::HangUp, times: None };
                // At MAIL too: a connection may be open since before.
                sink.set_rules([At::Connect, At::Mail].map(hangs_up).into());
                down = true;
            }
            Event::Down { alone: true } => {
                sink.set_rules(vec![always(At::Rcpt, "451 4.2.1 try again later")]);
                down = true;
            }
            Event::Up => {
                sink.set_rules(Vec::new());
                down = false;
                bench.pass_in_steps(HOUR * 6, HOUR / 2).await;
            }
            Event::Pause => {
                ask(&bench, QueueRequest::Pause).await;
                paused = true;
            }
            Event::Resume => {
                ask(&bench, QueueRequest::Resume { older: Some(Older::Send) }).await;
                paused = false;
                bench.quiet().await;
            }
        }
        if !down && !paused {
            librarian.posts();
        }
        let (is, should) = (sorted(arrived(&sink)), sorted(librarian.posted.clone()));
        for patron in 0..PATRONS {
            assert_eq!(
                is.get(&patron),
                should.get(&patron),
                "seed {seed}, half day {at}, {event:?}: patron {patron}"
            );
        }
    }
    assert_eq!(cancelled(&bench, Reason::ItemsReturned).await, librarian.torn_up);
    assert_eq!(cancelled(&bench, Reason::Replaced).await, librarian.written_anew);
    bench.app.stop().await.unwrap();
    (librarian.torn_up, librarian.written_anew)
}

#[tokio::test]
async fn in_twenty_weeks_each_patron_gets_what_a_careful_librarian_would_have_sent() {
    let (mut torn_up, mut written_anew) = (0, 0);
    for seed in 1..=3 {
        let (torn, anew) = twenty_weeks(seed).await;
        (torn_up, written_anew) = (torn_up + torn, written_anew + anew);
    }
    assert!(torn_up > 20 && written_anew > 20, "{torn_up} torn up, {written_anew} written anew");
}
