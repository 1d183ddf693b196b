//! Who says who people are, where it is not Bookpost: an OpenID Connect provider.

use zeroize::Zeroizing;

use super::{Surroundings, private_url, raw::Raw, secret::secret};

/// Whether this program was built with it.
pub(crate) const BUILT_IN: bool = cfg!(feature = "oidc");

/// An OpenID Connect provider (OpenID Connect Core 1.0), and what it knows Bookpost by.
#[derive(Clone)]
pub struct Oidc {
    /// As people know it: they "sign in with" it.
    pub name: String,
    /// Its issuer identifier: an https address, to the letter as it names itself.
    pub issuer: String,
    /// What it knows us by.
    pub client_id: String,
    /// What we prove it with.
    pub client_secret: Zeroizing<String>,
    /// It says no `email_verified`, and nobody there can have the address of another.
    pub trust_addresses: bool,
}

/// Without the secret.
impl std::fmt::Debug for Oidc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Oidc")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// None: nothing is set, or it cannot be used, which is noted.
pub(super) fn oidc(raw: &mut Raw, around: &Surroundings, public_address: Option<&str>) -> Option<Oidc> {
    let issuer: Option<String> = raw.get("oidc.issuer");
    let client_id: Option<String> = raw.get("oidc.client_id");
    let client_secret = secret(raw, "oidc", "client_secret", around);
    let name: Option<String> = raw.get("oidc.name");
    let trust_addresses = raw.get("oidc.trust_addresses").unwrap_or(false);
    let issuer = match issuer {
        Some(issuer) => issuer,
        None if client_id.is_some() || client_secret.is_some() || name.is_some() => {
            raw.problem(
                "oidc.issuer",
                "it is not said who signs people in",
                "write the address of the provider",
            );
            return None;
        }
        None => return None,
    };
    if !BUILT_IN {
        let todo = "take [oidc] out, or build Bookpost with `--features oidc`";
        raw.problem("oidc", "this Bookpost was built without sign-in by an OpenID Connect provider", todo);
    }
    let address = private_url(&issuer).ok().filter(|url| issuer.starts_with(&format!("{}://", url.scheme())));
    if address.is_none() {
        let problem = format!("{issuer:?} is not an https address");
        raw.problem(
            "oidc.issuer",
            problem,
            "write it as the provider names itself, like \"https://login.school.example\"",
        );
    }
    if client_id.is_none() {
        let todo = "write the client id that the provider gave you";
        raw.problem("oidc.client_id", "`oidc.client_id` is not set", todo);
    }
    if client_secret.is_none() {
        let todo = "name the file with the client secret as `client_secret_file`";
        raw.problem("oidc.client_secret_file", "there is no client secret", todo);
    }
    if public_address.is_none() {
        let todo = "write it, and give the provider that address with /sign-in/oidc/back after it";
        raw.problem(
            "public_address",
            "`public_address` is not set, and the provider must lead people back to it",
            todo,
        );
    }
    let name = name.or_else(|| Some(address?.host_str()?.to_owned())).unwrap_or_default();
    Some(Oidc { name, issuer, client_id: client_id?, client_secret: client_secret?, trust_addresses })
}

#[cfg(all(test, feature = "oidc"))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use crate::config::{Surroundings, check_text};

    #[test]
    fn what_is_missing_or_could_be_read_on_the_way_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        fs::write(&secret, "a secret of two").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let secret = format!("client_secret_file = {:?}", secret.display().to_string());
        let public = "public_address = \"https://b.example\"";
        let (issuer, id) = ("issuer = \"https://login.school.example\"", "client_id = \"bookpost\"");
        for (top, settings, fault) in [
            (public, [issuer, id, &secret], None),
            (public, ["issuer = \"http://localhost:3000\"", id, &secret], None),
            (public, ["issuer = \"http://[::1]:3000\"", id, &secret], None),
            (
                public,
                ["issuer = \"http://localhost:x@login.school.example\"", id, &secret],
                Some("is not an https address"),
            ),
            (
                public,
                ["issuer = \"https:login.school.example\"", id, &secret],
                Some("is not an https address"),
            ),
            (
                public,
                ["issuer = \"http://login.school.example\"", id, &secret],
                Some("is not an https address"),
            ),
            (
                public,
                ["issuer = \"http://localhost.school.example\"", id, &secret],
                Some("is not an https address"),
            ),
            (public, ["issuer = \"login.school.example\"", id, &secret], Some("is not an https address")),
            (public, ["", id, &secret], Some("who signs people in")),
            (public, [issuer, "", &secret], Some("`oidc.client_id`")),
            (public, [issuer, id, ""], Some("there is no client secret")),
            (public, [issuer, id, "client_secret = \"x\""], Some("does not belong into this file")),
            ("", [issuer, id, &secret], Some("must lead people back to it")),
        ] {
            let text = format!("{top}\n[oidc]\n{}", settings.join("\n"));
            let checked = check_text(&text, None, &Surroundings::given([], Some("b.example")));
            match (checked, fault) {
                (Ok(loaded), None) => {
                    let oidc = loaded.config.oidc.unwrap();
                    let names = ["login.school.example", "localhost", "[::1]"];
                    assert!(names.contains(&&*oidc.name) && oidc.client_id == "bookpost", "{oidc:?}");
                    assert!(!format!("{oidc:?}").contains("a secret"), "{oidc:?}");
                }
                (Err(problems), Some(fault)) => {
                    assert!(problems.to_string().contains(fault), "{fault}: {problems}");
                }
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }
}
