//! Saved notices: set up on the pages, duplicated, removed and had back. How they are worded and run stands beside this.

use store::{AuditFilter, Deed, NoticeSettings};
use testkit::sink::{Settings, Sink};

use crate::{
    bench::{Answer, Bench, servers},
    browser::drive,
    notices::{sent, to, uploaded},
};

pub(crate) const LIST: &str = "/notices/saved";

pub(crate) async fn settings(bench: &Bench, slug: &str) -> NoticeSettings {
    let all = bench.app.store.saved_notices().await.unwrap();
    all.into_iter().find(|one| one.slug == slug).unwrap().settings
}

/// What stands in the field of this name.
pub(crate) fn value(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

pub(crate) async fn post(bench: &Bench, who: &str, path: &str, fields: &str) -> Answer {
    bench.post(who, &format!("{LIST}/{path}"), fields).await
}

pub(crate) fn led_to(answer: &Answer, path: &str) {
    assert_eq!((answer.status, answer.header("location")), (303, path), "{}", answer.text);
}

#[tokio::test]
async fn a_notice_is_duplicated_set_up_removed_and_had_back() {
    let bench = Bench::staffed(servers()).await;
    let list = bench.get("administrator", LIST).await.text;
    for part in [
        "Overdue Items, gentle</a> <span class=\"tag\">On",
        "Fines</a> <span class=\"tag\">Off",
        "/notices?notice=overdue-items",
    ] {
        assert!(list.contains(part), "{part}: {list}");
    }
    assert!(!list.contains("/notices?notice=fines") && !list.contains("/remove\""), "{list}");
    let copy = post(&bench, "administrator", "fines/duplicate", "").await;
    led_to(&copy, &format!("{LIST}/copy-of-fines?done=notice_duplicated"));
    let page = bench.get("administrator", &format!("{LIST}/copy-of-fines")).await.text;
    assert_eq!((value(&page, "name"), value(&page, "version")), ("Copy of Fines".to_owned(), "1".to_owned()));
    let fields =
        "version=1&name=Fines+%3Cb%3E&on=yes&favourite=yes&to=patron&repeat_days=0&notes=For+June&sites=EAST";
    led_to(
        &post(&bench, "administrator", "copy-of-fines", fields).await,
        &format!("{LIST}?done=notice_saved"),
    );
    let found = settings(&bench, "copy-of-fines").await;
    assert_eq!((found.on, found.repeat_days, found.recipients.guardian), (true, Some(0), false));
    let list = bench.get("administrator", LIST).await.text;
    let first = list.find("Fines &#60;b&#62;</a>").unwrap();
    assert!(first < list.find("Overdue Items, gentle").unwrap(), "favourites stand first: {list}");
    for part in ["For June", "administrator", "East Branch"] {
        assert!(list.contains(part), "{part}: {list}");
    }
    // It is of EAST.
    assert!(!bench.get("manager", LIST).await.text.contains("Fines &#60;b&#62;"));
    assert!(bench.get("elsewhere", LIST).await.text.contains("Fines &#60;b&#62;"));
    led_to(
        &post(&bench, "elsewhere", "copy-of-fines/remove", "version=2").await,
        &format!("{LIST}?done=notice_removed"),
    );
    let list = bench.get("elsewhere", &format!("{LIST}?done=notice_removed")).await.text;
    assert!(list.contains("<details class=\"apart\" open>"), "{list}");
    assert_eq!(bench.get("administrator", &format!("{LIST}/copy-of-fines")).await.status, 404);
    led_to(
        &post(&bench, "elsewhere", "copy-of-fines/restore", "version=3").await,
        &format!("{LIST}?done=notice_restored"),
    );
    assert_eq!(bench.get("elsewhere", &format!("{LIST}/copy-of-fines")).await.status, 200);
    let log = bench.app.store.audit(AuditFilter::default(), None, 4).await.unwrap();
    let deeds: Vec<_> = log.iter().map(|line| line.what).collect();
    assert_eq!(deeds, [Deed::NoticeRestored, Deed::NoticeRemoved, Deed::NoticeChanged, Deed::NoticeAdded]);
    bench.stop().await;
}

#[tokio::test]
async fn who_comes_second_to_a_notice_is_told_and_can_save_again() {
    let bench = Bench::staffed(servers()).await;
    let fields =
        |version: u32, notes: &str| format!("version={version}&on=yes&to=patron&to=guardian&notes={notes}");
    assert_eq!(post(&bench, "administrator", "fines", &fields(0, "mine")).await.status, 303);
    let late = post(&bench, "administrator", "fines", &fields(0, "theirs")).await;
    assert_eq!(late.status, 422);
    for part in ["somebody else changed this notice", "Last changed by administrator", ">theirs</textarea>"] {
        assert!(late.text.contains(part), "{part}: {}", late.text);
    }
    assert_eq!(value(&late.text, "version"), "1");
    let switched = post(&bench, "administrator", "fines/switch", "version=0&on=false").await;
    led_to(&switched, &format!("{LIST}?done=notice_changed_meanwhile"));
    assert!(settings(&bench, "fines").await.on);
    assert_eq!(post(&bench, "administrator", "fines", &fields(1, "theirs")).await.status, 303);
    assert_eq!(settings(&bench, "fines").await.notes, "theirs");
    bench.stop().await;
}

/// Whoever is of another library is told, with the reason, before and afterwards; nowhere is it said that all get a mail.
#[tokio::test]
async fn a_notice_for_one_library_says_whom_it_passes_over() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let who = "administrator";
    let fields = "version=0&name=Overdue&on=yes&to=patron&sites=EAST";
    assert_eq!(post(&bench, who, "overdue-items", fields).await.status, 303);
    let whole = crate::notices::export();
    let of = |parts: &[&str]| {
        let lines = whole.lines().enumerate();
        let lines = lines.filter(|(n, line)| *n == 0 || parts.iter().any(|part| line.contains(part)));
        lines.flat_map(|(_, line)| [line, "\n"]).collect::<String>()
    };
    let main = uploaded(&bench, who, &of(&["MAIN"])).await;
    let page = bench.get(who, &main).await.text;
    for said in [
        "This notice is only for: East Branch.",
        "3 people of a library that this notice is not for",
        "Ana Ruiz (1)",
        "2 items of Main Library",
        "Nobody would get a mail from this file.",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("Everybody in the file"), "{page}");
    let none = bench.get("elsewhere", &uploaded(&bench, "elsewhere", &of(&["MAIN"])).await).await.text;
    assert!(!none.contains("Ana Ruiz") && !none.contains("Everybody in the file"), "another's: {none}");
    let check = uploaded(&bench, who, &of(&["MAIN", "EAST"])).await;
    let run = sent(&bench, who, &check).await;
    let page = bench.get(who, &format!("/notices/runs/{}", run.0)).await.text;
    assert!(page.contains("what=other_library") && !page.contains("There is nothing to do"), "{page}");
    assert!(page.contains("3 entries of the file get no mail."), "it adds up: {page}");
    let names = bench.get(who, &format!("/notices/runs/{}/names?what=other_library", run.0)).await.text;
    assert!(names.contains("Ben Okafor (2)") && names.contains("add their library to the notice"), "{names}");
    let table = bench.get(who, &format!("/notices/runs/{}/csv", run.0)).await.text;
    assert!(table.contains("person of a library that this notice is not for"), "{table}");
    bench.stop().await;
}

/// One that was for a library that was removed since is not for all of them when somebody saves it.
#[tokio::test]
async fn a_notice_of_a_removed_library_does_not_become_one_of_all() {
    let bench = Bench::staffed(servers()).await;
    let fields = "version=0&on=yes&to=patron&sites=EAST";
    assert_eq!(post(&bench, "administrator", "fines", fields).await.status, 303);
    let mut config = (*bench.app.settings.now()).clone();
    config.sites.retain(|site| site.code != "EAST");
    bench.app.settings.replace(config);
    let page = bench.get("administrator", &format!("{LIST}/fines")).await.text;
    let box_ = "name=\"sites\" value=\"EAST\" checked";
    assert!(page.contains(box_) && page.contains("EAST (a library that was removed)"), "{page}");
    let fields = "version=1&on=yes&to=patron&sites=EAST&notes=x";
    assert_eq!(post(&bench, "administrator", "fines", fields).await.status, 303);
    assert_eq!(settings(&bench, "fines").await.sites, ["EAST".to_owned()].into());
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saved_notices_work_in_a_browser() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    drive("wording.mjs", &bench, &[]).await;
    bench.stop().await;
}
