//! The cells of one row in one allocation: 25,000 items stay within a few megabytes.

/// `N` texts, kept end to end.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Packed<const N: usize> {
    text: Box<str>,
    ends: [u32; N],
}

impl<const N: usize> Packed<N> {
    /// Copies the texts. Texts beyond 4 GiB cannot occur: a cell is bounded long before.
    pub(super) fn new(cells: [&str; N]) -> Self {
        let mut text = String::with_capacity(cells.iter().map(|cell| cell.len()).sum());
        let ends = cells.map(|cell| {
            text.push_str(cell);
            u32::try_from(text.len()).unwrap_or(u32::MAX)
        });
        Self { text: text.into_boxed_str(), ends }
    }

    /// The `index`th text, from 0; empty beyond the last.
    pub(super) fn get(&self, index: usize) -> &str {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(index).copied().unwrap_or(start);
        self.text.get(start as usize..end as usize).unwrap_or("")
    }
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
}
