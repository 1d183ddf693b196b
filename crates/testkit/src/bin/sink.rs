//! The sink as a process: `sink --port N --ledger FILE [--refuse ADDRESS=REPLY]... [--drop-after ADDRESS]...`
//!
//! Prints its address when it listens, and runs until it is ended.

use std::error::Error;

use testkit::sink::{At, Does, Rule, Settings, Sink};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut settings = Settings::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(option) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{option} needs a value"))?;
        match option.as_str() {
            "--port" => settings.port = value.parse()?,
            "--ledger" => settings.ledger = Some(value.into()),
            "--refuse" => {
                let (address, reply) = value.split_once('=').ok_or("--refuse ADDRESS=REPLY")?;
                settings.rules.push(rule(At::Rcpt, address, Does::Reply(reply.to_owned())));
            }
            "--drop-after" => settings.rules.push(rule(At::Dot, &value, Does::HangUp)),
            _ => return Err(format!("{option} is not an option").into()),
        }
    }
    let sink = Sink::start(settings).await?;
    #[expect(clippy::print_stdout, reason = "whoever started it reads the address here")]
    {
        println!("{}", sink.address());
    }
    std::future::pending().await
}

fn rule(at: At, address: &str, does: Does) -> Rule {
    Rule { at, address: Some(address.to_owned()), does, times: None }
}
