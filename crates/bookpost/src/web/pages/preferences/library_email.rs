//! The first question: the library's email address. It is looked up; and where there is one library, saved as what its patrons see.

use mail::Address;
use serde_json::{Map, Value};

use super::{
    draft::{Draft, is_fixed},
    entries::{Fault, LIBRARY_EMAIL},
};
use crate::{
    config::Site,
    preferences::sites::{self, SITES, SiteChange},
    web::pages::words::Words,
};

/// The library whose address it is; None: there is none, or several, or it cannot be changed here.
fn library(draft: &Draft) -> Option<&Site> {
    match draft.standing.loaded.config.sites.as_slice() {
        [only] if !is_fixed(&draft.standing.loaded, LIBRARY_EMAIL) => Some(only),
        _ => None,
    }
}

/// All libraries with this address, as they are to be stored. None: it was not changed, or is only looked up.
pub(super) fn stored(draft: &Draft) -> Result<Option<(String, Value)>, Fault> {
    let text = draft.entries.get(LIBRARY_EMAIL).map_or("", String::as_str);
    let Some(library) =
        library(draft).filter(|_| draft.seen.get(LIBRARY_EMAIL).is_none_or(|seen| seen != text))
    else {
        return Ok(None);
    };
    let email = match text {
        "" => Value::Null,
        text => Value::from(Address::parse(text).map_err(|_| Fault::Address)?.as_str()),
    };
    let values = Map::from_iter([("email".to_owned(), email)]);
    let change = SiteChange::Change { code: library.code.clone(), values };
    let all = sites::value(&draft.standing.loaded, change).map_err(|_| Fault::Address)?;
    Ok(Some((SITES.to_owned(), all)))
}

/// Another address stands there, and it is only looked up.
pub(super) fn is_not_saved(draft: &Draft) -> bool {
    draft.entries.get(LIBRARY_EMAIL) != draft.seen.get(LIBRARY_EMAIL) && library(draft).is_none()
}

/// What becomes of it.
pub(super) fn hint(draft: &Draft, words: &Words) -> String {
    let looked_up = words.t("suggest-hint");
    match (library(draft), draft.standing.loaded.config.sites.len()) {
        (Some(library), _) => {
            format!("{looked_up} {}", words.with("suggest-hint-saved", &[("library", &library.name)]))
        }
        (None, 0 | 1) => looked_up,
        (None, _) => format!("{looked_up} {}", words.t("suggest-hint-several")),
    }
}
