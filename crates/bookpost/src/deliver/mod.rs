//! One attempt: route, connection, TLS, sign-in, dialogue, and what its answers mean.
//!
//! This part knows nothing of notices, pages or the database: it takes claimed messages and gives outcomes.

pub mod allowance;
pub mod breaker;
pub mod by_web;
pub mod conclude;
pub mod concurrency;
pub mod dialogue;
#[cfg(test)]
mod for_tests;
pub mod hosting;
pub mod letter;
mod pinned;
pub mod practice;
pub mod put_off;
pub mod reverse_path;
pub mod send;
pub mod settings;
pub mod stream;
pub mod tls;
pub mod trial;
