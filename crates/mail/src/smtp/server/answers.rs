//! What follows the driver's answers.

use super::{Chunk, Content, Fate, Mail, Open, Patience, Progress, Question, Server, Stage, replies, wire};
use crate::Reply;

/// Octets that are made room for because the client says that it will send so many.
const MOST_FORESEEN: usize = 1024 * 1024;

impl Server {
    /// `None` is yes in the usual words.
    pub(super) fn answered(&mut self, reply: Option<Reply>) {
        let Some(question) = self.question.take() else { return };
        match reply {
            Some(reply) if reply.code == 421 => self.close(Some(&reply)),
            Some(reply) if reply.code >= 400 => self.refused(&question, &reply),
            reply => match (self.accepted(question), reply) {
                (Some(_), Some(reply)) => self.say_reply(&reply),
                (Some(usual), None) => self.say(usual),
                (None, _) => {}
            },
        }
    }

    /// What follows a yes; the usual words, where others may be said in their place.
    fn accepted(&mut self, question: Question) -> Option<&'static str> {
        match question {
            Question::SignIn => {
                self.signed_in = true;
                Some(replies::SIGNED_IN)
            }
            Question::Mail(mail) => {
                self.transactions += 1;
                self.progress = Progress::Open(Open { mail, recipients: Vec::new(), chunks: None });
                Some(replies::SENDER)
            }
            Question::Recipient(recipient) => {
                if let Progress::Open(open) = &mut self.progress {
                    open.recipients.push(recipient);
                }
                Some(replies::RECIPIENT)
            }
            Question::Content => {
                if let Progress::Open(Open { mail: Mail { size: Some(size), .. }, .. }) = &self.progress {
                    self.input.reserve(MOST_FORESEEN.min(*size));
                }
                self.stage = Stage::Content(Content::new(self.settings.limits.message));
                self.say(replies::GO_AHEAD);
                None
            }
            Question::Chunk { octets, last } => {
                self.stage = Stage::Chunk(Chunk::new(octets, Fate::Kept { last }));
                None
            }
            Question::Message => {
                self.patience = Patience::default();
                Some(replies::MESSAGE)
            }
        }
    }

    fn refused(&mut self, question: &Question, reply: &Reply) {
        match question {
            Question::Recipient(_) | Question::Message => {}
            Question::Mail(_) | Question::Content => self.progress = Progress::Refused,
            Question::SignIn => {
                if self.is_out_of_patience() {
                    return;
                }
            }
            Question::Chunk { octets, .. } => {
                self.progress = Progress::Refused;
                self.stage = Stage::Chunk(Chunk::new(*octets, Fate::Refused(wire(reply))));
                return;
            }
        }
        self.say_reply(reply);
    }
}
