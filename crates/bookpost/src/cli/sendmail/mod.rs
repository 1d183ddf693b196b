//! `bookpost sendmail`, also by the names `sendmail` and `mailq`: what programs call to hand in a message.
//!
//! The message goes to the running service, and its answer is the answer. Without a service it is left in the maildrop
//! folder, durably, and the service takes it from there. Exit code 0 means that one of the two has it on disk; in every
//! other case the caller has it still.
//!
//! The command runs as whoever calls it: it does not read the configuration, and no more of the queue than that user may.

mod hand_over;
mod input;
mod leave;
mod letter;
mod link;
pub(super) mod options;
mod relay;
mod sender;
mod stop;
mod undeclared;

use std::{
    ffi::{OsStr, OsString},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use clap::Parser as _;
use mail::clock::Clock as _;
use rand::{RngExt as _, rngs::StdRng};

use self::{
    hand_over::{Answer, hand_over},
    letter::Letter,
    link::{Link, is_late},
    options::{Mode, Options},
    sender::Sender,
    stop::Stop,
};
use super::{Arguments, Exit, control, run};
use crate::{
    app::clock::SystemClock,
    config::{self, SENDMAIL_MAILDROP, SENDMAIL_SOCKET, Surroundings},
};

/// Where the service listens for this command.
pub const SOCKET: &str = "/run/bookpost/submit.sock";
/// Where messages wait while there is no service.
pub const MAILDROP: &str = "/var/spool/bookpost/maildrop";

/// The whole dialogue with the service. Programs that hand mail in wait for it.
const DIALOGUE: Duration = Duration::from_secs(20);
/// Leaving the message in the maildrop; with the dialogue that is half a minute.
const LEAVING: Duration = Duration::from_secs(10);

/// The words behind the name, if the program was called by the name of this command, or with it as its first word.
pub(super) fn words(all: &[OsString]) -> Option<Vec<OsString>> {
    let (name, rest) = all.split_first()?;
    match Path::new(name).file_name().and_then(OsStr::to_str) {
        Some("sendmail") => Some(rest.to_vec()),
        Some("mailq") => Some(["-bp".into()].into_iter().chain(rest.iter().cloned()).collect()),
        Some("newaliases") => Some(vec!["-bi".into()]),
        _ => match rest.split_first() {
            Some((first, rest)) if first == "sendmail" => Some(rest.to_vec()),
            _ => None,
        },
    }
}

/// The whole command. What went wrong stands on standard error.
pub(super) fn main(words: Vec<OsString>) -> Exit {
    let done = Options::read(words.into_iter().map(|word| word.to_string_lossy().into_owned()))
        .map_err(|error| Stop::usage(&error))
        .and_then(|options| carry_out(&options, &Surroundings::of_this_process()));
    done.unwrap_or_else(|stop| {
        for line in stop.message.lines() {
            let _ = writeln!(io::stderr().lock(), "sendmail: {line}");
        }
        stop.exit
    })
}

fn carry_out(options: &Options, around: &Surroundings) -> Result<Exit, Stop> {
    match options.mode {
        Mode::Message => message(options, around).map(|()| Exit::Done),
        Mode::Smtp => relay::relay(&place(around, SENDMAIL_SOCKET, SOCKET)).map(|()| Exit::Done),
        Mode::List => list(around),
        Mode::Help => {
            let _ = io::stdout().lock().write_all(options::HELP.as_bytes());
            Ok(Exit::Done)
        }
        Mode::Nothing => Ok(Exit::Done),
    }
}

fn place(around: &Surroundings, variable: &str, usual: &str) -> PathBuf {
    around.variable(variable).unwrap_or(usual).into()
}

/// Takes one message.
fn message(options: &Options, around: &Surroundings) -> Result<(), Stop> {
    if options.recipients.is_empty() && !options.recipients_in_header {
        return Err(Stop::usage(
            &"for whom? Name the recipients on the command line, or have them read from the header with -t",
        ));
    }
    let message = input::read(io::stdin().lock(), options.dot_is_text)?;
    let sender = Sender::of_this_process(around);
    let mut dice = rand::make_rng::<StdRng>();
    let letter = letter::letter(options, &sender, message, SystemClock::start().now(), dice.random())?;
    let socket = place(around, SENDMAIL_SOCKET, SOCKET);
    match hand_over(&socket, &sender.host, &letter, DIALOGUE)? {
        Answer::Taken => Ok(()),
        Answer::NotNow(why) => {
            let maildrop = place(around, SENDMAIL_MAILDROP, MAILDROP);
            leave_in_time(&maildrop, letter, dice.random(), &why)
        }
        Answer::MayBeTaken(why) => Err(Stop::temporary(format!(
            "it is not known whether the service has taken the message, as its answer was not heard ({why}): \
             if you send it again, it may arrive twice"
        ))),
    }
}

/// A disk that does not answer holds nobody for ever; who is told so does not know whether it will.
fn leave_in_time(maildrop: &Path, letter: Letter, random: u128, service: &str) -> Result<(), Stop> {
    let (sender, left) = mpsc::channel();
    let folder = maildrop.to_owned();
    thread::spawn(move || sender.send(leave::leave(&folder, &letter, random)));
    let trouble = match left.recv_timeout(LEAVING) {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => format!("the message cannot be left in {} ({error})", maildrop.display()),
        Err(_) => format!(
            "the disk of {} does not answer; the message may be sent all the same",
            maildrop.display()
        ),
    };
    Err(Stop::temporary(format!("the service does not take it now ({service}), and {trouble}")))
}

/// What waits, for those who may see it: it is the mail of all.
fn list(around: &Surroundings) -> Result<Exit, Stop> {
    let forbidden = || {
        Stop::new(
            Exit::NoPermission,
            "what waits is for root and Bookpost's own user to see: sudo -u bookpost bookpost queue list --state waiting",
        )
    };
    if config::is_closed(None, around) {
        return Err(forbidden());
    }
    let data_dir = config::Source::read(None, around).and_then(|source| source.installed());
    let data_dir = data_dir.map_err(|problems| Stop::new(Exit::Config, problems.in_one_line()))?;
    match Link::open(&control::socket(&data_dir), DIALOGUE) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(forbidden()),
        Err(error) if is_late(&error) => {
            return Err(Stop::temporary("Bookpost does not answer; what waits cannot be shown now"));
        }
        // Without a service the queue is read where it lies.
        Ok(_) | Err(_) => {}
    }
    let words = ["bookpost", "queue", "list", "--state", "waiting"];
    Arguments::try_parse_from(words).map(run::run).map_err(|error| Stop::usage(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_by_several_names() {
        for (line, expected) in [
            ("sendmail -t", Some("-t")),
            ("/usr/sbin/sendmail a@x.org", Some("a@x.org")),
            ("/usr/bin/mailq", Some("-bp")),
            ("mailq -v", Some("-bp -v")),
            ("newaliases", Some("-bi")),
            ("bookpost sendmail -t", Some("-t")),
            ("/usr/local/bin/bookpost sendmail", Some("")),
            ("bookpost sendmail --help", Some("--help")),
            ("bookpost queue list", None),
            ("bookpost", None),
            ("", None),
        ] {
            let all: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            let expected = expected.map(|line| line.split_whitespace().map(OsString::from).collect());
            assert_eq!(words(&all), expected, "{line}");
        }
    }
}
