//! Logos of sites.

use store::{Actor, AuditFilter, Deed, Logo};

use crate::fresh::Fresh;

fn logo(byte: u8) -> Logo {
    Logo { media_type: "image/png".to_owned(), bytes: vec![byte; 3] }
}

pub(crate) async fn a_logo_is_a_sites_until_another_takes_its_place(fresh: &Fresh) {
    let (store, cli) = (fresh.open().await, || Actor::CommandLine);
    assert_eq!(store.logo("MAIN").await.unwrap(), None);
    for (site, given) in [
        ("MAIN", Some(logo(1))),
        ("EAST", Some(logo(2))),
        ("MAIN", Some(logo(3))),
        ("MAIN", Some(logo(3))),
        ("WEST", None),
    ] {
        store.set_logo(site, given, cli(), fresh.now()).await.unwrap();
    }
    assert_eq!(store.logo("MAIN").await.unwrap(), Some(logo(3)));
    let all = [("EAST".to_owned(), logo(2)), ("MAIN".to_owned(), logo(3))];
    assert_eq!(store.logos().await.unwrap(), all.into());
    store.set_logo("MAIN", None, cli(), fresh.now()).await.unwrap();
    assert_eq!((store.logo("MAIN").await.unwrap(), store.logo("EAST").await.unwrap()), (None, Some(logo(2))));

    let filter = AuditFilter { what: Some(Deed::LogoChanged), ..AuditFilter::default() };
    let log = store.audit(filter, None, 9).await.unwrap();
    let picture = || Some("image/png, 3 bytes".to_owned());
    let lines: Vec<_> = log.into_iter().map(|line| (line.about, line.old, line.new)).collect();
    let of = |site: &str, old, new| (site.to_owned(), old, new);
    assert_eq!(
        lines,
        [
            of("MAIN", picture(), None),
            of("MAIN", picture(), picture()),
            of("EAST", None, picture()),
            of("MAIN", None, picture())
        ]
    );
}
