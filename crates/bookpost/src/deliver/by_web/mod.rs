//! The client's side of sending by a web service, Gmail's or Microsoft Graph's, without the connection: one request for each message.
//!
//! It is driven as the SMTP client is ([`Dialogue`]), so that marks, time-outs and outcomes are the same ones. The point of no return is the
//! last part of the request's body: the service was told how long that is, and does nothing before it has all of it.
//!
//! * A service knows no envelope: it writes to whoever the header names. A message whose header names others than its envelope is not begun.
//! * Only the service's own "taken" is a yes, and only its own words that stand in its table of answers are a no. Whatever else is answered once
//!   all of the message is out (5xx, 3xx, a 4xx that nobody has documented, a page of whoever stands between) leaves it in doubt.
//! * A token that is not taken says nothing of the message, which stands first again.
//! * Whether one that was at fault is well again it is asked first, by a request that sends nothing ([`Client::asks_first`]).

mod answer;
mod request;
mod said;
mod sent;
mod table;

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use mail::{
    Phase, Reply,
    smtp::client::{Ending, Failure, RecipientResult, Transaction, TransactionResult, Violation, Wish},
};

use self::{
    answer::{Answer, RetryAfter},
    request::{Reaches, Request, reaches, whose},
};
pub use self::{
    request::{carries, compared, named},
    sent::{Letter, called, keeps_id},
    table::judge,
};
use super::dialogue::Dialogue;
use crate::{config::Service, preferences::mail_accounts::Shown};

/// Writing a part of a request; also an idle connection.
const WRITING: Duration = Duration::from_mins(3);
/// The answer to how it is.
const ASKING: Duration = Duration::from_mins(1);
/// The answer to a message. Less would make duplicates; it is that of SMTP (RFC 5321 section 4.5.3.2.6).
const ANSWERING: Duration = Duration::from_mins(10);

/// One connection.
pub struct Client {
    service: Service,
    host: String,
    shown: Shown,
    current: Option<Current>,
    out: Vec<Bytes>,
    received: Vec<u8>,
    wishes: VecDeque<Wish>,
    quit_wanted: bool,
    is_closed: bool,
    ending: Option<Ending>,
    answers: u64,
    wait: Option<RetryAfter>,
    /// It is asked how it is; nothing is sent before it says that it is well.
    asks: bool,
    is_well: bool,
}

/// The message under way.
struct Current {
    token: u64,
    recipients: usize,
    /// Not released yet.
    last: Option<Bytes>,
}

impl Client {
    /// A connection that has just been made.
    pub fn new(service: Service, host: &str, shown: Shown) -> Self {
        Self {
            service,
            host: host.to_owned(),
            shown,
            current: None,
            out: Vec::new(),
            received: Vec::new(),
            wishes: VecDeque::new(),
            quit_wanted: false,
            is_closed: false,
            ending: None,
            answers: 0,
            wait: None,
            asks: false,
            is_well: false,
        }
    }

    /// Before it is handed anything it is asked how it is.
    #[must_use]
    pub fn asks_first(mut self) -> Self {
        self.asks = true;
        self.out.push(whose(self.service, &self.host, &self.shown));
        self
    }

    fn finished(&mut self, token: u64, recipients: usize, result: RecipientResult) {
        let recipients = vec![result; recipients];
        self.wishes.push_back(Wish::Finished(TransactionResult { token, dsn: false, recipients }));
    }

    fn close(&mut self, ending: Ending) {
        self.out.clear();
        self.is_closed = true;
        self.ending.get_or_insert(ending);
    }

    /// Ends the connection, and the message under way by what is known of it.
    fn broken(&mut self, failure: Failure, unwritten: u64) {
        let ending = Ending::Failed { phase: self.phase(), failure };
        if let Some(current) = self.current.take() {
            let is_out = current.last.is_none() && self.out.is_empty() && unwritten == 0;
            let result = match current.last {
                _ if is_out => RecipientResult::Unknown { failure },
                // Where it carried a message before, its end may just have been the service's idle time-out.
                Some(_) if failure == Failure::ConnectionLost && self.received.is_empty() => {
                    RecipientResult::Failed { phase: Phase::Mail, failure }
                }
                _ => RecipientResult::Failed { phase: Phase::Data, failure },
            };
            self.finished(current.token, current.recipients, result);
        }
        self.close(ending);
    }

    fn phase(&self) -> Phase {
        match &self.current {
            None if self.asks => Phase::Ehlo,
            None => Phase::Mail,
            Some(Current { last: Some(_), .. }) => Phase::Data,
            Some(Current { last: None, .. }) => Phase::Dot,
        }
    }

    fn answered(&mut self, answer: &Answer) {
        // Something else is still to come.
        if answer.status < 200 {
            return;
        }
        self.answers += 1;
        self.wait = answer.retry_after.filter(|_| matches!(answer.status, 429 | 503));
        if self.asks {
            return self.said_how_it_is(answer);
        }
        let Some(current) = self.current.take() else {
            return self.broken(Failure::Protocol(Violation::Unasked(answer.status)), 0);
        };
        let is_out = current.last.is_none() && self.out.is_empty();
        let phase = if is_out { Phase::Dot } else { Phase::Data };
        let reply = |text| Reply { code: answer.status, enhanced: None, text };
        let refusal = said::refusal(self.service, answer).map(reply);
        let failure = Failure::Undecided(answer.status);
        let result = match (said::taken(self.service, answer), refusal) {
            (Some(said), _) if is_out => RecipientResult::Delivered(reply(said)),
            (_, Some(said)) if answer.status == 401 => {
                self.close(Ending::Refused { phase: Phase::Auth, reply: said });
                RecipientResult::Failed { phase: Phase::Auth, failure: Failure::NotReady }
            }
            (_, Some(said)) if table::says_no(&said) => RecipientResult::Refused { phase, reply: said },
            _ if is_out => RecipientResult::Unknown { failure },
            (_, said) if answer.status == 503 => RecipientResult::Refused {
                phase,
                reply: said.unwrap_or_else(|| reply(said::anything(answer, &self.shown.token))),
            },
            _ => RecipientResult::Failed { phase, failure },
        };
        self.finished(current.token, current.recipients, result);
        if answer.closes || !is_out {
            self.close(Ending::Quit);
        }
    }

    fn said_how_it_is(&mut self, answer: &Answer) {
        if said::is_well(self.service, answer) {
            (self.asks, self.is_well) = (false, true);
            if answer.closes {
                self.close(Ending::Quit);
            }
            return;
        }
        let phase = if answer.status == 401 { Phase::Auth } else { Phase::Ehlo };
        let text =
            said::refusal(self.service, answer).unwrap_or_else(|| said::anything(answer, &self.shown.token));
        self.close(Ending::Refused { phase, reply: Reply { code: answer.status, enhanced: None, text } });
    }
}

impl Dialogue for Client {
    fn poll(&mut self) -> Option<Wish> {
        if let Some(wish) = self.wishes.pop_front() {
            return Some(wish);
        }
        if self.quit_wanted && self.current.is_none() && !self.is_closed {
            self.close(Ending::Quit);
        }
        if self.out.is_empty() {
            return self.ending.take().map(Wish::Closed);
        }
        Some(Wish::Write(std::mem::take(&mut self.out)))
    }

    fn received(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
        while !self.is_closed && !self.received.is_empty() {
            match answer::read(&self.received, false) {
                Ok(Some(answer)) => {
                    self.received.drain(..answer.length);
                    self.answered(&answer);
                }
                // Nobody asked it anything: what it says next could be taken for the answer to the next message.
                Ok(None) if self.current.is_none() && !self.asks => {
                    return self.broken(Failure::Protocol(Violation::NotHttp), 0);
                }
                Ok(None) => return,
                Err(_) => return self.broken(Failure::Protocol(Violation::NotHttp), 0),
            }
        }
    }

    fn tls_established(&mut self) {}

    fn ready(&self) -> bool {
        let is_idle = self.current.is_none() && !self.asks && self.received.is_empty();
        is_idle && !self.quit_wanted && !self.is_closed && self.wishes.is_empty()
    }

    fn begin(&mut self, transaction: Transaction) {
        let Transaction { token, recipients, message, .. } = transaction;
        let count = recipients.len();
        let carries =
            if self.ready() { carries(self.service, &message, &recipients) } else { Err(Failure::NotReady) };
        if let Err(failure) = carries {
            return self.finished(token, count, RecipientResult::Failed { phase: Phase::Data, failure });
        }
        let hidden = match reaches(&message, &recipients) {
            Reaches::Hidden(to) => Some(to),
            Reaches::Named | Reaches::Others => None,
        };
        let Request { first, last } = Request::new(self.service, &self.host, &self.shown, &message, hidden);
        self.wishes.push_back(Wish::Mark(token));
        self.out = first;
        self.current = Some(Current { token, recipients: count, last: Some(last) });
    }

    fn awaits_release(&self) -> Option<u64> {
        let ready = self.wishes.is_empty() && self.out.is_empty() && !self.is_closed;
        self.current.as_ref().filter(|current| ready && current.last.is_some()).map(|current| current.token)
    }

    fn release(&mut self, token: u64) {
        let current = self.current.as_mut().filter(|current| current.token == token);
        self.out.extend(current.and_then(|current| current.last.take()));
    }

    fn abandon(&mut self, token: u64) {
        if self.current.as_ref().is_some_and(|current| current.token == token && current.last.is_some()) {
            self.broken(Failure::Abandoned, 0);
        }
    }

    fn quit(&mut self) {
        self.quit_wanted = true;
    }

    fn lost(&mut self, failure: Failure, unwritten: u64) {
        if self.is_closed {
            return;
        }
        // Its end may be that of the answer.
        if failure == Failure::ConnectionLost
            && (self.current.is_some() || self.asks)
            && let Ok(Some(answer)) = answer::read(&self.received, true)
            && answer.status >= 200
        {
            self.answered(&answer);
            return self.close(Ending::Quit);
        }
        self.broken(failure, unwritten);
    }

    fn timeout(&self) -> Duration {
        match self.phase() {
            Phase::Dot => ANSWERING,
            Phase::Ehlo => ASKING,
            _ => WRITING,
        }
    }

    fn replies(&self) -> u64 {
        self.answers
    }

    fn is_closed(&self) -> bool {
        self.is_closed
    }

    fn asked_to_wait(&mut self, now: Timestamp) -> Option<Duration> {
        self.wait.take().map(|wait| wait.counted_from(now))
    }

    fn is_well(&self) -> bool {
        self.is_well
    }
}

#[cfg(test)]
mod tests {
    use mail::{Address, ReversePath};

    use super::*;

    const TO: &str = "bob@example.org";
    const ID: &str = r#"{"id":"18c2"}"#;

    fn client(service: Service) -> Client {
        let shown = Shown {
            user: "library@school.example".to_owned(),
            token: "a token".to_owned().into(),
            until: Timestamp::MAX,
            usable_until: Timestamp::MAX,
            may_look: false,
        };
        Client::new(service, "gmail.example", shown)
    }

    fn begun(service: Service, octets: usize) -> (Client, Vec<u8>) {
        let mut client = client(service);
        client.begin(transaction(TO, octets));
        assert_eq!(client.poll(), Some(Wish::Mark(7)));
        assert_eq!(client.awaits_release(), None, "nothing is written yet");
        let written = written(&mut client);
        assert_eq!(client.awaits_release(), Some(7));
        (client, written)
    }

    fn transaction(to: &str, octets: usize) -> Transaction {
        Transaction {
            token: 7,
            reverse_path: ReversePath::Null,
            ret: None,
            envelope_id: None,
            recipients: vec![Address::parse(to).unwrap().into()],
            message: Bytes::from(format!("To: {TO}\r\n\r\n{}\r\n", "x".repeat(octets))),
        }
    }

    fn written(client: &mut Client) -> Vec<u8> {
        match client.poll() {
            Some(Wish::Write(pieces)) => pieces.concat(),
            other => panic!("{other:?}"),
        }
    }

    fn polled(client: &mut Client) -> Vec<Wish> {
        std::iter::from_fn(|| client.poll()).collect()
    }

    fn said(status: u16, body: &str) -> Vec<u8> {
        format!("HTTP/1.1 {status} Said\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    fn result(client: &mut Client) -> RecipientResult {
        match polled(client).into_iter().next() {
            Some(Wish::Finished(result)) => result.recipients.into_iter().next().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_last_of_a_message_waits_for_its_release() {
        for service in [Service::Gmail, Service::Graph] {
            for octets in [0, 10, 1_000, 100_000] {
                let (mut client, mut request) = begun(service, octets);
                let length = |request: &[u8]| {
                    let text = String::from_utf8(request.to_vec()).unwrap();
                    let (head, body) = text.split_once("\r\n\r\n").unwrap();
                    let says = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
                    (says.parse::<usize>().unwrap(), body.len())
                };
                let (says, so_far) = length(&request);
                assert!(so_far < says, "{so_far} of {says}");
                client.release(7);
                request.extend(written(&mut client));
                let (says, all) = length(&request);
                assert_eq!(all, says);
                client.received(&said(if service == Service::Gmail { 200 } else { 202 }, ID));
                assert!(matches!(result(&mut client), RecipientResult::Delivered(_)));
                assert!(client.ready(), "the connection is kept");
            }
        }
    }

    /// Cut at each step: before the last part a message was not sent, from then on it is in doubt until there is an answer.
    #[test]
    fn a_connection_that_breaks_leaves_in_doubt_what_may_have_been_taken() {
        let in_doubt = |result: &RecipientResult| matches!(result, RecipientResult::Unknown { .. });
        for failure in [Failure::ConnectionLost, Failure::TimedOut] {
            let mut not_begun = client(Service::Gmail);
            not_begun.begin(transaction(TO, 10));
            not_begun.poll();
            not_begun.lost(failure, 0);
            assert!(!in_doubt(&result(&mut not_begun)), "{failure}");
            let (mut first_only, _) = begun(Service::Gmail, 10);
            first_only.lost(failure, 0);
            assert!(!in_doubt(&result(&mut first_only)), "{failure}");
            for (unwritten, expected) in [(0, true), (1, false)] {
                let (mut client, _) = begun(Service::Gmail, 10);
                client.release(7);
                written(&mut client);
                client.lost(failure, unwritten);
                assert_eq!(in_doubt(&result(&mut client)), expected, "{failure} {unwritten}");
            }
            let answer = said(200, ID);
            for cut in 0..answer.len() {
                let (mut client, _) = begun(Service::Gmail, 10);
                client.release(7);
                written(&mut client);
                client.received(&answer[..cut]);
                client.lost(failure, 0);
                assert!(in_doubt(&result(&mut client)), "{failure} {cut}");
            }
        }
        let (mut client, _) = begun(Service::Gmail, 10);
        client.release(7);
        written(&mut client);
        client.abandon(7);
        assert_eq!(client.poll(), None, "its answer is waited for");
    }

    fn google(status: u16, reason: &str) -> String {
        format!(r#"{{"error":{{"code":{status},"message":"","errors":[{{"reason":"{reason}"}}]}}}}"#)
    }

    /// What becomes of a message of which this is said once all of it is out.
    fn after_all(service: Service, bytes: &[u8]) -> RecipientResult {
        let (mut client, _) = begun(service, 10);
        client.release(7);
        written(&mut client);
        client.received(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n");
        client.received(bytes);
        client.lost(Failure::ConnectionLost, 0);
        result(&mut client)
    }

    #[test]
    fn only_the_services_own_documented_no_is_a_no_once_all_is_out() {
        let no = |result: &RecipientResult| match result {
            RecipientResult::Unknown { .. } => false,
            RecipientResult::Refused { phase: Phase::Dot, .. } => true,
            other => panic!("{other:?}"),
        };
        for status in (200..600).filter(|status| *status != 204 && *status != 304) {
            for body in ["", "{}", "<html>dailyLimitExceeded", r#"{"error":{"code":1}}"#] {
                for service in [Service::Gmail, Service::Graph] {
                    if service == Service::Graph && status == 202 {
                        continue;
                    }
                    let told = after_all(service, &said(status, body));
                    assert!(!no(&told), "{status} {body}");
                }
            }
            let told = after_all(Service::Gmail, &said(status, &google(status, "nobodyKnows")));
            if status == 401 {
                // It is about the token, and the message was not looked at.
                let not_begun = RecipientResult::Failed { phase: Phase::Auth, failure: Failure::NotReady };
                assert_eq!(told, not_begun);
                continue;
            }
            assert_eq!(no(&told), status == 429, "{status}");
        }
        for (status, reason, expected) in [
            (403, "dailyLimitExceeded", true),
            (400, "failedPrecondition", true),
            (403, "rateLimitExceeded", true),
            (413, "uploadTooLarge", true),
            (400, "badRequest", false),
            (500, "dailyLimitExceeded", false),
            (503, "rateLimitExceeded", false),
            (302, "rateLimitExceeded", false),
        ] {
            let answer = said(status, &google(status, reason));
            assert_eq!(no(&after_all(Service::Gmail, &answer)), expected, "{status} {reason}");
            // Of an answer that ends with the connection, not all may have come.
            let body = google(status, reason);
            for (body, expected) in [(&*body, expected), (&body[..body.len() - 1], false)] {
                let answer = format!("HTTP/1.1 {status} No\r\n\r\n{body}");
                assert_eq!(no(&after_all(Service::Gmail, answer.as_bytes())), expected, "{status} {reason}");
            }
        }
        let full = r#"{"error":{"code":"ErrorQuotaExceeded","message":""}}"#;
        assert!(no(&after_all(Service::Graph, &said(507, full))));
        assert!(!no(&after_all(Service::Graph, &said(507, ""))));
    }

    /// They are no answer, and renew nobody's patience.
    #[test]
    fn what_is_said_on_the_way_to_an_answer_is_none() {
        let (mut client, _) = begun(Service::Gmail, 10);
        client.release(7);
        written(&mut client);
        client.received(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
        assert_eq!((client.replies(), client.poll()), (0, None));
        client.received(&said(200, ID));
        assert!(matches!(result(&mut client), RecipientResult::Delivered(_)));
    }

    /// It could be taken for the answer to the next message.
    #[test]
    fn nothing_is_begun_where_something_was_said_that_nobody_asked_for() {
        for unasked in [&said(200, ID)[..], b"HTTP/1.1 200", b"\r\n", &said(408, "")] {
            for at_once in [false, true] {
                let (mut client, _) = begun(Service::Gmail, 10);
                client.release(7);
                written(&mut client);
                let answer = said(200, ID);
                if at_once {
                    client.received(&[&answer, unasked].concat());
                } else {
                    client.received(&answer);
                    assert!(matches!(result(&mut client), RecipientResult::Delivered(_)));
                    client.received(unasked);
                }
                assert!(!client.ready(), "{unasked:?}");
                client.begin(transaction(TO, 10));
                let begun =
                    polled(&mut client).iter().any(|wish| matches!(wish, Wish::Mark(_) | Wish::Write(_)));
                assert!(!begun, "{unasked:?}");
            }
        }
    }

    #[test]
    fn a_kept_connection_that_the_service_has_closed_says_nothing_of_the_next_message() {
        for before in [&b""[..], b"HTTP/1.1 100 Continue\r\n\r\n"] {
            let (mut client, _) = begun(Service::Gmail, 10);
            client.received(before);
            client.lost(Failure::ConnectionLost, 0);
            let nothing = RecipientResult::Failed { phase: Phase::Mail, failure: Failure::ConnectionLost };
            assert_eq!(result(&mut client), nothing);
        }
    }

    /// It is asked how it is before anything is handed to it, and only where it is well something is.
    #[test]
    fn one_that_was_at_fault_is_asked_first() {
        let narrow = google(403, "insufficientPermissions");
        for (answer, expected) in [
            (said(200, r#"{"emailAddress":"library@school.example"}"#), true),
            (said(403, &narrow), true),
            (said(503, &google(503, "backendError")), false),
            (said(200, "<html>"), false),
            (said(401, &google(401, "authError")), false),
            (said(302, ""), false),
        ] {
            let mut client = client(Service::Gmail).asks_first();
            assert!(!client.ready());
            let asked = String::from_utf8(written(&mut client)).unwrap();
            assert!(asked.starts_with("GET /gmail/v1/users/me/profile HTTP/1.1\r\n"), "{asked}");
            client.received(&answer);
            assert_eq!((client.ready(), client.is_closed()), (expected, !expected));
            let ending = polled(&mut client).pop();
            assert_eq!(matches!(ending, Some(Wish::Closed(Ending::Refused { .. }))), !expected);
        }
    }

    /// What it answers before it has all of it can be no yes, whatever it says.
    #[test]
    fn an_answer_that_comes_early_is_no_yes_and_ends_the_connection() {
        for (status, body) in [(200, ID), (500, ""), (403, ""), (413, ""), (503, ""), (302, "")] {
            let (mut client, _) = begun(Service::Gmail, 10);
            client.received(&said(status, body));
            let wishes = polled(&mut client);
            let [Wish::Finished(result), Wish::Closed(Ending::Quit)] = &wishes[..] else {
                panic!("{wishes:?}")
            };
            let [RecipientResult::Failed { phase, .. } | RecipientResult::Refused { phase, .. }] =
                &result.recipients[..]
            else {
                panic!("{result:?}")
            };
            assert_eq!(*phase, Phase::Data);
        }
    }

    #[test]
    fn a_token_that_is_not_taken_says_nothing_of_the_message() {
        let (mut client, _) = begun(Service::Graph, 10);
        client.release(7);
        written(&mut client);
        client.received(&said(401, r#"{"error":{"code":"InvalidAuthenticationToken"}}"#));
        let wishes = polled(&mut client);
        let [Wish::Finished(result), Wish::Closed(Ending::Refused { phase: Phase::Auth, reply })] =
            &wishes[..]
        else {
            panic!("{wishes:?}")
        };
        let not_begun = RecipientResult::Failed { phase: Phase::Auth, failure: Failure::NotReady };
        assert_eq!((&result.recipients[..], reply.code), (&[not_begun][..], 401));
    }

    #[test]
    fn what_names_others_is_not_begun() {
        let mut client = client(Service::Gmail);
        client.begin(transaction("eve@example.org", 10));
        let refused = RecipientResult::Failed { phase: Phase::Data, failure: Failure::NamesOthers };
        assert_eq!(result(&mut client), refused);
        assert!(client.ready());
    }
}
