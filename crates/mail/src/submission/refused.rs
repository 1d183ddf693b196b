//! Why a message is not accepted, in words for whoever wrote it.

use crate::{
    EnhancedStatusCode, Reply,
    address::AddressError,
    message::{TooDeep, Unconvertible},
};

use super::{
    header::{MOST_FIELDS, MOST_HEADER_OCTETS},
    loops::MOST_HOPS,
};

/// Why a message is refused for good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// An octet 0, which RFC 5322 forbids everywhere.
    #[error("line {line} of the message contains a NUL")]
    Nul {
        /// From 1.
        line: usize,
    },
    /// A line end other than CRLF, by which mail is smuggled.
    #[error("line {line} of the message does not end in CRLF")]
    BareLineEnd {
        /// From 1.
        line: usize,
    },
    /// A line in the header that is none.
    #[error(
        "line {line} of the message is no header field: it begins with {begins:?}; an empty line ends the header"
    )]
    NotAField {
        /// From 1.
        line: usize,
        /// Its first characters.
        begins: String,
    },
    /// A limit of ours.
    #[error("the header is larger than {MOST_HEADER_OCTETS} octets")]
    HeaderTooLarge,
    /// A limit of ours.
    #[error("the header has more than {MOST_FIELDS} fields")]
    TooManyFields,
    /// Neither ASCII nor UTF-8.
    #[error("the header field in line {line} is neither ASCII nor UTF-8")]
    NotUtf8 {
        /// From 1.
        line: usize,
    },
    /// See [`super`].
    #[error("the header field {0} stands in it twice")]
    Twice(&'static str),
    /// RFC 5322 section 3.6: somebody has written it.
    #[error("the header field From is missing")]
    FromMissing,
    /// `From` names nobody to whom an answer could go.
    #[error("the header field From cannot be read: {0}")]
    From(AddressError),
    /// RFC 5322 section 3.6.2: with several authors it must be said which of them sends it.
    #[error("the header field From names {0} authors, and no Sender says which of them sends it")]
    SenderMissing(usize),
    /// Another field that says who sent it names nobody.
    #[error("the header field {0} cannot be read: {1}")]
    Sender(&'static str, AddressError),
    /// A limit of ours.
    #[error(transparent)]
    TooDeep(#[from] TooDeep),
    /// It has gone round.
    #[error(
        "it has passed through {0} servers (Received fields), of which more than {MOST_HOPS} are taken for a loop"
    )]
    TooManyHops(usize),
    /// It comes back again and again.
    #[error("it has been here {0} times before (Received fields): it goes round in a loop")]
    Loop(usize),
    /// A line is too long, and cannot be broken by encoding.
    #[error("a line of it is longer than 998 octets: {0}")]
    Unconvertible(#[from] Unconvertible),
}

impl Refused {
    /// The answer to the end of DATA; its text says what is wrong.
    pub fn reply(&self) -> Reply {
        let (code, detail) = match self {
            Self::FromMissing | Self::SenderMissing(_) => (550, (6, 0)),
            Self::TooManyHops(_) | Self::Loop(_) => (554, (4, 6)),
            Self::Unconvertible(_) => (554, (6, 3)),
            _ => (554, (6, 0)),
        };
        let enhanced = EnhancedStatusCode(5, detail.0, detail.1);
        // What is quoted from the message may be in letters that a reply may not have.
        let text = format!("The message is refused: {self}").replace(|c: char| !matches!(c, ' '..='~'), "?");
        Reply { code, enhanced: Some(enhanced), text }
    }
}
