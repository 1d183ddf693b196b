//! Every parser of what others wrote, with octets that nobody expected: none panics, and what each guarantees holds.
//!
//! As ordinary tests they take a fixed number of inputs, and those that lie in `__fuzz__`; `./test` goes on for ten seconds with each, and
//! `cargo xtask fuzz` for ten minutes. An input that fails is told with its seed; put it into the `corpus` of its target when the fault is mended.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where it stands")]

mod input;
mod messages;
mod people;
mod wire;
