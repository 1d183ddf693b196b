//! The configuration: read once, checked once, then only values.

mod checked;

pub use checked::*;
