//! How it stands with all mail at one moment, of which each person is told what is theirs.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use store::{Alarm, AlarmKind, Error};

use super::standing::Standing;
use crate::{
    app::schedules::of_subject,
    cli::{
        control::{Figures, Today},
        queue::today,
    },
    config::Config,
    web::Sources,
};

/// Most alarms that are shown.
pub(super) const ALARMS: usize = 50;

/// What one look finds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    /// Of all mail, as it stands now, and of what came of it today.
    today: Today,
    raised: Vec<Raised>,
    pub(super) standing: Standing,
}

/// Something that is wrong, and the libraries that it is about; none: it is about the whole.
#[derive(Debug, Clone, PartialEq)]
struct Raised {
    alarm: Alarm,
    sites: BTreeSet<String>,
}

/// What a person is told in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(super) struct Now {
    /// Handed in today.
    pub(super) accepted: u64,
    /// Came to this today, whenever they were handed in.
    pub(super) delivered: u64,
    pub(super) practiced: u64,
    pub(super) returned: u64,
    pub(super) in_doubt_today: u64,
    pub(super) cancelled: u64,
    /// Now.
    pub(super) waiting: u64,
    pub(super) in_doubt: u64,
    pub(super) held: u64,
    /// See [`Standing::tone`].
    tone: &'static str,
    alarms: usize,
}

impl Known {
    /// Takes no longer however much mail there is.
    pub(super) async fn read(sources: &Sources, day_began_at: Timestamp) -> Result<Self, Error> {
        let (store, config) = (&sources.store, sources.config());
        let today = today::read(store, &config.sites, day_began_at, sources.clock.now()).await?;
        let (standing, alarms) = Standing::read(sources).await?;
        // What may have arrived is a number of its own.
        let alarms = alarms.into_iter().filter(|alarm| alarm.kind != AlarmKind::InDoubt);
        let mut raised: Vec<_> = alarms.map(|alarm| Raised::of(alarm, &config)).collect();
        if raised.iter().any(|raised| raised.alarm.kind == AlarmKind::Schedule) {
            for schedule in store.schedules().await? {
                let is_its = |raised: &&mut Raised| of_subject(&raised.alarm.subject) == Some(schedule.id);
                raised
                    .iter_mut()
                    .filter(is_its)
                    .for_each(|raised| raised.sites.clone_from(&schedule.plan.sites));
            }
        }
        Ok(Self { today, raised, standing })
    }

    /// For somebody who is limited to these libraries; to none, if there are none.
    pub(super) fn now(&self, sites: &BTreeSet<String>) -> Now {
        let of = |site: &Option<String>| {
            sites.is_empty() || site.as_ref().is_some_and(|site| sites.contains(site))
        };
        self.told(of, self.alarms(sites).count())
    }

    /// Of one library; `None`: of mail of none.
    pub(super) fn of_site(&self, site: Option<&str>) -> Now {
        self.told(|known| known.as_deref() == site, 0)
    }

    fn told(&self, of: impl Fn(&Option<String>) -> bool, alarms: usize) -> Now {
        let theirs = self.today.libraries.iter().filter(|library| of(&library.site));
        let sum = theirs.fold(Figures::default(), |sum, library| sum.and(&library.figures));
        let Figures { accepted, delivered, practiced, returned, in_doubt_today, cancelled, .. } = sum;
        let Figures { waiting, in_doubt, held, .. } = sum;
        let tone = self.standing.tone();
        Now {
            accepted,
            delivered,
            practiced,
            returned,
            in_doubt_today,
            cancelled,
            waiting,
            in_doubt,
            held,
            tone,
            alarms,
        }
    }

    /// What is wrong, as far as it is for somebody who is limited to these libraries.
    pub(super) fn alarms(&self, sites: &BTreeSet<String>) -> impl Iterator<Item = &Alarm> {
        // That no notices are sent at all is for everybody.
        let concerns = |raised: &&Raised| {
            sites.is_empty() || !raised.sites.is_disjoint(sites) || raised.alarm.kind == AlarmKind::Silence
        };
        self.raised.iter().filter(concerns).map(|raised| &raised.alarm)
    }

    /// The libraries of which there is mail; `None`: there is mail of none.
    pub(super) fn sites(&self) -> impl Iterator<Item = Option<&str>> {
        self.today.libraries.iter().map(|library| library.site.as_deref())
    }

    /// When the day began in this library.
    pub(super) fn day_began_at(&self, site: Option<&str>) -> Timestamp {
        let library = self.today.libraries.iter().find(|library| library.site.as_deref() == site);
        library.map_or(self.today.since, |library| library.since)
    }
}

impl Raised {
    /// An alarm about an address is about the libraries that write from it.
    fn of(alarm: Alarm, config: &Config) -> Self {
        let writes = |site: &&crate::config::Site| {
            site.email.as_ref().is_some_and(|email| email.as_str() == alarm.subject)
        };
        let sites = config.sites.iter().filter(writes).map(|site| site.code.clone()).collect();
        Self { alarm, sites }
    }
}

impl Now {
    /// What a page says in words is out of date when this is another.
    pub(super) fn version(&self) -> String {
        let Self { delivered, practiced, cancelled, in_doubt, held, tone, alarms, .. } = self;
        let is_some = [in_doubt, held, delivered, practiced, cancelled].map(|n| u8::from(*n > 0).to_string());
        format!("{tone}-{alarms}-{}", is_some.join("-"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use store::{State, States};

    use super::*;

    impl Known {
        pub(in crate::web::pages) fn nothing() -> Self {
            let standing = Standing::Practice;
            let today = Today { since: Timestamp::UNIX_EPOCH, libraries: Vec::new() };
            Self { today, raised: Vec::new(), standing }
        }

        pub(in crate::web::pages) fn waiting(site: &str, count: u64) -> Self {
            let all = BTreeMap::from([(Some(site.to_owned()), states(&[(State::Waiting, count)]))]);
            let none = BTreeMap::new();
            let today = Today::of(Timestamp::UNIX_EPOCH, &BTreeMap::new(), &none, &none, &all);
            Self { today, ..Self::nothing() }
        }
    }

    fn states(all: &[(State, u64)]) -> States {
        all.iter().copied().collect()
    }

    #[test]
    fn each_is_told_of_their_own_libraries() {
        let main = Some("MAIN".to_owned());
        let alarm = |id, subject: &str| Alarm {
            id,
            kind: AlarmKind::SenderRefused,
            subject: subject.to_owned(),
            reason: None,
            text: String::new(),
            started_at: Timestamp::UNIX_EPOCH,
            ended_at: None,
            told: 0,
        };
        let raised = |alarm, sites: &[&str]| Raised {
            alarm,
            sites: sites.iter().map(|site| (*site).to_owned()).collect(),
        };
        let all = BTreeMap::from([
            (None, states(&[(State::Waiting, 1), (State::Held, 2)])),
            (main.clone(), states(&[(State::Waiting, 10), (State::Sending, 20), (State::InDoubt, 30)])),
            (Some("EAST".to_owned()), states(&[(State::Waiting, 100), (State::Delivered, 900)])),
        ]);
        let handed_in = BTreeMap::from([(main.clone(), states(&[(State::Waiting, 7)]))]);
        let answered = BTreeMap::from([
            (
                main,
                states(&[
                    (State::Delivered, 3),
                    (State::Returned, 4),
                    (State::InDoubt, 6),
                    (State::Cancelled, 8),
                ]),
            ),
            (None, states(&[(State::Practiced, 5)])),
        ]);
        let known = Known {
            today: Today::of(Timestamp::UNIX_EPOCH, &BTreeMap::new(), &handed_in, &answered, &all),
            raised: vec![
                raised(alarm(1, "server1"), &[]),
                raised(alarm(2, "main@library.example"), &["MAIN"]),
            ],
            standing: Standing::Practice,
        };
        for (sites, numbers, alarms) in [
            (&[][..], [7, 3, 5, 4, 6, 8, 131, 30, 2], vec![1, 2]),
            (&["MAIN"], [7, 3, 0, 4, 6, 8, 30, 30, 0], vec![2]),
            (&["EAST"], [0, 0, 0, 0, 0, 0, 100, 0, 0], vec![]),
            (&["EAST", "MAIN"], [7, 3, 0, 4, 6, 8, 130, 30, 0], vec![2]),
            (&["NONE"], [0; 9], vec![]),
        ] {
            let sites: BTreeSet<_> = sites.iter().map(|site| (*site).to_owned()).collect();
            let now = known.now(&sites);
            let told = now.alarms;
            let today = [now.accepted, now.delivered, now.practiced, now.returned, now.in_doubt_today];
            let all = [today.as_slice(), &[now.cancelled, now.waiting, now.in_doubt, now.held]].concat();
            assert_eq!(all, numbers, "{sites:?}");
            assert_eq!(known.alarms(&sites).map(|alarm| alarm.id).collect::<Vec<_>>(), alarms, "{sites:?}");
            assert_eq!(told, alarms.len(), "{sites:?}");
        }
        assert_eq!(known.of_site(None).held, 2);
    }
}
