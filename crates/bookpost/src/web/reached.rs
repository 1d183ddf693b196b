//! By which addresses people come to the pages, for whoever starts Bookpost and wants to open them.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use crate::config::Config;

/// How a kernel lists its own IPv4 addresses, as routes to itself.
const FIB_TRIE: &str = "/proc/net/fib_trie";
/// The same for IPv6, with the interface of each.
const IF_INET6: &str = "/proc/net/if_inet6";

/// The addresses with their scheme: the public one first, then this computer's own. `bound`: where the pages listen.
pub fn reached(config: &Config, bound: SocketAddr) -> Vec<String> {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let own = || own_v4(&read(FIB_TRIE)).into_iter().chain(own_v6(&read(IF_INET6)));
    of(config.public_address.as_deref(), config.web.certificate.is_some(), bound, own)
}

/// Those by which a link can be opened on another computer, as far as there are any. With a public address that is the one for all. None
/// where the pages listen nowhere.
pub fn for_links(config: &Config, bound: Option<SocketAddr>) -> Vec<String> {
    bound.map(|bound| farthest(config.public_address.as_deref(), reached(config, bound))).unwrap_or_default()
}

fn farthest(public: Option<&str>, mut all: Vec<String>) -> Vec<String> {
    if public.is_some() {
        all.truncate(1);
    } else if all.iter().any(|address| address.starts_with("https:")) {
        all.retain(|address| address.starts_with("https:"));
    }
    all
}

fn of<I: Iterator<Item = IpAddr>>(
    public: Option<&str>,
    certificate: bool,
    bound: SocketAddr,
    own: impl FnOnce() -> I,
) -> Vec<String> {
    let at = |scheme, address| format!("{scheme}://{}", SocketAddr::new(address, bound.port()));
    let listens = match bound.ip() {
        ip if ip.is_loopback() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    let mut all: Vec<_> = public.map(ToOwned::to_owned).into_iter().chain([at("http", listens)]).collect();
    // From elsewhere nobody comes without a certificate, except by a proxy, which has an address of its own.
    if certificate && bound.ip().is_unspecified() {
        let spoken = own().filter(|own| own.is_ipv4() || bound.is_ipv6());
        all.extend(spoken.map(|own| at("https", own)));
    } else if certificate && !bound.ip().is_loopback() {
        all.push(at("https", bound.ip()));
    }
    let mut told = BTreeSet::new();
    // What is set as the public address may be one of this computer's own.
    all.retain(|address| told.insert(address.clone()));
    all
}

fn own_v4(fib_trie: &str) -> Vec<IpAddr> {
    let (mut all, mut leaf) = (Vec::new(), None);
    for line in fib_trie.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            leaf = address.parse::<Ipv4Addr>().ok();
        } else if line == "/32 host LOCAL" {
            all.extend(leaf.take().filter(|own| !own.is_loopback()).map(IpAddr::from));
        }
    }
    all.sort();
    all.dedup();
    all
}

/// Those that are known beyond their own link.
fn own_v6(if_inet6: &str) -> Vec<IpAddr> {
    let of_line = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let (address, scope) = (fields.next()?, fields.nth(2)?);
        let address = u128::from_str_radix(address, 16).ok()?;
        (scope == "00").then(|| IpAddr::from(Ipv6Addr::from(address)))
    };
    if_inet6.lines().filter_map(of_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIE: &str = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     |-- 192.0.2.0\n        /24 link UNICAST\n\
        Local:\n     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 192.0.2.7\n        /32 host LOCAL\n     |-- 192.0.2.255\n        /32 link BROADCAST\n\
             |-- 192.0.2.7\n        /32 host LOCAL\n";
    const INET6: &str = "00000000000000000000000000000001 01 80 10 80       lo\n\
        20010db8000000000000000000000007 02 40 00 00     eth0\nfe800000000000000000000000000007 02 40 20 80     eth0\n";

    #[test]
    fn every_address_is_told_by_which_the_pages_can_be_reached() {
        let public = Some("https://bookpost.library.example");
        let own = || own_v4(TRIE).into_iter().chain(own_v6(INET6));
        for (public, certificate, bound, expected) in [
            (None, false, "127.0.0.1:8625", &["http://127.0.0.1:8625"][..]),
            (None, false, "[::1]:8625", &["http://[::1]:8625"]),
            (public, false, "0.0.0.0:8625", &["https://bookpost.library.example", "http://127.0.0.1:8625"]),
            (Some("http://127.0.0.1:8625"), false, "127.0.0.1:8625", &["http://127.0.0.1:8625"]),
            (
                Some("https://192.0.2.7:8625"),
                true,
                "0.0.0.0:8625",
                &["https://192.0.2.7:8625", "http://127.0.0.1:8625"],
            ),
            (None, true, "192.0.2.7:443", &["http://127.0.0.1:443", "https://192.0.2.7:443"]),
            (None, true, "0.0.0.0:8625", &["http://127.0.0.1:8625", "https://192.0.2.7:8625"]),
            (
                None,
                true,
                "[::]:8625",
                &["http://[::1]:8625", "https://192.0.2.7:8625", "https://[2001:db8::7]:8625"],
            ),
        ] {
            assert_eq!(of(public, certificate, bound.parse().unwrap(), own), expected, "{bound}");
        }
    }

    #[test]
    fn a_link_names_no_address_that_only_this_machine_reaches() {
        let public = Some("https://bookpost.library.example");
        let own = || own_v4(TRIE).into_iter();
        for (public, certificate, bound, expected) in [
            (None, false, "127.0.0.1:8625", &["http://127.0.0.1:8625"][..]),
            (public, true, "0.0.0.0:8625", &["https://bookpost.library.example"]),
            (Some("http://books.example"), false, "127.0.0.1:8625", &["http://books.example"]),
            (None, true, "0.0.0.0:8625", &["https://192.0.2.7:8625"]),
            (None, true, "127.0.0.1:8625", &["http://127.0.0.1:8625"]),
        ] {
            let all = of(public, certificate, bound.parse().unwrap(), own);
            assert_eq!(farthest(public, all), expected, "{bound}");
        }
    }

    /// This machine at least has the file, in the form that is read here.
    #[test]
    fn the_kernel_names_its_addresses_so() {
        let text = std::fs::read_to_string(FIB_TRIE).unwrap();
        assert!(text.contains("|-- 127.0.0.1") && text.contains("/32 host LOCAL"), "{text}");
    }
}
