//! Servers that must be spoken to with more care than the standards ask for.

use crate::Reply;

/// Whether the server that greets so takes a transaction behind the end of the one before, as RFC 2920 section 3.1 allows.
///
/// Dovecot's submission server (seen in 2.3.19) dies of it: when the next RCPT has come before the message is answered, it
/// hands the message on and ends without the answer. The message would be in doubt, and be sent again, every time.
pub(super) fn takes_next_ahead(greeting: &Reply) -> bool {
    !greeting.text.to_ascii_lowercase().contains("dovecot")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_by_the_name_in_the_greeting() {
        for (text, ahead) in [
            ("relay.example.org Dovecot ready.", false),
            ("relay.example.org Dovecot (Debian) ready.", false),
            ("relay.example.org ESMTP Postfix", true),
            ("", true),
        ] {
            let greeting = Reply { code: 220, enhanced: None, text: text.to_owned() };
            assert_eq!(takes_next_ahead(&greeting), ahead, "{text}");
        }
    }
}
