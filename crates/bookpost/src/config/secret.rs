//! Passwords and keys: from a file, a systemd credential or the environment, never from the configuration itself; or sealed, from the
//! preferences.

use std::{os::unix::fs::PermissionsExt as _, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use rand::CryptoRng;
use zeroize::Zeroizing;

use super::{Surroundings, raw::Raw};
use crate::secrets::{self, KeySource, SealingKey};

/// The preference `name` with this secret, sealed.
pub fn sealed(name: &str, secret: &str, key: &SealingKey, dice: &mut impl CryptoRng) -> String {
    let sealed = key.seal(&secrets::of_preference(name), secret.as_bytes(), dice);
    super::preferences::sealed_json(&BASE64.encode(sealed))
}

/// A secret that is known to be there.
pub(super) enum Given {
    Known(Zeroizing<String>),
    /// It was sealed with a key that is gone: people must enter it again.
    Lost,
}

/// The secret `what` (`password`) of `section` (`server1`), from the one place that is named, or else from the preferences, which are sealed
/// with this key. None: none is named, or it cannot be had, which is noted.
pub(super) fn secret_or_sealed(
    raw: &mut Raw,
    section: &str,
    what: &str,
    around: &Surroundings,
    key: Option<&KeySource>,
) -> Option<Given> {
    let path = format!("{section}.{what}");
    let Some(sealed) = raw.sealed(&path) else {
        return secret(raw, section, what, around).map(Given::Known);
    };
    let opened = key.zip(BASE64.decode(sealed).ok()).and_then(|(key, sealed)| {
        let opened = key.open(&secrets::of_preference(&path), &sealed).ok()?;
        String::from_utf8(opened.to_vec()).ok().map(Zeroizing::new)
    });
    Some(opened.map_or(Given::Lost, Given::Known))
}

/// The secret `what` (`password`, `key`) of `section` (`server1`), from the one place that is named. None: none is named, or it cannot
/// be had, which is noted.
pub(super) fn secret(
    raw: &mut Raw,
    section: &str,
    what: &str,
    around: &Surroundings,
) -> Option<Zeroizing<String>> {
    let path = |place: &str| format!("{section}.{what}{place}");
    if raw.has(&path("")) {
        let _: Option<String> = raw.get(&path(""));
        raw.problem(
            &path(""),
            format!("a {what} does not belong into this file: it is copied, backed up and shown to others"),
            format!("put it into a file of its own (mode 0600) and name that as `{}`", path("_file")),
        );
    }
    let file: Option<std::path::PathBuf> = raw.get(&path("_file"));
    let variable: Option<String> = raw.get(&path("_env"));
    let credential: Option<String> = raw.get(&path("_credential"));
    if usize::from(file.is_some()) + usize::from(variable.is_some()) + usize::from(credential.is_some()) > 1 {
        let problem = format!("the {what} is named in more than one place");
        raw.problem(section, problem, format!("keep one of {what}_file, {what}_env and {what}_credential"));
        return None;
    }
    if let Some(file) = file {
        return noted(raw, &path("_file"), from_file(&file, what, true));
    }
    if let Some(name) = variable {
        let value = around.variable(&name).map(|value| Zeroizing::new(value.to_owned()));
        return noted(raw, &path("_env"), value.ok_or_else(|| missing_variable(&name, what)));
    }
    let name = credential?;
    let plain_name = !name.contains('/') && name != "..";
    let found = match around.credentials() {
        Some(folder) if plain_name => from_file(&folder.join(&name), what, false),
        Some(_) => Err(("a credential is a name, not a path".to_owned(), "write the name only".to_owned())),
        None => Err((
            "systemd handed no credentials to this program".to_owned(),
            format!("start it by systemd, with LoadCredential={name}:FILE in its unit"),
        )),
    };
    noted(raw, &path("_credential"), found)
}

type Found = Result<Zeroizing<String>, (String, String)>;

fn missing_variable(name: &str, what: &str) -> (String, String) {
    (format!("the environment has no {name}"), format!("set {name}, or name a file with {what}_file"))
}

fn noted(raw: &mut Raw, path: &str, found: Found) -> Option<Zeroizing<String>> {
    found.map_err(|(what, todo)| raw.problem(path, what, todo)).ok()
}

/// Reads the first line. systemd's own folder guards its credentials, a plain file must guard itself.
fn from_file(file: &Path, what: &str, guarded_by_mode: bool) -> Found {
    let name = file.display();
    let unreadable = |error: std::io::Error| {
        let todo = match error.kind() {
            std::io::ErrorKind::PermissionDenied => {
                format!("let Bookpost's user read it: chown root:bookpost {name}, then chmod 0640 {name}")
            }
            _ => format!("make the file, with the {what} as its first line"),
        };
        (format!("the {what} in {name} cannot be read: {error}"), todo)
    };
    let mode = std::fs::metadata(file).map_err(unreadable)?.permissions().mode();
    if guarded_by_mode && mode & 0o007 != 0 {
        let problem = format!("everybody on this machine can read the {what} in {name}");
        return Err((problem, format!("chmod 0640 {name}, or 0600")));
    }
    let text = Zeroizing::new(std::fs::read_to_string(file).map_err(unreadable)?);
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err((format!("{name} holds no {what}"), format!("write the {what} as its first line")));
    }
    Ok(Zeroizing::new(line.to_owned()))
}
