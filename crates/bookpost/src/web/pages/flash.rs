//! What was done, told on the page that follows: in its address, as a word of ours and numbers, and never as a text.

use jiff::Timestamp;
use percent_encoding::utf8_percent_encode;
use serde::{Deserialize, Serialize};
use store::{Move, Moved};

use super::{wanted::RESERVED, words::Words};

/// What was done, each with the sentence that says so.
macro_rules! done {
    ($($name:ident $key:literal)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum Done {
            $($name,)+
        }

        impl Done {
            fn key(self) -> &'static str {
                match self {
                    $(Self::$name => $key,)+
                }
            }
        }
    };
}

done! {
    Retry "done-retry"
    Hold "done-hold"
    Release "done-release"
    Cancel "done-cancel"
    Return "done-return"
    Paused "done-paused"
    Resumed "done-resumed"
    ResumedInVain "done-resumed-in-vain"
    Probing "done-probing"
    ExportTaken "done-export-taken"
    Language "done-language"
    SignedOut "sign-in-ended"
    NothingSaved "sign-in-nothing-saved"
    LinkAsked "forgot-asked"
    PersonAdded "done-person-added"
    PersonChanged "done-person-changed"
    PersonOff "done-person-off"
    PersonOn "done-person-on"
    PersonSignedOut "done-person-signed-out"
    InvitationSent "done-invitation-sent"
    ResetSent "done-reset-sent"
    AccountChanged "done-account-changed"
    PasswordChanged "done-password-changed"
    SessionsEnded "done-sessions-ended"
    LibraryAdded "done-library-added"
    LibraryChanged "done-library-changed"
    LibraryRemoved "done-library-removed"
    Undone "done-undone"
    NotUndone "done-not-undone"
    ProgramAdded "done-program-added"
    ProgramChanged "done-program-changed"
    ProgramOff "done-program-off"
    ProgramOn "done-program-on"
    KeyRevoked "done-key-revoked"
    Arrived "done-arrived"
    Started "done-started"
    NamedBefore "done-named-before"
    Practice "done-practice"
    PreferencesSaved "done-preferences"
    SavedAndPaused "done-saved-and-paused"
    PreferencesSavedWithoutAddress "done-preferences-without-address"
    AddressLookedUp "done-address-looked-up"
    NothingChanged "done-nothing-changed"
    HandingChosen "done-handing"
    PreferencesImported "done-imported"
    SamplesSent "done-samples"
    SamplesPractised "done-samples-practised"
    NotNow "done-not-now"
    NotSent "done-not-sent"
    NotSure "done-not-sure"
    ExportForgotten "done-export-forgotten"
    OldestForgotten "done-oldest-forgotten"
    RunStopped "done-run-stopped"
    SentAgain "done-sent-again"
    SentAgainPractice "done-sent-again-practice"
    SentAgainWaits "done-sent-again-waits"
    LogoSet "done-logo-set"
    LogoRemoved "done-logo-removed"
    ColumnsKept "done-columns-kept"
    ColumnsForgotten "done-columns-forgotten"
    LibraryOfLines "done-library-of-lines"
    NoticeSaved "done-notice-saved"
    NoticeDuplicated "done-notice-duplicated"
    NoticeOn "done-notice-on"
    NoticeOff "done-notice-off"
    NoticeRemoved "done-notice-removed"
    NoticeRestored "done-notice-restored"
    NoticeChangedMeanwhile "done-notice-changed-meanwhile"
    WordingSaved "done-wording-saved"
    WordingReset "done-wording-reset"
    ScheduleAdded "done-schedule-added"
    ScheduleNotThereYet "done-schedule-not-there-yet"
    ScheduleChanged "done-schedule-changed"
    ScheduleChangedUnskipped "done-schedule-changed-unskipped"
    ScheduleNextIsAnother "done-schedule-next-is-another"
    ScheduleSkipsAnother "done-schedule-skips-another"
    ScheduleRemoved "done-schedule-removed"
    SchedulePaused "done-schedule-paused"
    ScheduleResumed "done-schedule-resumed"
    ScheduleSkips "done-schedule-skips"
    ScheduleSkipsNot "done-schedule-skips-not"
    ScheduleRuns "done-schedule-runs"
    AccountConnected "done-account-connected"
    AccountReplaced "done-account-replaced"
    AccountReplacedUntold "done-account-replaced-untold"
    AccountEnded "done-account-ended"
    ClientSaved "done-client-saved"
    ClientForgotten "done-client-forgotten"
    ServiceSaved "done-service-saved"
    ServiceForgotten "done-service-forgotten"
    InstallationEnded "done-installation-ended"
    AccountForgotten "done-account-forgotten"
    AccountDropped "done-account-dropped"
    AccountDroppedUntold "done-account-dropped-untold"
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
    /// When it was decided, in microseconds since 1970: it can be taken back.
    #[serde(deserialize_with = "lenient")]
    at: Option<u64>,
}

/// A way to take back what was done.
pub(super) struct Undo {
    pub(super) text: String,
    pub(super) href: String,
}

impl Done {
    /// Of so many.
    fn is_counted(self) -> bool {
        matches!(
            self,
            Self::Retry
                | Self::Hold
                | Self::Release
                | Self::Cancel
                | Self::Return
                | Self::SessionsEnded
                | Self::SamplesSent
                | Self::SamplesPractised
                | Self::RunStopped
        )
    }
}

impl Flash {
    /// Of the address of a page.
    pub(super) fn in_query(query: Option<&str>) -> Self {
        serde_html_form::from_str(query.unwrap_or_default()).unwrap_or_default()
    }

    /// In words.
    pub(super) fn text(&self, words: &Words) -> Option<String> {
        let (done, n) = (self.done?, self.n.unwrap_or(0));
        let key = done.key();
        let mut text = if done.is_counted() { words.count(key, n) } else { words.t(key) };
        if let Some(left) = self.left.filter(|left| *left > 0) {
            text.push(' ');
            text.push_str(&words.count("done-left", left));
        }
        Some(text)
    }

    /// What takes it back, for whoever is on the page at `path`.
    pub(super) fn undo(&self, path: &str, words: &Words) -> Option<Undo> {
        let at = self.at.filter(|_| self.n.is_some_and(|n| n > 0))?;
        let (text, asks) = match self.done? {
            Done::Hold => ("do-release", "do=release&state=held"),
            Done::Release => ("do-hold", "do=hold&state=waiting"),
            _ => return None,
        };
        let next = utf8_percent_encode(&without(path), RESERVED).to_string();
        let href = format!("/queue/decide?{asks}&decided_at={at}&next={next}");
        Some(Undo { text: words.t(text), href })
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

/// What tells of it in a query.
const NAMES: [&str; 4] = ["done", "n", "left", "at"];

/// `path`, which may have a query, with what was done, in the place of what was told there before. A part of a page is not pointed at any
/// more: what was done stands above all.
pub(super) fn told(path: &str, done: Done, counts: Option<(u64, u64)>) -> String {
    let path = without(path);
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

/// The same for a decision about mail of this instant; one that can be taken back says so.
pub(super) fn told_of(path: &str, wish: Move, moved: &Moved, at: Timestamp) -> String {
    let path = told(path, wish.into(), Some((moved.moved, moved.unmoved)));
    let goes_back = matches!(wish, Move::Hold | Move::Release) && moved.moved > 0;
    if goes_back { format!("{path}&at={}", at.as_microsecond()) } else { path }
}

/// `path` without what was told there before.
fn without(path: &str) -> String {
    let (path, _) = path.split_once('#').unwrap_or((path, ""));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let is_other = |pair: &&str| !pair.is_empty() && !NAMES.contains(&pair.split('=').next().unwrap_or(pair));
    let kept: Vec<_> = query.split('&').filter(is_other).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
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
        for (path, expected) in [
            ("/queue?state=held&done=hold&n=3&left=1", "/queue?state=held&done=language"),
            ("/queue?done=hold&n=3&state=held#mails", "/queue?state=held&done=language"),
            ("/queue?#mails", "/queue?done=language"),
            ("/queue?names=a&done", "/queue?names=a&done=language"),
        ] {
            assert_eq!(told(path, Done::Language, None), expected, "{path}");
        }
    }

    #[test]
    fn what_can_be_taken_back_says_how() {
        let words = Language::English.words();
        let at = Timestamp::from_microsecond(7).unwrap();
        for (wish, moved, undo) in [
            (
                Move::Hold,
                3,
                Some((
                    "Send after all",
                    "/queue/decide?do=release&state=held&decided_at=7&next=%2Fqueue%3Fto%3Da",
                )),
            ),
            (
                Move::Release,
                1,
                Some((
                    "Keep back",
                    "/queue/decide?do=hold&state=waiting&decided_at=7&next=%2Fqueue%3Fto%3Da",
                )),
            ),
            (Move::Hold, 0, None),
            (Move::Cancel, 3, None),
            (Move::Return, 3, None),
        ] {
            let path = told_of("/queue?to=a&done=hold&at=3", wish, &Moved { moved, ..Moved::default() }, at);
            let flash = Flash::in_query(path.split_once('?').map(|(_, query)| query));
            let found = flash.undo(&path, words);
            let found = found.as_ref().map(|undo| (&*undo.text, &*undo.href));
            assert_eq!(found, undo, "{wish:?} {moved}");
        }
    }
}
