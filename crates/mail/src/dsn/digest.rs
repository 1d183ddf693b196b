//! One mail for many that came back, so that a broken morning does not fill the library's mailbox.

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::{Timestamp, tz::TimeZone};

use super::{Mailbox, Report, Returned, ReturnedMessage, csv, fields::one_line, mime};
use crate::{Address, Reason, counted};

/// So many rows of one reason are in the text; all are in the file.
const ROWS_PER_REASON: usize = 100;
/// A column of the table is never wider, in characters.
const WIDEST: usize = 32;
/// The name of the file with all rows.
const FILE_NAME: &str = "not-delivered.csv";

/// Many recipients of many messages came back.
#[derive(Clone)]
pub struct Digest {
    /// The return address that the messages share.
    pub to: Address,
    /// The site or Bookpost itself.
    pub from: Mailbox,
    /// The name that this host gives itself.
    pub reporting_mta: String,
    /// What came back; at least one.
    pub entries: Vec<DigestEntry>,
    /// When the digest is written.
    pub date: Timestamp,
    /// The digest's own Message-ID, with or without angle brackets.
    pub message_id: String,
    /// The library's time zone, for the times in words and file.
    pub time_zone: TimeZone,
}

/// One recipient of one message.
#[derive(Clone)]
pub struct DigestEntry {
    /// The message.
    pub message: ReturnedMessage,
    /// Who did not get it.
    pub returned: Returned,
}

impl Digest {
    /// The whole mail, ready for a transaction with the null reverse-path.
    pub fn write(&self) -> Vec<u8> {
        let head = mime::Head {
            from: &self.from,
            to: &self.to,
            subject: format!(
                "Not delivered: {}",
                counted(self.entries.len(), "notice or message", "notices")
            ),
            date: self.date,
            message_id: &self.message_id,
            references: None,
        };
        let status = Report {
            reporting_mta: Some(self.reporting_mta.clone()),
            arrival_date: None,
            envelope_id: None,
            recipients: self.entries.iter().map(|entry| entry.returned.report()).collect(),
        };
        let file = csv::write(&self.entries, &self.time_zone);
        mime::write(&head, mime::with_file(&self.message_id, &self.words(), file, FILE_NAME), &status, None)
    }

    fn words(&self) -> String {
        let groups = self.by_reason();
        let unsure = self.entries.iter().any(|entry| entry.returned.may_have_arrived);
        let missed = match self.entries.len() {
            _ if unsure => "",
            1 => " The person below has not received it.",
            _ => " The people below have not received them.",
        };
        let mut out = format!(
            "{} could not be delivered, for {}.{missed}\n",
            counted(self.entries.len(), "notice or message", "notices"),
            counted(groups.len(), "reason", "different reasons"),
        );
        for entries in &groups {
            let Some(first) = entries.first() else { continue };
            let _ = write!(out, "\n{}: {}\n", entries.len(), first.returned.why());
            let _ = write!(out, "What to do: {}\n\n", one_line(&first.returned.what_to_do));
            out.push_str(&table(entries));
        }
        let _ = write!(
            out,
            "\nAll of them, with the mail server's answers, are in the attached file {FILE_NAME}, which opens as a \
             spreadsheet.\nNothing more will be sent for them.\n"
        );
        out
    }

    /// The most frequent reason first.
    fn by_reason(&self) -> Vec<Vec<&DigestEntry>> {
        let mut groups: BTreeMap<(Reason, String, &str), Vec<&DigestEntry>> = BTreeMap::new();
        for entry in &self.entries {
            let returned = &entry.returned;
            let key = (returned.reason, returned.why(), returned.what_to_do.as_str());
            groups.entry(key).or_default().push(entry);
        }
        let mut groups: Vec<_> = groups.into_values().collect();
        groups.sort_by_key(|entries| std::cmp::Reverse(entries.len()));
        groups
    }
}

fn table(entries: &[&DigestEntry]) -> String {
    let mut rows = vec![["Patron", "Number", "Address", "Library", "Notice"].map(str::to_owned)];
    rows.extend(entries.iter().take(ROWS_PER_REASON).map(|entry| {
        let (message, returned) = (&entry.message, &entry.returned);
        [
            returned.patron_name.as_deref().unwrap_or_default(),
            returned.patron_number.as_deref().unwrap_or_default(),
            returned.address.as_str(),
            &message.site_name,
            message.run_name.as_deref().unwrap_or(&message.subject),
        ]
        .map(cell)
    }));
    let mut widths = [0; 5];
    for row in &rows {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = (*width).max(text.chars().count());
        }
    }
    let mut out = String::new();
    for row in &rows {
        let line: String = row
            .iter()
            .zip(widths)
            .fold("  ".to_owned(), |line, (text, width)| format!("{line}{text:<width$}  "));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    if entries.len() > ROWS_PER_REASON {
        let _ = writeln!(out, "  ... and {} more in the attached file", entries.len() - ROWS_PER_REASON);
    }
    out
}

/// One cell of the text's table. Addresses are cut like the rest: the file has them whole.
fn cell(text: &str) -> String {
    let text = one_line(text);
    if text.chars().count() <= WIDEST {
        return text;
    }
    text.chars().take(WIDEST - 1).chain(['…']).collect()
}
