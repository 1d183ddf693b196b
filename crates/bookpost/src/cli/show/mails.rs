//! Single mails and runs that a person has an eye on, in words.

use mail::counted;

use crate::{
    app::notice_run::Goes,
    cli::control::{SentAgain, SentSamples, ShownText, StoppedRun},
};

/// A message as it is read. Its lines end as on this computer.
pub(super) fn text(shown: &ShownText) -> String {
    let text = shown.text.replace("\r\n", "\n");
    let end = if shown.cut { "\n(only the beginning is shown)\n" } else { "" };
    format!("{}\n{end}", text.trim_end())
}

pub(super) fn sent_again(sent: &SentAgain) -> String {
    let (to, message) = (&sent.to, sent.message.0);
    match sent.goes {
        Goes::Out => format!("The mail goes to {to} once more, as message {message}, and to nobody else.\n"),
        Goes::ToPractice => {
            format!(
                "The mail goes to the practice mailbox once more, as message {message}. Nobody receives it.\n"
            )
        }
        Goes::Waits => {
            format!("The mail to {to}, message {message}, waits until a way of sending is chosen.\n")
        }
    }
}

pub(super) fn samples(sent: &SentSamples) -> String {
    let n = u64::try_from(sent.sent).unwrap_or(u64::MAX);
    if n == 0 {
        return "No sample was sent: from this file, nobody would get a mail.\n".to_owned();
    }
    if sent.practice {
        let samples = counted(n, "sample is", "samples are");
        return format!("{samples} in the practice mailbox. Nobody receives them, nor do you.\n");
    }
    format!("{} on the way to {}.\n", counted(n, "sample is", "samples are"), sent.to)
}

pub(super) fn stopped(stopped: &StoppedRun) -> String {
    match stopped.mail.moved {
        0 => "The run is stopped.\n".to_owned(),
        n => format!("The run is stopped. {} not be sent.\n", counted(n, "mail will", "mails will")),
    }
}
