//! A message of the maildrop into the queue, once by the name of its file.

use aws_lc_rs::digest::{Context, SHA256};
use mail::Reply;
use store::{Once, OnceKey};

use super::{Dropped, Refusal};
use crate::receive::{Leniency, NotTaken, Origin, Submission, Submitter};

/// Submits `dropped`; when that was done before, nothing happens.
pub async fn accept(dropped: Dropped, submitter: &Submitter) -> Result<(), Refusal> {
    let limit = submitter.config.doors.largest_message;
    if dropped.content.len() > limit {
        return Err(refused(&format!("552 5.3.4 The message is larger than {limit} octets")));
    }
    let application = submitter.config.doors.sendmail.application.clone();
    let caller = submitter.applications.of_this_computer(&application).map_err(|why| {
        if why.is_for_now() {
            Refusal::Later(why.to_string())
        } else {
            refused(&format!("550 5.7.1 Not taken: {why}"))
        }
    })?;
    let key = OnceKey { application, key: dropped.name.clone(), fingerprint: fingerprint(&dropped) };
    let submission = Submission {
        envelope: dropped.envelope,
        content: dropped.content,
        smtputf8: true,
        class: None,
        from: Origin { name: format!("uid{}", dropped.uid), peer: None, protocol: "local" },
        leniency: Leniency { any_line_ends: true, from: None },
        send_at: None,
        expires_at: None,
        tags: Vec::new(),
    };
    let ready = submitter.check(&caller, submission).await.map_err(refusal)?;
    match submitter.submit_once(key, vec![ready], |_| Vec::new()).await {
        Ok(Once::Stored { .. } | Once::Before(_)) => Ok(()),
        Ok(Once::Another) => Err(refused("554 5.7.1 Another message was left under the same name")),
        Err(error) => Err(refusal(error)),
    }
}

/// What the application may not, it may not later either: nobody splits a file for fewer recipients.
fn refusal(error: NotTaken) -> Refusal {
    let reply = error.reply();
    match error {
        NotTaken::Denied(why) => refused(&format!("550 5.7.1 Not taken: {why}")),
        error if error.is_for_now() => Refusal::Later(error.to_string()),
        _ => Refusal::Final(reply),
    }
}

fn refused(line: &str) -> Refusal {
    line.parse::<Reply>().map_or_else(|error| Refusal::Later(error.to_string()), Refusal::Final)
}

/// Of all that is not the name.
fn fingerprint(dropped: &Dropped) -> [u8; 32] {
    let mut all = Context::new(&SHA256);
    // What was read as JSON can be written as JSON.
    all.update(&serde_json::to_vec(&dropped.envelope).unwrap_or_default());
    all.update(&dropped.content);
    all.finish().as_ref().try_into().unwrap_or_default()
}
