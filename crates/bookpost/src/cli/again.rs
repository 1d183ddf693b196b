//! Mail that a command sends by the ways of the pages: one notice once more, and samples of an export.

use jiff::tz::TimeZone;
use mail::Address;
use rand::RngExt as _;
use store::{Actor, Error, Row, RunId};

use super::{
    control::{Failure, Reply, RunRequest, SendAgain, SentAgain, SentSamples},
    queue,
};
use crate::{
    app::{
        App,
        notice_run::{Doubt, NotAgain, Same, may_go_again},
        secret_dice,
    },
    web,
};

/// Why not, and what the asker can do about it.
struct Not(Failure, String);

impl From<Error> for Not {
    fn from(error: Error) -> Self {
        Self(queue::failure(&error), error.to_string())
    }
}

impl From<NotAgain> for Not {
    fn from(why: NotAgain) -> Self {
        let said = why.to_string();
        match why {
            NotAgain::Store(error) => error.into(),
            NotAgain::NotNow(_) => Self(Failure::Temporary, said),
            NotAgain::Gone => Self(Failure::Usage, format!("{said}; run a new export instead")),
            NotAgain::NotFinished | NotAgain::AnotherRequest => Self(Failure::Usage, said),
        }
    }
}

impl From<Not> for Reply {
    fn from(Not(failure, message): Not) -> Self {
        Self::Failed { failure, message }
    }
}

impl App {
    /// One person's notice once more, to another address.
    pub(super) async fn send_again(&self, asked: SendAgain) -> Reply {
        self.again(asked).await.map_or_else(Reply::from, Reply::SentAgain)
    }

    async fn again(&self, asked: SendAgain) -> Result<SentAgain, Not> {
        let SendAgain { message, of, to, still_right } = asked;
        let shown = self.store.show(message).await?;
        let row = chosen(shown.into_iter().map(|(row, _)| row), of.as_ref())?;
        if !still_right {
            let doubt = self.notices.doubt(&row).await?.map(said);
            let same = self.notices.same(&row, &to).await?.map(|same| said_of(same, &to));
            let against: Vec<_> = doubt.into_iter().chain(same).collect();
            if !against.is_empty() {
                let message = format!("{} If it is right all the same, add --still-right", against.join(" "));
                return Err(Not(Failure::Usage, message));
            }
        }
        let request = format!("{:032x}", secret_dice().random::<u128>());
        let goes = self.notices.goes(&row);
        let sent = self.notices.send_again(row.recipient, &to, &request, Actor::CommandLine).await?;
        Ok(SentAgain { message: sent, to, goes })
    }

    /// The first mail of an export, one of the middle and the last, to somebody of the library.
    pub(super) async fn samples(&self, export: RunRequest, to: Address) -> Reply {
        // Whoever is known is called by their name, as on the page.
        let known = self.store.person_of(&to).await.ok().map(|person| person.name.to_string());
        let name = known.unwrap_or_else(|| to.to_string());
        match self.notices.send_samples_of(export, (&to, &name), &web::sample_mark()).await {
            Ok((sent, practice)) => Reply::Samples(SentSamples { sent, to, practice }),
            Err(refusal) => refusal.into(),
        }
    }

    /// A run ends: what has not left does not leave any more.
    pub(super) async fn stop_run(&self, run: RunId) -> Reply {
        let stopped = async {
            self.store.run(run).await?;
            self.decisions.stop_run(&self.notices, run, [].into(), Actor::CommandLine).await
        };
        match stopped.await {
            Ok(reply) => queue::stopped_run(run, reply),
            Err(error) => Not::from(error).into(),
        }
    }
}

/// The recipient who is meant, of one message.
fn chosen(rows: impl Iterator<Item = Row>, of: Option<&Address>) -> Result<Row, Not> {
    let usage = |why: String| Not(Failure::Usage, why);
    let is_meant = |row: &Row| of.is_none_or(|of| row.to.address == *of);
    let rows: Vec<_> = rows.filter(is_meant).collect();
    if rows.iter().any(|row| row.run.is_none()) {
        return Err(usage("it is no notice of a run".to_owned()));
    }
    let mut finished = rows.into_iter().filter(|row| may_go_again(row.state, row.in_doubt_at.is_some()));
    match (finished.next(), finished.next()) {
        (Some(row), None) => Ok(row),
        (Some(_), Some(_)) => {
            Err(usage("it went to several addresses: say with --of which of them is meant".to_owned()))
        }
        (None, _) if of.is_some() => Err(usage(format!("to that address, {}", NotAgain::NotFinished))),
        (None, _) => Err(NotAgain::NotFinished.into()),
    }
}

fn said_of(same: Same, to: &Address) -> String {
    match same {
        Same::CameBack => format!("Mail came back from {to}."),
        Same::MayHaveArrived => format!("The mail may have arrived at {to}: ask there first."),
    }
}

fn said(Doubt { of, run, wrote }: Doubt) -> String {
    let of = TimeZone::system().to_datetime(of).strftime("%Y-%m-%d %H:%M");
    if wrote {
        format!(
            "A newer notice was written to this patron from the export of {of} (run {}). If that one came back too, send that one again: this one may name what has been brought back since.",
            run.0
        )
    } else {
        format!(
            "This patron is not in the export of {of} (run {}) any more: what the mail is about has probably been brought back.",
            run.0
        )
    }
}
