//! Two Bookposts and a provider, in a browser: a district gives out a key on its page, and a school signs in by it
//! (`tests/browser/chain_service.mjs`).

use crate::{
    bench::Folder,
    chain::{Provider, client},
    peer::not_run,
    program::{Program, modules},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_school_signs_in_by_its_district_in_a_browser_wide_and_in_english() {
    drive("wide").await;
}

/// By keyboard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_school_signs_in_by_its_district_in_a_browser_narrow_and_in_spanish() {
    drive("narrow-spanish").await;
}

/// In the dark.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_school_signs_in_by_its_district_in_a_browser_dark_and_narrow() {
    drive("dark").await;
}

async fn drive(setting: &str) {
    let Some(modules) = modules() else {
        return not_run("needs chromium, playwright-core and oidc-provider: run tests/peers/install");
    };
    let [district, school] = [(); 2].map(|()| Program::new(Folder::new()));
    let provider = Provider::start(&modules, &format!("{}/sign-in-service/back", district.origin)).await;
    let here = |program: &Program| format!("public_address = \"{}\"\n", program.origin);
    let client = client(&district, "google", &provider);
    let (_runs_too, link) = district.serve_with(&format!("{}{client}", here(&district))).await;
    let (_runs, link_of_school) = school.serve_with(&here(&school)).await;
    let told = [
        ("SETTING", setting.to_owned()),
        ("LINK", link_of_school),
        ("DISTRICT", district.origin.clone()),
        ("LINK_OF_DISTRICT", link),
    ];
    let done = school
        .drive("chain_service.mjs", modules, &told, async |wish| panic!("{wish}: nobody knows how"))
        .await;
    assert!(done.is_ok(), "{}", done.unwrap_err());
}
