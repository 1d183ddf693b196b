//! For tests only: a recording SMTP sink, a name server, a clock that is moved by hand, seeded dice, certificates.
//!
//! Nothing here sleeps; what waits is woken by the test.
#![expect(clippy::missing_panics_doc, clippy::panic, reason = "a test that cannot go on panics")]

pub mod certs;
pub mod clock;
pub mod dice;
pub mod faults;
pub mod food;
pub mod mail_service;
pub mod names;
pub mod provider;
pub mod sink;
