//! Notices that can be run, and what they say.

use jiff::Timestamp;

use super::{Postgres, alone::alone, audit, tx::Tx};
use crate::{
    Actor, Error, NoticeSettings, SavedNotice, SavedWording, Wording, WordingKey,
    codes::{as_json, micros, plain},
    saved_notices::{NOTICES, WORDINGS, added, changed, notice, reworded, switched, unchanged, wording},
};

const SAVE: &str =
    "INSERT INTO saved_notice (slug, settings, version, made_by, made_at, changed_by, changed_at)
    VALUES ($1, $2, 1, $3, $4, $3, $4)
    ON CONFLICT (slug) DO UPDATE SET settings = $2, version = saved_notice.version + 1, changed_by = $3, changed_at = $4";
const REMOVE: &str =
    "UPDATE saved_notice SET removed_at = $2, version = version + 1, changed_by = $3, changed_at = $4
    WHERE slug = $1";
const WRITE: &str =
    "INSERT INTO wording (notice, site, language, subject, text, html, version, changed_by, changed_at, before)
    VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9)
    ON CONFLICT (notice, site, language) DO UPDATE SET subject = $4, text = $5, html = $6, version = wording.version + 1,
        changed_by = $7, changed_at = $8, before = $9";
/// Each begins anew.
const COPY: &str =
    "INSERT INTO wording (notice, site, language, subject, text, html, version, changed_by, changed_at)
    SELECT $2, site, language, subject, text, html, 1, $3, $4 FROM wording WHERE notice = $1 AND text IS NOT NULL";

impl Postgres {
    pub(crate) async fn saved_notices(&self) -> Result<Vec<SavedNotice>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        tx.all(&format!("{NOTICES} ORDER BY slug"), &[]).await?.iter().map(notice).collect()
    }

    pub(crate) async fn save_notice(
        &self,
        slug: String,
        settings: NoticeSettings,
        seen: i64,
        who: Actor,
        now: Timestamp,
    ) -> Result<i64, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        deciding(&tx).await?;
        let before = one(&tx, &slug).await?;
        let version = unchanged(before.as_ref().map(|before| before.version), seen)?;
        let before = before.map(|before| before.settings);
        if before.as_ref() == Some(&settings) {
            return Ok(version);
        }
        tx.run(SAVE, &[&slug, &as_json(&settings)?, &as_json(&who)?, &micros(now)]).await?;
        audit::write(&tx, &changed(who, slug, [before.as_ref(), Some(&settings)]), now).await?;
        tx.commit().await?;
        Ok(version + 1)
    }

    pub(crate) async fn duplicate_notice(
        &self,
        from: String,
        slug: String,
        settings: NoticeSettings,
        who: Actor,
        now: Timestamp,
    ) -> Result<i64, Error> {
        let by = as_json(&who)?;
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        deciding(&tx).await?;
        if one(&tx, &slug).await?.is_some() {
            return Err(Error::Exists("a notice of this name"));
        }
        tx.run(SAVE, &[&slug, &as_json(&settings)?, &by, &micros(now)]).await?;
        tx.run(COPY, &[&from, &slug, &by, &micros(now)]).await?;
        audit::write(&tx, &added(who, slug, from, &settings), now).await?;
        tx.commit().await?;
        Ok(1)
    }

    pub(crate) async fn remove_notice(
        &self,
        slug: String,
        removed: bool,
        seen: i64,
        who: Actor,
        now: Timestamp,
    ) -> Result<i64, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        deciding(&tx).await?;
        let before = one(&tx, &slug).await?.ok_or(Error::NotFound("notice"))?;
        let version = unchanged(Some(before.version), seen)?;
        if before.removed_at.is_some() == removed {
            return Ok(version);
        }
        let removed_at = removed.then(|| micros(now));
        tx.run(REMOVE, &[&slug, &removed_at, &as_json(&who)?, &micros(now)]).await?;
        audit::write(&tx, &switched(who, slug, before.settings.name, removed), now).await?;
        tx.commit().await?;
        Ok(version + 1)
    }

    pub(crate) async fn wordings(&self, of: Option<String>) -> Result<Vec<SavedWording>, Error> {
        let text =
            format!("{WORDINGS} WHERE $1::TEXT IS NULL OR notice = $1 ORDER BY notice, site, language");
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        tx.all(&text, &[&of]).await?.iter().map(wording).collect()
    }

    pub(crate) async fn save_wording(
        &self,
        key: WordingKey,
        new: Option<Wording>,
        seen: i64,
        who: Actor,
        now: Timestamp,
    ) -> Result<i64, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        deciding(&tx).await?;
        let before = written(&tx, &key).await?;
        let version = unchanged(before.as_ref().map(|before| before.version), seen)?;
        let before = before.and_then(|before| before.wording);
        if before == new {
            return Ok(version);
        }
        let (subject, text, html) = match &new {
            Some(new) => (Some(plain(&new.subject)), Some(plain(&new.text)), new.html.as_deref().map(plain)),
            None => (None, None, None),
        };
        let (site, by, before_it) = (key.site.as_deref().unwrap_or(""), as_json(&who)?, as_json(&before)?);
        tx.run(
            WRITE,
            &[&key.notice, &site, &key.language, &subject, &text, &html, &by, &micros(now), &before_it],
        )
        .await?;
        audit::write(&tx, &reworded(who, &key, [before, new]), now).await?;
        tx.commit().await?;
        Ok(version + 1)
    }
}

/// Nobody else changes a notice, or what one says, until the transaction ends.
async fn deciding(tx: &Tx<'_>) -> Result<(), Error> {
    alone(tx, "saved_notice").await
}

async fn one(tx: &Tx<'_>, slug: &str) -> Result<Option<SavedNotice>, Error> {
    let found = tx.first(&format!("{NOTICES} WHERE slug = $1"), &[&slug]).await?;
    found.as_ref().map(notice).transpose()
}

async fn written(tx: &Tx<'_>, key: &WordingKey) -> Result<Option<SavedWording>, Error> {
    let text = format!("{WORDINGS} WHERE notice = $1 AND site = $2 AND language = $3");
    let site = key.site.as_deref().unwrap_or("");
    tx.first(&text, &[&key.notice, &site, &key.language]).await?.as_ref().map(wording).transpose()
}
