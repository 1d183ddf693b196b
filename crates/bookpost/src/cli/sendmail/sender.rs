//! Who hands the message in: the user and the machine.

use mail::{Address, ReversePath, address::list_of, message::Mailbox};

use super::{options::Options, stop::Stop};
use crate::config::Surroundings;

/// The domain of addresses where the machine has no name that could be one. It belongs to nobody.
const NO_NAME: &str = "localhost";

/// The user who called the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sender {
    pub(super) uid: u32,
    /// The machine's name, behind the `@` of addresses that have none.
    pub(super) host: String,
    login: String,
    name: Option<String>,
}

impl Sender {
    /// As the system knows them.
    pub(super) fn of_this_process(around: &Surroundings) -> Self {
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let host = around.host_name.clone().unwrap_or_else(|| {
            let short = rustix::system::uname().nodename().to_string_lossy().to_lowercase();
            Address::parse(&format!("x@{short}")).map_or_else(|_| NO_NAME.to_owned(), |_| short)
        });
        Self::of(rustix::process::getuid().as_raw(), &passwd, around.variable("LOGNAME"), host)
    }

    /// A user who is not in the list (of a directory service, or made by systemd) is called as the session calls him.
    fn of(uid: u32, passwd: &str, logname: Option<&str>, host: String) -> Self {
        let mut users = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let listed = users.find_map(|fields| match fields.as_slice() {
            [login, _, id, _, about, ..] if id.parse() == Ok(uid) => {
                Some(((*login).to_owned(), full_name(login, about)))
            }
            _ => None,
        });
        let usable = |login: &&str| Address::parse(&format!("{login}@{host}")).is_ok();
        let (login, name) = listed.filter(|(login, _)| usable(&login.as_str())).unwrap_or_else(|| {
            (logname.filter(usable).map_or_else(|| format!("uid-{uid}"), str::to_owned), None)
        });
        Self { uid, host, login, name }
    }

    /// Where reports go: as `-f` says, else to the user.
    pub(super) fn reverse_path(&self, options: &Options) -> Result<ReversePath, Stop> {
        let Some(given) = &options.sender else { return Ok(ReversePath::Address(self.address()?)) };
        if matches!(given.trim(), "" | "<>") {
            return Ok(ReversePath::Null);
        }
        let listed = list_of(given, &self.host).map_err(|error| Stop::data(&format!("-f: {error}")))?;
        match <[Address; 1]>::try_from(listed) {
            Ok([address]) => Ok(ReversePath::Address(address)),
            Err(_) => Err(Stop::data(&format!("-f: {given:?} is not one address"))),
        }
    }

    /// Who has written a message that does not say so.
    pub(super) fn from(&self, options: &Options, reverse_path: &ReversePath) -> Result<Mailbox, Stop> {
        let own = || self.name.clone().filter(|_| options.sender.is_none());
        let name = options.name.clone().filter(|name| !name.trim().is_empty()).or_else(own);
        let address = match reverse_path {
            ReversePath::Address(address) => address.clone(),
            ReversePath::Null => self.address()?,
        };
        Ok(Mailbox { name, address })
    }

    fn address(&self) -> Result<Address, Stop> {
        Address::parse(&format!("{}@{}", self.login, self.host)).map_err(|error| Stop::data(&error))
    }
}

/// The name in the fifth field of the list of users, where `&` stands for the login with a capital.
fn full_name(login: &str, about: &str) -> Option<String> {
    let mut letters = login.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let capital: String = first.chain(letters).collect();
    let name = about.split(',').next().unwrap_or_default().trim().replace('&', &capital);
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root::/bin/sh\nann:x:1000:1000:Ann Lee,Room 2,,::/bin/sh\n\
                          www:x:33:33::/:/bin/sh\neve smith:x:7:7:&:/:/bin/sh\nbob:x:8:8:& of the desk:/:\n";

    fn sender(uid: u32) -> Sender {
        Sender::of(uid, PASSWD, Some("logname"), "desk.library.example".to_owned())
    }

    fn options(sender: Option<&str>, name: Option<&str>) -> Options {
        Options { sender: sender.map(str::to_owned), name: name.map(str::to_owned), ..Options::default() }
    }

    #[test]
    fn a_message_is_from_whoever_calls_unless_it_says_otherwise() {
        for (uid, given, name, reverse_path, from_name, from) in [
            (1000, None, None, "ann@desk.library.example", Some("Ann Lee"), "ann@desk.library.example"),
            (33, None, None, "www@desk.library.example", None, "www@desk.library.example"),
            (
                33,
                None,
                Some("Library"),
                "www@desk.library.example",
                Some("Library"),
                "www@desk.library.example",
            ),
            (1000, Some("desk"), None, "desk@desk.library.example", None, "desk@desk.library.example"),
            (1000, Some("<a@x.org>"), None, "a@x.org", None, "a@x.org"),
            (1000, Some("A B <a@x.org>"), Some("C"), "a@x.org", Some("C"), "a@x.org"),
            (1000, Some("<>"), None, "", None, "ann@desk.library.example"),
            (1000, Some(""), None, "", None, "ann@desk.library.example"),
            (4, None, None, "logname@desk.library.example", None, "logname@desk.library.example"),
            (7, None, None, "logname@desk.library.example", None, "logname@desk.library.example"),
            (8, None, None, "bob@desk.library.example", Some("Bob of the desk"), "bob@desk.library.example"),
        ] {
            let (sender, options) = (sender(uid), options(given, name));
            let path = sender.reverse_path(&options).unwrap();
            assert_eq!(path.address().map_or("", Address::as_str), reverse_path, "{uid} {given:?}");
            let mailbox = sender.from(&options, &path).unwrap();
            assert_eq!(
                (mailbox.name.as_deref(), mailbox.address.as_str()),
                (from_name, from),
                "{uid} {given:?}"
            );
        }
    }

    #[test]
    fn a_sender_that_is_no_address_is_refused() {
        for given in ["a@x.org, b@x.org", "two words", "a@", "<a@x.org"] {
            assert!(sender(0).reverse_path(&options(Some(given), None)).is_err(), "{given}");
        }
    }

    #[test]
    fn without_any_name_there_is_a_number() {
        let sender = Sender::of(9, "", Some("no name"), NO_NAME.to_owned());
        assert_eq!(sender.address().unwrap().as_str(), "uid-9@localhost");
    }
}
