//! A sign-in service: another Bookpost, whose client at the mail providers stands in the place of one of our own.

use reqwest::Url;
use zeroize::Zeroizing;

use super::{
    Surroundings, private_url,
    raw::Raw,
    secret::{self, Given},
};
use crate::secrets::KeySource;

/// Characters of its name that are shown.
const LONGEST: usize = 100;

/// A sign-in service.
#[derive(Clone, PartialEq, Eq)]
pub struct SignInService {
    /// An https address, or one of this computer, with no slash at its end.
    pub address: String,
    /// What we show it; empty where it is lost.
    pub key: Zeroizing<String>,
    /// Who runs it, as people know them.
    pub name: String,
}

/// Without the key.
impl std::fmt::Debug for SignInService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignInService").field("address", &self.address).finish_non_exhaustive()
    }
}

impl SignInService {
    /// The host and the port that a firewall has to let through.
    pub fn host_and_port(&self) -> (String, u16) {
        let url = Url::parse(&self.address).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().to_owned();
        (host, url.and_then(|url| url.port_or_known_default()).unwrap_or(443))
    }
}

/// The one that is set.
pub(super) fn service(
    raw: &mut Raw,
    around: &Surroundings,
    sealing_key: Option<&KeySource>,
) -> Option<SignInService> {
    const SECTION: &str = "sign_in_service";
    let path = |key: &str| format!("{SECTION}.{key}");
    let address: Option<String> = raw.get(&path("address"));
    let key = secret::secret_or_sealed(raw, SECTION, "key", around, sealing_key);
    let name: Option<String> = raw.get(&path("name"));
    let Some(address) = address else {
        if key.is_some() || name.is_some() {
            let what = "there are settings for a sign-in service, but not its address";
            raw.problem(&path("address"), what, "write the address that whoever runs it gave you");
        }
        return None;
    };
    let Some(key) = key else {
        let todo = "enter it on the page, name the file with it as `sign_in_service.key_file`, or run: bookpost preferences sign-in-service";
        raw.problem(&path("key_file"), "there is a sign-in service, but no key for it", todo);
        return None;
    };
    let plain = |url: &Url| url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let Some(url) = private_url(&address).ok().filter(plain) else {
        let what = format!("{address:?} is no address of a sign-in service: it must be an https address");
        raw.problem(&path("address"), what, "write it like \"https://signin.district.example\"");
        return None;
    };
    let host = url.host_str().unwrap_or_default().to_owned();
    let name = name.map(|name| name.chars().filter(|one| !one.is_control()).take(LONGEST).collect());
    let name = name.filter(|name: &String| !name.trim().is_empty()).unwrap_or(host);
    let key = match key {
        Given::Known(key) => key,
        // It knows nobody by that, and a person hears that it must be entered again.
        Given::Lost => Zeroizing::default(),
    };
    Some(SignInService { address: url.as_str().trim_end_matches('/').to_owned(), key, name })
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn read(text: &str) -> (Option<SignInService>, String) {
        let around = Surroundings::given([], Some("books.library.example"));
        let mut raw = Raw::parse(text, None, &around, &[].into()).unwrap();
        let service = service(&mut raw, &around, None);
        let problems: Vec<_> = raw.into_problems().into_iter().map(|problem| problem.what).collect();
        let problems = problems.join("\n");
        (service, problems)
    }

    #[test]
    fn its_address_is_encrypted_and_it_has_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        fs::write(&file, "bp_x\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let key = format!("key_file = \"{}\"", file.display());
        for (address, key, name, expected) in [
            ("https://signin.district.example", &*key, "", Ok(("signin.district.example", 443))),
            (
                "https://signin.district.example:8443/",
                &key,
                "name = \"The District\"",
                Ok(("The District", 8443)),
            ),
            ("http://127.0.0.1:8625", &key, "", Ok(("127.0.0.1", 8625))),
            ("http://signin.district.example", &key, "", Err("must be an https address")),
            ("https://signin.district.example/x", &key, "", Err("must be an https address")),
            ("https://a:b@signin.district.example", &key, "", Err("must be an https address")),
            ("https://signin.district.example", "", "", Err("no key for it")),
            ("", &key, "", Err("but not its address")),
        ] {
            let address = if address.is_empty() { String::new() } else { format!("address = \"{address}\"") };
            let (found, problems) = read(&format!("[sign_in_service]\n{address}\n{key}\n{name}\n"));
            match expected {
                Ok((name, port)) => {
                    let found = found.unwrap();
                    assert_eq!((&*found.name, found.host_and_port().1, &**found.key), (name, port, "bp_x"));
                    assert!(!format!("{found:?}").contains("bp_x"));
                }
                Err(wrong) => assert!(found.is_none() && problems.contains(wrong), "{problems}"),
            }
        }
        assert_eq!(read("").0, None);
    }
}
