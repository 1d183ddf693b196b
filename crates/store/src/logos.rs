//! Logos of sites.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;

use crate::{Actor, Error, Store};

/// A picture that stands at the head of a site's notices.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo {
    /// `image/png`, `image/jpeg`.
    pub media_type: String,
    /// The file as it was given.
    pub bytes: Vec<u8>,
}

/// Without the picture.
impl fmt::Debug for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Logo({self})")
    }
}

/// As the log has it.
impl fmt::Display for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} bytes", self.media_type, self.bytes.len())
    }
}

/// Logos, by the branch codes of their sites.
impl Store {
    /// The site has this logo from here on, or none. Nothing is noted where it is so already.
    pub async fn set_logo(
        &self,
        site: &str,
        logo: Option<Logo>,
        who: Actor,
        now: Timestamp,
    ) -> Result<(), Error> {
        ask!(self.db.set_logo(site.to_owned(), logo, who, now).await)
    }

    /// That of one site.
    pub async fn logo(&self, site: &str) -> Result<Option<Logo>, Error> {
        ask!(self.db.logo(site.to_owned()).await)
    }

    /// All of them.
    pub async fn logos(&self) -> Result<BTreeMap<String, Logo>, Error> {
        ask!(self.db.logos().await)
    }
}
