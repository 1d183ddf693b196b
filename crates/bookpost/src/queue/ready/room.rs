//! Room in memory that is promised to mail while it is being stored.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use store::{Class, Source};

use super::Inner;

/// Room for one message; free again when dropped. Whoever puts the message in line keeps it until then.
#[derive(Debug)]
#[must_use = "the room is free again when this is dropped"]
pub struct Room {
    pub(super) inner: Arc<Mutex<Inner>>,
    pub(super) of: (Class, Source),
    pub(super) bytes: usize,
}

/// Bytes that are promised, and to whom.
#[derive(Debug, Default)]
pub(super) struct Promised {
    of: HashMap<(Class, Source), usize>,
    pub(super) bytes: usize,
}

impl Promised {
    pub(super) fn to(&self, of: (Class, Source)) -> usize {
        self.of.get(&of).copied().unwrap_or(0)
    }

    pub(super) fn add(&mut self, of: (Class, Source), bytes: usize) {
        *self.of.entry(of).or_default() += bytes;
        self.bytes += bytes;
    }

    fn take_back(&mut self, of: (Class, Source), bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        let left = self.to(of).saturating_sub(bytes);
        if left == 0 {
            self.of.remove(&of);
        } else {
            self.of.insert(of, left);
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.promised.take_back(self.of, self.bytes);
    }
}
