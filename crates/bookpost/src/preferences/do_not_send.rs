//! Who chose that nothing is sent.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Actor, AuditFilter, Deed, Error, Store};

/// A person wants nothing to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoNotSend {
    /// Who chose it.
    pub who: Actor,
    pub since: Timestamp,
}

impl DoNotSend {
    /// Who chose it last, as the log has it; none where it is not stored among the preferences, as where the settings' file says so.
    pub async fn chosen(store: &Store) -> Result<Option<Self>, Error> {
        if store.preferences().await?.values.get("sending.way").map(String::as_str) != Some("\"none\"") {
            return Ok(None);
        }
        let about = Some("sending.way".to_owned());
        let filter = AuditFilter { about, what: Some(Deed::PreferenceChanged), who: None };
        let last = store.audit(filter, None, 1).await?.pop();
        let last = last.filter(|line| line.new.as_deref().is_some_and(|new| new.trim_matches('"') == "none"));
        Ok(last.map(|line| Self { who: line.who, since: line.happened_at }))
    }
}
