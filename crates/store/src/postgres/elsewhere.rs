//! What other machines change: one question asked with each heartbeat, and at once when one of them rings.

use tokio::sync::watch;

use super::{Postgres, opened::Opened};
use crate::{Elsewhere, Error, EventId, rows::Columns as _};

/// The last event, and what stands for each part. These tables have as many rows as people have made, and keys are used without another row.
const LOOK: &str = "SELECT (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM event_id),
    (SELECT coalesce(max(version), 0) FROM preference_change),
    (SELECT coalesce(max(began_at), 0) FROM pause),
    hashtextextended(concat((SELECT string_agg(a::TEXT, E'\\n' ORDER BY a.id) FROM application a),
        (SELECT string_agg(concat_ws(' ', k.id, k.application, k.revoked_at), E'\\n' ORDER BY k.id) FROM application_key k)), 0),
    hashtextextended(concat((SELECT string_agg(s::TEXT, E'\\n' ORDER BY s.id) FROM schedule s),
        (SELECT string_agg(concat_ws(' ', t.schedule, t.due), E'\\n' ORDER BY t.schedule, t.due) FROM schedule_turn t WHERE t.ended_at IS NULL)), 0),
    hashtextextended(concat((SELECT string_agg(concat_ws(' ', a.id, a.kind), E'\\n' ORDER BY a.id) FROM alarm a WHERE a.ended_at IS NULL)), 0)";

impl Postgres {
    pub(crate) fn elsewhere(&self) -> watch::Receiver<Elsewhere> {
        self.opened.elsewhere.subscribe()
    }
}

/// Looks, and tells whoever wants to know.
pub(super) async fn look(opened: &Opened) -> Result<(), Error> {
    let connection = opened.connection().await?;
    let statement = connection.prepare_cached(LOOK).await?;
    let row = connection.query_one(&statement, &[]).await?;
    opened.tell(EventId(row.id(0)?));
    let (preferences, pause, applications) = (row.id(1)?, row.id(2)?, row.id(3)?);
    let (schedules, alarms) = (row.id(4)?, row.id(5)?);
    opened.elsewhere.send_if_modified(|known| {
        let now = Elsewhere { preferences, pause, applications, schedules, alarms, rings: known.rings };
        std::mem::replace(known, now) != now
    });
    Ok(())
}
