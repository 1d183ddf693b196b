//! How long the server may take to answer: the least that RFC 5321 section 4.5.3.2 allows a client to wait.

use std::time::Duration;

/// The greeting (4.5.3.2.1).
pub(super) const GREETING: Duration = Duration::from_mins(5);
/// MAIL and RCPT (4.5.3.2.2 and 4.5.3.2.3); also EHLO, STARTTLS, AUTH and RSET, which the section does not name.
pub(super) const COMMAND: Duration = Duration::from_mins(5);
/// The answer to DATA (4.5.3.2.4).
pub(super) const DATA: Duration = Duration::from_mins(2);
/// Writing one block of content (4.5.3.2.5); also an idle connection, where nothing is waited for.
pub(super) const BLOCK: Duration = Duration::from_mins(3);
/// The answer to the final dot (4.5.3.2.6). Less would make duplicates.
pub(super) const DOT: Duration = Duration::from_mins(10);
/// QUIT: nobody depends on its answer.
pub(super) const QUIT: Duration = Duration::from_secs(10);
