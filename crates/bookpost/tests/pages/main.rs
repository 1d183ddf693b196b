//! The pages, asked for over HTTP as a browser asks for them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on panics")]

mod bench;
mod browser;
mod decisions;
mod live;
mod look;
#[cfg(feature = "oidc")]
mod oidc;
mod protections;
mod rights;
mod sign_in;
