//! The fields that a message may have once (RFC 5322 section 3.6).

/// In the spelling of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Once {
    From,
    Sender,
    ReplyTo,
    To,
    Cc,
    Subject,
    Date,
    MessageId,
    InReplyTo,
    References,
}

impl Once {
    pub(super) const ALL: [Self; 10] = [
        Self::From,
        Self::Sender,
        Self::ReplyTo,
        Self::To,
        Self::Cc,
        Self::Subject,
        Self::Date,
        Self::MessageId,
        Self::InReplyTo,
        Self::References,
    ];

    /// The one of this name.
    pub(super) fn called(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|once| once.name().as_bytes().eq_ignore_ascii_case(name))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::From => "From",
            Self::Sender => "Sender",
            Self::ReplyTo => "Reply-To",
            Self::To => "To",
            Self::Cc => "Cc",
            Self::Subject => "Subject",
            Self::Date => "Date",
            Self::MessageId => "Message-ID",
            Self::InReplyTo => "In-Reply-To",
            Self::References => "References",
        }
    }

    /// Two of them mean the same as one with both lists.
    pub(super) fn is_joined(self) -> bool {
        matches!(self, Self::To | Self::Cc)
    }

    pub(super) fn has_addresses(self) -> bool {
        matches!(self, Self::From | Self::Sender | Self::ReplyTo | Self::To | Self::Cc)
    }
}
