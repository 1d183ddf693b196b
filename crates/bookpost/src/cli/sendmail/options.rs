//! The command line of `sendmail`, as programs write it: one letter for each option, values attached or in the next word,
//! letters combined, options behind addresses.
//!
//! What says nothing to Bookpost is read and passed over, so that no program has to be changed; what would make it do
//! something else than is asked (a daemon, a test of addresses) is refused.

use mail::envelope::{Notify, Ret, xtext_encode};

/// RFC 3461 section 4.4.
const MOST_ENVELOPE_ID: usize = 100;
/// Options of Exim whose value stands in the next word, unlike that of any other `-o`.
const EXIM_SETTINGS: &[&str] = &["Mr", "Ms", "Ma", "Mi", "Mt", "Mas", "Mai", "Mm", "P", "X"];

/// The answer to `--help`, by whatever name.
pub(in crate::cli) const HELP: &str = "\
Take a message on standard input, as /usr/sbin/sendmail does; with the options that programs use there

Usage: bookpost sendmail [OPTIONS] [ADDRESS]...

Options:
  -t          Recipients are in the header too
  -i          A line with a dot alone does not end the message
  -f ADDRESS  Where it comes back to
  -F NAME     Who it is from
  -N WHEN     What is reported: never, or some of success, failure and delay, with commas
  -R WHAT     What a report brings back: full or hdrs
  -V ID       The envelope's id, which reports repeat
  -bs         Speak SMTP
  -bp         Show what waits
      --help  Print help

What else sendmail knows is read and passed over. Called by the name sendmail or mailq, this program is that command.
";

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Options {
    pub(super) mode: Mode,
    /// `-t`: the header names recipients too.
    pub(super) recipients_in_header: bool,
    /// `-i`: a line with nothing but a dot is a line of the message, and not its end.
    pub(super) dot_is_text: bool,
    /// `-f`, `-r`: where reports go; empty is nowhere.
    pub(super) sender: Option<String>,
    /// `-F`
    pub(super) name: Option<String>,
    /// `-N`
    pub(super) notify: Option<Notify>,
    /// `-R`
    pub(super) ret: Option<Ret>,
    /// `-V`, as xtext.
    pub(super) envelope_id: Option<String>,
    /// As written.
    pub(super) recipients: Vec<String>,
}

/// What the command is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mode {
    /// `-bm`: take one message.
    #[default]
    Message,
    /// `-bs`: speak SMTP.
    Smtp,
    /// `-bp`, `mailq`: show what waits.
    List,
    /// `--help`
    Help,
    /// `-bi`, `newaliases`, `-q`: what other systems have to be told, and this one does by itself.
    Nothing,
}

/// What is wrong with the command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Wrong {
    #[error("the option -{0} is not known")]
    Unknown(String),
    #[error("the option -{0} needs a value")]
    NoValue(char),
    #[error("-b{0} is not possible: give a message (-bm), speak SMTP (-bs) or ask what waits (-bp)")]
    Mode(String),
    #[error("-N {0:?}: write never, or some of success, failure and delay with commas between them")]
    Notify(String),
    #[error("-R {0:?}: write full or hdrs")]
    Ret(String),
    #[error("-V: the envelope id is empty or too long")]
    EnvelopeId,
}

/// How an option is written.
enum Form {
    Flag,
    /// Its value is the rest of the word, or the next word.
    Value,
    /// Its value, if there is one, is the rest of the word.
    MayHaveValue,
}

fn form(letter: char) -> Option<Form> {
    Some(match letter {
        'G' | 'I' | 'U' | 'c' | 'i' | 'm' | 'n' | 't' | 'v' | 'x' => Form::Flag,
        'A' | 'B' | 'C' | 'D' | 'F' | 'L' | 'N' | 'O' | 'R' | 'V' | 'X' | 'b' | 'e' | 'f' | 'h' | 'o'
        | 'p' | 'r' => Form::Value,
        'd' | 'q' => Form::MayHaveValue,
        _ => return None,
    })
}

impl Options {
    /// Reads the words behind the name of the program.
    pub(super) fn read(words: impl IntoIterator<Item = String>) -> Result<Self, Wrong> {
        let mut options = Self::default();
        let mut words = words.into_iter();
        let mut asks_for_a_round = false;
        while let Some(word) = words.next() {
            match word.strip_prefix('-') {
                Some("-") => {
                    options.recipients.extend(words.by_ref());
                }
                Some("-help") => {
                    options.mode = Mode::Help;
                    return Ok(options);
                }
                Some(letters) if letters.starts_with('-') => return Err(Wrong::Unknown(letters.to_owned())),
                Some(letters) if !letters.is_empty() => {
                    asks_for_a_round |= options.read_word(letters, &mut words)?;
                }
                _ => options.recipients.push(word),
            }
        }
        if asks_for_a_round && options.recipients.is_empty() && !options.recipients_in_header {
            options.mode = Mode::Nothing;
        }
        Ok(options)
    }

    /// The letters of one word; true if one of them is `q`.
    fn read_word(
        &mut self,
        mut letters: &str,
        words: &mut impl Iterator<Item = String>,
    ) -> Result<bool, Wrong> {
        while let Some(letter) = letters.chars().next() {
            let rest = letters.get(letter.len_utf8()..).unwrap_or_default();
            match form(letter).ok_or_else(|| Wrong::Unknown(letter.to_string()))? {
                Form::Flag => self.flag(letter),
                Form::MayHaveValue => return Ok(letter == 'q'),
                Form::Value => {
                    let value = match rest {
                        "" => words.next().ok_or(Wrong::NoValue(letter))?,
                        attached => attached.to_owned(),
                    };
                    if letter == 'o' && EXIM_SETTINGS.contains(&value.as_str()) {
                        words.next().ok_or(Wrong::NoValue(letter))?;
                    }
                    self.value(letter, value)?;
                    return Ok(false);
                }
            }
            letters = rest;
        }
        Ok(false)
    }

    fn flag(&mut self, letter: char) {
        match letter {
            'i' => self.dot_is_text = true,
            't' => self.recipients_in_header = true,
            _ => {}
        }
    }

    fn value(&mut self, letter: char, value: String) -> Result<(), Wrong> {
        match letter {
            'b' => self.mode = Mode::read(value)?,
            'f' | 'r' => self.sender = Some(value),
            'F' => self.name = Some(value),
            'N' => self.notify = Some(Notify::parse(&value).ok_or(Wrong::Notify(value))?),
            'R' => self.ret = Some(Ret::parse(&value).ok_or(Wrong::Ret(value))?),
            'V' => {
                let id = xtext_encode(&value);
                let fits = (1..=MOST_ENVELOPE_ID).contains(&id.len());
                self.envelope_id = Some(id).filter(|_| fits);
                self.envelope_id.as_ref().ok_or(Wrong::EnvelopeId)?;
            }
            'o' if value == "i" => self.dot_is_text = true,
            _ => {}
        }
        Ok(())
    }
}

impl Mode {
    fn read(value: String) -> Result<Self, Wrong> {
        Ok(match value.as_str() {
            "m" => Self::Message,
            "s" => Self::Smtp,
            "p" => Self::List,
            "i" => Self::Nothing,
            _ => return Err(Wrong::Mode(value)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options, Wrong> {
        Options::read(line.split_whitespace().map(|word| if word == "''" { "" } else { word }.to_owned()))
    }

    fn options(recipients: &[&str]) -> Options {
        let recipients = recipients.iter().map(|&one| one.to_owned()).collect();
        Options { recipients, ..Options::default() }
    }

    /// What programs call it with.
    #[test]
    fn command_lines_of_programs() {
        let from = |sender: &str, rest: Options| Options { sender: Some(sender.to_owned()), ..rest };
        let dot = |rest| Options { dot_is_text: true, ..rest };
        let header = |rest| Options { recipients_in_header: true, ..rest };
        let cron = Options { name: Some("CronDaemon".into()), ..options(&["root"]) };
        let both = Some(Notify::On { success: true, failure: true, delay: false });
        for (who, line, expected) in [
            ("cron (Debian)", "-i -FCronDaemon -B8BITMIME -oem root", dot(cron.clone())),
            (
                "cronie",
                "-FCronDaemon -i -odi -oem -oi -t -f root",
                from("root", header(dot(Options { recipients: vec![], ..cron }))),
            ),
            ("PHP mail()", "-t -i", header(dot(options(&[])))),
            (
                "PHP mail(), fifth argument",
                "-t -i -fdesk@x.org",
                from("desk@x.org", header(dot(options(&[])))),
            ),
            ("git send-email", "-i ann@x.org bob@x.org", dot(options(&["ann@x.org", "bob@x.org"]))),
            (
                "git send-email --envelope-sender",
                "-i -f me@x.org ann@x.org",
                from("me@x.org", dot(options(&["ann@x.org"]))),
            ),
            ("s-nail", "-i -r me@x.org -- ann@x.org", from("me@x.org", dot(options(&["ann@x.org"])))),
            ("s-nail, verbose", "-i -v -m -- ann@x.org", dot(options(&["ann@x.org"]))),
            ("mutt", "-oem -oi -- ann@x.org -odd@x.org", dot(options(&["ann@x.org", "-odd@x.org"]))),
            (
                "mutt with DSN",
                "-oem -oi -f me@x.org -N success,failure -R hdrs -V a+b -- ann@x.org",
                Options {
                    notify: both,
                    ret: Some(Ret::Headers),
                    envelope_id: Some("a+2Bb".into()),
                    ..from("me@x.org", dot(options(&["ann@x.org"])))
                },
            ),
            ("logwatch", "-t", header(options(&[]))),
            ("smartd, mdadm", "-ti", header(dot(options(&[])))),
            ("combined, value in the next word", "-tif a@x.org", from("a@x.org", header(dot(options(&[]))))),
            ("combined, value attached", "-itfa@x.org", from("a@x.org", header(dot(options(&[]))))),
            ("fail2ban", "-f root@x.org -t", from("root@x.org", header(options(&[])))),
            ("a bounce", "-f <> -i ann@x.org", from("<>", dot(options(&["ann@x.org"])))),
            ("a bounce, empty", "-f '' ann@x.org", from("", options(&["ann@x.org"]))),
            ("options behind addresses", "ann@x.org -i", dot(options(&["ann@x.org"]))),
            ("Exim's", "-oMr local -oMs here -odb -oee ann@x.org", options(&["ann@x.org"])),
            (
                "passed over",
                "-Ac -B 7BIT -C/etc/x -G -h 3 -L tag -m -n -O A=b -oA/etc/y -p SMTP -U -v -X /dev/null -d8.99 -em a",
                options(&["a"]),
            ),
            ("-q with a message", "-q30m -t", header(options(&[]))),
        ] {
            assert_eq!(read(line), Ok(expected), "{who}: {line}");
        }
    }

    #[test]
    fn what_else_can_be_asked_for() {
        for (line, mode) in [
            ("", Mode::Message),
            ("-bm a", Mode::Message),
            ("-bs", Mode::Smtp),
            ("-bp", Mode::List),
            ("-b p", Mode::List),
            ("-bi", Mode::Nothing),
            ("-q", Mode::Nothing),
            ("-q30m", Mode::Nothing),
        ] {
            assert_eq!(read(line).map(|options| options.mode), Ok(mode), "{line}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (line, wrong) in [
            ("-Z", Wrong::Unknown("Z".into())),
            ("-tZ", Wrong::Unknown("Z".into())),
            ("--version", Wrong::Unknown("-version".into())),
            ("-é", Wrong::Unknown("é".into())),
            ("-t -f", Wrong::NoValue('f')),
            ("-oMr", Wrong::NoValue('o')),
            ("-bd", Wrong::Mode("d".into())),
            ("-N sometimes", Wrong::Notify("sometimes".into())),
            ("-R all", Wrong::Ret("all".into())),
            ("-V ''", Wrong::EnvelopeId),
            (&format!("-V {}", "x".repeat(101)), Wrong::EnvelopeId),
        ] {
            assert_eq!(read(line), Err(wrong), "{line}");
        }
    }
}
