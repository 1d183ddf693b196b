//! What was said on a connection, for whoever has to find out why it fails.

use crate::Reply;

/// What stands in the place of a secret.
const SECRET: &str = "***";

/// The lines of both sides, `C: ` before ours and `S: ` before the server's. Of a sign-in it has the name of the mechanism only, of a
/// message its length. Nothing is kept until it is wanted.
#[derive(Debug, Default)]
pub(super) struct Transcript(Option<Vec<String>>);

impl Transcript {
    pub(super) fn want(&mut self) {
        self.0 = Some(Vec::new());
    }

    pub(super) fn lines(&self) -> &[String] {
        self.0.as_deref().unwrap_or_default()
    }

    pub(super) fn we_said(&mut self, command: &[u8]) {
        let Some(lines) = &mut self.0 else { return };
        let said = String::from_utf8_lossy(command);
        lines.extend(said.lines().filter(|line| !line.is_empty()).map(|line| format!("C: {line}")));
    }

    /// `AUTH` with its mechanism; what follows it, or answers a 334, is a secret.
    pub(super) fn we_signed_in(&mut self, line: &str) {
        let Some(lines) = &mut self.0 else { return };
        let mut words = line.split(' ');
        lines.push(match (words.next(), words.next(), words.next()) {
            (Some("AUTH"), Some(mechanism), None) => format!("C: AUTH {mechanism}"),
            (Some("AUTH"), Some(mechanism), Some(_)) => format!("C: AUTH {mechanism} {SECRET}"),
            _ => format!("C: {SECRET}"),
        });
    }

    pub(super) fn we_sent(&mut self, octets: usize) {
        let Some(lines) = &mut self.0 else { return };
        lines.push(format!("C: (the message, {octets} octets)"));
    }

    pub(super) fn heard(&mut self, reply: &Reply) {
        let Some(lines) = &mut self.0 else { return };
        let mut said = Vec::new();
        reply.write_to(&mut said);
        lines.extend(String::from_utf8_lossy(&said).lines().map(|line| format!("S: {line}")));
    }
}
