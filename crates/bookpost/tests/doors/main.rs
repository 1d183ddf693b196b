//! The doors for applications, each used as an application uses it, down to what reaches the next server.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

mod access;
mod bench;
mod comes_back;
mod events;
mod http;
mod http_many;
mod http_rights;
mod limits;
mod load;
mod local;
mod smtp;
mod smuggling;
