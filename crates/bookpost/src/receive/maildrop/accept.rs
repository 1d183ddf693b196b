//! A message of the maildrop into the queue, once by the name of its file.

use aws_lc_rs::digest::{Context, SHA256};
use mail::{EnhancedStatusCode, Reply};
use store::{Once, OnceKey};

use super::{Dropped, Refusal, Refused};
use crate::{
    identity::Caller,
    receive::{Leniency, NotTaken, Origin, Submission, Submitter},
};

/// Submits `dropped`; when that was done before, nothing happens, whatever the application may do by now.
pub async fn accept(dropped: Dropped, submitter: &Submitter) -> Result<(), Refusal> {
    let application = submitter.settings.now().doors.sendmail.application.clone();
    let key = OnceKey { application, key: dropped.name.clone(), fingerprint: fingerprint(&dropped) };
    let made = submitter.store().made(&key.application, &key.key).await;
    let made = made.map_err(|error| Refusal::Later(error.to_string()))?;
    if made.as_ref().is_some_and(|made| made.fingerprint == key.fingerprint || dropped.is_too_large) {
        return Ok(());
    }
    let caller = submitter.applications.of_this_computer(&key.application).map_err(|why| {
        if why.is_for_now() {
            Refusal::Later(why.to_string())
        } else {
            Refusal::Final(Refused::untold(answer(550, 7, 1, &format!("Not taken: {why}"))))
        }
    })?;
    let door = Door { submitter, caller };
    if made.is_some() {
        return Err(door.another(&dropped));
    }
    if dropped.is_too_large {
        let limit = submitter.settings.now().doors.largest_message;
        let text = format!("The message is larger than {limit} octets");
        return Err(door.refused(&dropped, answer(552, 3, 4, &text), true));
    }
    let checked = submitter.check(&door.caller, submission(dropped.clone())).await;
    let ready = checked.map_err(|error| door.not_taken(&dropped, &error))?;
    match submitter.submit_once(key, vec![ready], |_| Vec::new()).await {
        Ok(Once::Stored { .. } | Once::Before(_)) => Ok(()),
        Ok(Once::Another) => Err(door.another(&dropped)),
        Err(error) => Err(door.not_taken(&dropped, &error)),
    }
}

fn submission(dropped: Dropped) -> Submission {
    Submission {
        envelope: dropped.envelope,
        content: dropped.content,
        smtputf8: true,
        class: None,
        from: Origin {
            door: store::Door::Sendmail,
            name: format!("uid{}", dropped.uid),
            peer: None,
            protocol: "local",
        },
        leniency: Leniency { any_line_ends: true, from: None },
        send_at: None,
        expires_at: None,
        tags: Vec::new(),
    }
}

/// The door for one file: what the application may decides also who hears of a refusal.
struct Door<'a> {
    submitter: &'a Submitter,
    caller: Caller,
}

impl Door<'_> {
    fn not_taken(&self, dropped: &Dropped, error: &NotTaken) -> Refusal {
        if error.is_for_now() {
            return Refusal::Later(error.to_string());
        }
        self.refused(dropped, error.reply(), matches!(error, NotTaken::Denied(_)))
    }

    fn another(&self, dropped: &Dropped) -> Refusal {
        self.refused(dropped, answer(554, 7, 1, "Another message was left under the same name"), true)
    }

    /// A report is mail that whoever left the file makes us send: it goes only where the application's own mail may come back to, and
    /// counts like it. Where the message `breaks_rules`, it is not passed on inside a report either.
    fn refused(&self, dropped: &Dropped, reply: Reply, breaks_rules: bool) -> Refusal {
        let to = self.caller.reverse_path(&dropped.envelope.reverse_path);
        let Some(to) = to.ok().and_then(|path| path.address().cloned()) else {
            return Refusal::Final(Refused::untold(reply));
        };
        match self.submitter.applications.admit(&self.caller, self.submitter.clock.now()) {
            Ok(()) => Refusal::Final(Refused { reply, to: Some(to), may_be_whole: !breaks_rules }),
            Err(rate) => Refusal::Later(NotTaken::from(rate).to_string()),
        }
    }
}

fn answer(code: u16, subject: u16, detail: u16, text: &str) -> Reply {
    let enhanced = EnhancedStatusCode(code / 100, subject, detail);
    Reply { code, enhanced: Some(enhanced), text: text.to_owned() }
}

/// Of all that is not the name.
fn fingerprint(dropped: &Dropped) -> [u8; 32] {
    let mut all = Context::new(&SHA256);
    // What was read as JSON can be written as JSON.
    all.update(&serde_json::to_vec(&dropped.envelope).unwrap_or_default());
    all.update(&dropped.content);
    all.finish().as_ref().try_into().unwrap_or_default()
}
