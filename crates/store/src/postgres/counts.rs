//! What is in the queue, without looking through it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mail::Reason;

use super::{Postgres, turns, tx::Tx};
use crate::{
    Counts, Error, ForLater, MessageId, RecipientId,
    codes::{count, instant, micros, whole},
    rows::Columns as _,
};

/// State 8: ever in doubt.
const COUNTED: &str = "SELECT state, sum(recipients)::BIGINT FROM counted GROUP BY state";
/// Waiting mail expires in the order in which it came, so the first to expire waits for longest.
const OLDEST: &str = "SELECT min(m.accepted_at), min(r.expires_at) FROM (
        (SELECT id, expires_at FROM live WHERE state = 0 AND NOT practice ORDER BY expires_at, id LIMIT 1)
        UNION ALL (SELECT id, expires_at FROM live WHERE state = 0 AND practice ORDER BY expires_at, id LIMIT 1)) r
    JOIN message m ON m.id = r.id / 65536";
const OWED: &str = "SELECT count(*) FROM obligation";
/// Of what is given up before $2, whether anything was to be sent before $1 and waits for none of these reasons.
const HAS_WAITED: &str = "SELECT EXISTS (SELECT FROM live r JOIN message m ON m.id = r.id / 65536
    WHERE r.state = 0 AND NOT r.practice AND r.expires_at < $2 AND m.first_due_at < $1 AND (r.reason IS NULL OR r.reason <> ALL($3)))";
/// The last to expire are those that are to be sent last: among $3 of them, what is not to be sent before a time after $2.
const FOR_LATER: &str = "SELECT count(*), min(m.first_due_at) FROM (SELECT id, attempts, reason FROM live
        WHERE state = 0 AND practice = $1 ORDER BY expires_at DESC, id DESC LIMIT $3) r
    JOIN message m ON m.id = r.id / 65536
    WHERE r.attempts = 0 AND r.reason IS NULL AND m.first_due_at > $2 AND ($4::TEXT[] = '{}' OR m.site = ANY($4))";
const ASIDE: &str = "SELECT count(*) FROM live WHERE state IN (2, 6) AND aside_at < $1";
const FIRST_SINCE: &str =
    "SELECT coalesce((SELECT id FROM message WHERE accepted_at >= $1 ORDER BY accepted_at, id LIMIT 1),
    (SELECT max(id) + 1 FROM message))";

impl Postgres {
    pub(crate) async fn aside(&self, since_before: Timestamp) -> Result<u64, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        Ok(count(tx.one(ASIDE, &[&micros(since_before)]).await?.id(0)?))
    }

    pub(crate) async fn has_waited(
        &self,
        due_before: Timestamp,
        expires_before: Timestamp,
        but: &[Reason],
    ) -> Result<bool, Error> {
        let but: Vec<_> = but.iter().map(|reason| reason.as_str()).collect();
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        tx.one(HAS_WAITED, &[&micros(due_before), &micros(expires_before), &but]).await?.is(0)
    }

    pub(crate) async fn for_later(&self, sites: BTreeSet<String>, now: Timestamp) -> Result<ForLater, Error> {
        let sites: Vec<_> = sites.into_iter().collect();
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut all = ForLater::default();
        for practice in [false, true] {
            let found =
                tx.one(FOR_LATER, &[&practice, &micros(now), &whole(ForLater::LOOKED), &sites]).await?;
            all.add(found.id(0)?, found.number(1)?);
        }
        Ok(all)
    }

    pub(crate) async fn counts(&self) -> Result<Counts, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let [waiting, sending, in_doubt, delivered, practiced, returned, held, cancelled, ever_in_doubt] =
            by_code(&tx).await?;
        let owed = tx.one(OWED, &[]).await?.id(0)?;
        let next = [turns::next_due(&tx, false).await?, turns::next_due(&tx, true).await?];
        let oldest = tx.one(OLDEST, &[]).await?;
        Ok(Counts {
            waiting,
            sending,
            in_doubt,
            delivered,
            practiced,
            returned,
            held,
            cancelled,
            ever_in_doubt,
            oldest_waiting_at: oldest.number(0)?.and_then(instant),
            expires_first_at: oldest.number(1)?.and_then(instant),
            next_due_at: next.into_iter().flatten().map(|(due_at, _)| due_at).min(),
            reports_owed: count(owed),
        })
    }
}

/// How many recipients are in each state, by its code, and how many were ever in doubt.
pub(super) async fn by_code(tx: &Tx<'_>) -> Result<[u64; 9], Error> {
    let mut all = [0; 9];
    for row in tx.all(COUNTED, &[]).await? {
        if let Some(of) = usize::try_from(row.id(0)?).ok().and_then(|code| all.get_mut(code)) {
            *of = count(row.id(1)?);
        }
    }
    Ok(all)
}

/// The first recipient accepted from this instant on would have at least this id: ids rise with acceptance.
pub(super) async fn first_since(tx: &Tx<'_>, since: Timestamp) -> Result<i64, Error> {
    let message = tx.one(FIRST_SINCE, &[&micros(since)]).await?.number(0)?;
    Ok(message.map_or(0, |id| RecipientId::of(MessageId(id), 0).0))
}
