//! The cells of one row in one allocation, and nothing beside it: 100,000 items stay within a few megabytes.

/// Bits of a length in each octet of it, and the mark that a further one follows: all of them are ASCII.
const BITS: u32 = 6;
const GOES_ON: u8 = 1 << BITS;

/// `N` texts, kept end to end behind their lengths.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Packed<const N: usize>(Box<str>);

impl<const N: usize> Packed<N> {
    /// Copies the texts.
    pub(super) fn new(cells: [&str; N]) -> Self {
        let mut packed =
            String::with_capacity(cells.iter().map(|cell| cell.len() + octets(cell.len())).sum());
        for cell in cells {
            let mut rest = cell.len();
            for _ in 1..octets(cell.len()) {
                packed.push(char::from(low(rest) | GOES_ON));
                rest >>= BITS;
            }
            packed.push(char::from(low(rest)));
        }
        packed.extend(cells);
        Self(packed.into_boxed_str())
    }

    /// The `index`th text, from 0; empty beyond the last.
    pub(super) fn get(&self, index: usize) -> &str {
        let (mut octets, mut start, mut length) = (self.0.bytes(), 0, 0);
        for cell in 0..N {
            let (mut this, mut shift) = (0, 0);
            for octet in octets.by_ref() {
                this |= usize::from(octet & (GOES_ON - 1)) << shift;
                shift += BITS;
                if octet & GOES_ON == 0 {
                    break;
                }
            }
            start += if cell < index { this } else { 0 };
            length = if cell == index { this } else { length };
        }
        start += self.0.len() - octets.len();
        self.0.get(start..start + length).unwrap_or("")
    }
}

/// How many octets say this length.
fn octets(length: usize) -> usize {
    (usize::BITS - length.leading_zeros()).div_ceil(BITS).max(1) as usize
}

/// The lowest bits of it.
fn low(length: usize) -> u8 {
    length.to_le_bytes().first().map_or(0, |octet| octet & (GOES_ON - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_it_was_given() {
        let packed = Packed::new(["a", "", "çé", "深"]);
        let back: Vec<&str> = (0..5).map(|index| packed.get(index)).collect();
        assert_eq!(back, ["a", "", "çé", "深", ""]);
    }

    #[test]
    fn a_text_may_be_of_any_length() {
        for length in [0, 1, 63, 64, 65, 4_095, 4_096, 65_536, 300_000] {
            let long = "é".repeat(length);
            let packed = Packed::new(["before", &long, "after"]);
            assert!(
                packed.get(0) == "before" && packed.get(1) == long && packed.get(2) == "after",
                "{length}"
            );
        }
    }
}
