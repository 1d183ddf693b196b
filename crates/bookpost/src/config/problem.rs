//! What is wrong with the configuration, for a person to put right.

use std::fmt;

/// One thing to put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting, or the section, by its name (`sites.0.email`); empty where it is about none.
    pub setting: String,
    pub wrong: Wrong,
    /// The same in plain words, in English.
    pub what: String,
    /// File and line, or the environment's variable.
    pub at: String,
    /// What to do about it.
    pub todo: String,
}

impl Problem {
    pub fn new(what: impl Into<String>, at: impl Into<String>, todo: impl Into<String>) -> Self {
        Self {
            setting: String::new(),
            wrong: Wrong::Other,
            what: what.into(),
            at: at.into(),
            todo: todo.into(),
        }
    }
}

/// What is wrong, for whoever says it in words of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// It is not the kind of value that it should be.
    Unreadable,
    OutOfRange {
        least: u64,
        most: u64,
    },
    /// Neither the name nor the address of a host.
    NoHost,
    /// Mail would go in plain, and nobody has said that it may.
    Unencrypted,
    /// The same of a password.
    LoginUnencrypted,
    LoginWithoutPassword,
    PasswordWithoutLogin,
    /// A password goes only where it was entered for.
    PasswordOfAnother,
    /// The same of the key for a sign-in service.
    KeyOfAnother,
    /// There is a second server, and no first.
    OnlySecond,
    /// Mail is to go through servers, and there is none.
    NoServer,
    /// The same of the backup.
    NoBackup,
    /// The backup is the way itself.
    SameBackup,
    /// Of this computer.
    NoFullName,
    /// None, or one on the way to which could be read what is told there.
    WebAddress,
    ShortRange,
    /// Before the short range is over.
    GivenUpTooSoon,
    /// Records would go before the texts that belong to them.
    RecordsTooShort,
    /// Something else, which is not of the preferences or cannot be entered there.
    Other,
}

/// Everything that is wrong, found in one go; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl Problems {
    /// The first of them, in one line.
    pub fn in_one_line(&self) -> String {
        let more = match self.0.len() {
            0 | 1 => String::new(),
            n => format!("; {} more with `bookpost config check`", n - 1),
        };
        let first = self.0.first();
        let first = first.map(|problem| format!("{} ({}): {}", problem.what, problem.at, problem.todo));
        first.unwrap_or_default() + &more
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => writeln!(f, "the configuration cannot be used:")?,
            n => writeln!(f, "the configuration cannot be used, {n} things are wrong:")?,
        }
        for problem in &self.0 {
            writeln!(f, "\n  {}\n    where: {}\n    do:    {}", problem.what, problem.at, problem.todo)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
