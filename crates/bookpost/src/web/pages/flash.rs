//! What was done, told on the page that follows: in its address, as a word of ours and numbers, and never as a text.

use serde::{Deserialize, Serialize};
use store::Move;

use super::words::Words;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Done {
    Retry,
    Hold,
    Release,
    Cancel,
    Return,
    Paused,
    Resumed,
    Language,
    SignedOut,
    LinkAsked,
    PersonAdded,
    PersonChanged,
    PersonOff,
    PersonOn,
    PersonSignedOut,
    InvitationSent,
    ResetSent,
    AccountChanged,
    PasswordChanged,
    SessionsEnded,
    LibraryAdded,
    LibraryChanged,
    LibraryRemoved,
    Undone,
    NotUndone,
    ProgramAdded,
    ProgramChanged,
    ProgramOff,
    ProgramOn,
    KeyRevoked,
    Arrived,
    Started,
    Practice,
    PreferencesSaved,
    NothingChanged,
    PreferencesImported,
}

/// For how many. What is no such word is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Flash {
    #[serde(deserialize_with = "lenient")]
    done: Option<Done>,
    #[serde(deserialize_with = "lenient")]
    n: Option<u64>,
    /// For so many it was not possible.
    #[serde(deserialize_with = "lenient")]
    left: Option<u64>,
}

impl Flash {
    /// Of the address of a page.
    pub(super) fn in_query(query: Option<&str>) -> Self {
        serde_html_form::from_str(query.unwrap_or_default()).unwrap_or_default()
    }

    /// In words.
    pub(super) fn text(&self, words: &Words) -> Option<String> {
        let n = self.n.unwrap_or(0);
        let mut text = match self.done? {
            Done::Retry => words.count("done-retry", n),
            Done::Hold => words.count("done-hold", n),
            Done::Release => words.count("done-release", n),
            Done::Cancel => words.count("done-cancel", n),
            Done::Return => words.count("done-return", n),
            Done::Paused => words.t("done-paused"),
            Done::Resumed => words.t("done-resumed"),
            Done::Language => words.t("done-language"),
            Done::SignedOut => words.t("sign-in-ended"),
            Done::LinkAsked => words.t("forgot-asked"),
            Done::PersonAdded => words.t("done-person-added"),
            Done::PersonChanged => words.t("done-person-changed"),
            Done::PersonOff => words.t("done-person-off"),
            Done::PersonOn => words.t("done-person-on"),
            Done::PersonSignedOut => words.t("done-person-signed-out"),
            Done::InvitationSent => words.t("done-invitation-sent"),
            Done::ResetSent => words.t("done-reset-sent"),
            Done::AccountChanged => words.t("done-account-changed"),
            Done::PasswordChanged => words.t("done-password-changed"),
            Done::SessionsEnded => words.count("done-sessions-ended", n),
            Done::LibraryAdded => words.t("done-library-added"),
            Done::LibraryChanged => words.t("done-library-changed"),
            Done::LibraryRemoved => words.t("done-library-removed"),
            Done::Undone => words.t("done-undone"),
            Done::NotUndone => words.t("done-not-undone"),
            Done::ProgramAdded => words.t("done-program-added"),
            Done::ProgramChanged => words.t("done-program-changed"),
            Done::ProgramOff => words.t("done-program-off"),
            Done::ProgramOn => words.t("done-program-on"),
            Done::KeyRevoked => words.t("done-key-revoked"),
            Done::Arrived => words.t("done-arrived"),
            Done::Started => words.t("done-started"),
            Done::Practice => words.t("done-practice"),
            Done::PreferencesSaved => words.t("done-preferences"),
            Done::NothingChanged => words.t("done-nothing-changed"),
            Done::PreferencesImported => words.t("done-imported"),
        };
        if let Some(left) = self.left.filter(|left| *left > 0) {
            text.push(' ');
            text.push_str(&words.count("done-left", left));
        }
        Some(text)
    }
}

impl From<Move> for Done {
    fn from(wish: Move) -> Self {
        match wish {
            Move::Retry => Self::Retry,
            Move::Hold => Self::Hold,
            Move::Release => Self::Release,
            Move::Cancel => Self::Cancel,
            Move::Return => Self::Return,
        }
    }
}

/// `path`, which may have a query, with what was done.
pub(super) fn told(path: &str, done: Done, counts: Option<(u64, u64)>) -> String {
    let (n, left) = counts.unzip();
    // It is made of a word and figures.
    let query = [
        serde_json::to_value(done).ok().and_then(|word| Some(format!("done={}", word.as_str()?))),
        n.map(|n| format!("n={n}")),
        left.filter(|left| *left > 0).map(|left| format!("left={left}")),
    ];
    let query: Vec<_> = query.into_iter().flatten().collect();
    format!("{path}{}{}", if path.contains('?') { '&' } else { '?' }, query.join("&"))
}

/// What cannot be read is not there.
fn lenient<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    let text = Option::<String>::deserialize(from)?;
    Ok(text.and_then(|text| {
        let number = text.parse::<u64>().map(serde_json::Value::from);
        serde_json::from_value(number.unwrap_or(serde_json::Value::String(text))).ok()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::words::Language;

    #[test]
    fn what_was_done_is_told_in_our_words_only() {
        let words = Language::English.words();
        for (query, text) in [
            ("done=cancel&n=1", Some("1 mail will not be sent.")),
            (
                "state=held&done=release&n=12&left=2",
                Some("12 mails go out after all. For 2 it was not possible in the state in which they are."),
            ),
            ("done=paused", Some("Sending is paused.")),
            ("done=%3Cscript%3E", None),
            ("done=Cancel&n=x", None),
            ("done=cancel&n=many", Some("0 mails will not be sent.")),
            ("", None),
        ] {
            assert_eq!(Flash::in_query(Some(query)).text(words).as_deref(), text, "{query}");
        }
        let path = told("/queue?state=held", Done::from(Move::Return), Some((3, 1)));
        assert_eq!(path, "/queue?state=held&done=return&n=3&left=1");
        assert_eq!(told("/", Done::Paused, None), "/?done=paused");
    }
}
