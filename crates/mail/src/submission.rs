//! What a message submission agent does to a message before it answers for it (RFC 6409 sections 6 and 8).
//!
//! [`prepare()`] checks a message, completes it and takes out what nobody else may see; [`recipients_of_headers`] is
//! `sendmail -t`. What is decided here, where the standards leave it open:
//!
//! * A message needs a header. Only for `sendmail` ([`Completion`]) may it be missing or end without an empty line, as scripts
//!   write it, `From` be missing, and addresses lack their domain.
//! * `To` and `Cc` that stand twice are joined: many programs write one field for each address, and large receivers refuse
//!   that. Any other field that RFC 5322 section 3.6 allows once is refused when it stands twice, as readers would
//!   differ in which one they show.
//! * With several authors in `From` there must be a `Sender` (RFC 5322 section 3.6.2).
//! * `Message-ID` and `Date` are added where they are missing or empty; a `Message-ID` that is not `<...>` without blanks is
//!   replaced, as RFC 6409 section 8.3 says. All else that a program wrote is kept to the octet.
//! * `Bcc`, `Resent-Bcc` and `Return-Path` are removed with their folded lines, and so is the `From ` line of a mailbox file.

mod header;
mod loops;
mod once;
mod prepare;
mod recipients;
mod refused;
#[cfg(test)]
mod tests;

pub use prepare::{Circumstances, Completion, LineEnds, Prepared, prepare};
pub use recipients::{RecipientsError, recipients_of_headers};
pub use refused::Refused;
