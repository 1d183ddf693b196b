//! A kept password goes to the server that it was entered for, and never less protected than then. Who names another server enters it
//! again: nobody has a password that they do not know sent to a machine of theirs.

use super::{KEY_OF_SERVICE, known_secret};
use crate::config::{Config, Encryption, Loaded, Origin, Problem, Server, Wrong};

/// The passwords that must be entered again; `entered` says which were.
pub(super) fn problems(before: &Loaded, after: &Config, entered: impl Fn(&str) -> bool) -> Vec<Problem> {
    let problem = |server: &std::sync::Arc<Server>| {
        let name = format!("{}.password", server.name);
        let known = before.config.sending.servers.iter().find(|known| known.name == server.name)?;
        let kept = server.login.is_some() && known_secret(&before.config, &name).is_some();
        let goes_elsewhere = !known.host.eq_ignore_ascii_case(&server.host);
        let exposed = may_be_read(server) && !may_be_read(known);
        (kept && !entered(&name) && (goes_elsewhere || exposed)).then(|| told(before, server, name))
    };
    let of_service = key_of_service(before, after).filter(|_| !entered(KEY_OF_SERVICE));
    after.sending.servers.iter().filter_map(problem).chain(of_service).collect()
}

/// The key of a sign-in service would go to another one than it was entered for.
fn key_of_service(before: &Loaded, after: &Config) -> Option<Problem> {
    let (known, next) = (before.config.sign_in_service.as_ref()?, after.sign_in_service.as_ref()?);
    known_secret(&before.config, KEY_OF_SERVICE)?;
    (known.address != next.address && known.key == next.key).then(|| Problem {
        setting: KEY_OF_SERVICE.to_owned(),
        wrong: Wrong::KeyOfAnother,
        ..Problem::new(
            "the key was entered for a sign-in service at another address",
            "Preferences > Setup > Email",
            "enter it again together with the address: bookpost preferences sign-in-service --address ADDRESS",
        )
    })
}

/// The password may cross the network in clear.
fn may_be_read(server: &Server) -> bool {
    server.password_on_plain && (server.encryption == Encryption::Plain || server.allow_non_secure)
}

fn told(before: &Loaded, server: &Server, setting: String) -> Problem {
    let number = server.name.trim_start_matches("server");
    let what = format!(
        "the password of Server {number} was entered for another server, or for a connection that is better protected"
    );
    let stands = before.preferences.iter().find(|known| known.name == setting).map(|known| &known.origin);
    let todo = match stands {
        Some(Origin::File(place) | Origin::Environment(place)) => {
            format!("it is set elsewhere ({place}): set the server's address and encryption there too")
        }
        _ => format!(
            "enter it again together with the change: bookpost preferences password --server {number} NAME=VALUE"
        ),
    };
    Problem {
        setting,
        wrong: Wrong::PasswordOfAnother,
        ..Problem::new(what, "Preferences > Setup > Email", todo)
    }
}
