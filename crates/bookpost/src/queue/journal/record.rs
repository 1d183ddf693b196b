//! Records: what they say, and their bytes.
//!
//! A record is `length (4), checksum (4), kind (1), content`, little-endian; the length counts kind and content. The checksum
//! covers the store, the segment's generation and the record's place in it as well, so that what is left of an earlier use
//! of the segment is never taken for a record of this one.

use store::{Lease, RecipientId, Settlement};

use super::outcome;

/// One recipient under one claim.
pub(super) type Key = (RecipientId, Lease);

/// What one record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record {
    /// The last byte may leave from here on; durable before it does.
    Mark(Vec<Key>),
    /// The last byte leaves now.
    Released(Vec<Key>),
    /// The mark is void: nothing left under it, or the database knows already what came of it.
    Withdrawn(Vec<Key>),
    /// The answer was read, and this came of it.
    Outcome(Box<Settlement>),
}

/// What a record is bound to besides its own bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seal {
    pub(super) store_id: u64,
    pub(super) generation: u64,
}

/// The four kinds on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Mark = 1,
    Released = 2,
    Withdrawn = 3,
    Outcome = 4,
}

/// Bytes before the kind.
pub(super) const HEAD: usize = 8;
/// Recipients in one record; more become several records.
pub(super) const KEYS_PER_RECORD: usize = 1_000;
const BYTES_PER_KEY: usize = 16;

/// Why reading stopped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Zeroes, a torn record or one of an earlier use: nothing was ever built on what follows.
    Tail,
    /// A whole record that makes no sense: not written by this version.
    Nonsense(usize),
}

/// The body (kind and content) of a record about `keys`, of which there are at most [`KEYS_PER_RECORD`].
pub(super) fn keys_body(kind: Kind, keys: &[Key]) -> Vec<u8> {
    let mut body = Vec::with_capacity(1 + keys.len() * BYTES_PER_KEY);
    body.push(kind as u8);
    for (recipient, lease) in keys {
        body.extend_from_slice(&recipient.0.to_le_bytes());
        body.extend_from_slice(&lease.0.to_le_bytes());
    }
    body
}

/// The body of an outcome's record.
pub(super) fn outcome_body(settlement: &Settlement) -> Vec<u8> {
    let mut body = vec![Kind::Outcome as u8];
    outcome::write(settlement, &mut body);
    body
}

/// Appends the record with `body` to `out`; it will stand at `at` in its segment.
pub(super) fn frame(seal: Seal, at: usize, body: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
    out.extend_from_slice(&length);
    out.extend_from_slice(&checksum(seal, at, length, body).to_le_bytes());
    out.extend_from_slice(body);
}

/// The records of a segment, from `at` on.
pub(super) fn read(seal: Seal, segment: &[u8], mut at: usize) -> (Vec<Record>, End) {
    let mut records = Vec::new();
    loop {
        let Some(body) = body_at(seal, segment, at) else { return (records, End::Tail) };
        let Some(record) = decode(body) else { return (records, End::Nonsense(at)) };
        records.push(record);
        at += HEAD + body.len();
    }
}

fn body_at(seal: Seal, segment: &[u8], at: usize) -> Option<&[u8]> {
    let rest = segment.get(at..)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let body = rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    let whole = !body.is_empty() && checksum(seal, at, *length, body) == u32::from_le_bytes(*sum);
    whole.then_some(body)
}

fn checksum(seal: Seal, at: usize, length: [u8; 4], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&seal.store_id.to_le_bytes());
    hasher.update(&seal.generation.to_le_bytes());
    hasher.update(&(at as u64).to_le_bytes());
    hasher.update(&length);
    hasher.update(body);
    hasher.finalize()
}

fn decode(body: &[u8]) -> Option<Record> {
    let (kind, content) = body.split_first()?;
    match *kind {
        1 => Some(Record::Mark(keys(content)?)),
        2 => Some(Record::Released(keys(content)?)),
        3 => Some(Record::Withdrawn(keys(content)?)),
        4 => Some(Record::Outcome(Box::new(outcome::read(content)?))),
        _ => None,
    }
}

fn keys(content: &[u8]) -> Option<Vec<Key>> {
    let (pairs, rest) = content.as_chunks::<BYTES_PER_KEY>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|pair| {
            let (recipient, rest) = pair.split_first_chunk::<8>()?;
            let lease = rest.first_chunk::<8>()?;
            Some((RecipientId(i64::from_le_bytes(*recipient)), Lease(i64::from_le_bytes(*lease))))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAL: Seal = Seal { store_id: 7, generation: 3 };

    fn key(n: i64) -> Key {
        (RecipientId(n), Lease(-n))
    }

    fn some_records() -> (Vec<u8>, Vec<Record>) {
        let mut bytes = Vec::new();
        for body in [
            keys_body(Kind::Mark, &[key(1), key(i64::MAX)]),
            keys_body(Kind::Released, &[key(1)]),
            keys_body(Kind::Withdrawn, &[key(2)]),
            outcome_body(&outcome::sample()),
        ] {
            let at = bytes.len();
            frame(SEAL, at, &body, &mut bytes);
        }
        let records = vec![
            Record::Mark(vec![key(1), key(i64::MAX)]),
            Record::Released(vec![key(1)]),
            Record::Withdrawn(vec![key(2)]),
            Record::Outcome(Box::new(outcome::sample())),
        ];
        (bytes, records)
    }

    #[test]
    fn what_was_written_is_read() {
        let (bytes, records) = some_records();
        assert_eq!(read(SEAL, &bytes, 0), (records, End::Tail));
    }

    #[test]
    fn any_cut_leaves_the_whole_records_before_it() {
        let (bytes, records) = some_records();
        for cut in 0..bytes.len() {
            let mut zeroed = bytes.clone();
            zeroed[cut..].fill(0);
            for torn in [&bytes[..cut], &zeroed] {
                let (read, end) = read(SEAL, torn, 0);
                assert_eq!(end, End::Tail, "cut at {cut}");
                assert_eq!(read, records[..read.len()], "cut at {cut}");
                assert!(read.len() < records.len() || torn == &bytes[..], "cut at {cut}");
            }
        }
    }

    #[test]
    fn any_changed_bit_ends_the_reading() {
        let (bytes, records) = some_records();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let (read, _) = read(SEAL, &changed, 0);
            assert!(read.len() < records.len() && read == records[..read.len()], "bit {bit}");
        }
    }

    #[test]
    fn records_of_another_use_place_or_store_are_not_read() {
        let (bytes, _) = some_records();
        for other in [Seal { generation: 4, ..SEAL }, Seal { store_id: 8, ..SEAL }] {
            assert_eq!(read(other, &bytes, 0), (vec![], End::Tail));
        }
        let moved = [&[0_u8; 16][..], &bytes].concat();
        assert_eq!(read(SEAL, &moved, 16), (vec![], End::Tail));
    }

    #[test]
    fn a_whole_record_of_unknown_kind_is_not_a_tail() {
        let mut bytes = Vec::new();
        frame(SEAL, 0, &[99, 1, 2], &mut bytes);
        assert_eq!(read(SEAL, &bytes, 0), (vec![], End::Nonsense(0)));
    }

    /// What a disk gives back, with the checksum right: it is read, or it is no record; what is read is what would be written.
    #[test]
    fn fuzz_journal() {
        bolero::check!(name = "fuzz_journal").with_iterations(100_000).with_max_len(256).for_each(
            |input: &[u8]| {
                let _ = read(SEAL, input, 0);
                let mut bytes = Vec::new();
                frame(SEAL, 0, input, &mut bytes);
                let body = match read(SEAL, &bytes, 0).0.first() {
                    Some(Record::Mark(keys)) => keys_body(Kind::Mark, keys),
                    Some(Record::Released(keys)) => keys_body(Kind::Released, keys),
                    Some(Record::Withdrawn(keys)) => keys_body(Kind::Withdrawn, keys),
                    Some(Record::Outcome(settlement)) => outcome_body(settlement),
                    None => return,
                };
                assert_eq!(body, input);
            },
        );
    }
}
