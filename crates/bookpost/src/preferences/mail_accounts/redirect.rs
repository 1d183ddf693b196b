//! Where a provider leads people back to, and which addresses it would refuse. That is said before anybody is sent there: the provider's own
//! page says it in words that help nobody.

use std::net::IpAddr;

use reqwest::Url;

use crate::config::{Config, Provider};

/// The page to which people come back, after the address by which they come to the pages.
pub const BACK: &str = "/preferences/sign-in/back";

/// Where people are who were sent by an installation that signs them in by this one, where they go on, and where they come back to.
pub const GO: &str = "/sign-in-service";
pub const ON: &str = "/sign-in-service/on";
pub const SERVICE_BACK: &str = "/sign-in-service/back";

/// Names that exist in one building only (RFC 6761, RFC 6762, RFC 8375, and what routers make up).
const LOCAL: [&str; 9] =
    ["local", "internal", "lan", "home", "localdomain", "intranet", "test", "invalid", "arpa"];

/// Why a provider would not take the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// It is http, and not this computer itself.
    NotEncrypted,
    /// It is an IP address.
    Number,
    /// Its name exists in the library's own network only.
    Local,
}

/// The address that is entered at the provider, to the letter.
pub fn back(config: &Config) -> String {
    of_service(config, BACK)
}

/// The same on whatever computer the browser runs, which every provider takes. Where that is not this one, the browser finds no page there
/// (but through a tunnel), and whoever signs in brings the address from its bar.
pub fn loopback(config: &Config) -> String {
    format!("{}{BACK}", here(config))
}

/// The page at this path, by the address at which people come to the pages.
pub fn of_service(config: &Config, path: &str) -> String {
    let public = config.public_address.clone().unwrap_or_else(|| here(config));
    format!("{public}{path}")
}

fn here(config: &Config) -> String {
    let port = config.listen.map_or(80, |listen| listen.port());
    let scheme = if config.web.certificate.is_some() { "https" } else { "http" };
    format!("{scheme}://localhost:{port}")
}

/// Why this provider would not take the address; none: it does.
/// `issuer`: another stands in its place, of which that is not known.
pub fn not_taken(provider: Provider, issuer: Option<&str>, back: &str) -> Option<NotTaken> {
    let url = Url::parse(back).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    if issuer.is_some() || url.as_ref().is_some_and(is_this_computer) {
        return None;
    }
    if url.as_ref().is_none_or(|url| url.scheme() != "https") {
        return Some(NotTaken::NotEncrypted);
    }
    if provider != Provider::Google {
        return None;
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<IpAddr>().is_ok() {
        return Some(NotTaken::Number);
    }
    let (_, last) = host.rsplit_once('.').unwrap_or(("", "local"));
    LOCAL.contains(&last).then_some(NotTaken::Local)
}

/// Why a sign-in service would not take the address.
pub fn not_taken_by_service(back: &str) -> Option<NotTaken> {
    crate::config::private_url(back).err().map(|_| NotTaken::NotEncrypted)
}

/// Under which name of Bookpost somebody who has come by `visited` begins: the provider leads back to the one in `back`, and a browser keeps
/// what it is given for one name. None: here, as they are there already, or that name would lead them to another computer.
pub fn begins_at<'a>(back: &'a str, visited: &str) -> Option<&'a str> {
    let origin = back.strip_suffix(BACK)?;
    if origin.eq_ignore_ascii_case(visited) {
        return None;
    }
    let (there, here) = (Url::parse(origin).ok()?, Url::parse(visited).ok()?);
    let same_computer = is_this_computer(&here)
        && (there.scheme(), there.port_or_known_default()) == (here.scheme(), here.port_or_known_default());
    (!is_this_computer(&there) || same_computer).then_some(origin)
}

fn is_this_computer(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Way;

    #[test]
    fn an_address_that_the_provider_refuses_is_refused_before_anybody_is_sent_there() {
        for (address, expected) in [
            ("https://bookpost.library.example", None),
            ("http://localhost:8025", None),
            ("http://127.0.0.1:8025", None),
            ("http://bookpost.library.example", Some(NotTaken::NotEncrypted)),
            ("http://localhost.library.example", Some(NotTaken::NotEncrypted)),
            ("https://192.0.2.7", Some(NotTaken::Number)),
            ("https://[2001:db8::1]:8443", Some(NotTaken::Number)),
            ("https://bookpost.local", Some(NotTaken::Local)),
            ("https://bookpost.school.internal", Some(NotTaken::Local)),
            ("https://bookpost", Some(NotTaken::Local)),
            ("nothing", Some(NotTaken::NotEncrypted)),
        ] {
            let back = format!("{address}{BACK}");
            assert_eq!(not_taken(Provider::Google, None, &back), expected, "{address}");
            // Microsoft takes any name, over https.
            let microsoft = expected.filter(|why| *why == NotTaken::NotEncrypted);
            assert_eq!(not_taken(Provider::Microsoft, None, &back), microsoft, "{address}");
            let issuer = Some("https://login.school.example");
            assert_eq!(not_taken(Provider::Google, issuer, &back), None, "{address}");
        }
    }

    #[test]
    fn people_come_back_to_where_they_come_to_the_pages() {
        let mut config = Config::usual(Path::new("/"), Way::None);
        config.listen = Some(([127, 0, 0, 1], 8025).into());
        assert_eq!(back(&config), "http://localhost:8025/preferences/sign-in/back");
        config.public_address = Some("https://bookpost.library.example".to_owned());
        assert_eq!(back(&config), "https://bookpost.library.example/preferences/sign-in/back");
    }

    #[test]
    fn it_begins_where_the_browser_comes_back_to() {
        let (localhost, public) = ("http://localhost:8625", "https://bookpost.library.example");
        for (origin, visited, expected) in [
            (localhost, localhost, None),
            (localhost, "http://LOCALHOST:8625", None),
            (localhost, "http://127.0.0.1:8625", Some(localhost)),
            (localhost, "http://[::1]:8625", Some(localhost)),
            // Through a tunnel, or over the network, that name leads to the computer of whoever looks.
            (localhost, "http://127.0.0.1:9000", None),
            (localhost, "https://192.0.2.7:8625", None),
            (public, public, None),
            (public, "http://127.0.0.1:8625", Some(public)),
            (public, "https://192.0.2.7:8625", Some(public)),
            (public, "", None),
        ] {
            assert_eq!(begins_at(&format!("{origin}{BACK}"), visited), expected, "{origin} {visited}");
        }
    }
}
