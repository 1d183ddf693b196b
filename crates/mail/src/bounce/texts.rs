//! Reports that are texts for people: qmail's (QSBMF), Exim's before it wrote RFC 3464, old Exchange's.

use super::{Bounced, Happened, MOST_RECIPIENTS, parts::in_brackets, shortened, why};
use crate::{Address, EnhancedStatusCode};

/// Lines of a text that are read.
const MOST_LINES: usize = 2000;
/// Lines of what it says of one address.
const MOST_SAID: usize = 20;
/// What came back stands behind such a line.
const COPY_BELOW: [&str; 4] =
    ["--- below this line", "--- enclosed", "------ this is a copy", "-----original message"];
/// How a text says that it is not over.
const NOT_OVER: [&str; 4] =
    ["has not yet been delivered", "delivery attempts will continue", "do not need to resend", "is delayed"];

/// What a text says.
pub(super) struct Found {
    pub(super) message_id: Option<String>,
    pub(super) recipients: Vec<Bounced>,
}

/// None: it is none of these forms. `failed` are the addresses of Exim's own header.
pub(super) fn read(text: &str, failed: Option<&str>) -> Option<Found> {
    let lines: Vec<&str> = text.lines().take(MOST_LINES).collect();
    let is_copy = |line: &&str| {
        let line = line.trim_start().to_ascii_lowercase();
        COPY_BELOW.iter().any(|mark| line.starts_with(mark))
    };
    let end = lines.iter().position(is_copy).unwrap_or(lines.len());
    let (notice, copy) = lines.split_at(end);
    let told = if let Some(failed) = failed {
        exim(notice, failed)
    } else if notice.iter().find(|line| !line.trim().is_empty())?.starts_with("Hi. This is") {
        qmail(notice)
    } else {
        exchange(notice)?
    };
    if told.is_empty() {
        return None;
    }
    let whole = notice.join(" ").to_ascii_lowercase();
    let delayed = NOT_OVER.iter().any(|words| whole.contains(words));
    let happened = if delayed { Happened::Delayed(None) } else { Happened::Failed };
    let after_data = why::was_after_data(&whole);
    let recipients = told.into_iter().take(MOST_RECIPIENTS).map(|(address, words)| {
        let words = shortened(&words);
        let unknown = EnhancedStatusCode(5, 0, 0);
        let status = why::code_within(&words).unwrap_or(unknown);
        let reason = why::reason(happened, status, &words, after_data);
        Bounced { addresses: vec![address], happened, reason, words }
    });
    Some(Found { message_id: copied_id(copy), recipients: recipients.collect() })
}

/// `<ana@example.org>:` and what follows up to an empty line.
fn qmail(lines: &[&str]) -> Vec<(Address, String)> {
    let mut told = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let named =
            line.trim_end().strip_suffix(":").and_then(|line| line.strip_prefix('<')?.strip_suffix('>'));
        if let Some(address) = named.and_then(|text| Address::parse(text).ok()) {
            told.push((address, paragraph(lines, at + 1)));
        }
    }
    told
}

/// The addresses stand in the header, each on a line of its own in the text, and why below it.
fn exim(lines: &[&str], failed: &str) -> Vec<(Address, String)> {
    let words_of = |address: &Address| {
        let at = lines.iter().position(|line| line.trim() == address.as_str());
        at.map(|at| paragraph(lines, at + 1)).unwrap_or_default()
    };
    addresses(failed)
        .into_iter()
        .map(|address| {
            let words = words_of(&address);
            (address, words)
        })
        .collect()
}

/// `ana@example.org on 23 Nov 2026 08:00`, and why below it.
fn exchange(lines: &[&str]) -> Option<Vec<(Address, String)>> {
    let begins = |line: &&str| {
        let line = line.to_ascii_lowercase();
        line.contains("did not reach the following recipient")
            || line.contains("could not be delivered to the following")
    };
    let at = lines.iter().position(begins)?;
    let mut told = Vec::new();
    for (n, line) in lines.iter().enumerate().skip(at + 1) {
        let first = line.split_whitespace().next().unwrap_or_default();
        let bare = first.trim_matches(['<', '>', '\'', '"', ',', ';']);
        if let Ok(address) = Address::parse(bare) {
            told.push((address, paragraph(lines, n + 1)));
        }
    }
    Some(told)
}

/// The lines up to an empty one, as one.
fn paragraph(lines: &[&str], from: usize) -> String {
    let lines = lines.iter().skip(from).take(MOST_SAID).take_while(|line| !line.trim().is_empty());
    lines.flat_map(|line| line.split_whitespace()).collect::<Vec<_>>().join(" ")
}

/// What a text says of an address, behind it on its line: `ana@example.org: 550 no such user`.
pub(super) fn said_of(text: &str, address: &Address) -> Option<String> {
    let line = text.lines().take(MOST_LINES).find_map(|line| {
        let rest = line.trim_start().trim_start_matches('<').strip_prefix(address.as_str())?;
        rest.trim_start_matches('>').strip_prefix(':')
    })?;
    let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(words).filter(|words| !words.is_empty())
}

fn copied_id(lines: &[&str]) -> Option<String> {
    lines.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("message-id").then(|| in_brackets(value))?
    })
}

/// All that can be read as an address.
pub(super) fn addresses(text: &str) -> Vec<Address> {
    text.split([',', ';', ' ', '\t', '<', '>', '"'])
        .filter(|word| word.contains('@'))
        .filter_map(|word| Address::parse(word).ok())
        .take(MOST_RECIPIENTS)
        .collect()
}
