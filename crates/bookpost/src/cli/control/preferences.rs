//! What passes over the control socket about preferences.

use clap::ValueEnum;
use jiff::Timestamp;
use mail::Reason;
use serde::{Deserialize, Serialize};
use store::{Actor, PreferenceChange};

use crate::{
    config::{Preference, Provider, SendBy},
    preferences::{
        AsSeen, Change, InUse,
        mail_accounts::{Ending, Used},
    },
};

/// What needs the queue and what the service was started with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PreferencesRequest {
    /// All of them.
    Show,
    /// A change, all or nothing.
    Change(Change),
    /// The last changes.
    History { limit: usize },
    /// A command has tested this server, `named` as in the log.
    Tested { server: String, named: String, result: String },
    /// What somebody found in the mailbox that a test message was sent to by this server, `named` as in the log.
    Arrived { server: String, named: String, found: Found },
    /// About an account at a mail provider.
    Account(AccountRequest),
}

/// What somebody found in the mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The test message
    Yes,
    /// Nothing yet
    NotYet,
    /// The test message, but taken for spam
    InSpam,
}

/// About an account at a mail provider.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountRequest {
    /// Somebody wants to sign in there.
    Begin { provider: Provider },
    /// They are back, with this address in the browser's bar.
    End { provider: Provider, kept: String, address: String },
    /// Somebody wants to sign in there on another device.
    BeginWithCode { provider: Provider },
    /// Whether they have.
    AskWithCode { provider: Provider, kept: String },
    /// The provider is to renew the sign-in; whoever tests it is told what its server is shown.
    Renew { provider: Provider },
    /// The other account is meant.
    Confirm { provider: Provider },
    /// It is not, and is forgotten.
    DropNew { provider: Provider },
    /// What would follow if it were used no more.
    Disconnecting { provider: Provider },
    /// It is used no more.
    Disconnect { provider: Provider },
}

/// Without the address: a code is in it.
impl std::fmt::Debug for AccountRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccountRequest(..)")
    }
}

/// What a server of a provider is shown. It passes to nobody but a command of Bookpost's own user, and is printed by none.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewedSignIn {
    pub user: String,
    pub token: String,
    pub usable_until: Timestamp,
    pub may_look: bool,
}

/// Without the token.
impl std::fmt::Debug for RenewedSignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RenewedSignIn(..)")
    }
}

/// An account at a mail provider, with nothing secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShownAccount {
    pub provider: String,
    pub account: String,
    pub scopes: Vec<String>,
    pub connected_at: Timestamp,
    pub connected_by: Actor,
    /// When the provider renewed it last.
    pub renewed_at: Option<Timestamp>,
    /// When it is asked to again; `None`: it will not.
    pub renews_at: Option<Timestamp>,
    /// The same though no mail leaves until then.
    #[serde(default)]
    pub renews_at_latest: Option<Timestamp>,
    pub signed_out_at: Option<Timestamp>,
    /// When it ends by itself, if it is not renewed before; and why.
    #[serde(default)]
    pub ends: Option<Ending>,
    /// How mail is handed over; `None`: the provider is not set up.
    #[serde(default)]
    pub send_by: Option<SendBy>,
    /// How much was sent by it; `None`: as above.
    #[serde(default)]
    pub sent_in_24_hours: Option<Used>,
    pub last_error: Option<String>,
    /// What that is to Bookpost.
    #[serde(default)]
    pub last_reason: Option<Reason>,
    /// For what it was given instead of what is set now: nothing leaves by it.
    #[serde(default)]
    pub given_for_another: Option<String>,
}

/// All preferences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShownPreferences {
    /// To be named by whoever changes what is shown.
    pub version: i64,
    pub preferences: Vec<Preference>,
    /// The server that real mail goes out by at this moment; `None`: by none.
    #[serde(default)]
    pub in_use: Option<InUse>,
    /// Accounts at mail providers.
    #[serde(default)]
    pub accounts: Vec<ShownAccount>,
    /// What patrons see of each library's mail as it leaves now.
    #[serde(default)]
    pub as_seen: Vec<AsSeen>,
    /// What works, but is probably not meant.
    pub warnings: Vec<String>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangedPreferences {
    /// None: everything was so already.
    pub change: Option<PreferenceChange>,
    /// What works, but is probably not meant.
    pub warnings: Vec<String>,
    /// Where what was imported still stands, and is stronger.
    pub still_set: Vec<Preference>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_service_says_that_knows_of_no_accounts_is_read() {
        let said = r#"{"version":7,"preferences":[],"warnings":[]}"#;
        let shown: ShownPreferences = serde_json::from_str(said).unwrap();
        assert_eq!((shown.version, shown.accounts), (7, Vec::new()));
    }
}
