//! The transactions of one connection: at most one ahead of the one that is under way, in the largest groups that
//! RFC 2920 allows.
//!
//! DATA ends a group, and the content may begin one, so on a kept connection each message is one group: content, final dot,
//! and MAIL, RCPT and DATA of the next. Without PIPELINING every command waits for the answer to the one before.

use std::{collections::VecDeque, time::Duration};

use super::{
    Ending, Failure, Transaction, Violation, Wish,
    output::Output,
    timeout,
    transfer::{Next, Transfer},
};
use crate::{
    Phase, Reply,
    smtp::{
        capabilities::Capabilities,
        command::{self, Path},
    },
};

/// Content from this size on is sent as soon as the server says 354, its end later: it takes long enough that the mark
/// should be made meanwhile. Smaller content waits for the mark and goes in one write with its end.
const LARGE: usize = 64 * 1024;

/// Which command an answer is for. All but RSET belong to the first transaction of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Mail,
    Rcpt(usize),
    Data,
    Dot,
    Reset,
}

/// What became of an attempt to write the next thing of a transaction.
enum Step {
    Written,
    /// It waits for an answer or for its release.
    Waits,
    /// It has nothing more to write.
    Complete,
    /// It is over.
    Over,
}

#[derive(Default)]
pub(super) struct Transfers {
    queue: VecDeque<Transfer>,
    expected: VecDeque<Expected>,
    /// The server may hold half a transaction: RSET goes before the next MAIL.
    reset_due: bool,
}

impl Transfers {
    /// Whether a transaction may be begun, also while one is under way if the next may go `ahead`.
    pub(super) fn has_room(&self, ahead: bool) -> bool {
        match self.queue.back() {
            None => true,
            Some(last) => ahead && self.queue.len() < 2 && last.next != Next::Mail,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.expected.is_empty()
    }

    pub(super) fn push(&mut self, transaction: Transaction, offered: &Capabilities) {
        self.queue.push_back(Transfer::new(transaction, offered));
    }

    pub(super) fn release(&mut self, token: u64) {
        if let Some(transfer) = self.queue.iter_mut().find(|transfer| transfer.transaction.token == token) {
            transfer.released = true;
        }
    }

    /// The transaction of which nothing but the end is left to write, once it is released.
    pub(super) fn awaits_release(&self) -> Option<u64> {
        let at_its_end = |transfer: &&Transfer| match transfer.next {
            Next::Content => transfer.transaction.message.len() < LARGE,
            Next::End(_) => true,
            _ => false,
        };
        let waits = |transfer: &&Transfer| transfer.is_wanted() && !transfer.released;
        self.queue.iter().filter(at_its_end).find(waits).map(|transfer| transfer.transaction.token)
    }

    /// Whether somebody of the transaction will not get its message.
    pub(super) fn is_partial(&self, token: u64) -> bool {
        self.queue.iter().any(|transfer| transfer.transaction.token == token && transfer.is_partial())
    }

    /// Gives a transaction up before its release; `Err` if the connection has to be closed for that.
    pub(super) fn abandon(&mut self, token: u64) -> Result<(), Ending> {
        let found =
            self.queue.iter_mut().find(|transfer| transfer.transaction.token == token && !transfer.released);
        let Some(transfer) = found else { return Ok(()) };
        let phase = transfer.phase;
        transfer.fail(&Failure::Abandoned);
        transfer.abandoned = true;
        match transfer.next {
            Next::Content | Next::End(_) if transfer.server_has_recipient => {
                Err(Ending::Failed { phase, failure: Failure::Abandoned })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        match (self.expected.front(), self.queue.front()) {
            (Some(Expected::Reset), _) | (_, None) => Phase::Mail,
            (_, Some(transfer)) => transfer.phase,
        }
    }

    pub(super) fn timeout(&self) -> Duration {
        match self.expected.front() {
            None => timeout::BLOCK,
            Some(Expected::Mail | Expected::Rcpt(_) | Expected::Reset) => timeout::COMMAND,
            Some(Expected::Data) => timeout::DATA,
            Some(Expected::Dot) => timeout::DOT,
        }
    }

    /// Writes all that may be written now.
    pub(super) fn write(&mut self, offered: &Capabilities, out: &mut Output, wishes: &mut VecDeque<Wish>) {
        let mut index = 0;
        loop {
            match self.step(index, offered, out, wishes) {
                Step::Written => {}
                Step::Waits => return,
                Step::Complete => index += 1,
                Step::Over => {
                    wishes.extend(self.queue.remove(index).map(|transfer| Wish::Finished(transfer.finish())));
                }
            }
        }
    }

    fn step(
        &mut self,
        index: usize,
        offered: &Capabilities,
        out: &mut Output,
        wishes: &mut VecDeque<Wish>,
    ) -> Step {
        let may_command = if offered.pipelining {
            self.expected.back() != Some(&Expected::Data)
        } else {
            self.expected.is_empty()
        };
        let Some(transfer) = self.queue.get_mut(index) else { return Step::Waits };
        match transfer.next {
            Next::Mail if !transfer.is_alive() => return Step::Over,
            Next::Mail | Next::Rcpt(_) | Next::Data if !may_command => return Step::Waits,
            Next::Mail if self.reset_due => {
                out.command(|out| command::plain("RSET", out));
                self.expected.push_back(Expected::Reset);
                self.reset_due = false;
            }
            Next::Mail => {
                write_mail(transfer, offered, out);
                wishes.push_back(Wish::Mark(transfer.transaction.token));
                self.expected.push_back(Expected::Mail);
                transfer.next = Next::Rcpt(0);
            }
            Next::Rcpt(_) | Next::Data if !transfer.is_alive() => {
                self.reset_due = true;
                return Step::Over;
            }
            Next::Rcpt(from) => {
                transfer.next = match write_rcpt(transfer, from, offered, out) {
                    Some(at) => {
                        self.expected.push_back(Expected::Rcpt(at));
                        Next::Rcpt(at + 1)
                    }
                    None => Next::Data,
                };
            }
            Next::Data => {
                out.command(|out| command::plain("DATA", out));
                self.expected.push_back(Expected::Data);
                transfer.next = Next::GoAhead;
            }
            Next::GoAhead => return Step::Waits,
            Next::Content | Next::End(_) => return self.content(index, out),
            Next::Nothing => return Step::Complete,
        }
        Step::Written
    }

    fn content(&mut self, index: usize, out: &mut Output) -> Step {
        let Some(transfer) = self.queue.get_mut(index) else { return Step::Waits };
        let is_wanted = transfer.is_wanted();
        let may_end = transfer.released || !is_wanted;
        if transfer.next == Next::Content {
            let message = &transfer.transaction.message;
            if !may_end && message.len() < LARGE {
                return Step::Waits;
            }
            // Nobody is left and still the server waits for content: the empty one (RFC 2920 section 3.1).
            transfer.next = Next::End(if is_wanted { out.content(message) } else { b".\r\n" });
        }
        let Next::End(end) = transfer.next else { return Step::Waits };
        if !may_end {
            return Step::Waits;
        }
        out.command(|out| out.extend_from_slice(end));
        transfer.end_at = Some(out.position());
        transfer.phase = Phase::Dot;
        transfer.next = Next::Nothing;
        self.expected.push_back(Expected::Dot);
        Step::Written
    }

    /// Takes a reply; `Err` if the connection is over by it.
    pub(super) fn reply(&mut self, reply: Reply, wishes: &mut VecDeque<Wish>) -> Result<(), Ending> {
        let phase = self.phase();
        let violation = |violation| Ending::Failed { phase, failure: Failure::Protocol(violation) };
        let Some(expected) = self.expected.pop_front() else {
            return Err(if reply.code >= 400 {
                Ending::Refused { phase, reply }
            } else {
                violation(Violation::Unasked(reply.code))
            });
        };
        let goes_ahead = expected == Expected::Data && reply.code == 354;
        if !goes_ahead
            && ((300..400).contains(&reply.code) || (expected == Expected::Data && reply.is_positive()))
        {
            return Err(violation(Violation::Misplaced(reply.code)));
        }
        let closing = (reply.code == 421).then(|| Ending::Refused { phase, reply: reply.clone() });
        match expected {
            Expected::Reset if !reply.is_positive() => return Err(self.reset_refused(phase, reply)),
            Expected::Reset => {}
            Expected::Mail => self.mail_answered(&reply),
            Expected::Rcpt(index) => self.rcpt_answered(index, reply),
            Expected::Data => {
                self.data_answered(&reply, wishes).map_err(|failure| Ending::Failed { phase, failure })?;
            }
            Expected::Dot => self.dot_answered(&reply, wishes),
        }
        self.finish_refused(wishes);
        closing.map_or(Ok(()), Err)
    }

    /// The refusal says nothing of what follows, and nothing of that has been sent: it goes by another connection.
    fn reset_refused(&mut self, phase: Phase, reply: Reply) -> Ending {
        for transfer in &mut self.queue {
            transfer.fail(&Failure::ConnectionLost);
        }
        if reply.code == 421 {
            Ending::Refused { phase, reply }
        } else {
            Ending::Failed { phase, failure: Failure::ConnectionLost }
        }
    }

    /// Without PIPELINING a transaction is over as soon as nobody is left in it.
    fn finish_refused(&mut self, wishes: &mut VecDeque<Wish>) {
        let is_over =
            |first: &Transfer| matches!(first.next, Next::Rcpt(_) | Next::Data) && !first.is_alive();
        if self.expected.is_empty() && self.queue.front().is_some_and(is_over) {
            self.finish_first(true, wishes);
        }
    }

    fn mail_answered(&mut self, reply: &Reply) {
        if let Some(transfer) = self.queue.front_mut() {
            if !reply.is_positive() {
                transfer.refuse(Phase::Mail, reply);
            }
            transfer.phase = Phase::Rcpt;
        }
    }

    fn rcpt_answered(&mut self, index: usize, reply: Reply) {
        let more = matches!(self.expected.front(), Some(Expected::Rcpt(_)));
        if let Some(transfer) = self.queue.front_mut() {
            transfer.answered(index, reply);
            let is_last =
                !more && !(matches!(transfer.next, Next::Rcpt(from) if transfer.open_from(from).is_some()));
            if is_last {
                transfer.phase = Phase::Data;
            }
        }
    }

    fn data_answered(&mut self, reply: &Reply, wishes: &mut VecDeque<Wish>) -> Result<(), Failure> {
        let Some(transfer) = self.queue.front_mut() else { return Ok(()) };
        transfer.phase = Phase::Data;
        if reply.code == 354 {
            transfer.next = Next::Content;
            // It has recipients for which it would take any content, and there is none for them.
            return match (transfer.is_wanted(), transfer.server_has_recipient, transfer.abandoned) {
                (false, true, true) => Err(Failure::Abandoned),
                (false, true, false) => Err(Failure::Protocol(Violation::Undead)),
                _ => Ok(()),
            };
        }
        transfer.refuse(Phase::Data, reply);
        self.finish_first(true, wishes);
        Ok(())
    }

    fn dot_answered(&mut self, reply: &Reply, wishes: &mut VecDeque<Wish>) {
        let Some(transfer) = self.queue.front_mut() else { return };
        if reply.is_positive() {
            transfer.deliver(reply);
        } else {
            transfer.refuse(Phase::Dot, reply);
        }
        self.finish_first(!reply.is_positive(), wishes);
    }

    fn finish_first(&mut self, refused: bool, wishes: &mut VecDeque<Wish>) {
        wishes.extend(self.queue.pop_front().map(|transfer| Wish::Finished(transfer.finish())));
        let next_is_under_way = self.queue.front().is_some_and(|next| next.next != Next::Mail);
        self.reset_due = refused && !next_is_under_way;
    }

    /// The connection is over: settles all that is under way. `written` is how far the connection was written.
    pub(super) fn end(&mut self, ending: &Ending, written: u64, wishes: &mut VecDeque<Wish>) {
        self.expected.clear();
        for mut transfer in self.queue.drain(..) {
            match ending {
                Ending::Refused { phase, reply } if transfer.end_at.is_none() => {
                    transfer.refuse(transfer.phase.min(*phase), reply);
                }
                Ending::Failed { failure, .. } => transfer.lose(failure, written),
                Ending::Refused { .. } | Ending::Quit => transfer.lose(&Failure::ConnectionLost, written),
            }
            wishes.push_back(Wish::Finished(transfer.finish()));
        }
    }
}

fn write_mail(transfer: &Transfer, offered: &Capabilities, out: &mut Output) {
    // What cannot be written was settled when the transaction was begun.
    if let Ok(path) = Path::reverse(&transfer.transaction.reverse_path, offered.smtputf8) {
        out.command(|out| command::mail(&path, &transfer.mail_parameters(), offered, out));
    }
}

/// Writes RCPT for the first open recipient from `from` on; returns its index.
fn write_rcpt(transfer: &Transfer, from: usize, offered: &Capabilities, out: &mut Output) -> Option<usize> {
    let (at, recipient) = transfer.open_from(from)?;
    if let Ok(path) = Path::new(&recipient.address, offered.smtputf8) {
        out.command(|out| command::rcpt(&path, recipient, offered, out));
    }
    Some(at)
}
