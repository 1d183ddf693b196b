//! Fills a data folder with messages that wait, due now: `cargo run --release -p store --example waiting -- FOLDER COUNT BYTES [bulk]`.
//!
//! For measurements of the program with a long queue.

use std::{error::Error, path::Path};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use mail::{Address, Envelope, ReversePath};
use store::{Class, Kind, NewMessage, Store};

/// Messages per transaction.
const BATCH: usize = 500;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (folder, count, bytes, class) = match arguments.as_slice() {
        [folder, count, bytes] => (folder, count, bytes, Class::Normal),
        [folder, count, bytes, class] if class == "bulk" => (folder, count, bytes, Class::Bulk),
        _ => return Err("waiting FOLDER COUNT BYTES [bulk]".into()),
    };
    let (count, bytes): (usize, usize) = (count.parse()?, bytes.parse()?);
    // The age of the mail counts from now: only the caller's clock knows when that is.
    let now = Timestamp::from_second(rustix::time::clock_gettime(rustix::time::ClockId::Realtime).tv_sec)?;
    let store = Store::open(Path::new(folder), now)?;
    let mut made = 0;
    while made < count {
        let batch = BATCH.min(count - made);
        let messages = (made..made + batch)
            .map(|number| message(number, bytes, class, now))
            .collect::<Result<_, Box<dyn Error>>>()?;
        store.accept(messages, now).await?;
        made += batch;
    }
    store.close().await?;
    Ok(())
}

fn message(number: usize, bytes: usize, class: Class, now: Timestamp) -> Result<NewMessage, Box<dyn Error>> {
    let message_id = format!("<{number}@library.example>");
    let mut text = format!("Message-ID: {message_id}\r\nSubject: Overdue items\r\n\r\n");
    while text.len() < bytes {
        text.push_str("A line like many others in a notice that waits for its time.\r\n");
    }
    Ok(NewMessage {
        kind: Kind::Mail,
        door: store::Door::Smtp,
        class,
        practice: false,
        application: "Library".to_owned(),
        site: Some("MAIN".to_owned()),
        run: None,
        envelope: Envelope::to_one(
            ReversePath::Address(Address::parse("desk@library.example")?),
            Address::parse(&format!("patron{number}@example.org"))?,
        ),
        message_id,
        subject: "Overdue items".to_owned(),
        tags: Vec::new(),
        patron: None,
        bytes: Bytes::from(text),
        first_due_at: now,
        expires_at: now + SignedDuration::from_hours(100),
        lease: None,
    })
}
