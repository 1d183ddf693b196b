//! The way of a message, end to end on a real queue and a real server, with the clock in the test's hands.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on panics"
)]

mod alarms;
mod applications;
mod backups;
mod bench;
mod beside;
mod by_web;
mod by_web_behind;
mod by_web_kill;
mod by_web_others;
mod by_web_route;
mod by_web_sent;
mod by_web_waits;
mod came_back;
mod device_code;
mod drop_folder;
mod events;
mod faults;
mod given_back;
mod life;
mod limits;
mod mail_accounts;
mod maildrop;
mod newest_fault;
mod notices;
mod outage;
mod outcomes;
mod pause;
mod preferences;
mod reports;
mod returned;
mod returned_weeks;
mod schedule_ends;
mod schedule_stops;
mod scheduled;
mod schedules;
mod set_clock;
mod several_addresses;
mod teachers;
mod token_faults;
mod token_kill;
mod turns;
mod watch;
