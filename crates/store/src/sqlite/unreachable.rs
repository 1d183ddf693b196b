//! Who cannot be reached by mail.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    Sqlite,
    codes::{instant, kind_code, whole},
    rows,
};
use crate::{Error, Kind, RecipientId, Unreachable, Unreached, unreachable::LOOKED};

/// As the index has it.
macro_rules! came_back {
    ($of:literal) => {
        concat!(
            $of,
            ".state = 5 AND ",
            $of,
            ".practice = 0 AND ",
            $of,
            ".reason IN ('address_unknown', 'domain_unknown', 'mailbox_disabled', 'mailbox_full', 'utf8_unsupported')"
        )
    };
}

/// Where a part ends that has looked through enough.
const FLOOR: &str = concat!(
    "SELECT r.id FROM recipient r INDEXED BY recipient_unreachable WHERE ",
    came_back!("r"),
    " AND r.id < ?1 ORDER BY r.id DESC LIMIT 1 OFFSET ?2"
);

/// The last return of an address in a library behind which there is neither another one nor a mail that was taken, there, or by the same
/// patron at another address, for which few mails are looked at: those of one patron; and the first return since the last mail before it that was.
const CONDITIONS: &str = concat!(
    "FROM recipient r INDEXED BY recipient_unreachable CROSS JOIN message m ON m.id = r.id / 65536 WHERE ",
    came_back!("r"),
    " AND r.id < :after AND r.id >= :floor AND m.kind = :mail
        AND (:sites IS NULL OR m.site IN (SELECT value FROM json_each(:sites)))
        AND NOT EXISTS (SELECT 1 FROM recipient l INDEXED BY recipient_address CROSS JOIN message n ON n.id = l.id / 65536
            WHERE l.address = r.address COLLATE NOCASE AND l.id > r.id AND n.kind = :mail
                AND (l.state = 3 OR (",
    came_back!("l"),
    " AND n.site IS m.site)))
        AND NOT EXISTS (SELECT 1 FROM message n INDEXED BY message_patron
            CROSS JOIN recipient l ON l.id BETWEEN n.id * 65536 AND n.id * 65536 + 65535
            WHERE n.patron_number = m.patron_number AND n.site IS m.site AND n.id > m.id AND n.kind = :mail AND l.state = 3)
        AND NOT EXISTS (SELECT 1 FROM message n INDEXED BY message_sent_again
            CROSS JOIN recipient l ON l.id BETWEEN n.id * 65536 AND n.id * 65536 + 65535
            WHERE json_extract(n.tags, '$[0]') = 'sent again' AND json_extract(n.tags, '$[1]') = 'sent again for ' || r.id
                AND n.site IS m.site AND l.state = 3)
    ORDER BY r.id DESC LIMIT :limit"
);
const SINCE: &str = concat!(
    "(SELECT min(f.settled_at) FROM recipient f INDEXED BY recipient_address CROSS JOIN message n ON n.id = f.id / 65536
        WHERE f.address = r.address COLLATE NOCASE AND f.id <= r.id AND n.kind = m.kind AND n.site IS m.site AND ",
    came_back!("f"),
    " AND f.id > coalesce((SELECT max(d.id) FROM recipient d INDEXED BY recipient_address
            WHERE d.address = r.address COLLATE NOCASE AND d.id < r.id AND d.state = 3), 0))"
);

impl Sqlite {
    pub(crate) async fn unreachable(
        &self,
        sites: BTreeSet<String>,
        after: Option<RecipientId>,
        limit: usize,
    ) -> Result<Unreached, Error> {
        self.readers.read(move |sql| part(&*sql.unchecked_transaction()?, &sites, after, limit)).await
    }
}

fn question() -> String {
    format!("SELECT {}, {SINCE} {CONDITIONS}", rows::SHOWN)
}

fn part(
    sql: &Connection,
    sites: &BTreeSet<String>,
    after: Option<RecipientId>,
    limit: usize,
) -> Result<Unreached, Error> {
    let after = after.map_or(i64::MAX, |id| id.0);
    let floor: Option<i64> =
        sql.prepare_cached(FLOOR)?.query_row((after, whole(LOOKED - 1)), |row| row.get(0)).optional()?;
    let sites = (!sites.is_empty()).then(|| serde_json::json!(sites).to_string());
    let mut statement = sql.prepare_cached(&question())?;
    let mut found = statement.query(named_params! {
        ":after": after,
        ":floor": floor.unwrap_or(0),
        ":mail": kind_code(Kind::Mail),
        ":sites": sites,
        ":limit": whole(limit.saturating_add(1)),
    })?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        let shown = rows::shown(row)?;
        let since: Option<i64> = row.get(rows::SHOWN_COLUMNS)?;
        let since = since.and_then(instant).or(shown.settled_at).unwrap_or(shown.accepted_at);
        all.push(Unreachable { row: shown, since });
    }
    if all.len() > limit {
        all.truncate(limit);
        return Ok(Unreached { next: all.last().map(|one| one.row.recipient), all });
    }
    Ok(Unreached { all, next: floor.map(RecipientId) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OF_THE_ADDRESS, sqlite::open};

    #[test]
    fn returns_are_passed_by_their_index_and_others_of_an_address_by_its() {
        let plan = open::tests::plan(&question());
        assert!(plan.contains("recipient_unreachable (state=? AND rowid>? AND rowid<?)"), "{plan}");
        assert!(!plan.contains("SCAN recipient") && !plan.contains("TEMP B-TREE"), "{plan}");
        assert!(plan.contains("message_patron (patron_number=? AND site=?"), "{plan}");
        assert!(plan.contains("message_sent_again (<expr>=?"), "{plan}");
        assert!(open::tests::plan(FLOOR).contains("recipient_unreachable"), "{plan}");
    }

    #[test]
    fn the_index_holds_the_reasons_that_are_of_the_address() {
        let all = OF_THE_ADDRESS.map(|reason| format!("'{}'", reason.as_str())).join(", ");
        let index = include_str!("migrations/0020_overview.sql");
        for text in [index, FLOOR, CONDITIONS, SINCE] {
            assert!(text.contains(&format!("reason IN ({all})")), "{text}");
        }
    }
}
