//! What one listener offers, asks and bears.

/// What one listener offers, asks and bears. PIPELINING, SIZE, 8BITMIME and ENHANCEDSTATUSCODES are always offered: they cost
/// nothing here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The name that we give ourselves in the greeting and in the answer to EHLO.
    pub host_name: String,
    /// What the greeting says behind the name: one line.
    pub greeting: String,
    /// How TLS comes about.
    pub tls: Tls,
    /// Whether a sign-in is possible, or needed.
    pub sign_in: SignIn,
    /// Passwords are taken on a connection without TLS too.
    pub password_on_plain: bool,
    /// SMTPUTF8 (RFC 6531) is offered.
    pub smtputf8: bool,
    /// DSN (RFC 3461) is offered.
    pub dsn: bool,
    /// CHUNKING (RFC 3030) is offered.
    pub chunking: bool,
    /// How much is borne.
    pub limits: Limits,
}

/// How TLS comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    None,
    /// By STARTTLS (RFC 3207).
    StartTls,
    /// It is up before the greeting (RFC 8314).
    Established,
}

/// Whether a sign-in by AUTH PLAIN or LOGIN (RFC 4954) is possible, or needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// Not offered.
    None,
    /// Offered.
    Offered,
    /// Offered, and nobody gets further without.
    Required,
    /// Offered, and nobody gets further without, except with mail from nobody (the null reverse-path, RFC 5321 section 4.5.5): whether
    /// it may come in is asked at each recipient.
    RequiredOfSenders,
}

/// How much is borne. Each is the most that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Recipients of one message. RFC 5321 section 4.5.3.1.8 asks for at least 100. It and that of
    /// transactions are announced with LIMITS (RFC 9422).
    pub recipients: usize,
    /// Octets of one message, announced with SIZE.
    pub message: usize,
    /// Octets of a command line with its end. RFC 5321 section 4.5.3.1.4 asks for 512 and what the extensions add; a line
    /// of a sign-in may be longer (RFC 4954 section 4).
    pub line: usize,
    /// Transactions of one connection, if they are counted; one more ends it.
    pub transactions: Option<usize>,
    /// Commands since the last message was accepted, other than those that give its recipients and content; one more ends
    /// the connection.
    pub idle_commands: usize,
    /// Errors of the client since the last message was accepted; one more ends the connection. A recipient that is
    /// refused is none.
    pub errors: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            recipients: 1000,
            message: 50 * 1024 * 1024,
            line: 4096,
            transactions: Some(10_000),
            idle_commands: 100,
            errors: 20,
        }
    }
}
