//! Rows on their way from one database to the other, and what they add up to.

use serde::{Deserialize, Serialize};

use super::tables::{Kind, Table};
use crate::{
    Error,
    codes::plain,
    rows::{Columns, text},
};

/// So many rows, or octets, go together.
const ROWS: usize = 1_000;
const OCTETS: usize = 4 << 20;

/// What stands in one column of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing.
    Null,
    /// A number, or yes (1) or no.
    Number(i64),
    /// Text, or a list of words in JSON.
    Text(String),
    /// Octets.
    Octets(Vec<u8>),
}

impl Value {
    pub(crate) fn number(&self) -> Option<i64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn octets(&self) -> Option<&[u8]> {
        if let Self::Octets(octets) = self { Some(octets) } else { None }
    }
}

/// Some rows of a table, column by column in its order.
#[derive(Debug, Default)]
pub(crate) struct Slice {
    pub(crate) rows: Vec<Vec<Value>>,
    octets: usize,
}

impl Slice {
    /// Adds a row as its database gives it.
    pub(crate) fn add(&mut self, table: &Table, row: &impl Columns) -> Result<(), Error> {
        let mut values = Vec::new();
        for (at, (_, kind)) in table.columns().enumerate() {
            let value = match kind {
                Kind::Number | Kind::Small | Kind::Medium | Kind::Flag => row.number(at)?.map(Value::Number),
                // A server keeps no text with an octet that is 0.
                Kind::Text | Kind::Words => text(row, at)?.map(|text| Value::Text(plain(&text))),
                Kind::Octets => row.bytes(at)?.map(Value::Octets),
            };
            self.octets += match &value {
                Some(Value::Text(text)) => text.len(),
                Some(Value::Octets(octets)) => octets.len(),
                _ => 0,
            };
            values.push(value.unwrap_or(Value::Null));
        }
        self.rows.push(values);
        Ok(())
    }

    /// No more is to be added.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= ROWS || self.octets >= OCTETS
    }
}

/// What a table's rows add up to, in the order of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sum {
    /// How many there are.
    pub rows: u64,
    /// CRC-32 of all that stands in them.
    pub checksum: u32,
}

impl Sum {
    /// With these rows as well.
    pub(crate) fn with(self, slice: &Slice) -> Self {
        let mut hasher = crc32fast::Hasher::new_with_initial(self.checksum);
        for value in slice.rows.iter().flatten() {
            // What kind it is, and where it ends: no two rows are written alike.
            match value {
                Value::Null => hasher.update(&[0]),
                Value::Number(number) => {
                    hasher.update(&[1]);
                    hasher.update(&number.to_le_bytes());
                }
                Value::Text(text) => of_octets(&mut hasher, 2, text.as_bytes()),
                Value::Octets(octets) => of_octets(&mut hasher, 3, octets),
            }
        }
        Self { rows: self.rows + slice.rows.len() as u64, checksum: hasher.finalize() }
    }
}

fn of_octets(hasher: &mut crc32fast::Hasher, kind: u8, octets: &[u8]) {
    hasher.update(&[kind]);
    hasher.update(&(octets.len() as u64).to_le_bytes());
    hasher.update(octets);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_adds_up_to_something_else() {
        let sum = |rows: &[&[Value]]| {
            let rows = rows.iter().map(|row| row.to_vec()).collect();
            Sum::default().with(&Slice { rows, octets: 0 })
        };
        let text = |text: &str| Value::Text(text.to_owned());
        let all = [
            sum(&[&[text("ab"), text("c")]]),
            sum(&[&[text("a"), text("bc")]]),
            sum(&[&[text("ab"), Value::Null]]),
            sum(&[&[Value::Octets(b"ab".to_vec()), text("c")]]),
            sum(&[&[Value::Number(0)], &[Value::Null]]),
            sum(&[&[Value::Null], &[Value::Number(0)]]),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all[at + 1..].iter().all(|other| other != one), "{at}");
        }
        let halves = Sum::default().with(&Slice { rows: vec![vec![text("ab")]], octets: 0 });
        let halves = halves.with(&Slice { rows: vec![vec![text("c")]], octets: 0 });
        assert_eq!(halves.rows, 2);
        assert_eq!(halves.checksum, sum(&[&[text("ab")], &[text("c")]]).checksum, "however it is cut");
    }
}
