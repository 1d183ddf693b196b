//! Libraries are added, changed and removed on their page, by one person at a time.

use reqwest::Method;
use serde_json::{Value, json};
use store::{Actor, ApplicationSettings, AuditFilter, Deed, Filter, Logo};
use testkit::sink::{Settings, Sink};

use crate::{
    bench::{Answer, Bench},
    notices::{export, sent, to, uploaded},
};

const MAIN: &str = "code=MAIN&name=Main+Library&email=desk@library.example";
/// Nobody is limited to it.
const HILL: &str = "code=HILL&name=Main+Library&email=desk@library.example";
const LIST: &str = "/preferences/libraries";

async fn version(bench: &Bench) -> i64 {
    bench.app.store.preferences().await.unwrap().version
}

async fn post(bench: &Bench, path: &str, fields: &str) -> Answer {
    bench.post("administrator", &format!("{LIST}/{path}"), fields).await
}

/// What a browser would send of the form of a library.
fn filled(page: &str) -> String {
    let form = page.split("class=\"fields\">").nth(1).unwrap().split("</form>").next().unwrap();
    let inputs = form.split('<').filter(|tag| tag.starts_with("input ") && !tag.contains(" disabled"));
    let attribute = |tag: &str, name: &str| {
        let value = tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?.to_owned();
        Some(value.replace("&#34;", "\"").replace("&#38;", "&"))
    };
    let pairs = inputs.filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)));
    let pairs = pairs.filter(|(name, _)| name != "form_token").map(|(name, value)| {
        let value = percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC);
        format!("{name}={value}")
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// Posts with the version as it is now.
async fn done(bench: &Bench, path: &str, fields: &str, told: &str) {
    let answer = post(bench, path, &format!("{fields}&version={}", version(bench).await)).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, &*format!("{LIST}?done={told}")),
        "{path} {fields}: {}",
        answer.text
    );
}

async fn sites(bench: &Bench) -> Value {
    let stored = bench.app.store.preferences().await.unwrap();
    stored.values.get("sites").map_or(Value::Null, |sites| serde_json::from_str(sites).unwrap())
}

#[tokio::test]
async fn from_the_first_library_to_none_and_back() {
    let bench = Bench::of_file("").await;
    let empty = bench.get("administrator", LIST).await.text;
    assert!(empty.contains("There is no library yet.") && empty.contains("none can be sent"), "{empty}");
    done(&bench, "add", &format!("{HILL}&branches=M2,+BUS&time_zone=America/Chicago"), "library_added").await;
    let main = json!({ "code": "HILL", "name": "Main Library", "email": "desk@library.example",
        "branches": ["M2", "BUS"], "time_zone": "America/Chicago" });
    assert_eq!(sites(&bench).await, json!([main]));
    assert_eq!(bench.app.settings.now().sites.len(), 1, "it holds at once");
    let list = bench.get("administrator", LIST).await.text;
    for part in ["Main Library <span class=\"tag\">HILL</span>", "M2, BUS", "Last changed by administrator"] {
        assert!(list.contains(part), "{part}: {list}");
    }
    let form = bench.get("administrator", &format!("{LIST}/change?code=HILL")).await.text;
    assert!(form.contains("value=\"M2, BUS\"") && form.contains("value=\"Main Library\""), "{form}");
    let change = "code=HILL&name=Main&email=desk@library.example&reply_to=info@library.example";
    done(&bench, "change", change, "library_changed").await;
    assert_eq!(
        sites(&bench).await[0],
        json!({ "code": "HILL", "name": "Main", "email": "desk@library.example", "reply_to": "info@library.example" }),
        "an empty field takes away what stood there"
    );
    let question = bench.get("administrator", &format!("{LIST}/remove?code=HILL")).await.text;
    assert!(question.contains("is sent all the same"), "{question}");
    done(&bench, "remove", "code=HILL", "library_removed").await;
    assert_eq!(sites(&bench).await, Value::Null);
    done(&bench, "undo", "x=x", "undone").await;
    assert_eq!(sites(&bench).await[0]["name"], "Main");
    let filter = AuditFilter { about: Some("sites".to_owned()), ..AuditFilter::default() };
    let log = bench.app.store.audit(filter, None, 10).await.unwrap();
    assert_eq!(log.len(), 4, "{log:?}");
    bench.stop().await;
}

#[tokio::test]
async fn what_cannot_be_is_said_at_its_field_and_nothing_is_lost() {
    let bench = Bench::of_file("").await;
    done(&bench, "add", MAIN, "library_added").await;
    let before = version(&bench).await;
    for (path, fields, said) in [
        ("add", MAIN.to_owned(), "The code MAIN belongs to Main Library already."),
        ("add", "code=EAST&name=East&email=east".to_owned(), "This email address is not complete."),
        ("change", format!("{MAIN}&time_zone=Mars"), "There is no time zone of this name."),
        ("change", format!("{MAIN}&branches=MAIN"), "The branch code above counts anyway."),
        ("change", format!("{MAIN}&name2=%3Cb%3E&phone=%3Cb%3E%22&reply_to=x"), "value=\"&#60;b&#62;&#34;\""),
    ] {
        let answer = post(&bench, path, &format!("{fields}&version={before}")).await;
        assert_eq!(answer.status, 422, "{path} {fields}");
        assert!(
            answer.text.contains(said) && answer.text.contains("Nothing was saved."),
            "{fields}: {}",
            answer.text
        );
    }
    assert_eq!(version(&bench).await, before);
    for path in ["change?code=WEST", "remove?code=WEST"] {
        assert_eq!(bench.get("administrator", &format!("{LIST}/{path}")).await.status, 404, "{path}");
    }
    assert_eq!(post(&bench, "change", "code=WEST&name=W&email=w@w.example").await.status, 404);
    bench.stop().await;
}

/// A field that only the other changed stays as they made it.
#[tokio::test]
async fn of_two_who_change_a_library_each_keeps_what_they_changed() {
    let bench = Bench::of_file("").await;
    done(&bench, "add", MAIN, "library_added").await;
    let page = bench.get("administrator", &format!("{LIST}/change?code=MAIN")).await;
    let mine = filled(&page.text);
    let theirs = mine.replace("email=desk", "email=first");
    assert_ne!(mine, theirs);
    assert_eq!(bench.post("administrator", &format!("{LIST}/change?code=MAIN"), &theirs).await.status, 303);
    let mine = mine.replace("&phone=", "&phone=5550100");
    let told = bench.post("administrator", &format!("{LIST}/change?code=MAIN"), &mine).await;
    assert!(told.text.contains("value=\"5550100\""), "{}", told.text);
    assert!(told.text.contains("value=\"first@library.example\""), "{}", told.text);
    assert!(!told.text.contains("Somebody else made this"), "{}", told.text);
    let other = mine.replace("email=desk", "email=second");
    let told = bench.post("administrator", &format!("{LIST}/change?code=MAIN"), &other).await;
    assert!(told.text.contains("value=\"second@library.example\""), "{}", told.text);
    assert!(told.text.contains("Somebody else made this first@library.example meanwhile."), "{}", told.text);
    let again = bench.post("administrator", &format!("{LIST}/change?code=MAIN"), &filled(&told.text)).await;
    assert_eq!(again.status, 303, "{}", again.text);
    let sites = sites(&bench).await;
    assert_eq!(
        (&sites[0]["email"], &sites[0]["phone"]),
        (&"second@library.example".into(), &"5550100".into())
    );
    bench.stop().await;
}

/// Nothing that either typed is lost.
#[tokio::test]
async fn who_comes_second_is_told_and_can_save_again() {
    let bench = Bench::of_file("").await;
    done(&bench, "add", MAIN, "library_added").await;
    let seen = version(&bench).await;
    let first = "code=MAIN&name=Main&email=first@library.example";
    done(&bench, "change", first, "library_changed").await;
    let second = format!("code=MAIN&name=Main+Branch&email=desk@library.example&version={seen}");
    let told = post(&bench, "change", &second).await;
    assert_eq!(told.status, 422);
    for part in [
        "somebody else changed the preferences while you were here. Last changed by administrator",
        "value=\"Main Branch\"",
        &format!("name=\"version\" value=\"{}\"", seen + 1),
    ] {
        assert!(told.text.contains(part), "{part}: {}", told.text);
    }
    assert_eq!(sites(&bench).await[0]["email"], "first@library.example");
    let again = second.replace(&format!("version={seen}"), &format!("version={}", seen + 1));
    assert_eq!(post(&bench, "change", &again).await.status, 303);
    let late = post(&bench, "remove", &format!("code=MAIN&version={seen}")).await;
    assert_eq!(late.status, 409, "it is asked again");
    let undo = post(&bench, "undo", &format!("version={seen}")).await;
    assert_eq!(undo.header("location"), format!("{LIST}?done=not_undone"));
    assert_eq!(sites(&bench).await[0]["name"], "Main Branch");
    bench.stop().await;
}

#[tokio::test]
async fn a_library_stays_while_something_needs_it() {
    let bench = Bench::of_file("").await;
    done(&bench, "add", MAIN, "library_added").await;
    let settings = ApplicationSettings { sites: vec!["MAIN".to_owned()], ..ApplicationSettings::default() };
    let (store, now, who) = (&bench.app.store, bench.now(), Actor::CommandLine);
    store.add_application("<Tracker>".parse().unwrap(), settings, who, now).await.unwrap();
    let question = bench.get("administrator", &format!("{LIST}/remove?code=MAIN")).await.text;
    for said in [
        "cannot be removed as long as",
        "The program &#60;Tracker&#62; sends for this library.",
        "manager@library.example is limited to this library.",
    ] {
        assert!(question.contains(said), "{said}: {question}");
    }
    assert!(!question.contains("Remove this library"), "{question}");
    let refused = post(&bench, "remove", &format!("code=MAIN&version={}", version(&bench).await)).await;
    assert_eq!(refused.status, 409);
    assert_eq!(sites(&bench).await.as_array().unwrap().len(), 1);
    bench.stop().await;
}

#[tokio::test]
async fn libraries_of_the_file_are_shown_with_their_place() {
    let site = "[[sites]]\ncode = \"MAIN\"\nname = \"Main\"\nemail = \"desk@library.example\"\n";
    let bench = Bench::of_file(site).await;
    let list = bench.get("administrator", LIST).await.text;
    assert!(list.contains("Set elsewhere: bookpost.toml, line 3.") && list.contains(">MAIN<"), "{list}");
    assert!(!list.contains("/preferences/libraries/change"), "{list}");
    for path in ["add", "change?code=MAIN", "remove?code=MAIN"] {
        assert_eq!(bench.get("administrator", &format!("{LIST}/{path}")).await.status, 303, "{path}");
    }
    assert_eq!(post(&bench, "change", &format!("{MAIN}&version=0")).await.header("location"), LIST);
    bench.stop().await;
}

/// It can be saved, and both pages say what will not work.
#[tokio::test]
async fn a_library_without_an_address_says_what_will_not_work() {
    let bench = Bench::of_file("").await;
    done(&bench, "add", MAIN, "library_added").await;
    done(&bench, "add", "code=EAST&name=East+Branch&email=", "library_added").await;
    let libraries = bench.get("administrator", "/preferences/libraries").await.text;
    assert_eq!(libraries.matches("Without an email address this library can send no notices").count(), 1);
    let email = bench.get("administrator", "/preferences").await.text;
    for said in [
        "An email address for: East Branch. Until then their notices cannot be sent.",
        "<a href=\"/preferences/libraries\">Enter the address</a>",
        "none: nothing can be sent",
    ] {
        assert!(email.contains(said), "{said}: {email}");
    }
    bench.stop().await;
}

/// The head and the end of a PNG of this size.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR";
    [&head[..], &width.to_be_bytes(), &height.to_be_bytes(), b"\0\0\0\0IEND\xaeB`\x82"].concat()
}

/// A file as browsers send it (RFC 7578).
async fn give(bench: &Bench, code: &str, token: &str, file: &[u8]) -> Answer {
    let mut body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n--b\r\n\
         Content-Disposition: form-data; name=\"logo\"; filename=\"logo.png\"\r\nContent-Type: image/png\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--b--\r\n");
    let request = bench.ask("administrator", Method::POST, &format!("{LIST}/logo?code={code}"));
    Answer::of(request.header("content-type", "multipart/form-data; boundary=b").body(body)).await
}

/// It is what its bytes are, whatever the browser says of it.
#[tokio::test]
async fn a_logo_is_given_shown_and_removed() {
    let bench = Bench::of_file("").await;
    done(&bench, "add", HILL, "library_added").await;
    let (who, of_hill) = ("administrator", format!("{LIST}/logo?code=HILL"));
    let token = bench.get(who, &of_hill).await.form_token();
    for (code, token, file, status, said) in [
        (
            "HILL",
            &*token,
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
            422,
            "neither a PNG nor a JPEG",
        ),
        ("HILL", &token, [png(60, 20), vec![0; 3 << 20]].concat(), 422, "This file is too large."),
        ("HILL", &token, png(601, 20), 422, "This picture has 601 × 20 pixels. A logo has at most 600 × 200"),
        ("HILL", &token, png(60, 20)[..20].to_vec(), 422, "This picture is damaged."),
        ("HILL", &token, Vec::new(), 422, "Choose a file first."),
        ("HILL", "another", png(60, 20), 400, ""),
        ("NONE", &token, png(60, 20), 404, ""),
    ] {
        let answer = give(&bench, code, token, &file).await;
        assert!(
            answer.status == status && answer.text.contains(said),
            "{said}: {} {}",
            answer.status,
            answer.text
        );
    }
    assert!(bench.app.store.logos().await.unwrap().is_empty());
    assert!(!bench.get(who, LIST).await.text.contains("<img"));

    let given = give(&bench, "HILL", &token, &png(60, 20)).await;
    assert_eq!(given.header("location"), format!("{LIST}?done=logo_set"), "{}", given.text);
    let picture = format!("{LIST}/logo/picture?code=HILL");
    for page in [LIST, &*of_hill] {
        let shown = bench.get(who, page).await.text;
        let img = format!("src=\"{picture}\"");
        assert!(shown.contains(&img) && shown.contains("width=\"60\" height=\"20\""), "{page}: {shown}");
    }
    let shown = bench.ask(who, Method::GET, &picture).send().await.unwrap();
    assert_eq!(shown.headers()["content-type"], "image/png");
    assert_eq!(shown.headers()["x-content-type-options"], "nosniff");
    assert_eq!(shown.bytes().await.unwrap(), png(60, 20));

    // A library that comes back has it still.
    done(&bench, "remove", "code=HILL", "library_removed").await;
    post(&bench, "undo", &format!("version={}", version(&bench).await)).await;
    let logo = Logo { media_type: "image/png".to_owned(), bytes: png(60, 20) };
    assert_eq!(bench.app.store.logo("HILL").await.unwrap(), Some(logo));
    let removed = post(&bench, "logo/remove", "code=HILL").await;
    assert_eq!(removed.header("location"), format!("{LIST}?done=logo_removed"));
    assert_eq!(bench.get(who, &picture).await.status, 404);
    let filter = AuditFilter { what: Some(Deed::LogoChanged), ..AuditFilter::default() };
    let log = bench.app.store.audit(filter, None, 9).await.unwrap();
    let picture = Some("image/png, 36 bytes".to_owned());
    let lines: Vec<_> = log.iter().map(|line| (&*line.about, &line.old, &line.new)).collect();
    assert_eq!(lines, [("HILL", &picture, &None), ("HILL", &None, &picture)]);
    let page = bench.get(who, "/preferences/log").await.text;
    assert!(page.contains("changed the logo of a library"), "{page}");
    bench.stop().await;
}

/// Inside the mail, in its HTML only; a library without one writes as ever.
#[tokio::test]
async fn a_logo_stands_at_the_head_of_the_notices_of_its_library() {
    let sink = Sink::start(Settings { keep_bytes: true, ..Settings::default() }).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let (who, bytes) = ("administrator", png(120, 40));
    let logo = Logo { media_type: "image/png".to_owned(), bytes: bytes.clone() };
    bench.app.store.set_logo("MAIN", Some(logo), Actor::CommandLine, bench.now()).await.unwrap();
    let check = uploaded(&bench, who, &export()).await;
    let shown = "alt=\"Main Library\" width=\"120\" height=\"40\"";
    let framed = bench.get(who, &format!("{check}/html?n=1")).await;
    assert!(framed.header("content-security-policy").contains("default-src 'none'"));
    assert!(framed.text.contains("<img src=\"data:image/png;base64,iVBORw0K") && framed.text.contains(shown));

    let run = sent(&bench, who, &check).await;
    let mails = sink.taken();
    let of = |to: &str| mails.iter().find(|mail| mail.to == [to]).unwrap();
    let parsed = mailparse::parse_mail(&of("ana@example.org").bytes).unwrap();
    let types: Vec<_> = parsed.parts().map(|part| part.ctype.mimetype.as_str()).collect();
    assert_eq!(types, ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]);
    let related = &parsed.subparts[1].subparts;
    let id = mailparse::MailHeaderMap::get_first_value(&related[1].headers[..], "Content-ID").unwrap();
    let html = related[0].get_body().unwrap();
    assert!(
        html.contains(&format!("<img src=\"cid:{}\"", id.trim_matches(['<', '>']))) && html.contains(shown)
    );
    assert_eq!(related[1].get_body_raw().unwrap(), bytes);
    let without = mailparse::parse_mail(&of("dan@example.org").bytes).unwrap();
    let types: Vec<_> = without.parts().map(|part| part.ctype.mimetype.as_str()).collect();
    assert_eq!(types, ["multipart/alternative", "text/plain", "text/html"]);

    let filter = Filter { run: Some(run), ..Filter::default() };
    let rows = bench.app.store.list(filter, None, 9).await.unwrap();
    let ana = rows.iter().find(|row| row.to.address.as_str() == "ana@example.org").unwrap();
    let page = bench.get(who, &format!("/queue/{}/html", ana.message.0)).await.text;
    assert!(page.contains("<img src=\"data:image/png;base64,iVBORw0K") && !page.contains("cid:"), "{page}");
    bench.stop().await;
}
