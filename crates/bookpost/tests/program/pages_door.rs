//! The door of pages and API beyond this machine: its certificate, made and renewed.

use std::{fs, net::IpAddr, os::unix::fs::PermissionsExt as _};

use reqwest::{Certificate, Client};

use crate::{bench::Place, promised::Port};

/// Makes a pair for 127.0.0.1, and a client that trusts it and nobody else.
async fn made(place: &Place, folder: &str) -> Client {
    fs::create_dir_all(place.path(folder)).unwrap();
    let to = place.path(folder).display().to_string();
    let said = place.run(&["certificate", "self-signed", "--name", "127.0.0.1", "--to", &to]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    for name in ["127.0.0.1.crt", "127.0.0.1.key"] {
        let mode = fs::metadata(place.path(folder).join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let again = place.run(&["certificate", "self-signed", "--name", "127.0.0.1", "--to", &to]).await;
    assert_eq!(again.code, Some(78), "it writes over nothing");
    let pem = fs::read(place.path(folder).join("127.0.0.1.crt")).unwrap();
    let trusted = Certificate::from_pem(&pem).unwrap();
    // Each request shakes hands anew.
    Client::builder().tls_certs_only([trusted]).pool_max_idle_per_host(0).build().unwrap()
}

#[tokio::test]
async fn a_certificate_is_made_used_and_read_again_when_it_is_renewed() {
    let (place, port) = (Place::new("practice", None), Port::new());
    let (first, second) = (made(&place, "certs").await, made(&place, "renewed").await);
    let file = |folder: &str, name: &str| place.path(folder).join(format!("127.0.0.1.{name}"));
    place.change(
        "listen = \"off\"",
        &format!(
            "listen = \"off\"\nlisten_certificate = {:?}\nlisten_key = {:?}",
            file("certs", "crt"),
            file("certs", "key")
        ),
    );
    let said = place.run(&["config", "check"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let address = port.address().to_string();
    let service = place.serve_at(&address).await;
    let asked = async |client: &Client, scheme: &str| {
        let answer = client.get(format!("{scheme}://{address}/healthz")).send().await;
        answer.map(|answer| answer.status().as_u16()).ok()
    };
    assert_eq!(asked(&first, "https").await, Some(200));
    assert_eq!(asked(&second, "https").await, None, "it is another certificate");
    assert_eq!(asked(&first, "http").await, Some(200), "this machine may ask in plain");
    for name in ["crt", "key"] {
        fs::copy(file("renewed", name), file("certs", name)).unwrap();
    }
    while asked(&second, "https").await.is_none() {}
    service.terminate();
    assert_eq!(service.code().await, Some(0));
}

#[tokio::test]
async fn in_plain_it_is_not_opened_to_other_machines() {
    let place = Place::new("practice", None);
    let said = place.run(&["serve", "--listen", "0.0.0.0:0"]).await;
    assert_eq!(said.code, Some(78), "{said:?}");
    assert!(said.err.contains("--listen") && said.err.contains("`listen_certificate`"), "{said:?}");
}

/// Each takes 19 MiB, two are looked at at once, and an allocator gives back less than it got.
#[tokio::test]
async fn many_wrong_passwords_take_no_more_memory_than_two() {
    let (place, port) = (Place::new("practice", None), Port::new());
    let address = port.address().to_string();
    let service = place.serve_at(&address).await;
    let before = service.memory_kib();
    let guess = async |from: u8| {
        let client = Client::builder().local_address(IpAddr::from([127, 0, 1, from])).build().unwrap();
        for number in 0..5 {
            let request = client.post(format!("http://{address}/sign-in"));
            let request = request.header("origin", format!("http://{address}"));
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let shown = format!("email=p{number}-{from}@library.example&password=a+wrong+password");
            assert_eq!(request.body(shown).send().await.unwrap().status(), 403);
        }
    };
    futures_util::future::join_all((1..=8).map(guess)).await;
    let more = service.memory_kib() - before;
    assert!(more < 60 * 1024, "{more} KiB more");
    service.terminate();
    assert_eq!(service.code().await, Some(0));
}
