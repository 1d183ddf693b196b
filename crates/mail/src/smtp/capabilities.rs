//! What a server offers in its answer to EHLO (RFC 5321 section 4.1.1.1).

use crate::Reply;

/// The service extensions that the client makes use of. After HELO there are none: [`Capabilities::default`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// `PIPELINING` (RFC 2920)
    pub pipelining: bool,
    /// `STARTTLS` (RFC 3207)
    pub starttls: bool,
    /// `8BITMIME` (RFC 6152)
    pub eight_bit_mime: bool,
    /// `SMTPUTF8` (RFC 6531)
    pub smtputf8: bool,
    /// `DSN` (RFC 3461)
    pub dsn: bool,
    /// `SIZE` (RFC 1870)
    pub size: bool,
    /// The largest message in octets, where the server names one.
    pub max_size: Option<u64>,
    /// `AUTH` mechanisms (RFC 4954), in upper case, in the order of the server.
    pub auth: Vec<String>,
}

impl Capabilities {
    /// Reads the answer to EHLO; its first line is the greeting. Keywords that are not known are passed over.
    pub fn read(reply: &Reply) -> Self {
        let mut offered = Self::default();
        for line in reply.text.split('\n').skip(1) {
            offered.add(line);
        }
        offered
    }

    /// Whether the mechanism (in upper case) is offered.
    pub fn offers_auth(&self, mechanism: &str) -> bool {
        self.auth.iter().any(|offered| offered == mechanism)
    }

    fn add(&mut self, line: &str) {
        // `AUTH=LOGIN` is the form of before RFC 2554; some servers still give it, most of them beside the right one.
        let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
        let Some(keyword) = words.next() else { return };
        match keyword.to_ascii_uppercase().as_str() {
            "PIPELINING" => self.pipelining = true,
            "STARTTLS" => self.starttls = true,
            "8BITMIME" => self.eight_bit_mime = true,
            "SMTPUTF8" => self.smtputf8 = true,
            "DSN" => self.dsn = true,
            "SIZE" => {
                self.size = true;
                // 0 means that no limit is in force (RFC 1870 section 3).
                self.max_size = words.next().and_then(|limit| limit.parse().ok()).filter(|&limit| limit > 0);
            }
            "AUTH" => {
                for mechanism in words.map(str::to_ascii_uppercase) {
                    if !self.auth.contains(&mechanism) {
                        self.auth.push(mechanism);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Capabilities {
        Capabilities::read(&Reply { code: 250, enhanced: None, text: text.to_owned() })
    }

    #[test]
    fn a_full_offer() {
        let offered = read(
            "mx.example.org\nPIPELINING\nSIZE 10240000\nETRN\nStartTls\nAUTH PLAIN login\nAUTH=PLAIN LOGIN\n8BITMIME\nDSN\nSMTPUTF8",
        );
        let expected = Capabilities {
            pipelining: true,
            starttls: true,
            eight_bit_mime: true,
            smtputf8: true,
            dsn: true,
            size: true,
            max_size: Some(10_240_000),
            auth: vec!["PLAIN".into(), "LOGIN".into()],
        };
        assert_eq!(offered, expected);
    }

    #[test]
    fn sizes() {
        for (line, size, max_size) in [
            ("SIZE", true, None),
            ("SIZE 0", true, None),
            ("SIZE 1000", true, Some(1000)),
            ("SIZE x", true, None),
            ("OVERSIZE 10", false, None),
        ] {
            let offered = read(&format!("mx\n{line}"));
            assert_eq!((offered.size, offered.max_size), (size, max_size), "{line}");
        }
    }

    #[test]
    fn the_greeting_line_offers_nothing() {
        assert_eq!(read("PIPELINING"), Capabilities::default());
    }
}
