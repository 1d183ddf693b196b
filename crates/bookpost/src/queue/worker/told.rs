//! What connections tell, and what the dispatcher makes of it.

use std::collections::BTreeSet;

use mail::{Reason, Scope, counted};
use store::{AlarmKind, Cause, Claimed, Move, RunId, Selection};

use super::{Worker, later};
use crate::{
    alarms::not_this_way,
    deliver::{
        breaker::Fault,
        conclude::{Effect, QUOTA_PAUSE, Refusal, SHORT_PAUSE},
    },
    queue::{
        ready::OfRun,
        route::{Pause, Told, given_back},
    },
    returns,
};

/// Fresh connections that break in the middle of a message, in a row, before it is the server's fault.
const BROKEN_CONNECTIONS: u32 = 3;

impl Worker {
    pub(super) async fn hear(&mut self, told: Told) {
        let Some(index) = self.routes.iter().position(|route| route.practice == told.practice) else {
            return;
        };
        let upstream = self.routes.get(index).and_then(|route| route.position(&told.server));
        for effect in told.effects {
            match (effect, upstream) {
                (Effect::SenderRefused { sender, fault }, _) => self.sender_refused(&sender, &fault),
                (Effect::Suspicious(refusal), _) => self.suspect(index, &refusal).await,
                (Effect::ReportLost(to), _) => returns::report_lost(&self.alarms, &to),
                (effect, Some(upstream)) => self.take_effect(index, upstream, effect),
                // What is said of a server that was replaced is no news.
                (_, None) => {}
            }
        }
    }

    /// One more refusal of a run; after several in a row the run is set aside.
    async fn suspect(&mut self, index: usize, refusal: &Refusal) {
        let Some(route) = self.routes.get_mut(index) else { return };
        if let Some(run) = route.suspicion.count(refusal) {
            let all = OfRun { run, sites: BTreeSet::new() };
            let mut inside = route.line.ready.take_out(&all);
            inside.extend(route.line.others.take_out(&all));
            self.hold_run(run, inside, refusal).await;
        }
    }

    /// What follows for the server.
    pub(super) fn take_effect(&mut self, index: usize, upstream_index: usize, effect: Effect) {
        let now = self.delivery.clock.now();
        let Some(route) = self.routes.get_mut(index) else { return };
        let Some(upstream) = route.upstreams.get_mut(upstream_index) else { return };
        match effect {
            Effect::Answered
            | Effect::PutOff
            | Effect::NullRefused
            | Effect::SenderRefused { .. }
            | Effect::Suspicious(_)
            | Effect::ReportLost(_) => {}
            Effect::Slower => upstream.concurrency.slow_down(),
            Effect::SlowDown => {
                upstream.concurrency.slow_down();
                let until = later(now, SHORT_PAUSE);
                upstream.pause_for(Pause { until, reason: Reason::TooFast, ages: true });
            }
            Effect::LeaveAlone(wait) => self.leave_alone(index, upstream_index, wait),
            Effect::Pause(fault) => self.used_up(index, upstream_index, &fault),
            Effect::LimitReached(reached) => self.limit_reached(index, upstream_index, reached),
            Effect::OpenBreaker(fault) => self.fault(index, upstream_index, &fault),
            // A probe's message that broke as the others did says that nothing is mended.
            Effect::Broke(fault) if upstream.breaker.is_open() => {
                self.fault(index, upstream_index, &fault);
            }
            Effect::Broke(fault) => {
                upstream.broke += 1;
                if upstream.broke >= BROKEN_CONNECTIONS {
                    upstream.broke = 0;
                    self.fault(index, upstream_index, &fault);
                }
            }
        }
    }

    /// Its allowance is used up. Who waits for that hears of it while this one sends; what it is given beside another says so itself.
    fn used_up(&mut self, index: usize, upstream_index: usize, fault: &Fault) {
        let now = self.delivery.clock.now();
        let Some(route) = self.routes.get_mut(index) else { return };
        let sends = route.active() == Some(upstream_index);
        let Some(upstream) = route.upstreams.get_mut(upstream_index) else { return };
        let until = later(now, QUOTA_PAUSE);
        upstream.pause_for(Pause { until, reason: Reason::QuotaUsedUp, ages: false });
        if !sends {
            return;
        }
        upstream.proven = false;
        let text = format!(
            "The sending limit is used up. Mail waits and is tried again every hour. The server said: {}",
            fault.answer
        );
        let cause = Cause::new(Reason::QuotaUsedUp, text);
        self.alarms.raise(AlarmKind::Quota, &upstream.server.name, cause);
    }

    fn sender_refused(&self, sender: &str, fault: &Fault) {
        let domain = domain_of(sender);
        let (subject, text) = if let Some(subject) = not_this_way(domain, fault.reason) {
            let (words, todo) = (fault.reason.plain_words(), fault.reason.what_to_do());
            (subject, format!("Mail from {sender} is set aside. {words} {todo}"))
        } else {
            let text = format!(
                "The mail server refuses the sender address {sender}; mail from it is set aside. Ask whoever runs the server to allow it, or change the site's address; then run: bookpost queue release --state held. The server said: {}",
                fault.answer
            );
            (domain.to_owned(), text)
        };
        self.alarms.raise(AlarmKind::SenderRefused, &subject, text);
    }

    /// The way to the server, or our sign-in there, is at fault. What connections from before the breaker opened say is no news.
    pub(super) fn fault(&mut self, index: usize, upstream_index: usize, fault: &Fault) {
        let now = self.delivery.clock.now();
        let Some(route) = self.routes.get_mut(index) else { return };
        let Some(upstream) = route.upstreams.get_mut(upstream_index) else { return };
        upstream.proven = false;
        if upstream.breaker.fail(now, fault.clone()) {
            // From here on it is asked how it is, and not before it wants to be.
            if let Some(pause) = upstream.pause.take_if(|pause| pause.reason == Reason::TooFast) {
                upstream.breaker.leave_alone_until(pause.until);
            }
            self.tell_fault(index, upstream_index, fault);
            self.shut(index);
        }
    }

    /// A person is told, once of each kind of fault: it may be another person who has to act. What is newest is what is wrong: whatever
    /// was said against the server before gives way, and is told no more where it comes again before the server works.
    pub(super) fn tell_fault(&self, index: usize, upstream_index: usize, fault: &Fault) {
        let Some(route) = self.routes.get(index) else { return };
        let Some(upstream) = route.upstreams.get(upstream_index) else { return };
        // The text stands for as long as the fault lasts, and the other server may come and go in that time.
        let meanwhile = if route.upstreams.len() > 1 {
            "Mail goes through the other server as long as that takes mail. While neither does, mail"
        } else {
            "Mail"
        };
        let give_up_after = self.delivery.settings.now().schedule.give_up_after;
        let hours = counted(give_up_after.as_secs().div_ceil(3600), "hour", "hours");
        let what = match fault.reason {
            Reason::AnswerUnknown => "The connection broke several times while the server was answering.",
            reason => reason.plain_words(),
        };
        let text = format!(
            "{} ({}): {what} {meanwhile} waits, and nothing is lost; what has waited for {hours} is sent back to the library. What to do: {} {}: {}",
            plain_name(&upstream.server.name),
            upstream.server.host,
            fault.reason.what_to_do(),
            if is_reply(&fault.answer) { "The server said" } else { "In technical words" },
            fault.answer
        );
        let (kind, name) = (alarm_kind(fault), &upstream.server.name);
        // That the library itself allows no more is no fault of the server.
        let by_server = upstream.limited_until.is_none();
        let others = [AlarmKind::ServerDown, AlarmKind::SignIn].into_iter();
        let others = others.chain(by_server.then_some(AlarmKind::Quota)).filter(|other| *other != kind);
        self.alarms.raise_instead(kind, name, Cause::new(fault.reason, text), others.collect());
    }

    /// What follows when a breaker has just opened.
    fn shut(&mut self, index: usize) {
        self.show_servers();
        let Some(route) = self.routes.get_mut(index) else { return };
        route.steer();
        route.stand_in = None;
        if let Some(first) = route.upstreams.first().filter(|_| route.active().is_none()) {
            self.alarms.clear(AlarmKind::BackupInUse, &first.server.name);
        }
        self.look_again();
    }

    /// This server took mail. If it is not the first, that one takes none, and a person is told who sends meanwhile.
    pub(super) fn took_mail(&mut self, index: usize, upstream_index: usize) {
        let Some(route) = self.routes.get_mut(index) else { return };
        let (Some(first), Some(other)) = (route.upstreams.first(), route.upstreams.get(upstream_index))
        else {
            return;
        };
        if upstream_index > 0 && route.stand_in != Some(upstream_index) {
            let text = format!("The backup server ({}) is sending.", other.server.host);
            self.alarms.raise_or_reword(AlarmKind::BackupInUse, &first.server.name, text);
            route.stand_in = Some(upstream_index);
        }
    }

    /// Sets a whole run aside, with what of it is claimed and stands in line.
    async fn hold_run(&self, run: RunId, inside: Vec<Claimed>, refusal: &Refusal) {
        let now = self.delivery.clock.now();
        self.settle_now(given_back(&inside, now), now).await;
        let text = format!(
            "The mail server {}, so the rest of run {} is set aside. The server said: {}",
            match refusal.scope {
                Scope::Reputation => "took several messages in a row for unwanted mail",
                _ => "gave the same refusal to several patrons of different domains in a row",
            },
            run.0,
            refusal.answer
        );
        if let Err(error) = self.store.move_recipients(Selection::Run(run), Move::Hold, now).await {
            tracing::error!(%error, "a run could not be set aside");
        }
        // Afterwards: the alarm is over as soon as nothing of the run is set aside.
        self.alarms.raise(AlarmKind::Held, &format!("run {}", run.0), text);
    }
}

/// Did a server say this, and not the network?
fn is_reply(answer: &str) -> bool {
    let code = answer.split(' ').next().unwrap_or_default();
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// One alarm for all senders of a domain.
fn domain_of(sender: &str) -> &str {
    sender.rsplit('@').next().unwrap_or(sender)
}

fn alarm_kind(fault: &Fault) -> AlarmKind {
    match fault.reason {
        Reason::SignInRefused
        | Reason::SignInImpossible
        | Reason::PasswordLost
        | Reason::SignedOut
        | Reason::NotSignedIn
        | Reason::ClientRefused
        | Reason::ServiceRefused
        | Reason::ServiceAtFault
        | Reason::OtherClient
        | Reason::TokenRefused
        | Reason::SmtpAuthOff
        | Reason::ScopeMissing
        | Reason::ServiceOff
        | Reason::ForbiddenThere
        | Reason::NoMailbox
        | Reason::PasswordsEnded
        | Reason::RelayDenied => AlarmKind::SignIn,
        Reason::QuotaUsedUp => AlarmKind::Quota,
        _ => AlarmKind::ServerDown,
    }
}

pub(super) fn plain_name(name: &str) -> &str {
    match name {
        "server1" => "Your mail server (Server 1)",
        "server2" => "Your backup mail server (Server 2)",
        "google" => "Google",
        "microsoft" => "Microsoft",
        other => other,
    }
}
