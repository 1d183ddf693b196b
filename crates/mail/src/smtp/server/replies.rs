//! What the server says by itself, each with its enhanced status code (RFC 3463).

pub(super) const SENDER: &str = "250 2.1.0 Sender taken";
pub(super) const RECIPIENT: &str = "250 2.1.5 Recipient taken";
pub(super) const MESSAGE: &str = "250 2.0.0 Message accepted";
pub(super) const DONE: &str = "250 2.0.0 Done";
pub(super) const GO_AHEAD: &str = "354 Send the message, and end it with a dot on a line of its own";
pub(super) const START_TLS: &str = "220 2.0.0 Begin TLS now";
pub(super) const SIGNED_IN: &str = "235 2.7.0 Signed in";
pub(super) const GOODBYE: &str = "221 2.0.0 Goodbye";
pub(super) const HELP: &str =
    "214 2.0.0 The commands are those of RFC 5321 and of the extensions that EHLO shows";
pub(super) const NOT_VERIFIED: &str = "252 2.0.0 Addresses are not verified here; send the message and see";

pub(super) const TOO_MANY_ERRORS: &str = "421 4.7.0 Too many errors on this connection";
pub(super) const TOO_MANY_COMMANDS: &str = "421 4.7.0 Too many commands without a message";
pub(super) const TOO_MANY_TRANSACTIONS: &str =
    "421 4.7.0 Enough messages on this connection; go on with a new one";
pub(super) const NOT_MAIL: &str = "421 4.7.0 This is a mail server, and that is not SMTP";
pub(super) const NOT_NOW: &str = "451 4.3.0 Cannot be taken now; try again later";
pub(super) const TOO_MANY_RECIPIENTS: &str =
    "452 4.5.3 Too many recipients for one message; send the others in another";

pub(super) const UNKNOWN_COMMAND: &str = "500 5.5.1 Unknown command";
pub(super) const LINE_TOO_LONG: &str = "500 5.5.2 The line is too long";
pub(super) const NOT_A_LINE: &str =
    "500 5.5.2 A line ends in CRLF, and has no other CR, LF or control character in it";
pub(super) const NOT_UTF8: &str = "500 5.5.2 The line is neither ASCII nor UTF-8";
pub(super) const SYNTAX_MAIL: &str = "501 5.5.2 Write it as MAIL FROM:<address>";
pub(super) const SYNTAX_RCPT: &str = "501 5.5.2 Write it as RCPT TO:<address>";
pub(super) const SYNTAX_BASE64: &str = "501 5.5.2 That is not the base64 of a name and a password";
pub(super) const NAME_MISSING: &str = "501 5.5.4 The command needs your host name";
pub(super) const NO_ARGUMENT: &str = "501 5.5.4 The command takes no argument";
pub(super) const ARGUMENT_MISSING: &str = "501 5.5.4 The command needs an argument";
pub(super) const CHUNK_SIZE: &str = "501 5.5.4 Without the size of the chunk the connection cannot go on";
pub(super) const BAD_PARAMETER: &str = "501 5.5.4 A parameter is malformed or given twice";
pub(super) const CANCELLED: &str = "501 5.7.0 Sign-in cancelled";
pub(super) const NOT_OFFERED: &str = "502 5.5.1 The command is not offered here";
pub(super) const EHLO_FIRST: &str = "503 5.5.1 Say EHLO first";
pub(super) const MAIL_FIRST: &str = "503 5.5.1 Give a sender with MAIL first";
pub(super) const MAIL_TWICE: &str = "503 5.5.1 There is a sender already; RSET begins anew";
pub(super) const NOT_IN_MAIL: &str = "503 5.5.1 Not while a message is under way";
pub(super) const NO_RECIPIENT: &str = "503 5.5.1 No recipient was accepted";
pub(super) const CHUNKS_BEGUN: &str = "503 5.5.1 The message has begun to come by BDAT; end it or say RSET";
pub(super) const TLS_IS_UP: &str = "503 5.5.1 The connection is encrypted already";
pub(super) const SIGNED_IN_ALREADY: &str = "503 5.5.1 You are signed in already";
pub(super) const UNKNOWN_MECHANISM: &str = "504 5.5.4 The sign-ins offered here are PLAIN and LOGIN";
pub(super) const SIGN_IN_FIRST: &str = "530 5.7.0 Sign in first";
pub(super) const WRONG_PASSWORD: &str = "535 5.7.8 The name or the password is wrong";
pub(super) const ENCRYPT_FIRST: &str = "538 5.7.11 No password over a connection that is not encrypted";
pub(super) const BARE_LINE_END: &str =
    "550 5.6.0 A line of the message ends in a bare CR or LF; lines end in CRLF";
pub(super) const NUL: &str = "550 5.6.0 There is a NUL character in the message";
pub(super) const TOO_LARGE: &str = "552 5.3.4 The message is larger than this server takes";
pub(super) const BAD_SENDER: &str = "553 5.1.7 The sender is not a mail address";
pub(super) const BAD_RECIPIENT: &str = "553 5.1.3 The recipient is not a mail address";
pub(super) const UTF8_NOT_DECLARED: &str = "553 5.6.7 An address beyond ASCII needs SMTPUTF8 with MAIL";
pub(super) const UNKNOWN_PARAMETER: &str = "555 5.5.4 A parameter is not known or not offered here";
