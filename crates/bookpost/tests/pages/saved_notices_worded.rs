//! The wordings of saved notices: checked, previewed, saved and taken back on the pages.

use testkit::sink::{Settings, Sink};

use crate::{
    bench::{Bench, servers},
    notices::{export, to, uploaded},
    saved_notices::{LIST, led_to, post, value},
    saved_notices_run::subjects,
};

fn typed(version: u32, subject: &str, text: &str, html: &str) -> String {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    format!(
        "do=save&version={version}&language=en&subject={}&text={}&html={}",
        encode(subject),
        encode(text),
        encode(html)
    )
}

#[tokio::test]
async fn a_wrong_wording_is_refused_with_its_place_and_nothing_typed_is_lost() {
    let bench = Bench::staffed(servers()).await;
    let (text, long) = ("Hello <b>\n  {{ patron_nam }}", "x".repeat(20_001));
    for (fields, said) in [
        (
            typed(0, "Overdue", text, ""),
            "Line 2, letter 6: “patron_nam” is nothing that can be put in. Did you mean patron_name?",
        ),
        (
            typed(0, "Overdue", "{{ title }}", ""),
            "It belongs to an item: write item.title between {% for item in items %}",
        ),
        (typed(0, "Overdue", "a\nb {% if x", ""), "Line 2, letter "),
        (typed(0, "{{ items[0].title }}", "x", ""), "A subject never names titles or authors"),
        (typed(0, "", "x", ""), "Nothing is left of this for some patrons"),
        (typed(0, "Overdue", "x", "<p>{{ branch }}</p>"), "“branch” is nothing"),
        (typed(0, "Overdue", &long, ""), "This is too long."),
    ] {
        let answer = post(&bench, "administrator", "fines/wording", &fields).await;
        assert_eq!(answer.status, 422, "{fields}");
        assert!(
            answer.text.contains(said) && answer.text.contains("Nothing was saved."),
            "{said}: {}",
            answer.text
        );
    }
    let answer = post(&bench, "administrator", "fines/wording", &typed(0, "My \"subject\"", text, "")).await;
    for kept in ["value=\"My &#34;subject&#34;\"", "\nHello &#60;b&#62;\n  {{ patron_nam }}</textarea>"] {
        assert!(answer.text.contains(kept), "{kept}: {}", answer.text);
    }
    let former = "At first this shows what patrons are told now.";
    assert!(answer.text.contains(former), "{}", answer.text);
    let unchanged = bench.get("administrator", &format!("{LIST}/fines/wording")).await.text;
    assert!(!unchanged.contains(former), "{unchanged}");
    assert_eq!(bench.app.store.wordings().await.unwrap(), []);
    bench.stop().await;
}

/// A click too much, or a colleague's: what stood there before is had back, and that can be taken back, too.
#[tokio::test]
async fn the_last_change_of_a_wording_can_be_taken_back() {
    let bench = Bench::staffed(servers()).await;
    let page = async || bench.get("administrator", &format!("{LIST}/fines/wording")).await.text;
    assert!(!page().await.contains("value=\"undo\""), "nothing was changed");
    let html = "<p>Pay, {{ patron_name }}</p>";
    for (version, subject, text, html) in [(0, "Ours", "First", html), (1, "Theirs", "Second", "")] {
        let saved =
            post(&bench, "administrator", "fines/wording", &typed(version, subject, text, html)).await;
        assert_eq!(saved.status, 303, "{}", saved.text);
    }
    let before = page().await;
    let shown = "Ours\n\nFirst\n\n&#60;p&#62;Pay, {{ patron_name }}&#60;/p&#62;</pre>";
    assert!(before.contains(shown) && before.contains("value=\"undo\""), "{before}");
    let says = async || bench.app.store.wordings().await.unwrap()[0].wording.clone();
    for (version, subject) in [(2, "Ours"), (3, "Theirs"), (4, "Ours")] {
        let undone = format!("do=undo&version={version}&language=en");
        assert_eq!(post(&bench, "administrator", "fines/wording", &undone).await.status, 303);
        assert_eq!(says().await.unwrap().subject, subject);
    }
    assert_eq!(says().await.unwrap().html.as_deref(), Some(html));
    // Where nothing was written before there is the built-in wording.
    post(&bench, "administrator", "hold-ready/wording", &typed(0, "Ours", "First", "")).await;
    let undone = post(&bench, "administrator", "hold-ready/wording", "do=undo&version=1&language=en").await;
    assert_eq!(undone.status, 303);
    let all = bench.app.store.wordings_of("hold-ready").await.unwrap();
    assert_eq!(all[0].wording, None);
    // Whoever has not seen the last change takes nothing back.
    let late = post(&bench, "administrator", "hold-ready/wording", "do=undo&version=1&language=en").await;
    assert_eq!(late.status, 422, "{}", late.text);
    bench.stop().await;
}

/// Whoever changes the words of the notice that is on from the start changes what mail programs show, too.
#[tokio::test]
async fn the_usual_notice_has_no_html_beside_its_text() {
    let bench = Bench::staffed(servers()).await;
    let page = format!("{LIST}/overdue-items/wording?language=en");
    let empty = |page: &str| {
        let (_, rest) = page.split_once("name=\"html\"").unwrap();
        let (_, rest) = rest.split_once('>').unwrap();
        rest.split("</textarea>").next().unwrap().trim().is_empty()
    };
    let before = bench.get("administrator", &page).await.text;
    assert!(empty(&before), "{before}");
    let saved = post(
        &bench,
        "administrator",
        "overdue-items/wording",
        &typed(0, "Overdue", "Bring it, {{ patron_name }}", ""),
    )
    .await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let check = uploaded(&bench, "administrator", &export()).await;
    let html = bench.get("administrator", &format!("{check}/html?n=1")).await.text;
    assert!(html.contains("<p>Bring it, <bdi>"), "{html}");
    bench.stop().await;
}

#[tokio::test]
async fn who_comes_second_to_a_wording_is_told_and_sees_what_the_other_wrote() {
    let bench = Bench::staffed(servers()).await;
    let first =
        post(&bench, "administrator", "fines/wording", &typed(0, "Ours", "First", "<p>1st</p>")).await;
    led_to(&first, &format!("{LIST}/fines/wording?language=en&done=wording_saved"));
    let late = post(&bench, "administrator", "fines/wording", &typed(0, "Mine", "Second", "")).await;
    assert_eq!(late.status, 422);
    for part in [
        "somebody else changed this wording",
        "Ours\n\nFirst\n\n&#60;p&#62;1st&#60;/p&#62;",
        "Second</textarea>",
        "value=\"Mine\"",
    ] {
        assert!(late.text.contains(part), "{part}: {}", late.text);
    }
    assert_eq!(value(&late.text, "version"), "1");
    assert_eq!(
        post(&bench, "administrator", "fines/wording", &typed(1, "Mine", "Second", "")).await.status,
        303
    );
    let back = post(&bench, "administrator", "fines/wording", "do=reset&version=2&language=en").await;
    led_to(&back, &format!("{LIST}/fines/wording?language=en&done=wording_reset"));
    let kept = bench.app.store.wordings().await.unwrap();
    assert_eq!((kept.len(), &kept[0].wording, kept[0].version), (1, &None, 3));
    let editor = bench.get("administrator", &format!("{LIST}/fines/wording")).await.text;
    assert!(editor.contains("charges on your library account"), "{editor}");
    bench.stop().await;
}

/// What is typed is looked at before it is saved, as HTML of our own making, and as text.
#[tokio::test]
async fn a_wording_is_previewed_as_it_is_typed() {
    let bench = Bench::staffed(servers()).await;
    let fields = typed(0, "For {{ patron_name }}", "**Hello** <b>\n\n* {{ items[0].title }}", "");
    let html = post(&bench, "administrator", "fines/html", &fields).await;
    for part in [
        "Subject: <strong><bdi>For Ngozi Okafor",
        "<strong>Hello</strong> &lt;b&gt;",
        "<li style=\"margin: .4rem 0\"><bdi>Dune</bdi></li>",
    ] {
        assert!(html.text.contains(part), "{part}: {}", html.text);
    }
    assert!(html.header("content-security-policy").starts_with("sandbox;"), "{:?}", html.headers);
    let text = post(&bench, "administrator", "fines/html", &format!("{fields}&as=text")).await.text;
    assert!(text.contains("Hello &#60;b&#62;\n\n* Dune"), "{text}");
    let wrong = post(&bench, "administrator", "fines/html", &typed(0, "x", "{{ branch }}", "")).await;
    assert!(
        wrong.status == 200 && wrong.text.contains("“branch” is nothing that can be put in"),
        "{}",
        wrong.text
    );
    assert_eq!(bench.app.store.wordings().await.unwrap(), [], "nothing is kept");
    let spanish =
        bench.get("manager", &format!("{LIST}/overdue-items/html?language=es&site=MAIN")).await.text;
    let others = bench.get("manager", &format!("{LIST}/overdue-items/html?language=es&site=EAST")).await;
    assert_eq!(others.status, 404, "{}", others.text);
    assert!(spanish.contains("lang=\"es\"") && spanish.contains("12 de noviembre de 2026"), "{spanish}");
    bench.stop().await;
}

/// A sample of what is typed goes to whoever typed it, and nothing is kept.
#[tokio::test]
async fn a_sample_of_what_is_typed_goes_to_whoever_typed_it() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let fields = typed(0, "Try {{ item_count }}", "Body", "").replace("do=save", "do=sample");
    let answer = post(&bench, "administrator", "fines/wording", &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(
        answer.text.contains("A sample is on its way to administrator@library.example"),
        "{}",
        answer.text
    );
    bench.app.worker.quiet().await.unwrap();
    assert_eq!(
        subjects(&bench).await,
        [("administrator@library.example".to_owned(), "[Sample] Try 2".to_owned())]
    );
    assert_eq!(bench.app.store.wordings().await.unwrap(), []);
    let mut config = (*bench.app.settings.now()).clone();
    config.sending.way = bookpost::config::Way::Practice;
    bench.app.settings.replace(config);
    let answer = post(&bench, "administrator", "fines/wording", &fields).await;
    assert!(
        answer.text.contains("The sample is in the practice mailbox. Nobody receives it"),
        "{}",
        answer.text
    );
    assert!(!answer.text.contains("on its way to"), "{}", answer.text);
    bench.stop().await;
}

/// A script would keep the mail out of mailboxes; pictures of elsewhere are for the library to decide.
#[tokio::test]
async fn html_that_does_something_is_refused_with_its_place_and_remote_pictures_are_warned_of() {
    let bench = Bench::staffed(servers()).await;
    let who = "administrator";
    for (html, english, spanish) in [
        (
            "<p>a</p>\n<script>x</script>",
            "Line 2, letter 1: a mail must not have a script",
            "Línea 2, letra 1: un correo no puede tener un script",
        ),
        (
            "<p onclick=\"x\">a</p>",
            "Line 1, letter 4: a mail must not do anything",
            "Línea 1, letra 4: un correo no puede hacer nada",
        ),
        (
            "<a href=\"javascript:x\">a</a>",
            "Line 1, letter 4: a mail must not have a link",
            "Línea 1, letra 4: un correo no puede tener un enlace",
        ),
    ] {
        for (language, said) in [("es", spanish), ("en", english)] {
            bench.post(who, "/language", &format!("language={language}&next=/")).await;
            let refused = post(&bench, who, "fines/wording", &typed(0, "Fines", "Pay", html)).await;
            assert!(refused.status == 422 && refused.text.contains(said), "{said}: {}", refused.text);
        }
    }
    let html = "<p>a</p><img src=\"https://pictures.example/x.png\">";
    let saved = post(&bench, who, "fines/wording", &typed(0, "Fines", "Pay", html)).await;
    let page = bench.get(who, saved.header("location")).await.text;
    assert!(page.contains("It has pictures that are fetched from the web."), "{page}");
    bench.stop().await;
}
