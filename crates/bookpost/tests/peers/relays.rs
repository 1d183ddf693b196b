//! Mail servers that have Bookpost as their smarthost: what programs hand to them comes to us, and goes on.

use crate::{
    bench::{Folder, Security},
    clients::{self, Way},
    door::OpenDoor,
    letter::{self, TO},
    peer::Peer,
};

/// Letters that are handed to the relay, one after the other.
const LETTERS: u64 = 5;

/// One test for each relay, how it reaches us, and whether it signs in there.
macro_rules! relays {
    ($($test:ident: $kind:literal, $security:ident, signs in: $signs_in:literal;)+) => {
        $(#[tokio::test]
        async fn $test() {
            relays($kind, Security::$security, $signs_in).await;
        })+
    };
}

relays! {
    postfix_relays_plain: "postfix", Plain, signs in: false;
    postfix_relays_with_starttls: "postfix", StartTls, signs in: true;
    postfix_relays_with_tls: "postfix", Tls, signs in: true;
    // It sends by BDAT.
    exim_relays_plain: "exim", Plain, signs in: false;
    exim_relays_with_starttls: "exim", StartTls, signs in: true;
    exim_relays_with_tls: "exim", Tls, signs in: true;
    opensmtpd_relays_plain: "opensmtpd", Plain, signs in: false;
    opensmtpd_relays_with_starttls: "opensmtpd", StartTls, signs in: true;
    opensmtpd_relays_with_tls: "opensmtpd", Tls, signs in: true;
}

async fn relays(kind: &str, security: Security, signs_in: bool) {
    let folder = Folder::new();
    clients::write_letter(&folder);
    let door = OpenDoor::start(&folder, !signs_in).await;
    let authority = folder.path().join("ca.pem");
    let mut options = Vec::new();
    if security != Security::Plain {
        options.extend(["--next-tls", security.word(), "--next-ca", authority.to_str().unwrap()]);
    }
    if signs_in {
        options.extend(["--next-login", &door.key.0, "--next-password", &door.key.1]);
    }
    let Some(peer) = Peer::start(kind, folder.path(), Some(door.address(security)), &options) else { return };
    let way = Way {
        folder: folder.path(),
        port: peer.address.port(),
        security: Security::Plain,
        key: None,
        mechanism: "none",
    };
    for _ in 0..LETTERS {
        clients::run("smtplib", clients::programs::smtplib(&way), kind).await;
    }
    let arrived = door.arrived(LETTERS).await;
    assert_eq!(arrived.len() as u64, LETTERS, "{}", peer.log());
    letter::check(&arrived, folder.path(), kind);
    assert!(arrived.iter().all(|one| one.to == [TO]));
    door.stop().await;
}
