//! For whom a client is at Google, as it stands there under "Audience".

/// One of three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Accounts of the library's own organisation.
    Internal,
    /// Everybody, as it is published.
    External,
    /// Those who are named as testers, as it is not: each sign-in ends after 7 days.
    Testing,
}

impl Audience {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Internal, Self::External, Self::Testing];

    /// As settings name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::External => "external",
            Self::Testing => "testing",
        }
    }

    /// The one that settings name so.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}
