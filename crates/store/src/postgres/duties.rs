//! What one machine at a time does. Its lease is that of the machine, so that the heartbeat renews all of them, and a machine that dies
//! loses all of them.

use super::{Postgres, opened::Opened};
use crate::{Error, codes::count, rows::Columns as _};

/// Whether the machine that has it, if it works, is this one.
const HAS: &str = "SELECT d.epoch = $2 FROM duty d JOIN worker w ON w.epoch = d.epoch
    WHERE d.name = $1 AND w.lease_until > clock_micros()";
/// Of several that ask at once one waits for the other, and then sees that it works.
const TAKE: &str =
    "INSERT INTO duty (name, epoch) SELECT $1, epoch FROM worker WHERE epoch = $2 AND lease_until > clock_micros()
    ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch
    WHERE NOT EXISTS (SELECT FROM worker w WHERE w.epoch = duty.epoch AND w.lease_until > clock_micros())";
const SENDING: &str = "SELECT count(*) FROM live WHERE claimed_in = $1 AND state = 1";
const LEAVE: &str = "DELETE FROM duty WHERE epoch = $1";

impl Postgres {
    pub(crate) async fn take_duty(&self, name: String) -> Result<bool, Error> {
        let connection = self.connection().await?;
        let statement = connection.prepare_cached(HAS).await?;
        if let Some(row) = connection.query_opt(&statement, &[&name, &self.opened.epoch]).await? {
            return row.is(0);
        }
        let statement = connection.prepare_cached(TAKE).await?;
        Ok(connection.execute(&statement, &[&name, &self.opened.epoch]).await? > 0)
    }

    pub(crate) async fn sending_here(&self) -> Result<u64, Error> {
        let connection = self.connection().await?;
        let statement = connection.prepare_cached(SENDING).await?;
        Ok(count(connection.query_one(&statement, &[&self.opened.epoch]).await?.id(0)?))
    }
}

/// Others need not wait for this machine's lease to end.
pub(super) async fn leave(opened: &Opened) -> Result<(), Error> {
    let connection = opened.connection().await?;
    connection.execute(LEAVE, &[&opened.epoch]).await?;
    Ok(())
}
