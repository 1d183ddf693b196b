//! From the answers of one transaction to the new state of each recipient, and to what the route should do.

use std::time::Duration;

use jiff::Timestamp;
use mail::{
    Action, Address, Judgement, Phase, Reason, Reply, Scope,
    address::mask_addresses,
    envelope::Notify,
    outcome::{self, judge_failure},
    retry::{Next, RetrySchedule},
    smtp::client::{Failure, RecipientResult, TransactionResult},
};
use rand::Rng;
use store::{Attempt, Claimed, ClaimedRecipient, InsteadOf, Kind, RunId, Settlement, Verdict};

use super::{allowance::Reached, breaker::Fault, reverse_path::is_null};
use crate::config::InDoubtPolicy;

/// A server that asked to slow down is left alone for so long.
pub const SHORT_PAUSE: Duration = Duration::from_secs(30);
/// A message that was put off for the server's sake so often goes by the schedule.
const PATIENT_ATTEMPTS: u32 = 3;
/// A used-up allowance is asked for again after so long.
pub const QUOTA_PAUSE: Duration = Duration::from_hours(1);
/// What a web service answers that serves nobody (RFC 9110 section 15.6.4).
const SERVICE_UNAVAILABLE: u16 = 503;
/// Server answers are kept up to this length.
const LONGEST_ANSWER: usize = 500;

/// What a conclusion depends on beside the answers.
#[derive(Debug, Clone)]
pub struct Rules {
    pub schedule: RetrySchedule,
    pub in_doubt: InDoubtPolicy,
    pub practice: bool,
}

/// Where and when the attempt was made.
#[derive(Debug, Clone)]
pub struct Circumstances<'a> {
    pub server: &'a str,
    pub started_at: Timestamp,
    pub now: Timestamp,
    /// What its refusals mean.
    pub judge: fn(Phase, &Reply) -> Judgement,
    /// The connection had carried a message before: its end may just have been the server's idle time-out.
    pub reused: bool,
    /// It takes a message for all of its recipients or for none: they are attempted together again.
    pub together: bool,
    /// Another server sends: what this one does not take through its own fault goes there at once.
    pub beside: bool,
    /// The line may stand still: what is to go in smaller groups goes when that moves.
    pub alone: bool,
    /// This is the backup: what is wrong with the first server.
    pub instead_of: Option<InsteadOf>,
}

/// What the route should do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The server gave a final answer to a message.
    Answered,
    /// The server put a message off: it works, which is no reason to send it more at once.
    PutOff,
    /// Fewer connections.
    Slower,
    /// Fewer connections, a short pause.
    SlowDown,
    /// The server asked to be left alone for so long.
    LeaveAlone(Duration),
    /// The allowance is used up.
    Pause(Fault),
    /// As much was sent as people allow.
    LimitReached(Reached),
    /// The way to the server, or our sign-in there, is at fault.
    OpenBreaker(Fault),
    /// The server refuses this message's sender.
    SenderRefused { sender: String, fault: Fault },
    /// The server takes no mail from nobody.
    NullRefused,
    /// A fresh connection broke in the middle of a message.
    Broke(Fault),
    /// A refusal that may be about the whole run: several in a row hold it.
    Suspicious(Refusal),
    /// A return report came to its end undelivered.
    ReportLost(Address),
}

/// A permanent refusal, for counting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Whom the answer blames.
    pub scope: Scope,
    /// Code and enhanced code.
    pub code: String,
    pub answer: String,
    pub domain: String,
    pub run: Option<RunId>,
}

/// All of it.
#[derive(Debug)]
pub struct Conclusion {
    pub settlements: Vec<Settlement>,
    /// Recipients to be tried again at once, in these smaller groups.
    pub split: Vec<Claimed>,
    pub effects: Vec<Effect>,
}

/// Concludes one transaction. `result` has one entry per recipient of `job`, in its order.
pub fn conclude(
    job: &Claimed,
    result: &TransactionResult,
    at: &Circumstances<'_>,
    rules: &Rules,
    dice: &mut impl Rng,
) -> Conclusion {
    let mut conclusion = Conclusion { settlements: Vec::new(), split: Vec::new(), effects: Vec::new() };
    let (mut split, mut taken) = (Vec::new(), false);
    for (index, (recipient, outcome)) in job.recipients.iter().zip(&result.recipients).enumerate() {
        let one = One { job, index, recipient, at, rules, taken, dsn: result.dsn };
        taken |= was_taken(outcome);
        match one.settle(outcome, dice) {
            Some((settlement, effect)) => {
                if job.kind == Kind::Report && settlement.verdict == Verdict::Returned {
                    let to = job.envelope.recipients().get(index).map(|to| to.address.clone());
                    conclusion.effects.extend(to.map(Effect::ReportLost));
                }
                conclusion.settlements.push(settlement);
                conclusion.effects.extend(effect);
            }
            None => split.push(index),
        }
    }
    conclusion.effects.dedup();
    if at.together {
        attempt_together(&mut conclusion.settlements);
    }
    // Where the server said so of all of them, after it had taken each, half of them go at a time.
    let groups = if split.len() == job.recipients.len() { split.len().div_ceil(2) } else { split.len() };
    conclusion.split = split.chunks(groups.max(1)).filter_map(|group| only(job, group)).collect();
    conclusion
}

/// One time for all that wait: what is attempted for some of them only is no whole message any more.
fn attempt_together(settlements: &mut [Settlement]) {
    let times = settlements.iter().filter_map(|one| match one.verdict {
        Verdict::Deferred { due_at, .. } => Some(due_at),
        _ => None,
    });
    let Some(last) = times.max() else { return };
    for one in settlements {
        if let Verdict::Deferred { due_at, .. } = &mut one.verdict {
            *due_at = last;
        }
    }
}

/// Did the server take this recipient at RCPT, whatever came afterwards?
fn was_taken(outcome: &RecipientResult) -> bool {
    match outcome {
        RecipientResult::Delivered(_) | RecipientResult::Unknown { .. } => true,
        RecipientResult::Refused { phase, .. } | RecipientResult::Failed { phase, .. } => {
            *phase > Phase::Rcpt
        }
    }
}

/// What a failure of the dialogue means; None: nothing was attempted.
pub fn judge_client(phase: Phase, failure: Failure) -> Option<Judgement> {
    let own = |scope, reason| Judgement { scope, action: Action::Return, reason };
    let held = |reason| Judgement { action: Action::HoldSender, ..own(Scope::Message, reason) };
    let failure = match failure {
        Failure::Abandoned | Failure::NotReady => return None,
        Failure::TooLarge { .. } => return Some(own(Scope::Message, Reason::TooLarge)),
        Failure::EightBitUnsupported(_) => {
            return Some(own(Scope::Message, Reason::ConversionUnsupported));
        }
        Failure::NamesOthers => return Some(held(Reason::NamesOthers)),
        Failure::OnlySome => return Some(held(Reason::OnlySome)),
        Failure::OneOfThem => return Some(held(Reason::OneOfThem)),
        Failure::AddressUnsendable => return Some(own(Scope::Recipient, Reason::AddressUnknown)),
        Failure::ConnectionLost => outcome::Failure::ConnectionLost,
        Failure::TimedOut => outcome::Failure::TimedOut,
        Failure::TlsFailed | Failure::TlsUnavailable => outcome::Failure::TlsUnavailable,
        Failure::CertificateRefused => outcome::Failure::CertificateRefused(outcome::CertificateFault::Other),
        Failure::SignInImpossible => outcome::Failure::SignInImpossible,
        Failure::Protocol(_) | Failure::Undecided(_) => outcome::Failure::ProtocolViolation,
        Failure::Utf8Unsupported => outcome::Failure::Utf8Unsupported,
        Failure::HeaderUtf8Unsupported => outcome::Failure::HeaderUtf8Unsupported,
    };
    Some(judge_failure(phase, failure))
}

/// `job` for some of its recipients.
fn only(job: &Claimed, keep: &[usize]) -> Option<Claimed> {
    let mut job = job.clone();
    let kept = keep.iter().filter_map(|&index| job.envelope.recipients().get(index).cloned()).collect();
    let mut envelope = mail::Envelope::new(job.envelope.reverse_path.clone(), kept).ok()?;
    envelope.ret = job.envelope.ret;
    envelope.envelope_id = job.envelope.envelope_id.take();
    job.recipients = keep.iter().filter_map(|&index| job.recipients.get(index).copied()).collect();
    job.envelope = envelope;
    Some(job)
}

/// One recipient and all that its settlement depends on.
struct One<'a> {
    job: &'a Claimed,
    index: usize,
    recipient: &'a ClaimedRecipient,
    at: &'a Circumstances<'a>,
    rules: &'a Rules,
    /// The server had taken an earlier recipient of the same transaction.
    taken: bool,
    /// The server reports what it delivers to whoever asked for it.
    dsn: bool,
}

impl One<'_> {
    /// The sender wants to hear that it was delivered (RFC 3461 section 4.1).
    fn wants_success(&self) -> bool {
        let to = self.job.envelope.recipients().get(self.index);
        matches!(to.and_then(|to| to.notify), Some(Notify::On { success: true, .. }))
    }

    /// The settlement and what the route should know; None: again at once, in a smaller group.
    fn settle(&self, outcome: &RecipientResult, dice: &mut impl Rng) -> Option<(Settlement, Option<Effect>)> {
        Some(match outcome {
            RecipientResult::Delivered(reply) => {
                let verdict = match (self.rules.practice, self.dsn) {
                    (true, _) => Verdict::Practiced,
                    (false, false) if self.wants_success() => Verdict::Relayed,
                    (false, _) => Verdict::Delivered,
                };
                (self.settlement(Phase::Dot, None, reply.to_string(), verdict), Some(Effect::Answered))
            }
            RecipientResult::Refused { phase, reply } => {
                let judgement = (self.at.judge)(*phase, reply);
                let smaller = self.taken || (*phase > Phase::Rcpt && self.job.recipients.len() > 1);
                if judgement.action == Action::Split && smaller {
                    let waits = || (self.after(Duration::ZERO), Effect::PutOff);
                    let (verdict, effect) = self.at.alone.then(waits)?;
                    let reason = Some(judgement.reason);
                    return Some((self.settlement(*phase, reason, reply.to_string(), verdict), Some(effect)));
                }
                self.judged(*phase, judgement, reply.to_string(), dice)
            }
            RecipientResult::Failed { phase, failure } => self.failed(*phase, *failure, dice),
            RecipientResult::Unknown { failure } => self.unknown(*failure, dice),
        })
    }

    fn judged(
        &self,
        phase: Phase,
        judgement: Judgement,
        answer: String,
        dice: &mut impl Rng,
    ) -> (Settlement, Option<Effect>) {
        let fault = || Fault::at_message(judgement.reason, &answer);
        let (verdict, effect) = match judgement.action {
            Action::Return => {
                let suspicious =
                    matches!(judgement.scope, Scope::Reputation | Scope::Message | Scope::Recipient);
                let effect = if suspicious {
                    Effect::Suspicious(self.refusal(judgement.scope, &answer))
                } else {
                    Effect::Answered
                };
                (Verdict::Returned, effect)
            }
            Action::Retry | Action::Split => (self.again(dice, false), Effect::PutOff),
            // A letter of our own from nobody goes once more, from somebody.
            Action::HoldSender if matches!(phase, Phase::Mail | Phase::Rcpt) && is_null(self.job) => {
                (self.after(Duration::ZERO), Effect::NullRefused)
            }
            // The other server may take it, and this one is as good as none for it.
            Action::SlowDown | Action::OpenBreaker if self.at.beside => {
                (self.after(Duration::ZERO), Effect::OpenBreaker(fault()))
            }
            Action::HoldSender if self.at.beside && judgement.scope == Scope::Sender => {
                (self.after(Duration::ZERO), Effect::OpenBreaker(fault()))
            }
            Action::Pause if self.at.beside => (self.after(Duration::ZERO), Effect::Pause(fault())),
            // Said of one recipient it is that recipient's: the others do not wait for it.
            Action::SlowDown if phase == Phase::Rcpt => (self.again(dice, false), Effect::Slower),
            // One that alone brings this answer does not stop the others again and again.
            Action::SlowDown if self.recipient.attempts >= PATIENT_ATTEMPTS => {
                (self.again(dice, false), Effect::Slower)
            }
            Action::SlowDown => (self.soon(SHORT_PAUSE), Effect::SlowDown),
            // The message goes by its schedule, so that one that alone brings this answer cannot shut the way again and again.
            Action::OpenBreaker if phase >= Phase::Mail => {
                (self.again(dice, false), Effect::OpenBreaker(fault()))
            }
            Action::Pause => (self.after(QUOTA_PAUSE), Effect::Pause(fault())),
            Action::OpenBreaker => (self.after(Duration::ZERO), Effect::OpenBreaker(fault())),
            Action::HoldSender => {
                let sender = self.job.envelope.reverse_path.address();
                let sender = sender.map_or_else(|| "<>".to_owned(), Address::to_string);
                (Verdict::Held, Effect::SenderRefused { sender, fault: fault() })
            }
        };
        (self.settlement(phase, Some(judgement.reason), answer, verdict), Some(effect))
    }

    fn refusal(&self, scope: Scope, answer: &str) -> Refusal {
        let domain = self.job.envelope.recipients().get(self.index).map(|to| to.address.domain().to_owned());
        let code = answer.split(' ').take_while(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        Refusal {
            scope,
            code: code.collect::<Vec<_>>().join(" "),
            answer: mask_addresses(answer),
            domain: domain.unwrap_or_default(),
            run: self.job.run,
        }
    }

    /// Certainly not sent.
    fn failed(&self, phase: Phase, failure: Failure, dice: &mut impl Rng) -> (Settlement, Option<Effect>) {
        let idle_end = self.at.reused && failure == Failure::ConnectionLost && phase == Phase::Mail;
        let Some(judgement) = judge_client(phase, failure).filter(|_| !idle_end) else {
            return (self.settlement(phase, None, String::new(), Verdict::GivenBack), None);
        };
        let broke = matches!(
            failure,
            Failure::ConnectionLost | Failure::TimedOut | Failure::Protocol(_) | Failure::Undecided(_)
        );
        if broke && phase >= Phase::Mail {
            let fault = Fault::at_message(judgement.reason, &failure.to_string());
            // At once where another server sends, else by the schedule.
            let verdict = if self.at.beside { self.after(Duration::ZERO) } else { self.again(dice, false) };
            let settlement = self.settlement(phase, Some(judgement.reason), failure.to_string(), verdict);
            return (settlement, Some(Effect::Broke(fault)));
        }
        self.judged(phase, judgement, failure.to_string(), dice)
    }

    fn unknown(&self, failure: Failure, dice: &mut impl Rng) -> (Settlement, Option<Effect>) {
        // It says that it is not well, though not what became of the message.
        let is_unwell = failure == Failure::Undecided(SERVICE_UNAVAILABLE);
        let reason = if is_unwell { Reason::ServerRefuses } else { Reason::AnswerUnknown };
        let fault = Fault::at_message(reason, &failure.to_string());
        let verdict = match self.rules.in_doubt {
            InDoubtPolicy::Hold => Verdict::InDoubt,
            // A server that takes each copy and never says so would get one at every attempt.
            InDoubtPolicy::Retry if self.recipient.in_doubt_before => Verdict::InDoubt,
            InDoubtPolicy::Retry => self.again(dice, true),
        };
        let settlement =
            self.settlement(Phase::Dot, Some(Reason::AnswerUnknown), failure.to_string(), verdict);
        (settlement, Some(if is_unwell { Effect::OpenBreaker(fault) } else { Effect::Broke(fault) }))
    }

    /// By the schedule; given up when this was the last attempt.
    fn again(&self, dice: &mut impl Rng, in_doubt: bool) -> Verdict {
        let next =
            self.rules.schedule.next(self.at.now, self.job.first_due_at, self.recipient.expires_at, dice);
        match next {
            Next::At(due_at) => Verdict::Deferred { due_at, in_doubt },
            Next::GiveUp if in_doubt => Verdict::InDoubt,
            Next::GiveUp => self.too_old(),
        }
    }

    /// Nobody is told that a message was not received which may have been: a person decides.
    fn too_old(&self) -> Verdict {
        if self.recipient.in_doubt_before { Verdict::InDoubt } else { Verdict::Returned }
    }

    /// After a fixed wait, as long as the message is not too old: a server that is slow for 100 hours is as good as none.
    fn soon(&self, wait: Duration) -> Verdict {
        let expires_at = self.recipient.expires_at;
        if self.at.now >= expires_at {
            return self.too_old();
        }
        let due_at = self.at.now.saturating_add(wait).unwrap_or(Timestamp::MAX).min(expires_at);
        Verdict::Deferred { due_at, in_doubt: false }
    }

    /// Through our own fault: after a fixed wait, however old the message is.
    fn after(&self, wait: Duration) -> Verdict {
        let due_at = self.at.now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        Verdict::Deferred { due_at, in_doubt: false }
    }

    fn settlement(
        &self,
        phase: Phase,
        reason: Option<Reason>,
        mut answer: String,
        verdict: Verdict,
    ) -> Settlement {
        if answer.len() > LONGEST_ANSWER {
            answer.truncate(answer.floor_char_boundary(LONGEST_ANSWER));
        }
        Settlement {
            recipient: self.recipient.id,
            lease: self.recipient.lease,
            attempt: Attempt {
                started_at: self.at.started_at,
                ended_at: self.at.now,
                server: self.at.server.to_owned(),
                phase,
                reason,
                answer,
                instead_of: self.at.instead_of,
            },
            verdict,
        }
    }
}

#[cfg(test)]
mod tests {
    use mail::reply::ReplyParser;
    use rand::{SeedableRng, rngs::StdRng};

    use super::{
        super::for_tests::{self, NOW},
        *,
    };

    fn job(recipients: u16) -> Claimed {
        let to: Vec<_> = (0..recipients).map(|n| format!("reader{n}@domain{n}.example")).collect();
        for_tests::job(&to.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn says(phase: Phase, reply: &str) -> RecipientResult {
        let reply = ReplyParser::default().parse(&mut format!("{reply}\r\n").as_bytes()).unwrap().unwrap();
        if reply.code < 400 {
            RecipientResult::Delivered(reply)
        } else {
            RecipientResult::Refused { phase, reply }
        }
    }

    fn concluded(job: &Claimed, recipients: Vec<RecipientResult>, now: Timestamp) -> Conclusion {
        let at = Circumstances {
            server: "mail.example:25",
            started_at: now,
            now,
            judge: outcome::judge,
            reused: false,
            together: false,
            beside: false,
            alone: false,
            instead_of: None,
        };
        let rules =
            Rules { schedule: RetrySchedule::default(), in_doubt: InDoubtPolicy::Retry, practice: false };
        let result = TransactionResult { token: 0, dsn: true, recipients };
        conclude(job, &result, &at, &rules, &mut StdRng::seed_from_u64(1))
    }

    #[test]
    fn the_second_lost_answer_is_for_a_person() {
        let lost = || vec![RecipientResult::Unknown { failure: Failure::ConnectionLost }];
        for in_doubt_before in [false, true] {
            let mut job = job(1);
            job.recipients[0].in_doubt_before = in_doubt_before;
            let verdict = concluded(&job, lost(), NOW).settlements.remove(0).verdict;
            let again = matches!(verdict, Verdict::Deferred { in_doubt: true, .. });
            assert_eq!((again, verdict == Verdict::InDoubt), (!in_doubt_before, in_doubt_before));
        }
    }

    #[test]
    fn what_goes_to_all_or_to_none_is_attempted_together_again() {
        let put_off = || says(Phase::Data, "451 4.3.0 later");
        for together in [false, true] {
            let at = Circumstances {
                server: "mail.example:25",
                started_at: NOW,
                now: NOW,
                judge: outcome::judge,
                reused: false,
                together,
                beside: false,
                alone: false,
                instead_of: None,
            };
            let rules =
                Rules { schedule: RetrySchedule::default(), in_doubt: InDoubtPolicy::Retry, practice: false };
            let result =
                TransactionResult { token: 0, dsn: false, recipients: vec![put_off(), put_off(), put_off()] };
            let told = conclude(&job(3), &result, &at, &rules, &mut StdRng::seed_from_u64(1));
            let first = &told.settlements[0].verdict;
            assert!(matches!(first, Verdict::Deferred { .. }), "{first:?}");
            assert_eq!(told.settlements.iter().all(|one| one.verdict == *first), together);
        }
    }

    #[test]
    fn a_group_is_made_smaller_only_where_that_can_help() {
        let taken = || says(Phase::Dot, "250 2.0.0 ok");
        let many = |phase| says(phase, "452 4.5.3 too many recipients");
        let gone = || says(Phase::Rcpt, "550 5.1.1 unknown");
        for (results, expected) in [
            (vec![taken(), many(Phase::Rcpt), many(Phase::Rcpt)], vec![2]),
            (vec![many(Phase::Rcpt), many(Phase::Rcpt)], vec![]),
            (vec![gone(), many(Phase::Rcpt)], vec![]),
            (vec![many(Phase::Rcpt)], vec![]),
            (vec![many(Phase::Dot), many(Phase::Dot), many(Phase::Dot)], vec![2, 1]),
            (vec![many(Phase::Data)], vec![]),
        ] {
            let count = results.len();
            let conclusion = concluded(&job(u16::try_from(count).unwrap()), results, NOW);
            let groups: Vec<_> = conclusion.split.iter().map(|group| group.recipients.len()).collect();
            assert_eq!(groups, expected);
            assert_eq!(
                conclusion.settlements.len() + groups.iter().sum::<usize>(),
                count,
                "each has one fate"
            );
        }
    }

    #[test]
    fn what_age_ends_and_what_it_does_not() {
        for (reply, ends) in [
            ("451 4.7.1 greylisted", true),
            ("421 4.7.0 slow down", true),
            ("550 5.4.5 daily limit", false),
            // A fault of the way or the sign-in that lasts so long does return the mail.
            ("535 5.7.8 wrong password", true),
            ("550 5.7.1 sender address rejected", false),
        ] {
            let expired = concluded(&job(1), vec![says(Phase::Rcpt, reply)], NOW + Duration::from_hours(100));
            assert_eq!(expired.settlements[0].verdict == Verdict::Returned, ends, "{reply}");
            let early = concluded(&job(1), vec![says(Phase::Rcpt, reply)], NOW + Duration::from_hours(1));
            assert_ne!(early.settlements[0].verdict, Verdict::Returned, "{reply}");
        }
    }

    #[test]
    fn every_wait_says_why() {
        for reply in
            ["451 4.7.1 greylisted", "421 4.7.0 slow down", "550 5.4.5 daily limit", "452 4.2.2 full"]
        {
            let one = concluded(&job(1), vec![says(Phase::Rcpt, reply)], NOW).settlements.remove(0);
            assert!(matches!(one.verdict, Verdict::Deferred { .. }), "{reply}");
            assert!(one.attempt.reason.is_some() && !one.attempt.answer.is_empty(), "{reply}");
        }
    }

    #[test]
    fn in_doubt_is_never_returned_for_age() {
        let unknown = || vec![RecipientResult::Unknown { failure: Failure::TimedOut }];
        for (hours, expected) in [(1, false), (100, true)] {
            let now = NOW + Duration::from_hours(hours);
            let verdict = concluded(&job(1), unknown(), now).settlements.remove(0).verdict;
            assert_eq!(verdict == Verdict::InDoubt, expected, "{verdict:?}");
            assert!(expected || matches!(verdict, Verdict::Deferred { in_doubt: true, .. }), "{verdict:?}");
        }
    }

    #[test]
    fn one_message_that_is_always_too_much_does_not_stop_the_others_again_and_again() {
        for (attempts, expected) in [(0, Effect::SlowDown), (2, Effect::SlowDown), (3, Effect::Slower)] {
            let mut job = job(1);
            job.recipients[0].attempts = attempts;
            let told = concluded(&job, vec![says(Phase::Dot, "452 4.3.1 no space")], NOW);
            assert_eq!(told.effects, [expected], "{attempts}");
        }
    }

    #[test]
    fn what_was_in_doubt_before_is_returned_for_a_refusal_only() {
        for (reply, expected) in [
            ("451 4.7.1 greylisted", Verdict::InDoubt),
            ("421 4.7.0 slow down", Verdict::InDoubt),
            ("535 5.7.8 wrong password", Verdict::InDoubt),
            ("550 5.1.1 unknown", Verdict::Returned),
        ] {
            for phase in [Phase::Rcpt, Phase::Dot] {
                let mut job = job(1);
                job.recipients[0].in_doubt_before = true;
                let old = concluded(&job, vec![says(phase, reply)], NOW + Duration::from_hours(100));
                assert_eq!(old.settlements[0].verdict, expected, "{phase:?} {reply}");
            }
        }
    }

    #[test]
    fn a_report_that_comes_to_its_end_is_told() {
        let mut report = job(1);
        report.kind = Kind::Report;
        let effects = concluded(&report, vec![says(Phase::Rcpt, "550 5.1.1 unknown")], NOW).effects;
        assert!(matches!(effects[0], Effect::ReportLost(_)), "{effects:?}");
    }
}
