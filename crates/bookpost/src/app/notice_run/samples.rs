//! A few notices of an export, for whoever wants to see them in a mailbox. They are of no run, and no patron gets them.

use std::{collections::BTreeMap, sync::Arc};

use mail::Address;
use store::{Class, NewNotice, Patron};

use super::{Checked, NoticeRuns, Refusal, day, practices, prepare::Mailer, prepared, preview::written};
use crate::{
    cli::control::{Failure, RunRequest},
    config::{Site, Way},
    notices::{Guardians, PlannedNotice, Rendered},
    receive::NotNow,
};

/// So many.
const SAMPLES: usize = 3;

/// Why none were sent.
#[derive(Debug, thiserror::Error)]
pub enum NoSamples {
    #[error(transparent)]
    NotNow(#[from] NotNow),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("the mail cannot be made")]
    NotMade,
}

impl From<NoSamples> for Refusal {
    fn from(why: NoSamples) -> Self {
        let failure = if matches!(why, NoSamples::NotMade) { Failure::Data } else { Failure::Temporary };
        Self(failure, why.to_string())
    }
}

impl NoticeRuns {
    /// Sends the first notice, one of the middle and the last to `to`, with `mark` before the subject. Gives how many.
    pub async fn send_samples(
        &self,
        checked: &Checked,
        to: &Address,
        name: &str,
        mark: &str,
    ) -> Result<usize, NoSamples> {
        let notices = chosen(checked.people()).into_iter().filter_map(|n| checked.mail(n)?.ok());
        self.send_some(checked.is_practice(), notices.collect(), (to, name), mark).await
    }

    /// The same of an export that was handed in with `request`. Gives how many, and whether they go to the practice mailbox.
    pub(crate) async fn send_samples_of(
        &self,
        request: RunRequest,
        (to, name): (&Address, &str),
        mark: &str,
    ) -> Result<(usize, bool), Refusal> {
        let (config, now) = (self.settings.now(), self.clock.now());
        let practice = practices(&config, &request);
        let (prepared, request) = prepared(&config, &self.store, request).await?;
        let (prepared, of) = (Arc::new(prepared), request.exported_at.unwrap_or(now).min(now));
        let written = written(&prepared, &self.store, (of, now), practice).await?;
        let notices = chosen(written.people.len()).into_iter().filter_map(|n| {
            let at = written.people.get(n)?;
            prepared.notice(*at, day(now))?.ok()
        });
        let sent = self.send_some(practice, notices.collect(), (to, name), mark).await?;
        Ok((sent, practice))
    }

    async fn send_some(
        &self,
        practice: bool,
        notices: Vec<PlannedNotice<'_>>,
        (to, name): (&Address, &str),
        mark: &str,
    ) -> Result<usize, NoSamples> {
        self.receiver.has_room()?;
        let usual = self.mailer().await?;
        let mut mailer = Mailer { practice, class: Class::Urgent, ..usual };
        let mut messages = Vec::with_capacity(SAMPLES);
        for notice in notices {
            let mut patron = notice.patron.clone();
            name.clone_into(&mut patron.name);
            let subject = format!("{mark} {}", notice.subject);
            let (to, guardians) = (std::slice::from_ref(to).into(), Guardians::None);
            let notice = PlannedNotice { to, patron, subject, guardians, ..notice };
            messages.extend(mailer.message(&notice).ok().map(|notice| notice.message));
        }
        for message in &mut messages {
            message.patron = None;
        }
        Ok(self.receiver.accept(messages).await?.len())
    }

    /// Sends what a wording makes of a made-up notice of this library to `to`, with `mark` before the subject.
    pub async fn send_sample(
        &self,
        (site, from): (&Site, &Address),
        made: Rendered,
        (to, name): (&Address, &str),
        mark: &str,
    ) -> Result<(), NoSamples> {
        self.receiver.has_room()?;
        let (practice, usual) =
            (matches!(self.settings.now().sending.way, Way::Practice), self.mailer().await?);
        let mut mailer = Mailer { practice, class: Class::Urgent, ..usual };
        let Rendered { subject, text, html } = made;
        let notice = PlannedNotice {
            site,
            from,
            to: std::slice::from_ref(to).into(),
            patron: Patron { name: name.to_owned(), number: None },
            subject: format!("{mark} {subject}"),
            text,
            html,
            keys: Vec::new(),
            elsewhere: BTreeMap::new(),
            is_list: false,
            guardians: Guardians::None,
        };
        let Ok(NewNotice { mut message, .. }) = mailer.message(&notice) else {
            return Err(NoSamples::NotMade);
        };
        message.patron = None;
        self.receiver.accept(vec![message]).await?;
        Ok(())
    }
}

/// The first, the middle and the last of so many.
fn chosen(people: usize) -> Vec<usize> {
    let mut all = vec![0, people / 2, people.saturating_sub(1)];
    all.dedup();
    all.retain(|n| *n < people);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_of_different_people() {
        for (people, expected) in
            [(0, &[][..]), (1, &[0]), (2, &[0, 1]), (3, &[0, 1, 2]), (100, &[0, 50, 99])]
        {
            assert_eq!(chosen(people), expected, "{people}");
        }
    }
}
