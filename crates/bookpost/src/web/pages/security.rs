//! What holds at every page, whatever it shows: by which name Bookpost was asked, from where, and what the browser may do with the
//! answer.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header},
    middleware::Next,
    response::Response,
};

use super::{Pages, not_here, words::Language};
use crate::web::Client;

/// Nothing comes from elsewhere, nothing goes there, and nobody frames a page.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Every answer has these, unless it says otherwise itself.
const USUAL: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // With `no-referrer` a browser would not say where a form comes from either.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (header::CACHE_CONTROL, "no-store"),
];

/// By which name Bookpost was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Visited {
    /// As a browser writes it in `Origin`.
    pub(super) origin: String,
    /// A browser came by https.
    pub(super) secure: bool,
}

impl Visited {
    /// The address in the settings; a name of this computer for itself, or an IP address: nobody has those lead here who owns a name
    /// elsewhere; and any name where the browser has seen our certificate for it. `None`: another name, as of a page elsewhere that
    /// had its own name lead here.
    pub(super) fn by(headers: &HeaderMap, client: Option<Client>, public: Option<&str>) -> Option<Self> {
        let host = headers.get(header::HOST)?.to_str().ok()?;
        if let Some(origin) = public
            && let Some((scheme, known)) = origin.split_once("://")
            && host.eq_ignore_ascii_case(known)
        {
            return Some(Self { origin: origin.to_owned(), secure: scheme == "https" });
        }
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        let secure = client.is_some_and(|client| client.is_encrypted);
        let is_proven = client.is_some_and(|client| client.saw_our_certificate);
        let scheme = if secure { "https" } else { "http" };
        let known =
            name.eq_ignore_ascii_case("localhost") || is_address(name) || (is_proven && is_name(name));
        known.then(|| Self { origin: format!("{scheme}://{host}"), secure })
    }

    /// Whether a page of Bookpost asks: what a browser says of it, which no page elsewhere can have it say otherwise. Who says nothing
    /// is no browser of today.
    fn is_asked_by_itself(&self, headers: &HeaderMap) -> bool {
        let said = |name: &HeaderName| headers.get(name).map(HeaderValue::as_bytes);
        let (site, origin) = (said(&HeaderName::from_static("sec-fetch-site")), said(&header::ORIGIN));
        let own = |origin: &[u8]| origin.eq_ignore_ascii_case(self.origin.as_bytes());
        (site.is_some() || origin.is_some())
            && site.is_none_or(|site| site == b"same-origin")
            && origin.is_none_or(own)
    }
}

/// An IPv4 address, or an IPv6 address as it stands in a URI.
fn is_address(name: &str) -> bool {
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    bare.map_or(name.parse::<Ipv4Addr>().is_ok(), |bare| bare.parse::<Ipv6Addr>().is_ok())
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
}

/// In front of all pages.
pub(super) async fn guard(State(pages): State<Pages>, mut request: Request, next: Next) -> Response {
    let (headers, language) = (request.headers(), Language::asked(request.headers()));
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response =
        match Visited::by(headers, request.extensions().get().copied(), pages.public().as_deref()) {
            None => not_here::unknown_name(language),
            Some(visited) if changes && !visited.is_asked_by_itself(headers) => {
                not_here::asked_from_elsewhere(language)
            }
            Some(visited) => {
                request.extensions_mut().insert(visited);
                next.run(request).await
            }
        };
    protect(&mut response);
    response
}

/// What an answer does not say itself, it says as all do.
pub(super) fn protect(response: &mut Response) {
    for (name, value) in USUAL {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// Where to go next, if that is a page of Bookpost; else its first page.
pub(super) fn local(next: &str) -> &str {
    let is_path = next.starts_with('/') && !next.starts_with("//");
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let read = next.parse::<Uri>().is_ok_and(|uri| uri.host().is_none());
    if is_path && is_plain && read { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        all.iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn it_answers_to_its_own_names_only() {
        let public = Some("https://mail.library.example");
        let plain = |origin: &str| Some(Visited { origin: origin.to_owned(), secure: false });
        for (host, public, visited) in [
            ("localhost:8625", None, plain("http://localhost:8625")),
            ("LOCALHOST", None, plain("http://LOCALHOST")),
            ("127.0.0.1:8625", public, plain("http://127.0.0.1:8625")),
            ("[::1]:8625", None, plain("http://[::1]:8625")),
            ("[::1]", None, plain("http://[::1]")),
            (
                "Mail.Library.example",
                public,
                Some(Visited { origin: "https://mail.library.example".to_owned(), secure: true }),
            ),
            ("mail.library.example", None, None),
            ("mail.library.example:8625", public, None),
            ("attacker.example:8625", public, None),
            ("localhost.attacker.example", public, None),
            ("127.0.0.1.attacker.example:8625", None, None),
            ("127.0.0.2", None, plain("http://127.0.0.2")),
            ("192.0.2.7:8625", None, plain("http://192.0.2.7:8625")),
            ("[::1", None, None),
            ("::1", None, None),
            ("localhost@attacker.example", None, None),
            ("", None, None),
        ] {
            assert_eq!(Visited::by(&headers(&[("host", host)]), None, public), visited, "{host}");
        }
        assert_eq!(Visited::by(&HeaderMap::new(), None, None), None);
    }

    #[test]
    fn whoever_saw_our_certificate_may_come_by_any_name() {
        let visited = |host, client| Visited::by(&headers(&[("host", host)]), Some(client), None);
        let secure = |origin: &str| Some(Visited { origin: origin.to_owned(), secure: true });
        let own = Client::encrypted(true);
        assert_eq!(visited("books.library.example:8625", own), secure("https://books.library.example:8625"));
        assert_eq!(visited("localhost:8625", own), secure("https://localhost:8625"));
        for host in ["", "a@b", "a/b", "a:b"] {
            assert_eq!(visited(host, own), None, "{host}");
        }
        let by_proxy = Client::encrypted(false);
        assert_eq!(visited("books.library.example", by_proxy), None);
        assert_eq!(visited("192.0.2.7", by_proxy), secure("https://192.0.2.7"));
    }

    #[test]
    fn only_its_own_pages_change_anything() {
        let visited = Visited { origin: "http://localhost:8625".to_owned(), secure: false };
        let (own, other) = ("http://localhost:8625", "http://attacker.example");
        for (said, may) in [
            (&[("sec-fetch-site", "same-origin"), ("origin", own)][..], true),
            (&[("origin", own)], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[], false),
            (&[("origin", other)], false),
            (&[("origin", "null")], false),
            (&[("origin", "http://localhost")], false),
            (&[("origin", "https://localhost:8625")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", other)], false),
            (&[("sec-fetch-site", "same-site"), ("origin", own)], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "same-origin"), ("origin", other)], false),
        ] {
            assert_eq!(visited.is_asked_by_itself(&headers(said)), may, "{said:?}");
        }
    }

    #[test]
    fn nobody_is_led_elsewhere() {
        for path in ["/", "/queue", "/queue?state=held&after=5", "/queue/7#top", "/a%2f%2fb"] {
            assert_eq!(local(path), path);
        }
        for elsewhere in [
            "",
            "queue",
            "//attacker.example",
            "/\\attacker.example",
            "\\\\attacker.example",
            "https://attacker.example",
            "/\t/attacker.example",
            "/\r\nSet-Cookie: a=b",
            " /queue",
            "/é",
            "javascript:alert(1)",
        ] {
            assert_eq!(local(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
