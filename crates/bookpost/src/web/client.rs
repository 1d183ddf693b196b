//! Who asks: the peer of the connection, or whoever a trusted proxy says it asks for.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use ipnet::IpNet;

/// The hops on the way, the nearest last (each proxy adds whoever asked it).
const HOPS: &str = "x-forwarded-for";
const SCHEME: &str = "x-forwarded-proto";

/// Who asks, as far as that can be believed. An extension of every request, for limits, cookies and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// Its address: the nearest that is no trusted proxy.
    pub address: IpAddr,
    /// It came by https, to us or to a trusted proxy.
    pub is_encrypted: bool,
    /// It came by https to us, so that our certificate is for the name by which it asked, or a person let it pass.
    pub(super) saw_our_certificate: bool,
    /// Others could read it on the way to us.
    is_exposed: bool,
    /// A program of this machine asks, as far as can be told: whoever passes requests on is one too.
    is_local: bool,
}

impl Client {
    /// From the connection and what stands in the request. Nobody but a trusted proxy is believed anything.
    pub(super) fn of(peer: IpAddr, is_encrypted: bool, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let peer = peer.to_canonical();
        let is_own = !is_passed_on(headers) && (trusted.is_empty() || names_this_machine(headers));
        let trusts = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
        if !trusts(peer) {
            // A web server of this machine that nobody named passes on what came from anywhere.
            let is_exposed = !is_encrypted && (!peer.is_loopback() || is_passed_on(headers));
            let is_local = is_own && peer.is_loopback();
            return Self {
                address: peer,
                is_encrypted,
                saw_our_certificate: is_encrypted,
                is_exposed,
                is_local,
            };
        }
        let mut address = peer;
        for hop in hops(headers) {
            // Behind what cannot be read nothing can be believed.
            let Some(hop) = hop else { break };
            address = hop;
            if !trusts(hop) {
                break;
            }
        }
        let scheme =
            last(headers, SCHEME).map_or(is_encrypted, |scheme| scheme.eq_ignore_ascii_case("https"));
        let is_exposed = !scheme && !address.is_loopback();
        let is_local = is_own && address.is_loopback();
        Self { address, is_encrypted: scheme, saw_our_certificate: false, is_exposed, is_local }
    }

    #[cfg(test)]
    pub(super) fn encrypted(saw_our_certificate: bool) -> Self {
        let address = IpAddr::from([192, 0, 2, 7]);
        Self { address, is_encrypted: true, saw_our_certificate, is_exposed: false, is_local: false }
    }
}

/// A proxy says that it asks for somebody else.
fn is_passed_on(headers: &HeaderMap) -> bool {
    let says_so =
        |name: &str| name.starts_with("x-forwarded-") || ["forwarded", "x-real-ip", "via"].contains(&name);
    headers.keys().any(|name| says_so(name.as_str()))
}

/// Whoever asks from elsewhere does so by another name, unless a proxy hides it.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    host.is_some_and(|host| {
        let name = host.host();
        name.eq_ignore_ascii_case("localhost") || address(name).is_some_and(|address| address.is_loopback())
    })
}

/// The nearest first; None: it is no address.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let lines: Vec<_> = headers.get_all(HOPS).iter().collect();
    lines.into_iter().rev().flat_map(|line| {
        let hops: Vec<_> = line.to_str().unwrap_or("?").rsplit(',').map(|hop| address(hop.trim())).collect();
        hops
    })
}

/// Some proxies add the port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let parsed = bare.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|at| at.ip()));
    parsed.ok().map(|address| address.to_canonical())
}

fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next().map(str::trim)
}

/// Turns away who must not ask: what others could read on the way, and from other machines what is for this one.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let client = request.extensions().get::<Client>().copied();
    let path = request.uri().path();
    let refusal = match client {
        Some(client) if client.is_exposed => {
            "Others could read this on the way: ask by https, of the web server that passes requests on to Bookpost. \
             It must be named in behind_proxy, and say that it was asked so, in X-Forwarded-Proto.\n"
        }
        Some(client) if !client.is_local && ["/healthz", "/metrics"].contains(&path) => {
            "This can be asked on Bookpost's own computer only, as http://127.0.0.1 or http://localhost.\n"
        }
        _ => return next.run(request).await,
    };
    (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], refusal).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn client(peer: &str, lines: &[(&'static str, &str)]) -> (String, bool, bool) {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let client = Client::of(peer.parse().unwrap(), false, &headers(lines), &trusted);
        (client.address.to_string(), client.is_encrypted, client.is_exposed)
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let (https, http) = (("x-forwarded-proto", "https"), ("x-forwarded-proto", "http"));
        let hops = |hops| ("x-forwarded-for", hops);
        for (peer, lines, address, is_encrypted, is_exposed) in [
            ("192.0.2.7", vec![], "192.0.2.7", false, true),
            ("192.0.2.7", vec![hops("127.0.0.1"), https], "192.0.2.7", false, true),
            ("127.0.0.1", vec![], "127.0.0.1", false, false),
            ("127.0.0.1", vec![hops("192.0.2.7"), https], "127.0.0.1", false, true),
            ("10.0.0.1", vec![hops("192.0.2.7"), https], "192.0.2.7", true, false),
            ("10.0.0.1", vec![hops("192.0.2.7"), http], "192.0.2.7", false, true),
            ("::ffff:10.0.0.1", vec![hops("192.0.2.7"), https], "192.0.2.7", true, false),
            // Whoever asks has written the left of it.
            ("10.0.0.1", vec![hops("127.0.0.1, 192.0.2.7")], "192.0.2.7", false, true),
            ("10.0.0.1", vec![hops("127.0.0.1"), hops("192.0.2.7, 10.0.0.2")], "192.0.2.7", false, true),
            ("10.0.0.1", vec![("x-forwarded-proto", "https, http")], "10.0.0.1", false, true),
            ("10.0.0.1", vec![hops("10.0.0.3, 10.0.0.2")], "10.0.0.3", false, true),
            ("10.0.0.1", vec![hops("127.0.0.1, unknown, 10.0.0.2")], "10.0.0.2", false, true),
            ("10.0.0.1", vec![hops("")], "10.0.0.1", false, true),
            ("10.0.0.1", vec![hops("127.0.0.1")], "127.0.0.1", false, false),
            ("10.0.0.1", vec![hops("192.0.2.7:4711")], "192.0.2.7", false, true),
            ("fd00::1", vec![hops("[2001:db8::7]:4711")], "2001:db8::7", false, true),
            ("fd00::1", vec![hops("[2001:db8::7]")], "2001:db8::7", false, true),
        ] {
            let expected = (address.to_owned(), is_encrypted, is_exposed);
            assert_eq!(client(peer, &lines), expected, "{peer} {lines:?}");
        }
    }

    /// A proxy on this machine, too, that does not say for whom it asks.
    #[test]
    fn who_is_passed_on_is_not_of_this_machine() {
        for (peer, lines, behind_proxy, is_local) in [
            ("127.0.0.1", &[("host", "localhost:8625")][..], true, true),
            ("127.0.0.1", &[("host", "127.0.0.1")], true, true),
            ("::1", &[("host", "[::1]:8625")], true, true),
            ("127.0.0.1", &[("host", "books.library.example")], true, false),
            ("127.0.0.1", &[("host", "localhost.library.example")], true, false),
            ("127.0.0.1", &[], true, false),
            ("127.0.0.1", &[("host", "books.library.example")], false, true),
            ("127.0.0.1", &[("host", "localhost"), ("x-forwarded-proto", "https")], false, false),
            ("127.0.0.1", &[("host", "localhost"), ("x-forwarded-for", "127.0.0.1")], true, false),
            ("127.0.0.1", &[("host", "localhost"), ("forwarded", "for=192.0.2.7")], true, false),
            ("127.0.0.1", &[("host", "localhost"), ("via", "1.1 a")], true, false),
            ("192.0.2.7", &[("host", "localhost")], true, false),
            ("192.0.2.7", &[("host", "localhost")], false, false),
        ] {
            let trusted = ["127.0.0.0/8".parse().unwrap()];
            let trusted = if behind_proxy { &trusted[..] } else { &[] };
            let client = Client::of(peer.parse().unwrap(), false, &headers(lines), trusted);
            assert_eq!(client.is_local, is_local, "{peer} {lines:?} {behind_proxy}");
        }
    }
}
