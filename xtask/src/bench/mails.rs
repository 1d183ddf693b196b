//! The mails of a run: read from the queue of the run that made them, kept as files for the other sides.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use rustix::time::{ClockId, clock_gettime};
use store::{Filter, Store};

/// Rows read at once.
const PAGE: usize = 1_000;

/// One mail with one recipient.
#[derive(Debug, Clone)]
pub(super) struct Mail {
    pub(super) id: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) bytes: Bytes,
}

impl Mail {
    /// Without its line end.
    pub(super) fn last_line(&self) -> &[u8] {
        let text = self.bytes.strip_suffix(b"\r\n").unwrap_or(&self.bytes);
        text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default()
    }
}

/// Everything in the queue of a Bookpost that has ended, oldest first.
pub(super) async fn read(data: &Path) -> anyhow::Result<Vec<Mail>> {
    let now = jiff::Timestamp::from_second(clock_gettime(ClockId::Realtime).tv_sec)?;
    let store = Store::open(data, now)?;
    let (mut mails, mut after) = (Vec::new(), None);
    loop {
        let rows = store.list(Filter::default(), after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.recipient);
        for row in rows {
            let bytes = store.body(row.message).await?.context("a message without its bytes")?;
            ensure!(bytes.len() as u64 == row.size, "{} has lost bytes in the queue", row.message_id);
            let from = row.reverse_path.address().map_or("", mail::Address::as_str).to_owned();
            mails.push(Mail { id: row.message_id, from, to: row.to.address.as_str().to_owned(), bytes });
        }
    }
    store.close().await?;
    mails.reverse();
    Ok(mails)
}

/// Writes each mail into a file of its own, and beside them a list: sender, recipient and file, with tabs between.
pub(super) fn write(mails: &[Mail], folder: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let mut list = String::new();
    for (number, mail) in mails.iter().enumerate() {
        let file = folder.join(format!("{number}.eml"));
        fs::write(&file, &mail.bytes)?;
        writeln!(list, "{}\t{}\t{}", mail.from, mail.to, file.display())?;
    }
    let path = folder.join("list.tsv");
    fs::write(&path, list)?;
    Ok(path)
}
