//! Notices that can be run, and what they say.

use store::{
    Actor, AuditFilter, Deed, Error, NoticeKind, NoticeSettings, PersonId, Wording, WordingBefore, WordingKey,
};

use crate::fresh::{Fresh, minute, sound};

fn ann() -> Actor {
    Actor::Person { id: PersonId(1), name: "Ann".parse().unwrap() }
}

fn settings(name: &str) -> NoticeSettings {
    NoticeSettings { name: name.to_owned(), on: true, kind: NoticeKind::Fines, ..NoticeSettings::default() }
}

fn wording(text: &str) -> Wording {
    Wording { subject: format!("{text}!"), text: text.to_owned(), html: None }
}

fn key(notice: &str, site: Option<&str>) -> WordingKey {
    WordingKey { notice: notice.to_owned(), site: site.map(ToOwned::to_owned), language: "en".to_owned() }
}

pub(crate) async fn a_notice_is_changed_by_one_person_at_a_time(fresh: &Fresh) {
    let store = fresh.open().await;
    assert_eq!(store.saved_notices().await.unwrap(), []);
    fresh.at(1);
    assert_eq!(store.save_notice("fines", settings("Fines"), 0, ann(), fresh.now()).await.unwrap(), 1);
    fresh.at(2);
    let (second, who) = (settings("Money"), || Actor::CommandLine);
    let late = store.save_notice("fines", second.clone(), 0, who(), fresh.now()).await;
    assert!(matches!(late, Err(Error::Changed)), "{late:?}");
    assert_eq!(store.save_notice("fines", settings("Fines"), 1, who(), fresh.now()).await.unwrap(), 1);
    assert_eq!(store.save_notice("fines", second.clone(), 1, who(), fresh.now()).await.unwrap(), 2);
    store.close().await.unwrap();
    let store = fresh.open().await;
    let kept = store.saved_notices().await.unwrap().pop().unwrap();
    assert_eq!((&kept.settings, kept.version, &kept.made_by, kept.made_at), (&second, 2, &ann(), minute(1)));
    assert_eq!((&kept.changed_by, kept.changed_at, kept.removed_at), (&who(), minute(2), None));
    let late = store.remove_notice("fines", true, 1, ann(), fresh.now()).await;
    assert!(matches!(late, Err(Error::Changed)), "{late:?}");
    assert_eq!(store.remove_notice("fines", true, 2, ann(), fresh.now()).await.unwrap(), 3);
    assert_eq!(store.saved_notices().await.unwrap()[0].removed_at, Some(minute(2)));
    assert_eq!(store.remove_notice("fines", false, 3, ann(), fresh.now()).await.unwrap(), 4);
    assert_eq!(store.saved_notices().await.unwrap()[0].removed_at, None);
    let none = store.remove_notice("dues", true, 0, ann(), fresh.now()).await;
    assert!(matches!(none, Err(Error::NotFound("notice"))), "{none:?}");
    let lines = store.audit(AuditFilter::default(), None, 9).await.unwrap();
    let lines: Vec<_> = lines.iter().rev().map(|line| (line.what, line.about.as_str())).collect();
    let deeds = [Deed::NoticeChanged, Deed::NoticeChanged, Deed::NoticeRemoved, Deed::NoticeRestored];
    assert_eq!(lines, deeds.map(|deed| (deed, "fines")), "what changes nothing is not in the log");
    sound(&store).await;
}

/// Nobody's words are lost, whoever saves last; and a version never comes twice.
pub(crate) async fn a_wording_is_changed_by_one_person_at_a_time(fresh: &Fresh) {
    let store = fresh.open().await;
    let save = async |wording: Option<Wording>, seen: i64| {
        store.save_wording(key("fines", None), wording, seen, ann(), fresh.now()).await
    };
    fresh.at(1);
    assert_eq!(save(Some(wording("Pay")), 0).await.unwrap(), 1);
    for seen in [0, 2] {
        let late = save(Some(wording("Please pay")), seen).await;
        assert!(matches!(late, Err(Error::Changed)), "{late:?}");
    }
    assert_eq!(save(Some(wording("Pay")), 1).await.unwrap(), 1);
    assert_eq!(save(None, 1).await.unwrap(), 2);
    assert!(matches!(save(Some(wording("Pay")), 0).await, Err(Error::Changed)));
    let html = Wording { html: Some("<p>Pay</p>".to_owned()), ..wording("Pay") };
    assert_eq!(save(Some(html.clone()), 2).await.unwrap(), 3);
    let of_main = key("fines", Some("MAIN"));
    store.save_wording(of_main.clone(), Some(wording("Main")), 0, ann(), fresh.now()).await.unwrap();
    let other = key("overdue-items", None);
    store.save_wording(other, Some(wording("Overdue")), 0, ann(), fresh.now()).await.unwrap();
    let all = store.wordings().await.unwrap();
    assert_eq!(all.len(), 3);
    let of_fines = store.wordings_of("fines").await.unwrap();
    assert_eq!(of_fines, all[..2]);
    assert_eq!((&of_fines[0].wording, of_fines[0].version), (&Some(html.clone()), 3));
    // What it said before its last change is kept, and that there was nothing.
    let before = |wording| Some(WordingBefore { wording });
    assert_eq!((&of_fines[0].before, &of_fines[1].before), (&before(None), &before(None)));
    assert_eq!(save(Some(wording("Anew")), 3).await.unwrap(), 4);
    assert_eq!(store.wordings_of("fines").await.unwrap()[0].before, before(Some(html)));
    assert_eq!((&of_fines[1].key, of_fines[1].changed_at), (&of_main, minute(1)));
    let lines = store.audit(AuditFilter::default(), None, 9).await.unwrap();
    let lines: Vec<_> = lines.iter().map(|line| (line.what, line.about.as_str())).collect();
    let abouts = ["fines en", "overdue-items en", "fines MAIN en", "fines en", "fines en", "fines en"];
    assert_eq!(lines, abouts.map(|about| (Deed::WordingChanged, about)));
    sound(&store).await;
}

pub(crate) async fn a_copy_has_the_words_of_its_model_and_a_name_of_its_own(fresh: &Fresh) {
    let store = fresh.open().await;
    store.save_wording(key("fines", None), Some(wording("Pay")), 0, ann(), fresh.now()).await.unwrap();
    let back = key("fines", Some("MAIN"));
    store.save_wording(back.clone(), Some(wording("Main")), 0, ann(), fresh.now()).await.unwrap();
    store.save_wording(back, None, 1, ann(), fresh.now()).await.unwrap();
    let copy = async |slug| store.duplicate_notice("fines", slug, settings("Copy"), ann(), fresh.now()).await;
    assert_eq!(copy("fines-2").await.unwrap(), 1);
    let found = store.wordings_of("fines-2").await.unwrap();
    assert_eq!(found.len(), 1, "what went back to what is built in is not copied: {found:?}");
    assert_eq!((&found[0].wording, found[0].version), (&Some(wording("Pay")), 1));
    store.remove_notice("fines-2", true, 1, ann(), fresh.now()).await.unwrap();
    let again = copy("fines-2").await;
    assert!(matches!(again, Err(Error::Exists("a notice of this name"))), "{again:?}");
    let line = store.audit(AuditFilter::default(), None, 9).await.unwrap().remove(1);
    assert_eq!((line.what, line.old.as_deref()), (Deed::NoticeAdded, Some("fines")));
    sound(&store).await;
}
