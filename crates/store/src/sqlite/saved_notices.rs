//! Notices that can be run, and what they say.

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    Sqlite, audit,
    codes::{as_json, micros},
};
use crate::{
    Actor, Error, NoticeSettings, SavedNotice, SavedWording, Wording, WordingKey,
    saved_notices::{NOTICES, WORDINGS, added, changed, notice, reworded, switched, unchanged, wording},
};

const SAVE: &str =
    "INSERT INTO saved_notice (slug, settings, version, made_by, made_at, changed_by, changed_at)
    VALUES (?1, ?2, 1, ?3, ?4, ?3, ?4)
    ON CONFLICT DO UPDATE SET settings = ?2, version = version + 1, changed_by = ?3, changed_at = ?4";
const REMOVE: &str =
    "UPDATE saved_notice SET removed_at = ?2, version = version + 1, changed_by = ?3, changed_at = ?4
    WHERE slug = ?1";
const WRITE: &str =
    "INSERT INTO wording (notice, site, language, subject, text, html, version, changed_by, changed_at, before)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8, ?9)
    ON CONFLICT DO UPDATE SET subject = ?4, text = ?5, html = ?6, version = version + 1, changed_by = ?7, changed_at = ?8, before = ?9";
/// Each begins anew.
const COPY: &str =
    "INSERT INTO wording (notice, site, language, subject, text, html, version, changed_by, changed_at)
    SELECT ?2, site, language, subject, text, html, 1, ?3, ?4 FROM wording WHERE notice = ?1 AND text IS NOT NULL";

impl Sqlite {
    pub(crate) async fn saved_notices(&self) -> Result<Vec<SavedNotice>, Error> {
        self.readers
            .read(|sql| {
                let mut statement = sql.prepare_cached(&format!("{NOTICES} ORDER BY slug"))?;
                let mut found = statement.query([])?;
                let mut all = Vec::new();
                while let Some(row) = found.next()? {
                    all.push(notice(row)?);
                }
                Ok(all)
            })
            .await
    }

    pub(crate) async fn save_notice(
        &self,
        slug: String,
        settings: NoticeSettings,
        seen: i64,
        who: Actor,
        now: Timestamp,
    ) -> Result<i64, Error> {
        self.writer
            .write(move |tx| {
                let before = one(tx.sql, &slug)?;
                let version = unchanged(before.as_ref().map(|before| before.version), seen)?;
                let before = before.map(|before| before.settings);
                if before.as_ref() == Some(&settings) {
                    return Ok(version);
                }
                let row = (&slug, as_json(&settings)?, as_json(&who)?, micros(now));
                tx.sql.prepare_cached(SAVE)?.execute(row)?;
                let line = changed(who, slug, [before.as_ref(), Some(&settings)]);
                audit::write(tx.sql, &line, now)?;
                Ok(version + 1)
            })
            .await
    }

    pub(crate) async fn duplicate_notice(
        &self,
        from: String,
        slug: String,
        settings: NoticeSettings,
        who: Actor,
        now: Timestamp,
    ) -> Result<i64, Error> {
        self.writer
            .write(move |tx| {
                if one(tx.sql, &slug)?.is_some() {
                    return Err(Error::Exists("a notice of this name"));
                }
                let by = as_json(&who)?;
                tx.sql.prepare_cached(SAVE)?.execute((&slug, as_json(&settings)?, &by, micros(now)))?;
                tx.sql.prepare_cached(COPY)?.execute((&from, &slug, &by, micros(now)))?;
                audit::write(tx.sql, &added(who, slug, from, &settings), now)?;
                Ok(1)
            })
            .await
    }

    pub(crate) async fn remove_notice(
        &self,
        slug: String,
        removed: bool,
        seen: i64,
        who: Actor,
        now: Timestamp,
    ) -> Result<i64, Error> {
        self.writer
            .write(move |tx| {
                let before = one(tx.sql, &slug)?.ok_or(Error::NotFound("notice"))?;
                let version = unchanged(Some(before.version), seen)?;
                if before.removed_at.is_some() == removed {
                    return Ok(version);
                }
                let removed_at = removed.then(|| micros(now));
                tx.sql.prepare_cached(REMOVE)?.execute((&slug, removed_at, as_json(&who)?, micros(now)))?;
                audit::write(tx.sql, &switched(who, slug, before.settings.name, removed), now)?;
                Ok(version + 1)
            })
            .await
    }

    pub(crate) async fn wordings(&self, of: Option<String>) -> Result<Vec<SavedWording>, Error> {
        self.readers
            .read(move |sql| {
                let text =
                    format!("{WORDINGS} WHERE ?1 IS NULL OR notice = ?1 ORDER BY notice, site, language");
                let mut statement = sql.prepare_cached(&text)?;
                let mut found = statement.query([of])?;
                let mut all = Vec::new();
                while let Some(row) = found.next()? {
                    all.push(wording(row)?);
                }
                Ok(all)
            })
            .await
    }

    pub(crate) async fn save_wording(
        &self,
        key: WordingKey,
        new: Option<Wording>,
        seen: i64,
        who: Actor,
        now: Timestamp,
    ) -> Result<i64, Error> {
        self.writer
            .write(move |tx| {
                let before = written(tx.sql, &key)?;
                let version = unchanged(before.as_ref().map(|before| before.version), seen)?;
                let before = before.and_then(|before| before.wording);
                if before == new {
                    return Ok(version);
                }
                let site = key.site.as_deref().unwrap_or("");
                let (subject, text, html) = match &new {
                    Some(new) => (Some(&new.subject), Some(&new.text), new.html.as_ref()),
                    None => (None, None, None),
                };
                tx.sql.prepare_cached(WRITE)?.execute((
                    &key.notice,
                    site,
                    &key.language,
                    subject,
                    text,
                    html,
                    as_json(&who)?,
                    micros(now),
                    as_json(&before)?,
                ))?;
                audit::write(tx.sql, &reworded(who, &key, [before, new]), now)?;
                Ok(version + 1)
            })
            .await
    }
}

fn one(sql: &Connection, slug: &str) -> Result<Option<SavedNotice>, Error> {
    let mut statement = sql.prepare_cached(&format!("{NOTICES} WHERE slug = ?1"))?;
    let mut found = statement.query([slug])?;
    found.next()?.map(notice).transpose()
}

fn written(sql: &Connection, key: &WordingKey) -> Result<Option<SavedWording>, Error> {
    let text = format!("{WORDINGS} WHERE notice = ?1 AND site = ?2 AND language = ?3");
    let mut statement = sql.prepare_cached(&text)?;
    let mut found = statement.query((&key.notice, key.site.as_deref().unwrap_or(""), &key.language))?;
    found.next()?.map(wording).transpose()
}
