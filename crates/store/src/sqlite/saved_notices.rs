//! Notices that can be run, and what they say.

use jiff::Timestamp;
use rusqlite::{Connection, Row as SqlRow};
use serde::Serialize;

use super::{
    Sqlite, audit,
    codes::micros,
    notices::unreadable,
    rows::{at, text},
};
use crate::{
    Actor, Deed, Error, NewAudit, NoticeSettings, SavedNotice, SavedWording, Wording, WordingBefore,
    WordingKey,
};

const NOTICES: &str =
    "SELECT slug, settings, version, made_by, made_at, changed_by, changed_at, removed_at FROM saved_notice";
const SAVE: &str =
    "INSERT INTO saved_notice (slug, settings, version, made_by, made_at, changed_by, changed_at)
    VALUES (?1, ?2, 1, ?3, ?4, ?3, ?4)
    ON CONFLICT DO UPDATE SET settings = ?2, version = version + 1, changed_by = ?3, changed_at = ?4";
const REMOVE: &str =
    "UPDATE saved_notice SET removed_at = ?2, version = version + 1, changed_by = ?3, changed_at = ?4
    WHERE slug = ?1";
const WORDINGS: &str = "SELECT notice, site, language, subject, text, html, version, changed_by, changed_at, before FROM wording";
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
                let row = (&slug, json(&settings)?, json(&who)?, micros(now));
                tx.sql.prepare_cached(SAVE)?.execute(row)?;
                let [old, new] = [before, Some(settings)].map(|set| set.as_ref().map(in_words));
                let line = NewAudit { who, what: Deed::NoticeChanged, about: slug, old, new };
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
                let by = json(&who)?;
                tx.sql.prepare_cached(SAVE)?.execute((&slug, json(&settings)?, &by, micros(now)))?;
                tx.sql.prepare_cached(COPY)?.execute((&from, &slug, &by, micros(now)))?;
                let new = Some(in_words(&settings));
                let line = NewAudit { who, what: Deed::NoticeAdded, about: slug, old: Some(from), new };
                audit::write(tx.sql, &line, now)?;
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
                tx.sql.prepare_cached(REMOVE)?.execute((&slug, removed_at, json(&who)?, micros(now)))?;
                let what = if removed { Deed::NoticeRemoved } else { Deed::NoticeRestored };
                let name = Some(before.settings.name);
                let (old, new) = if removed { (name, None) } else { (None, name) };
                audit::write(tx.sql, &NewAudit { who, what, about: slug, old, new }, now)?;
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
                    json(&who)?,
                    micros(now),
                    json(&before)?,
                ))?;
                let about = [&key.notice, site, &key.language].into_iter().filter(|part| !part.is_empty());
                let about = about.map(ToOwned::to_owned).collect::<Vec<_>>().join(" ");
                let [old, new] = [before, new].map(|wording| wording.map(|wording| wording.subject));
                audit::write(tx.sql, &NewAudit { who, what: Deed::WordingChanged, about, old, new }, now)?;
                Ok(version + 1)
            })
            .await
    }
}

/// The version as it is, if it is the one that was seen.
fn unchanged(version: Option<i64>, seen: i64) -> Result<i64, Error> {
    let version = version.unwrap_or(0);
    if version == seen { Ok(version) } else { Err(Error::Changed) }
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

fn notice(row: &SqlRow<'_>) -> Result<SavedNotice, Error> {
    let instant = |n, name: &str| at(row, n)?.ok_or_else(|| unreadable(name));
    let settings = text(row, 1)?.and_then(|settings| serde_json::from_str(&settings).ok());
    Ok(SavedNotice {
        slug: text(row, 0)?.unwrap_or_default(),
        settings: settings.ok_or_else(|| unreadable("saved_notice.settings"))?,
        version: row.get(2)?,
        made_by: actor(text(row, 3)?),
        made_at: instant(4, "saved_notice.made_at")?,
        changed_by: actor(text(row, 5)?),
        changed_at: instant(6, "saved_notice.changed_at")?,
        removed_at: at(row, 7)?,
    })
}

fn wording(row: &SqlRow<'_>) -> Result<SavedWording, Error> {
    let wording = match (text(row, 3)?, text(row, 4)?) {
        (Some(subject), Some(words)) => Some(Wording { subject, text: words, html: text(row, 5)? }),
        _ => None,
    };
    Ok(SavedWording {
        key: WordingKey {
            notice: text(row, 0)?.unwrap_or_default(),
            site: text(row, 1)?.filter(|site| !site.is_empty()),
            language: text(row, 2)?.unwrap_or_default(),
        },
        wording,
        before: text(row, 9)?
            .and_then(|before| serde_json::from_str(&before).ok())
            .map(|wording| WordingBefore { wording }),
        version: row.get(6)?,
        changed_by: actor(text(row, 7)?),
        changed_at: at(row, 8)?.ok_or_else(|| unreadable("wording.changed_at"))?,
    })
}

fn actor(by: Option<String>) -> Actor {
    by.and_then(|by| serde_json::from_str(&by).ok()).unwrap_or(Actor::CommandLine)
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Internal(error.to_string()))
}

/// What people decide about it most.
fn in_words(settings: &NoticeSettings) -> String {
    let on = if settings.on { "on" } else { "off" };
    let repeat = settings.repeat_days.map_or_else(|| "usual".to_owned(), |days| days.to_string());
    let to = settings.recipients;
    let to = [
        (to.patron, "patron"),
        (to.guardian, "guardian"),
        (to.teacher, "teacher"),
        (to.teacher && to.teacher_titles, "titles for the teacher"),
    ];
    let to: Vec<_> = to.into_iter().filter(|(chosen, _)| *chosen).map(|(_, who)| who).collect();
    let sites: Vec<_> = settings.sites.iter().map(String::as_str).collect();
    audit::parts([
        ("name", settings.name.clone()),
        ("is", on.to_owned()),
        ("sites", sites.join(", ")),
        ("repeat_days", repeat),
        ("without_titles", settings.without_titles.to_string()),
        ("to", to.join(", ")),
    ])
}
