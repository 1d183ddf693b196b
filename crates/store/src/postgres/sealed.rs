//! Where sealed secrets stand.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use super::{Postgres, preferences, tx::Tx};
use crate::{
    Error, SealedKind, SealedSecret,
    rows::Columns as _,
    sealed::{Anew, of_change, of_preference},
};

const WEBHOOKS: &str =
    "SELECT w.id, w.url, w.secret, a.name FROM webhook w JOIN application a ON a.id = w.application
    ORDER BY w.id";
const PREFERENCES: &str = "SELECT name, value FROM preference ORDER BY name";
const CHANGES: &str = "SELECT version, changed FROM preference_change ORDER BY version";
const MAIL_ACCOUNTS: &str = "SELECT provider, tokens FROM mail_account ORDER BY provider";
const SET_WEBHOOK: &str = "UPDATE webhook SET secret = $2 WHERE id = $1";
const SET_PREFERENCE: &str = "UPDATE preference SET value = $2 WHERE name = $1";
const SET_MAIL_ACCOUNT: &str = "UPDATE mail_account SET tokens = $2 WHERE provider = $1";
const SET_CHANGE: &str = "UPDATE preference_change SET changed = $2 WHERE version = $1";

/// Whether what is read is about to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Look,
    Change,
}

impl Use {
    /// Tokens that are given at this moment are not written over with those before them.
    fn locks(self, of: &str) -> String {
        if self == Self::Change { format!(" FOR UPDATE OF {of}") } else { String::new() }
    }
}

impl Postgres {
    pub(crate) async fn sealed(&self) -> Result<Vec<SealedSecret>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut all = Vec::new();
        let mut anew = |secret: &SealedSecret| {
            all.push(secret.clone());
            None
        };
        each(&tx, Use::Look, &mut anew).await?;
        Ok(all)
    }

    pub(crate) async fn reseal(
        &self,
        mut anew: impl FnMut(&SealedSecret) -> Option<Vec<u8>> + Send + 'static,
    ) -> Result<u64, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        preferences::deciding(&tx).await?;
        // As in SQLite: what breaks on the way takes all back, and ends nothing else.
        let replaced = AssertUnwindSafe(each(&tx, Use::Change, &mut anew))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(Error::Internal("what seals secrets anew panicked".to_owned())))?;
        tx.commit().await?;
        Ok(replaced)
    }
}

/// Shows each secret, and writes what is given in its place. Gives how many were.
async fn each(tx: &Tx<'_>, to: Use, anew: Anew<'_>) -> Result<u64, Error> {
    // The order is that in which they are shown.
    let webhooks = of_webhooks(tx, to, anew).await?;
    let preferences = of_preferences(tx, anew).await? + of_changes(tx, anew).await?;
    Ok(webhooks + preferences + of_mail_accounts(tx, to, anew).await?)
}

async fn of_webhooks(tx: &Tx<'_>, to: Use, anew: Anew<'_>) -> Result<u64, Error> {
    let mut replaced = 0;
    for row in tx.all(&format!("{WEBHOOKS}{}", to.locks("w")), &[]).await? {
        let secret = SealedSecret {
            kind: SealedKind::Webhook,
            id: row.id(0)?,
            about: row.text(1)?.unwrap_or_default(),
            application: row.text(3)?,
            sealed: row.bytes(2)?.unwrap_or_default(),
        };
        let Some(sealed) = anew(&secret) else { continue };
        replaced += tx.run(SET_WEBHOOK, &[&secret.id, &sealed]).await?;
    }
    Ok(replaced)
}

async fn of_mail_accounts(tx: &Tx<'_>, to: Use, anew: Anew<'_>) -> Result<u64, Error> {
    let mut replaced = 0;
    for row in tx.all(&format!("{MAIL_ACCOUNTS}{}", to.locks("mail_account")), &[]).await? {
        let secret = SealedSecret {
            kind: SealedKind::MailAccount,
            id: 0,
            about: row.text(0)?.unwrap_or_default(),
            application: None,
            sealed: row.bytes(1)?.unwrap_or_default(),
        };
        let Some(sealed) = anew(&secret) else { continue };
        replaced += tx.run(SET_MAIL_ACCOUNT, &[&secret.about, &sealed]).await?;
    }
    Ok(replaced)
}

async fn of_preferences(tx: &Tx<'_>, anew: Anew<'_>) -> Result<u64, Error> {
    let mut replaced = 0;
    for row in tx.all(PREFERENCES, &[]).await? {
        let Some((name, json)) = row.text(0)?.zip(row.text(1)?) else { continue };
        let Some(json) = of_preference(&name, &json, anew) else { continue };
        replaced += tx.run(SET_PREFERENCE, &[&name, &json]).await?;
    }
    Ok(replaced)
}

async fn of_changes(tx: &Tx<'_>, anew: Anew<'_>) -> Result<u64, Error> {
    let mut replaced = 0;
    for row in tx.all(CHANGES, &[]).await? {
        let version = row.id(0)?;
        let Some((noted, secrets)) = of_change(version, row.text(1)?, anew)? else { continue };
        tx.run(SET_CHANGE, &[&version, &noted]).await?;
        replaced += secrets;
    }
    Ok(replaced)
}
