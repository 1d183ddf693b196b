//! Who can come to the pages and the API from other machines, and how.

use std::{net::SocketAddr, path::PathBuf};

use ipnet::IpNet;

use super::{
    NotPrivate,
    doors::{CertificateFiles, network_at},
    private_url,
    raw::Raw,
};

/// Where pages, health and metrics listen by default.
const USUAL_LISTEN: &str = "127.0.0.1:8625";

/// What keeps others from reading on the way.
#[derive(Debug, Clone, Default)]
pub struct WebDoor {
    /// Who we are; then all but this machine speak TLS.
    pub certificate: Option<CertificateFiles>,
    /// Web servers that pass on requests, and that are believed what they say of whoever asks.
    pub behind_proxy: Vec<IpNet>,
}

/// The address; the inner None: nowhere. The outer: it is wrong, which is noted.
#[expect(
    clippy::option_option,
    reason = "the outer says whether the setting is usable, the inner is its value"
)]
pub(super) fn listen(raw: &mut Raw, door: &WebDoor) -> Option<Option<SocketAddr>> {
    let text = raw.get("listen").unwrap_or_else(|| USUAL_LISTEN.to_owned());
    if text == "off" {
        return Some(None);
    }
    let todo = format!("write \"{USUAL_LISTEN}\", or \"off\"");
    let Ok(address) = text.parse::<SocketAddr>() else {
        raw.problem("listen", format!("{text:?} is not an address with a port"), todo);
        return None;
    };
    if address.ip().is_loopback() || door.certificate.is_some() || !door.behind_proxy.is_empty() {
        return Some(Some(address));
    }
    raw.problem(
        "listen",
        format!("{text} can be reached from other machines, and passwords and mail could be read on the way"),
        "name `listen_certificate` and `listen_key` (bookpost certificate self-signed makes a pair), or as `behind_proxy` the web server that passes requests on; or write \"127.0.0.1:8625\"",
    );
    None
}

/// A web server that passes on what came in plain would have everybody read the passwords of people on the way, and the cookies that they
/// are signed in by; without `https` browsers send those in plain too.
pub(super) fn is_private(raw: &mut Raw, door: &WebDoor, public_address: Option<&str>) {
    let Some(address) = public_address.filter(|_| !door.behind_proxy.is_empty()) else { return };
    if matches!(private_url(address), Err(NotPrivate::NotEncrypted)) {
        raw.problem(
            "public_address",
            format!("people would come to the web server before Bookpost by {address}, and their passwords could be read on the way"),
            "have that web server speak https, and write the address with https://",
        );
    }
}

/// Problems are noted in `raw`.
pub(super) fn door(raw: &mut Raw) -> WebDoor {
    let certificate: Option<PathBuf> = raw.get("listen_certificate");
    let key: Option<PathBuf> = raw.get("listen_key");
    for (path, file) in [("listen_certificate", &certificate), ("listen_key", &key)] {
        if let Some(file) = file.as_ref().filter(|file| !file.is_file()) {
            let todo = "name a PEM file; bookpost certificate self-signed makes a pair";
            raw.problem(path, format!("there is no file {}", file.display()), todo);
        }
    }
    if certificate.is_some() != key.is_some() {
        raw.problem(
            "listen_certificate",
            "a certificate and its key go together",
            "set `listen_certificate` and `listen_key`, or neither",
        );
    }
    let certificate = certificate.zip(key).map(|(certificate, key)| CertificateFiles { certificate, key });
    let proxies: Vec<String> = raw.get("behind_proxy").unwrap_or_default();
    let behind_proxy = proxies
        .iter()
        .filter_map(|text| {
            network_at(raw, "behind_proxy", text, "could say that its requests come from anybody")
        })
        .collect();
    WebDoor { certificate, behind_proxy }
}
