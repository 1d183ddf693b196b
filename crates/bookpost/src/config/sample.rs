//! The commented sample.

/// A configuration with every setting, most of them as comments, in plain words. It is usable as it stands: it practises.
pub const SAMPLE: &str = include_str!("sample.toml");
