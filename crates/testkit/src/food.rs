//! What an input of a fuzzing engine stands for: octets as they are seldom come past the first line of a parser.

/// What a target is fed with.
pub struct Food {
    /// Such as it meets in the field.
    pub samples: &'static [&'static [u8]],
    /// That mean something to it.
    pub words: &'static [&'static str],
}

/// Changes of a sample at most.
const MOST_CHANGES: usize = 8;
/// Octets of an input from here on stand for themselves among words.
const LETTERS: u8 = 224;

impl Food {
    /// The first octet says how the others are meant: `0` of a file in the corpus means as they are.
    pub fn octets(&self, input: &[u8]) -> Vec<u8> {
        match input {
            [] => Vec::new(),
            [manner, rest @ ..] => match manner % 4 {
                0 => rest.to_vec(),
                1 => self.spelled(rest),
                _ => self.changed(rest),
            },
        }
    }

    /// Words in an order that nobody meant.
    fn spelled(&self, input: &[u8]) -> Vec<u8> {
        let mut octets = Vec::new();
        for octet in input {
            if *octet >= LETTERS {
                octets.push(octet.wrapping_mul(37));
            } else {
                octets.extend_from_slice(self.word(*octet));
            }
        }
        octets
    }

    /// A sample with some octets gone, changed or doubled, or with words where they do not belong.
    fn changed(&self, input: &[u8]) -> Vec<u8> {
        let [sample, changes, rest @ ..] = input else { return Vec::new() };
        let mut octets = at(self.samples, *sample).to_vec();
        for change in rest.as_chunks::<4>().0.iter().take(usize::from(*changes) % (MOST_CHANGES + 1)) {
            let [high, low, what, which] = *change;
            let at = usize::from(u16::from_be_bytes([high, low])) % (octets.len() + 1);
            let end = (at + usize::from(which)).min(octets.len());
            match what % 4 {
                0 => drop(octets.splice(at..at, self.word(which).to_vec())),
                1 => drop(octets.drain(at..end)),
                2 => octets.insert(at, which),
                _ => octets.extend_from_within(at..end),
            }
        }
        octets
    }

    fn word(&self, number: u8) -> &'static [u8] {
        at(self.words, number).as_bytes()
    }
}

/// There is one at least.
fn at<T: Copy + Default>(all: &[T], number: u8) -> T {
    all.get(usize::from(number) % all.len()).copied().unwrap_or_default()
}
