//! When people looked how it stands.

use jiff::Timestamp;

use super::{Postgres, tx::Tx};
use crate::{
    Error, PersonId,
    codes::{instant, micros},
    looks::Looks,
    rows::Columns as _,
};

const LOOKS: &str = "SELECT looked_at, looked_before_at FROM person WHERE id = $1";
const LOOK: &str = "UPDATE person SET looked_at = $2, looked_before_at = $3 WHERE id = $1";

impl Postgres {
    pub(crate) async fn look(&self, person: PersonId, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        let now = micros(now);
        let found = self.looks(person).await?;
        if found.are_noted(now) {
            return Ok(found.before.and_then(instant));
        }
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let looks = read(&tx, person).await?.and(now);
        tx.run(LOOK, &[&person.0, &looks.last, &looks.before]).await?;
        tx.commit().await?;
        Ok(looks.before.and_then(instant))
    }

    pub(crate) async fn looked_before(
        &self,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        Ok(self.looks(person).await?.and(micros(now)).before.and_then(instant))
    }

    async fn looks(&self, person: PersonId) -> Result<Looks, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        read(&tx, person).await
    }
}

async fn read(tx: &Tx<'_>, person: PersonId) -> Result<Looks, Error> {
    let row = tx.first(LOOKS, &[&person.0]).await?.ok_or(Error::NotFound("person"))?;
    Ok(Looks { last: row.number(0)?, before: row.number(1)? })
}
