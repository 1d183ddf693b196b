//! Numbers of things, as people read them.

use std::fmt::Display;

/// `1 line`, `2 lines`.
pub fn counted<N: Copy + PartialEq + From<u8> + Display>(count: N, one: &str, many: &str) -> String {
    format!("{count} {}", if count == N::from(1) { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_one() {
        let said = [0_u64, 1, 2].map(|count| counted(count, "line", "lines"));
        assert_eq!(said, ["0 lines", "1 line", "2 lines"]);
    }
}
