//! Who cannot be reached by mail.

use std::collections::BTreeSet;

use super::{Postgres, rows};
use crate::{
    Error, RecipientId, Unreachable, Unreached,
    codes::{instant, whole},
    rows::{Columns as _, SHOWN_COLUMNS, shown},
    unreachable::LOOKED,
};

/// As the index has it.
macro_rules! came_back {
    ($of:literal) => {
        concat!(
            $of,
            ".state = 5 AND NOT ",
            $of,
            ".practice AND ",
            $of,
            ".reason IN ('address_unknown', 'domain_unknown', 'mailbox_disabled', 'mailbox_full', 'utf8_unsupported')"
        )
    };
}

/// Where a part ends that has looked through enough.
const FLOOR: &str = concat!(
    "SELECT r.id FROM done r WHERE ",
    came_back!("r"),
    " AND r.id < $1 ORDER BY r.id DESC LIMIT 1 OFFSET $2"
);
/// The last return of an address in a library behind which there is neither another one nor a mail that was taken, there, or by the same
/// patron at another address, for which few mails are looked at: those of one patron.
const CONDITIONS: &str = concat!(
    "WHERE ",
    came_back!("r"),
    " AND r.id < $1 AND r.id >= $2 AND m.kind = 0 AND (cardinality($3::TEXT[]) = 0 OR m.site = ANY($3))
        AND NOT EXISTS (SELECT FROM addressee b JOIN done l ON l.id = b.id JOIN message n ON n.id = l.id / 65536
            WHERE lower(b.address) = lower(a.address) AND b.id > r.id AND n.kind = 0 AND (l.state = 3 OR (",
    came_back!("l"),
    " AND n.site IS NOT DISTINCT FROM m.site)))
        AND NOT EXISTS (SELECT FROM message n JOIN done l ON l.id BETWEEN n.id * 65536 AND n.id * 65536 + 65535
            WHERE n.patron_number = m.patron_number AND n.site IS NOT DISTINCT FROM m.site AND n.id > m.id AND n.kind = 0 AND l.state = 3)
        AND NOT EXISTS (SELECT FROM message n JOIN done l ON l.id BETWEEN n.id * 65536 AND n.id * 65536 + 65535
            WHERE n.tags[1] = 'sent again' AND n.tags[2] = 'sent again for ' || r.id AND n.site IS NOT DISTINCT FROM m.site AND l.state = 3)
    ORDER BY r.id DESC LIMIT $4"
);
/// The first return since the last mail before it that was taken.
const SINCE: &str = concat!(
    "(SELECT min(f.settled_at) FROM addressee b JOIN done f ON f.id = b.id JOIN message n ON n.id = f.id / 65536
        WHERE lower(b.address) = lower(a.address) AND b.id <= r.id AND n.kind = m.kind AND n.site IS NOT DISTINCT FROM m.site AND ",
    came_back!("f"),
    " AND f.id > coalesce((SELECT max(d.id) FROM addressee c JOIN done d ON d.id = c.id
            WHERE lower(c.address) = lower(a.address) AND c.id < r.id AND d.state = 3), 0))"
);

impl Postgres {
    pub(crate) async fn unreachable(
        &self,
        sites: BTreeSet<String>,
        after: Option<RecipientId>,
        limit: usize,
    ) -> Result<Unreached, Error> {
        let after = after.map_or(i64::MAX, |id| id.0);
        let sites: Vec<_> = sites.into_iter().collect();
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let floor = tx.first(FLOOR, &[&after, &whole(LOOKED - 1)]).await?;
        let floor = floor.map(|row| row.id(0)).transpose()?;
        let question = format!("SELECT {}, {SINCE} FROM {} {CONDITIONS}", rows::SHOWN, rows::FROM);
        let (lowest, most) = (floor.unwrap_or(0), whole(limit.saturating_add(1)));
        let mut all = Vec::new();
        for row in tx.all(&question, &[&after, &lowest, &sites, &most]).await? {
            let since = row.number(SHOWN_COLUMNS)?.and_then(instant);
            let row = shown(&row)?;
            all.push(Unreachable { since: since.or(row.settled_at).unwrap_or(row.accepted_at), row });
        }
        if all.len() > limit {
            all.truncate(limit);
            return Ok(Unreached { next: all.last().map(|one| one.row.recipient), all });
        }
        Ok(Unreached { all, next: floor.map(RecipientId) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OF_THE_ADDRESS;

    #[test]
    fn the_index_holds_the_reasons_that_are_of_the_address() {
        let all = OF_THE_ADDRESS.map(|reason| format!("'{}'", reason.as_str())).join(", ");
        let index = include_str!("migrations/0001_queue.sql");
        for text in [index, FLOOR, CONDITIONS, SINCE] {
            assert!(text.contains(&format!("reason IN ({all})")), "{text}");
        }
    }
}
