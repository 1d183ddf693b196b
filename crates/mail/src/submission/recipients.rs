//! Who a message is for, by its header (`sendmail -t`).

use std::collections::HashSet;

use crate::{
    Address,
    address::{AddressError, in_header},
    message::fields::{Field, Fields},
};

/// Why the recipients cannot be read from the header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecipientsError {
    /// One of them is no address.
    #[error("the header field {field} cannot be read: {error}")]
    Address {
        /// Its name as written.
        field: String,
        /// What is wrong, with the address.
        error: AddressError,
    },
    /// Neither ASCII nor UTF-8.
    #[error("the header field {0} is neither ASCII nor UTF-8")]
    NotUtf8(String),
}

const RECIPIENTS: &[&str] = &["To", "Cc", "Bcc"];
const RESENT: &[&str] = &["Resent-To", "Resent-Cc", "Resent-Bcc"];

/// Every address in To, Cc and Bcc, once, in their order; in those of the Resent- fields alone if there are any (RFC 5322
/// section 3.6.6: the message is on its way a second time, to other people). `domain` completes addresses that have none.
///
/// To be read before [`prepare`](super::prepare()), which takes Bcc out.
pub fn recipients_of_headers(message: &[u8], domain: Option<&str>) -> Result<Vec<Address>, RecipientsError> {
    let is_resent = Fields::new(message, start(message)).any(|field| is_one_of(&field, RESENT));
    let names = if is_resent { RESENT } else { RECIPIENTS };
    let mut known = HashSet::new();
    let mut recipients = Vec::new();
    for field in Fields::new(message, start(message)).filter(|field| is_one_of(field, names)) {
        let name = || String::from_utf8_lossy(field.name).into_owned();
        let value = str::from_utf8(field.value()).map_err(|_| RecipientsError::NotUtf8(name()))?;
        let listed =
            in_header(value, domain).map_err(|error| RecipientsError::Address { field: name(), error })?;
        recipients.extend(
            listed.into_iter().map(|one| one.address).filter(|address| known.insert(address.clone())),
        );
    }
    Ok(recipients)
}

fn is_one_of(field: &Field<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| field.is(name))
}

/// Behind the `From ` line of a mailbox file.
fn start(message: &[u8]) -> usize {
    super::header::start(message)
}
