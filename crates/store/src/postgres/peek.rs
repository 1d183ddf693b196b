//! What must be known of a queue before it is opened.

use super::{
    open::{self, Way},
    opened::Opened,
    preferences,
};
use crate::{OpenError, Preferences, Server, rows::Columns as _};

/// Made by the first opening; tables in this schema, and in no other of the path.
const THERE: &str = "SELECT to_regclass(quote_ident(current_schema()) || '.preference_change') IS NOT NULL";

/// Changes nothing, and enters no machine.
pub(crate) async fn peek_preferences(server: &Server) -> Result<Preferences, OpenError> {
    let queue = Opened::new(open::pool(&Way::to(server)?)?);
    let mut connection = queue.connection().await?;
    let tx = queue.read(&mut connection).await?;
    if tx.one(THERE, &[]).await?.is(0)? {
        Ok(preferences::all(&tx).await?)
    } else {
        Ok(Preferences::default())
    }
}
