//! An export without a column for the library, while there are several: it is asked plainly whose its lines are.

use reqwest::Method;
use store::State;
use testkit::sink::{Settings, Sink};

use crate::{
    bench::{Answer, Bench},
    notices::{form_of, over, to, uploaded},
};

const NAMELESS: &str = "borrowernumber,firstname,surname,email,title,barcode,duedate,issuedate\n\
    1,Ana,Ruiz,ana@example.org,Moby Dick,m1,2026-11-12,2026-10-12\n\
    2,Ben,Okafor,ben@example.org,Dune,m3,2026-11-12,2026-10-12\n";
const ASKED: &str = "The lines of 2 people name no library, and there are several here.";

#[tokio::test]
async fn it_is_asked_whose_lines_without_a_library_are_and_they_are_sent_as_of_it() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let check = uploaded(&bench, "manager", NAMELESS).await;
    let page = bench.get("manager", &check).await.text;
    for said in [ASKED, "Lines that name no library belong to", "Nobody would get a mail from this file."] {
        assert!(page.contains(said), "{said}: {page}");
    }
    // Only theirs can be chosen, and what holds for everybody is not for them to say.
    assert!(page.contains("<option value=\"MAIN\">") && !page.contains("<option value=\"EAST\">"), "{page}");
    assert!(!page.contains("name=\"remember\""), "{page}");
    let other = bench.post("manager", &format!("{check}/library"), "site=EAST").await;
    assert_eq!((other.status, other.header("location")), (303, &*check));
    let all = bench.post("manager", &format!("{check}/library"), "site=MAIN&remember=yes").await;
    assert_eq!(all.status, 403, "{}", all.text);
    let spanish = bench.ask("manager", Method::GET, &check).header("accept-language", "es");
    let spanish = Answer::of(spanish).await.text;
    assert!(spanish.contains("Las líneas de 2 personas no dicen de qué biblioteca son"), "{spanish}");
    let chosen = bench.post("manager", &format!("{check}/library"), "site=MAIN").await;
    let settled = chosen.header("location").to_owned();
    assert_eq!(settled, format!("{check}?site=MAIN"));
    let page = bench.get("manager", &settled).await.text;
    assert!(page.contains("to 2 people of 1 library") && !page.contains(ASKED), "{page}");
    let fields = form_of(&bench, "manager", &settled).await;
    let sent = bench.post("manager", &format!("{check}/send"), &format!("{fields}&site=MAIN")).await;
    let run = sent.header("location").rsplit('/').next().unwrap().parse().map(store::RunId).unwrap();
    over(&bench, run).await;
    assert_eq!(bench.app.store.run(run).await.unwrap().states, [(State::Delivered, 2)].into());
    bench.stop().await;
}

/// Said once for all exports, nobody is asked again.
#[tokio::test]
async fn it_is_remembered_for_all_exports() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let check = uploaded(&bench, "administrator", NAMELESS).await;
    let page = bench.get("administrator", &check).await.text;
    assert!(page.contains(ASKED) && page.contains("name=\"remember\""), "{page}");
    let chosen = bench.post("administrator", &format!("{check}/library"), "site=EAST&remember=yes").await;
    let told = bench.get("administrator", chosen.header("location")).await.text;
    assert!(told.contains("From now on lines that name no library are read as of that library"), "{told}");
    let next = uploaded(&bench, "elsewhere", &NAMELESS.replace("Dune", "Emma")).await;
    for (who, check) in [("administrator", check), ("elsewhere", next)] {
        let page = bench.get(who, &check).await.text;
        assert!(page.contains("to 2 people of 1 library") && !page.contains(ASKED), "{who}: {page}");
    }
    bench.stop().await;
}
