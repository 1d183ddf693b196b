//! Short files, and comments in measure.

use super::{
    Finding, rust,
    tree::{File, Tree},
};

/// Lines of one file without its tests.
const LONGEST: usize = 600;
/// Half of all files are no longer than this.
const MEDIAN: usize = 150;

/// The rule.
pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let too_long = sources(tree).filter_map(|file| {
        let lines = rust::lines_without_tests(&file.text);
        let text = format!("{lines} lines without tests; the limit is {LONGEST}");
        (lines > LONGEST).then(|| Finding::new(&file.path, 0, text))
    });
    let median = median(tree);
    let text = format!("the median of the files is {median} lines; the limit is {MEDIAN}");
    too_long.chain((median > MEDIAN).then(|| Finding::new("crates", 0, text))).collect()
}

/// One line of figures, for the reader; 10 to 20 % of comments is the habit.
pub(super) fn report(tree: &Tree) -> String {
    let texts: Vec<_> = sources(tree).map(|file| rust::without_tests(&file.text)).collect();
    let lines: usize = texts.iter().map(|text| text.lines().count()).sum();
    let comments: usize =
        texts.iter().map(|text| text.lines().filter(|line| rust::is_comment(line)).count()).sum();
    let share = (comments * 100).checked_div(lines).unwrap_or(0);
    let habit = if (10..=20).contains(&share) { "" } else { ", outside the habit of 10 to 20 %" };
    let (files, median) = (texts.len(), median(tree));
    format!("tidy: {files} files, {lines} lines without tests, median {median}, comments {share} %{habit}")
}

fn sources(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.rust().filter(|file| !rust::is_test_file(&file.path))
}

fn median(tree: &Tree) -> usize {
    let mut lines: Vec<_> = sources(tree).map(|file| rust::lines_without_tests(&file.text)).collect();
    lines.sort_unstable();
    lines.get(lines.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(lengths: &[usize]) -> Tree {
        let files: Vec<_> = lengths
            .iter()
            .enumerate()
            .map(|(at, &lines)| (format!("{at}.rs"), "x\n".repeat(lines)))
            .collect();
        let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        Tree::of(&files)
    }

    #[test]
    fn one_long_file_or_many_middling_ones() {
        for (lengths, expected) in
            [(vec![100, 150, 600], 0), (vec![10, 10, 601], 1), (vec![100, 151, 152], 1), (vec![], 0)]
        {
            assert_eq!(findings(&tree(&lengths)).len(), expected, "{lengths:?}");
        }
    }

    #[test]
    fn the_share_of_comments_is_of_all_lines() {
        let tree = Tree::of(&[("a.rs", "//! why\ncode\ncode\ncode\ncode\ncode\n")]);
        assert_eq!(report(&tree), "tidy: 1 files, 6 lines without tests, median 6, comments 16 %");
    }
}
