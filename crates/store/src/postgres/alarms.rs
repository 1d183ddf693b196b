//! Alarms: open once, closed once.

use jiff::Timestamp;

use super::{
    Postgres,
    alone::alone,
    tx::{Tx, Values},
};
use crate::{
    Alarm, AlarmKind, Cause, Error,
    alarms::{Replaced, decode, word},
    codes::{instant, micros, name, plain, whole},
    rows::Columns as _,
};

const RAISE: &str =
    "INSERT INTO alarm (kind, subject, text, reason, started_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
    RETURNING id, kind, subject, text, started_at, ended_at, told, reason";
const CLEAR: &str = "UPDATE alarm SET ended_at = $3 WHERE kind = $1 AND subject = $2 AND ended_at IS NULL
    RETURNING id, kind, subject, text, started_at, ended_at, told, reason";
const REWORD: &str =
    "UPDATE alarm SET text = $3, reason = $4 WHERE kind = $1 AND subject = $2 AND ended_at IS NULL";
const TOLD: &str = "UPDATE alarm SET told = $2, told_of = CASE WHEN reason IS NULL
        OR position(' ' || reason || ' ' IN ' ' || coalesce(told_of, '') || ' ') > 0 THEN told_of
        ELSE ltrim(coalesce(told_of, '') || ' ' || reason) END
    WHERE id = $1";
/// Those in whose place another comes.
const REPLACED: &str = "SELECT id, kind, started_at, told, told_of FROM alarm
    WHERE ended_at IS NULL AND subject = $1 AND kind <> $2 AND kind = ANY($3) ORDER BY id";
const IS_OPEN: &str =
    "SELECT EXISTS (SELECT FROM alarm WHERE ended_at IS NULL AND kind = $1 AND subject = $2)";
const GIVES_WAY: &str = "UPDATE alarm SET ended_at = $2, told = $3 WHERE id = $1";
const GOES_ON: &str =
    "UPDATE alarm SET kind = $2, text = $3, reason = $4, started_at = $5, told = $6, told_of = $7 WHERE id = $1
    RETURNING id, kind, subject, text, started_at, ended_at, told, reason";
const LIST: &str =
    "SELECT id, kind, subject, text, started_at, ended_at, told, reason FROM alarm ORDER BY id DESC LIMIT $1";
/// Few are open, however many there were.
const OPEN: &str = "SELECT id, kind, subject, text, started_at, ended_at, told, reason FROM alarm
    WHERE ended_at IS NULL ORDER BY id DESC LIMIT $1";
const ENDED: &str = "SELECT max(ended_at) FROM alarm
    WHERE subject = $1 AND ended_at IS NOT NULL AND kind = ANY($2)";
const TO_TELL: &str = "SELECT id, kind, subject, text, started_at, ended_at, told, reason FROM alarm
    WHERE ended_at IS NULL OR told < $1 ORDER BY id";

impl Postgres {
    pub(crate) async fn raise(
        &self,
        kind: AlarmKind,
        subject: String,
        cause: Cause,
        now: Timestamp,
    ) -> Result<Option<Alarm>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        alone(&tx, "alarm").await?;
        let raised = raise(&tx, &Words::of(kind, &subject, &cause)?, now).await?;
        tx.commit().await?;
        Ok(raised)
    }

    pub(crate) async fn clear(
        &self,
        kind: AlarmKind,
        subject: String,
        now: Timestamp,
    ) -> Result<Option<Alarm>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let cleared = tx.first(CLEAR, &[&name(&kind)?, &plain(&subject), &micros(now)]).await?;
        tx.commit().await?;
        Ok(cleared.as_ref().map(decode).transpose()?.flatten())
    }

    pub(crate) async fn reword_alarm(
        &self,
        kind: AlarmKind,
        subject: String,
        cause: Cause,
    ) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        reword(&tx, &Words::of(kind, &subject, &cause)?).await?;
        tx.commit().await
    }

    pub(crate) async fn raise_instead(
        &self,
        kind: AlarmKind,
        subject: String,
        cause: Cause,
        instead_of: &[AlarmKind],
        now: Timestamp,
    ) -> Result<Option<Alarm>, Error> {
        let words = Words::of(kind, &subject, &cause)?;
        let instead_of = instead_of.iter().map(name).collect::<Result<Vec<_>, _>>()?;
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        // Two that take each other's place end with one of them.
        alone(&tx, "alarm").await?;
        let mut replaced = replaced(&tx, &words, &instead_of).await?;
        let is_open = tx.one(IS_OPEN, &[&words.kind, &words.subject]).await?.is(0)?;
        // One of them goes on as this one; the others are over with it.
        let first = if is_open || replaced.ids.is_empty() { None } else { Some(replaced.ids.remove(0)) };
        for alarm in &replaced.ids {
            tx.run(GIVES_WAY, &[alarm, &micros(now), &i64::from(Alarm::TOLD_OVER)]).await?;
        }
        let raised = match first {
            _ if is_open => {
                reword(&tx, &words).await?;
                None
            }
            Some(first) => {
                let Words { kind: called, text, reason, .. } = &words;
                let (began_at, told) =
                    (replaced.began_at(kind, now), i64::from(replaced.told(reason.as_deref())));
                let told_of = replaced.told_of();
                let row =
                    tx.first(GOES_ON, &[&first, called, text, reason, &began_at, &told, &told_of]).await?;
                row.as_ref().map(decode).transpose()?.flatten()
            }
            None => raise(&tx, &words, now).await?,
        };
        tx.commit().await?;
        Ok(raised)
    }

    pub(crate) async fn alarm_told(&self, alarm: i64, told: u32) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        tx.run(TOLD, &[&alarm, &i64::from(told)]).await?;
        tx.commit().await
    }

    pub(crate) async fn alarms(&self, open_only: bool, limit: usize) -> Result<Vec<Alarm>, Error> {
        self.listed(if open_only { OPEN } else { LIST }, &[&whole(limit)]).await
    }

    pub(crate) async fn alarm_ended_at(
        &self,
        subject: String,
        kinds: &[AlarmKind],
    ) -> Result<Option<Timestamp>, Error> {
        let kinds = kinds.iter().map(name).collect::<Result<Vec<_>, _>>()?;
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        Ok(tx.one(ENDED, &[&plain(&subject), &kinds]).await?.number(0)?.and_then(instant))
    }

    pub(crate) async fn alarms_to_tell(&self) -> Result<Vec<Alarm>, Error> {
        self.listed(TO_TELL, &[&i64::from(Alarm::TOLD_OVER)]).await
    }

    async fn listed(&self, question: &str, values: Values<'_>) -> Result<Vec<Alarm>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut alarms = Vec::new();
        for row in tx.all(question, values).await? {
            alarms.extend(decode(&row)?);
        }
        Ok(alarms)
    }
}

/// An alarm as its columns have it.
struct Words {
    kind: String,
    subject: String,
    text: String,
    reason: Option<String>,
}

impl Words {
    fn of(kind: AlarmKind, subject: &str, cause: &Cause) -> Result<Self, Error> {
        let (kind, reason) = (name(&kind)?, word(cause)?);
        Ok(Self { kind, subject: plain(subject), text: plain(&cause.text), reason })
    }
}

/// None where it is open already.
async fn raise(tx: &Tx<'_>, words: &Words, now: Timestamp) -> Result<Option<Alarm>, Error> {
    let Words { kind, subject, text, reason } = words;
    let raised = tx.first(RAISE, &[kind, subject, text, reason, &micros(now)]).await?;
    Ok(raised.as_ref().map(decode).transpose()?.flatten())
}

async fn reword(tx: &Tx<'_>, words: &Words) -> Result<(), Error> {
    let Words { kind, subject, text, reason } = words;
    tx.run(REWORD, &[kind, subject, text, reason]).await.map(drop)
}

async fn replaced(
    tx: &Tx<'_>,
    Words { kind, subject, .. }: &Words,
    instead_of: &[String],
) -> Result<Replaced, Error> {
    let mut replaced = Replaced::default();
    for row in tx.all(REPLACED, &[subject, kind, &instead_of]).await? {
        replaced.add(&row)?;
    }
    Ok(replaced)
}
