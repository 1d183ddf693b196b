//! The pages, asked for over HTTP as a browser asks for them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on panics")]

mod account;
mod adds_up;
mod admin_api;
mod again;
mod backups;
mod bench;
mod browser;
mod columns;
mod decisions;
mod first_question;
mod left_out;
mod letters;
mod libraries;
mod limits;
mod live;
mod log;
mod look;
mod lost_secrets;
mod mail_account;
mod nameless;
mod newcomer;
mod notices;
#[cfg(feature = "oidc")]
mod oidc;
mod people;
mod preferences;
mod programs;
mod protections;
mod provider_faults;
mod provider_trial;
mod rights;
mod saved_notices;
mod schedules;
mod sign_in;
mod sign_in_service;
mod start;
mod timeline;
mod today;
mod today_counts;
mod trial;
mod unreachable;
mod uploads;
mod waits;
mod week;
