//! The client's commands (RFC 5321 section 4.1.1 and those of the extensions offered), read from a line.
//!
//! The addresses are only found here and read by [`crate::Address`].

use super::replies;

/// One command, syntactically right as far as it can be known without the state of the dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Ehlo(&'a str),
    Helo(&'a str),
    Mail(Path<'a>),
    Rcpt(Path<'a>),
    Data,
    /// `BDAT octets [LAST]`
    Bdat {
        octets: u64,
        last: bool,
    },
    Rset,
    Noop,
    Vrfy,
    Expn,
    Help,
    Quit,
    StartTls,
    Auth {
        mechanism: &'a str,
        initial: Option<&'a str>,
    },
    /// BDAT whose size cannot be read: what follows may be content or commands.
    LostChunk,
    /// A request of HTTP: somebody's browser was made to speak to us.
    Http,
}

/// What stands between the angle brackets, and the parameters behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Path<'a> {
    pub(super) mailbox: &'a str,
    pub(super) parameters: &'a str,
}

impl<'a> Command<'a> {
    /// Reads a line without its CRLF; the reply if it is no command. A CR, LF or NUL within is refused with all control
    /// characters, and blanks at the end are tolerated (section 4.1.1).
    pub(super) fn parse(line: &'a [u8]) -> Result<Self, &'static str> {
        let text = std::str::from_utf8(line).map_err(|_| replies::NOT_UTF8)?.trim_end_matches(' ');
        if text.chars().any(char::is_control) {
            return Err(replies::NOT_A_LINE);
        }
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        let rest = rest.trim_start_matches(' ');
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => Ok(Self::Ehlo(host(rest)?)),
            "HELO" => Ok(Self::Helo(host(rest)?)),
            "MAIL" => path(rest, "FROM:").map(Self::Mail).ok_or(replies::SYNTAX_MAIL),
            "RCPT" => path(rest, "TO:").map(Self::Rcpt).ok_or(replies::SYNTAX_RCPT),
            "DATA" => alone(Self::Data, rest),
            "BDAT" => Ok(bdat(rest).unwrap_or(Self::LostChunk)),
            "RSET" => alone(Self::Rset, rest),
            "NOOP" => Ok(Self::Noop),
            "VRFY" => with_argument(Self::Vrfy, rest),
            "EXPN" => with_argument(Self::Expn, rest),
            "HELP" => Ok(Self::Help),
            "QUIT" => alone(Self::Quit, rest),
            "STARTTLS" => alone(Self::StartTls, rest),
            "AUTH" => auth(rest),
            "GET" | "POST" | "PUT" | "HEAD" | "OPTIONS" | "DELETE" | "PATCH" | "CONNECT" => Ok(Self::Http),
            _ => Err(replies::UNKNOWN_COMMAND),
        }
    }
}

/// The first word is the name. Some clients say more.
fn host(rest: &str) -> Result<&str, &'static str> {
    let name = rest.split(' ').next().unwrap_or_default();
    if name.is_empty() || !name.is_ascii() {
        return Err(replies::NAME_MISSING);
    }
    Ok(name)
}

fn alone<'a>(command: Command<'a>, rest: &str) -> Result<Command<'a>, &'static str> {
    if rest.is_empty() { Ok(command) } else { Err(replies::NO_ARGUMENT) }
}

fn with_argument<'a>(command: Command<'a>, rest: &str) -> Result<Command<'a>, &'static str> {
    if rest.is_empty() { Err(replies::ARGUMENT_MISSING) } else { Ok(command) }
}

fn bdat(rest: &str) -> Option<Command<'_>> {
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    let octets = words.next().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?;
    let last = words.next();
    if last.is_some_and(|word| !word.eq_ignore_ascii_case("LAST")) || words.next().is_some() {
        return None;
    }
    Some(Command::Bdat { octets: octets.parse().ok()?, last: last.is_some() })
}

fn auth(rest: &str) -> Result<Command<'_>, &'static str> {
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    let mechanism = words.next().ok_or(replies::ARGUMENT_MISSING)?;
    let initial = words.next();
    if words.next().is_some() {
        return Err(replies::SYNTAX_BASE64);
    }
    Ok(Command::Auth { mechanism, initial })
}

/// `FROM:<path> parameters`. Blanks before the bracket are tolerated: clients of every age write them.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<Path<'a>> {
    let (word, rest) = rest.split_at_checked(keyword.len())?;
    if !word.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let rest = rest.trim_start_matches(' ').strip_prefix('<')?;
    let (inside, parameters) = rest.split_at_checked(closing_bracket(rest)?)?;
    let parameters = parameters.strip_prefix('>')?;
    if !parameters.is_empty() && !parameters.starts_with(' ') {
        return None;
    }
    Some(Path { mailbox: without_route(inside), parameters })
}

/// The first `>` that stands in no quoted string.
fn closing_bracket(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    text.bytes().position(|octet| {
        let plain = !std::mem::take(&mut escaped);
        match octet {
            b'"' if plain => quoted = !quoted,
            b'\\' if plain && quoted => escaped = true,
            b'>' if !quoted => return true,
            _ => {}
        }
        false
    })
}

/// `@one.example,@two.example:user@example.org`: the way is taken and not used (RFC 5321 appendix C).
fn without_route(path: &str) -> &str {
    match path.strip_prefix('@').and_then(|route| route.split_once(':')) {
        Some((_, mailbox)) => mailbox,
        None => path,
    }
}
