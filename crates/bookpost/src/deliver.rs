//! One attempt to deliver.

pub mod practice;
