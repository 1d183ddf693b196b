//! The queue commands as they are read from the command line.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};
use mail::clock::Clock as _;
use store::{Filter, MessageId, Move, RunId};

use super::selection;
use crate::{
    app::clock::SystemClock,
    cli::{
        Exit,
        args::{Output, Queue},
        control::{QueueRequest, Request},
        run::{Stop, address, complain},
    },
};

/// What a command line means; what concerns much mail is asked about.
pub(in crate::cli) fn request(command: Queue) -> Result<(Request, Output), Stop> {
    let (chosen, action) = match command {
        Queue::Status { output } => return Ok((Request::Queue(QueueRequest::Status), output)),
        Queue::Today { output } => {
            let today = TimeZone::system().to_datetime(SystemClock::start().now()).date();
            return Ok((Request::Today { since: midnight(today)? }, output));
        }
        Queue::Show { id, output } => return Ok((Request::Queue(QueueRequest::Show(MessageId(id))), output)),
        Queue::Text { id, shown, output } => {
            return Ok((Request::Queue(QueueRequest::Text { message: MessageId(id), shown }), output));
        }
        Queue::List {
            state,
            run,
            site,
            to,
            to_begins,
            domain,
            subject,
            application,
            tag,
            since,
            answered_since,
            in_doubt,
            limit,
            output,
        } => {
            let filter = Filter {
                state: state.map(Into::into),
                run: run.map(RunId),
                site,
                since: since.as_deref().map(day).transpose()?,
                answered_since: answered_since.as_deref().map(day).transpose()?,
                address: to.as_deref().map(address).transpose()?,
                beginning: to_begins,
                domain: domain.as_deref().map(named_domain).transpose()?,
                subject,
                ever_in_doubt: in_doubt,
                application,
                tag,
                ..Filter::default()
            };
            return Ok((
                Request::Queue(QueueRequest::List { filter: Box::new(filter), after: None, limit }),
                output,
            ));
        }
        Queue::Unreachable { site, limit, output } => {
            return Ok((Request::Queue(QueueRequest::Unreachable { site, limit }), output));
        }
        Queue::Pause { output } => return Ok((Request::Queue(QueueRequest::Pause), output)),
        Queue::Probe { output } => return Ok((Request::Queue(QueueRequest::Probe), output)),
        Queue::Resume { older, output } => {
            return Ok((Request::Queue(QueueRequest::Resume { older }), output));
        }
        Queue::Retry(chosen) => (chosen, Move::Retry),
        Queue::Hold(chosen) => (chosen, Move::Hold),
        Queue::Release(chosen) => (chosen, Move::Release),
        Queue::Cancel(chosen) => (chosen, Move::Cancel),
        Queue::Return(chosen) => (chosen, Move::Return),
    };
    if chosen.ids.is_empty() {
        confirm(chosen.yes)?;
    }
    let decision = QueueRequest::Move { selection: selection(&chosen), action };
    Ok((Request::Queue(decision), chosen.output))
}

/// Asks before something is done to more than was named one by one.
pub(in crate::cli) fn confirm(yes: bool) -> Result<(), Stop> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Stop(Exit::Usage, "this concerns many messages: say --yes if that is meant".to_owned()));
    }
    complain("This concerns many messages. Go on? Type yes:");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("no answer")?;
    if answer.trim().eq_ignore_ascii_case("yes") {
        return Ok(());
    }
    Err(Stop(Exit::Usage, "nothing was changed".to_owned()))
}

/// With or without the @ before it.
fn named_domain(text: &str) -> Result<String, Stop> {
    match text.trim().trim_start_matches('@') {
        "" => Err(Stop(Exit::Data, format!("{text:?} is no domain: write one, such as example.org"))),
        domain => Ok(domain.to_owned()),
    }
}

/// When a day begins that is written as 2026-11-28.
fn day(text: &str) -> Result<Timestamp, Stop> {
    let wrong = |_| Stop(Exit::Data, format!("{text:?} is no day: write one as 2026-11-28"));
    midnight(text.trim().parse().map_err(wrong)?)
}

fn midnight(day: Date) -> Result<Timestamp, Stop> {
    let midnight = TimeZone::system().to_timestamp(day.to_datetime(Time::midnight()));
    Ok(midnight.context("the day has no beginning in this time zone")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_domain_and_what_is_no_day_is_said() {
        assert_eq!(named_domain("@example.org").ok().as_deref(), Some("example.org"));
        for text in ["@", "", " @ "] {
            let Err(Stop(exit, said)) = named_domain(text) else { panic!("{text}") };
            assert!(exit == Exit::Data && said.contains("such as example.org"), "{said}");
        }
        assert!(day("2026-11-28").is_ok());
        let Err(Stop(exit, said)) = day("yesterday") else { panic!("a day") };
        assert!(exit == Exit::Data && said.contains("2026-11-28"), "{said}");
    }
}
