//! Replies of an SMTP server (RFC 5321 section 4.2) with enhanced status codes (RFC 2034, RFC 3463).

use std::fmt;

/// `class.subject.detail`. The parts go past 255 in the field (`5.7.509`), so each is a `u16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnhancedStatusCode(pub u16, pub u16, pub u16);

impl fmt::Display for EnhancedStatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// One whole reply.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reply {
    /// The three-digit code, 200 to 599.
    pub code: u16,
    /// The enhanced status code at the start of the first line that has one.
    pub enhanced: Option<EnhancedStatusCode>,
    /// The text of all lines without code and enhanced code, joined by `\n`. What is not UTF-8 is replaced.
    pub text: String,
}

impl Reply {
    /// 2yz.
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }
    /// 4yz.
    pub fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }
    /// 5yz.
    pub fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        write!(f, " {}", self.text.replace('\n', " "))
    }
}
