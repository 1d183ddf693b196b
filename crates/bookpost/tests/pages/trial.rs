//! Test Server on the page.

use bookpost::preferences::{Change, Wish};
use serde_json::json;
use store::{Actor, Audit, AuditFilter, Deed, Role};
use testkit::sink::{At, Does, Rule, Settings, Sink};

use crate::{bench::Bench, browser::drive};

const SITES: &str = "[[sites]]\ncode = \"MAIN\"\nname = \"Main Library\"\nemail = \"desk@library.example\"\n";

/// With Server 1 as preference, an administrator called ann and one called bob.
async fn bench(sink: &Sink) -> Bench {
    let mut bench = Bench::preferring(SITES).await;
    let address = sink.address();
    let values = [
        ("server1.host", json!(address.ip().to_string())),
        ("server1.port", json!(address.port())),
        ("server1.encryption", json!("none")),
        ("server1.allow_non_secure", json!(true)),
        ("server1.send_password_unencrypted", json!(true)),
        ("server1.login", json!("anna")),
        ("server1.password", json!("kept s3cret")),
    ];
    let values = values.map(|(name, value)| (name.to_owned(), value)).into();
    let wish = Wish { based_on: None, values, by: Actor::CommandLine };
    bench.app.change_preferences(Change::Set(wish)).await.unwrap();
    for name in ["ann", "bob"] {
        bench.person(name, Role::Administrator, None).await;
    }
    bench
}

fn wants_login() -> Settings {
    let login = Some(("anna".to_owned(), "kept s3cret".to_owned()));
    Settings { login, keep_bytes: true, ..Settings::default() }
}

fn with(at: At, does: Does) -> Settings {
    Settings { rules: vec![Rule { at, address: None, does, times: None }], ..wants_login() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_tested_in_a_browser() {
    let sink = Sink::start(wants_login()).await.unwrap();
    let mut bench = bench(&sink).await;
    bench.person("administrator", Role::Administrator, None).await;
    drive("trial.mjs", &bench, &[]).await;
    bench.stop().await;
}

/// What was typed into the form is there again, whatever is wrong with it.
#[tokio::test]
async fn a_form_that_cannot_be_tested_can_be_gone_back_to() {
    let sink = Sink::start(wants_login()).await.unwrap();
    let bench = bench(&sink).await;
    let fields =
        "version=1&server=1&server1.host=mail.library.example&server1.port=2526&server1.encryption=none";
    let answer = bench.post("ann", "/preferences/test", fields).await;
    assert_eq!(answer.status, 422);
    for said in [
        "This cannot be tested yet",
        "action=\"/preferences/suggest\"",
        "name=\"server1.host\" value=\"mail.library.example\"",
        "Back to the form",
    ] {
        assert!(answer.text.contains(said), "{said}: {}", answer.text);
    }
    assert!(!answer.text.contains("No mail server is entered yet."), "{}", answer.text);
    bench.stop().await;
}

/// A form that is not saved yet is tested with a message to whoever is named beside the server; with nobody named, to whoever tests.
#[tokio::test]
async fn what_is_not_saved_is_tested_with_a_message_to_whom_one_likes() {
    let sink = Sink::start(Settings { keep_bytes: true, ..Settings::default() }).await.unwrap();
    let bench = bench(&sink).await;
    let page = bench.get("ann", "/preferences").await.text;
    for server in [1, 2] {
        let field = format!("name=\"server{server}.test_to\" value=\"ann@library.example\"");
        assert!(page.contains(&field), "{field}: {page}");
    }
    let form = |to: &str| {
        format!(
            "version=1&server=1&server1.host=127.0.0.1&server1.port={}&server1.encryption=none&server1.allow_non_secure=yes&server1.login=&server1.test_to={to}&server2.test_to=x@elsewhere.example",
            sink.address().port()
        )
    };
    for (to, expected) in [("me@elsewhere.example", "me@elsewhere.example"), ("", "ann@library.example")] {
        let path = begun(&bench, "ann", &form(to)).await;
        let page = ended(&bench, "ann", &path).await;
        assert!(page.contains(&format!("The server accepted the test message for {expected}.")), "{page}");
        assert_eq!(sink.taken().pop().unwrap().to, [expected]);
        let kept = format!("name=\"server1.test_to\" value=\"{to}\"");
        assert!(page.contains(&kept), "it goes back to the form: {page}");
    }
    let refused = bench.post("ann", "/preferences/test", &form("nobody")).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text.contains("Back to the form") && refused.text.contains("role=\"alert\""),
        "{}",
        refused.text
    );
    let back = bench.post("ann", "/preferences/suggest", &form("me@elsewhere.example")).await.text;
    assert!(back.contains("name=\"server1.test_to\" value=\"me@elsewhere.example\""), "{back}");
    bench.stop().await;
}

/// Begins a test, and gives the page of it, which is another one.
async fn begun(bench: &Bench, who: &str, fields: &str) -> String {
    let answer = bench.post(who, "/preferences/test", fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let path = answer.header("location").to_owned();
    assert!(path.starts_with("/preferences/test/") && path.len() > 40, "{path}");
    path
}

/// What the page says when the test has ended.
async fn ended(bench: &Bench, who: &str, path: &str) -> String {
    let told = bench.get(who, &format!("{path}/steps")).await;
    assert_eq!((told.status, told.header("content-type")), (200, "text/event-stream"));
    assert!(told.text.contains("event: end"), "{}", told.text);
    bench.get(who, path).await.text
}

async fn log(bench: &Bench) -> Vec<Audit> {
    let log = bench.app.store.audit(AuditFilter::default(), None, 100).await.unwrap();
    log.into_iter().filter(|line| line.what == Deed::ServerTested).collect()
}

#[tokio::test]
async fn each_step_is_shown_and_what_arrived_is_remembered() {
    let sink = Sink::start(wants_login()).await.unwrap();
    let bench = bench(&sink).await;
    let set = async |name: &str, value: &str| {
        let values = [(name.to_owned(), json!(value))].into();
        let wish = Wish { based_on: None, values, by: Actor::CommandLine };
        bench.app.change_preferences(Change::Set(wish)).await.unwrap();
    };
    set("sending.way", "servers").await;
    let missing = async || {
        bench.get("bob", "/preferences").await.text.contains("that it takes mail was not seen lately")
    };
    assert!(missing().await);
    let path = begun(&bench, "ann", "server=1&to=me@elsewhere.example").await;
    let page = ended(&bench, "ann", &path).await;
    for said in [
        "Test of Server 1",
        "It has the address 127.0.0.1.",
        "It answers as a mail server does.",
        "Not encrypted: patrons&#39; names and titles could be read on the way.",
        "The server accepted login and password.",
        "The server accepted the test message for me@elsewhere.example.",
        "For your IT person",
        "Did it arrive?",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("http-equiv") && !page.contains("s3cret"), "{page}");
    // Nothing is ticked that is not so.
    assert_eq!(page.matches("<li class=\"well\">").count(), 5, "{page}");
    let (_, encryption) = page.split_once("<li class=\"look\">").unwrap();
    let (encryption, _) = encryption.split_once("</li>").unwrap();
    assert!(encryption.contains("Encrypt the connection") && encryption.contains("Not encrypted:"), "{page}");
    let taken = sink.taken().pop().unwrap();
    assert_eq!((taken.to.join(","), &*taken.from), ("me@elsewhere.example".into(), "desk@library.example"));

    let test = page.split("name=\"test\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let known = async || bench.get("bob", "/preferences/test").await.text;
    assert!(!missing().await, "the test counts");
    assert!(known().await.contains("A test message was accepted (14:05, ann)."));
    let answer = async |who: &str, is: &str| {
        bench.post(who, "/preferences/test/arrived", &format!("test={test}&is={is}")).await
    };
    for (is, said) in [("not_yet", "It has not arrived yet"), ("in_spam", "It is in spam")] {
        let path = answer("ann", is).await.header("location").to_owned();
        assert!(bench.get("ann", &path).await.text.contains(said), "{path}");
    }
    assert_eq!(answer("bob", "yes").await.status, 404, "it is not his test");
    assert_eq!(log(&bench).await.len(), 1);
    let told = answer("ann", "yes").await.header("location").to_owned();
    assert_eq!(told, "/preferences/test?done=arrived");
    assert!(known().await.contains("A test message arrived (14:05, ann)."));
    let place = format!("{} none as anna", sink.address());
    let lines: Vec<_> = log(&bench).await.into_iter().map(|line| line.new.unwrap()).collect();
    assert_eq!(lines, [format!("{place}: arrived"), format!("{place}: accepted")]);

    // It is known of the server as it was.
    set("server1.login", "berta").await;
    assert!(!known().await.contains("A test message"));
    assert!(missing().await, "it was another server, as it were");
    bench.stop().await;
}

/// What stands in the form counts, what is missing is as it is stored, and nothing of it is stored.
#[tokio::test]
async fn a_server_is_tested_as_the_form_has_it() {
    let (first, second) =
        (Sink::start(wants_login()).await.unwrap(), Sink::start(Settings::default()).await.unwrap());
    let bench = bench(&first).await;
    let before = bench.app.store.preferences().await.unwrap();
    let port = second.address().port();
    let unsaved =
        "server1.encryption=none&server1.allow_non_secure=yes&server1.send_password_unencrypted=yes";
    for (fields, said) in [
        ("server=1&server1.password=guess-w0rd".to_owned(), "The mail server did not accept our password."),
        (format!("server=1&server1.port={port}&server1.login=&{unsaved}&sites=x"), "no sign-in"),
        (
            format!("server=2&server2.host=127.0.0.1&server2.port={port}&server2.encryption=starttls"),
            "The server offers no encryption on port",
        ),
        (
            format!(
                "server=2&server2.host=127.0.0.1&server2.port={port}&server2.encryption=none&server2.allow_non_secure=yes"
            ),
            "Test of Server 2",
        ),
    ] {
        let path = begun(&bench, "ann", &fields).await;
        let page = ended(&bench, "ann", &path).await;
        assert!(page.contains(said), "{fields}: {page}");
        assert!(!page.contains("s3cret") && !page.contains("w0rd"), "{page}");
        assert!(page.contains("to=") || !page.contains("ann@library.example") || page.contains("accepted"));
    }
    for (fields, said) in [
        ("server=1&to=nobody", "This is no email address."),
        ("server=2", "No mail server is entered yet."),
        ("server=1&server1.port=99999", "Server 1, Port: The port is a number from 1 to 65535"),
        ("server=1&server1.encryption=none", "patrons&#39; names and titles could be read on the way"),
    ] {
        let answer = bench.post("ann", "/preferences/test", fields).await;
        assert_eq!(answer.status, 422, "{fields}");
        assert!(answer.text.contains(said), "{fields}: {}", answer.text);
    }
    assert_eq!(bench.app.store.preferences().await.unwrap(), before);
    let log = format!("{:?}", log(&bench).await);
    assert!(log.contains("The mail server did not accept our password.") && !log.contains("w0rd"), "{log}");
    bench.stop().await;
}

/// The page without what is around it.
fn main(page: &str) -> &str {
    page.split("<main").nth(1).unwrap().split("</main>").next().unwrap()
}

/// What is wrong with the settings, and why a server did not pass, is told in the reader's language; only the server's own words are not.
#[tokio::test]
async fn whoever_reads_spanish_is_told_in_spanish_what_is_wrong() {
    let sink = Sink::start(with(At::Auth, Does::Reply("535 5.7.8 no".to_owned()))).await.unwrap();
    let bench = bench(&sink).await;
    bench.post("ann", "/language", "language=es&next=/").await;
    for (fields, said) in [
        ("server=1&server1.port=99999", "Servidor 1, Puerto: El puerto es un número de 1 a 65535"),
        ("server=1&server1.port=x", "Servidor 1, Puerto: El puerto es un número de 1 a 65535"),
        (
            "server=1&server1.encryption=none",
            "Servidor 1, Seguridad: Sin cifrado, los nombres de los usuarios",
        ),
        ("server=1&server1.host=a.example", "Servidor 1, Contraseña: Escriba de nuevo la contraseña."),
        ("server=1&sending.ehlo_name=desk", "con un punto dentro, como books.library.example."),
    ] {
        for path in ["/preferences/test", "/preferences/test/port"] {
            // The ports are looked for without a login, and whatever the encryption is.
            if path.ends_with("port") && !fields.contains("server1.port") && !fields.contains("ehlo") {
                continue;
            }
            let answer = bench.post("ann", path, fields).await;
            assert_eq!(answer.status, 422, "{fields}");
            assert!(answer.text.contains(said), "{fields}: {}", answer.text);
            let main = main(&answer.text);
            assert!(!main.contains("lang=\"en\""), "{fields}: {main}");
        }
    }
    let path = begun(&bench, "ann", "server=1").await;
    let page = ended(&bench, "ann", &path).await;
    let main = main(&page);
    for said in
        ["no ha aceptado nuestra contraseña.", "Compruebe el usuario y la contraseña.", "535 5.7.8 no"]
    {
        assert!(main.contains(said), "{said}: {main}");
    }
    // One fold with what the server said in greeting, one with what it said in the end.
    assert_eq!(main.matches("lang=\"en\"").count(), main.matches("<pre tabindex=\"0\" lang=\"en\">").count());
    bench.stop().await;
}

/// Few at once, of each person one, not many in a short time; each is its session's, and is forgotten.
#[tokio::test]
async fn a_test_is_no_way_to_look_through_a_network() {
    let sink = Sink::start(with(At::Auth, Does::Wait)).await.unwrap();
    let mut bench = bench(&sink).await;
    for name in ["cleo", "dan", "eve"] {
        bench.person(name, Role::Administrator, None).await;
    }
    let mut paths = Vec::new();
    for name in ["ann", "bob", "cleo", "dan"] {
        paths.push((name, begun(&bench, name, "server=1").await));
    }
    for (name, said) in [("ann", "Your last test is still running."), ("eve", "Others are testing just now.")]
    {
        for path in ["/preferences/test", "/preferences/test/port"] {
            let answer = bench.post(name, path, "server=1").await;
            assert_eq!(answer.status, 429, "{name} {path}");
            assert!(answer.text.contains(said), "{name} {path}: {}", answer.text);
        }
    }
    let running = bench.get("ann", &paths[0].1).await.text;
    assert!(
        running.contains("<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>"),
        "{running}"
    );
    assert!(running.contains("data-steps=\"/preferences/test/"), "{running}");
    assert_eq!(bench.get("bob", &paths[0].1).await.status, 404, "it is not his");
    sink.set_rules(Vec::new());
    sink.let_go();
    for (name, path) in &paths {
        assert!(ended(&bench, name, path).await.contains("The server accepted the test message"), "{name}");
    }
    for _ in 1..12 {
        let path = begun(&bench, "ann", "server=1").await;
        ended(&bench, "ann", &path).await;
    }
    let many = bench.post("ann", "/preferences/test", "server=1").await;
    assert!(many.status == 429 && many.text.contains("These were many tests"), "{}", many.text);
    assert_eq!(bench.get("ann", &paths[0].1).await.status, 200);
    bench.pass(10);
    let forgotten = bench.get("ann", &paths[0].1).await;
    assert!(forgotten.status == 404 && forgotten.text.contains("This test is over"), "{}", forgotten.text);
    begun(&bench, "ann", "server=1").await;
    assert_eq!(log(&bench).await.iter().filter(|line| line.about == "server1").count(), 15);
    bench.stop().await;
}

#[tokio::test]
async fn what_a_server_says_is_text_and_folded() {
    let evil = "535 5.7.8 </pre><script>alert(1)</script> gsmtp kept s3cret";
    let sink = Sink::start(with(At::Auth, Does::Reply(evil.to_owned()))).await.unwrap();
    let bench = bench(&sink).await;
    bench.post("ann", "/language", "language=es&next=/").await;
    let path = begun(&bench, "ann", "server=1").await;
    let page = ended(&bench, "ann", &path).await;
    assert!(page.contains("Use una contraseña de aplicación: Google no acepta"), "{page}");
    assert!(page.contains("&#60;/pre&#62;&#60;script&#62;alert(1)"), "{page}");
    assert!(!page.contains("<script>") && !page.contains("s3cret"), "{page}");
    let (before, _) = page.split_once("&#60;/pre&#62;").unwrap();
    assert!(before.rfind("<details>") > before.rfind("</details>"), "{page}");
    bench.stop().await;
}

#[tokio::test]
async fn the_right_port_is_found_and_tested_from_there() {
    let sink = Sink::start(wants_login()).await.unwrap();
    let bench = bench(&sink).await;
    let port = sink.address().port();
    let unsaved =
        "server1.host=127.0.0.1&server1.login=anna&server1.password=w0rd&server1.encryption=starttls";
    let answer = bench
        .post("ann", "/preferences/test/port", &format!("server=1&{unsaved}&to=me@elsewhere.example"))
        .await;
    let page = answer.text;
    assert!(page.contains("Ports of 127.0.0.1") && !page.contains("w0rd"), "{page}");
    assert!(
        page.contains(&format!("<strong>Port {port}</strong>: &#34;Not encrypted&#34;, with a sign-in")),
        "{page}"
    );
    for (name, value) in [
        ("server1.port", &*port.to_string()),
        ("server1.encryption", "none"),
        ("server1.login", "anna"),
        ("to", "me@elsewhere.example"),
    ] {
        assert!(page.contains(&format!("name=\"{name}\" value=\"{value}\"")), "{name}: {page}");
    }
    let lines = log(&bench).await;
    assert!(lines[0].new.as_ref().unwrap().contains(&format!("{port} no encryption")), "{lines:?}");
    bench.stop().await;
}

/// The password was typed into the form that found the port, spaces and all, and is stored nowhere.
#[tokio::test]
async fn a_new_server_with_a_login_is_tested_with_the_port_that_was_found() {
    let first = Sink::start(wants_login()).await.unwrap();
    let login = Some(("berta".to_owned(), " w0rd ".to_owned()));
    let second = Sink::start(Settings { login, ..Settings::default() }).await.unwrap();
    let (bench, port) = (bench(&first).await, second.address().port());
    let form = format!(
        "version=1&server=2&server2.host=127.0.0.1&server2.port={port}&server2.encryption=starttls&server2.login=berta\
         &server2.password=+w0rd+&server2.allow_non_secure=yes&server2.send_password_unencrypted=yes"
    );
    let page = bench.post("ann", "/preferences/test/port", &form).await.text;
    assert!(!page.contains("w0rd"), "{page}");
    let path = begun(&bench, "ann", &pressed(&page, port)).await;
    let page = ended(&bench, "ann", &path).await;
    assert!(page.contains("The server accepted login and password."), "{page}");
    bench.stop().await;
}

/// What somebody typed is at hand until the last question is answered, and goes on from there.
#[tokio::test]
async fn from_a_test_that_arrived_one_goes_on_to_save_what_was_tested() {
    let sink = Sink::start(wants_login()).await.unwrap();
    let bench = bench(&sink).await;
    let port = sink.address().port();
    let form = format!(
        "version=1&server=1&server1.host=127.0.0.1&server1.port={port}&server1.encryption=none&server1.login=anna\
         &server1.password=kept+s3cret&server1.allow_non_secure=yes&server1.send_password_unencrypted=yes&keep.texts_days=9"
    );
    let path = begun(&bench, "ann", &form).await;
    let mut page = ended(&bench, "ann", &path).await;
    let arrived = "action=\"/preferences/test/arrived\"";
    for (is, said) in
        [("not_yet", "It has not arrived yet"), ("in_spam", "It is in spam"), ("yes", "It arrived")]
    {
        // Tests are forgotten, and somebody may look for their mail for longer.
        bench.pass(11);
        let answer = format!("{}&is={is}", hidden(&page, arrived));
        let answered = bench.post("ann", "/preferences/test/arrived", &answer).await;
        assert!(answered.status == 200 && answered.text.contains(said), "{is}: {}", answered.text);
        page = answered.text;
        assert!(
            page.contains("What you entered stands in the form still.") && !page.contains("s3cret"),
            "{page}"
        );
    }
    assert!(
        page.contains("class=\"main\">Go on to save these settings<") && !page.contains(arrived),
        "{page}"
    );
    assert!(log(&bench).await[0].new.as_ref().unwrap().ends_with(": arrived"));
    let back = hidden(&page, "action=\"/preferences/suggest\"");
    assert!(!back.contains("is=") && !back.contains("test="), "{back}");
    let form = bench.post("ann", "/preferences/suggest", &format!("{back}&back=yes")).await.text;
    for kept in ["name=\"keep.texts_days\" value=\"9\"", "name=\"typed\"", "data-unsaved=\"yes\""] {
        assert!(form.contains(kept), "{kept}: {form}");
    }
    bench.stop().await;
}

/// What the button for this port sends.
fn pressed(page: &str, port: u16) -> String {
    let of_port = page.split(&format!("<strong>Port {port}</strong>")).nth(1).unwrap();
    hidden(of_port, "action=\"/preferences/test\">")
}

/// What goes along with the first form that has this.
fn hidden(page: &str, action: &str) -> String {
    let form = page.split(action).nth(1).unwrap().split("</form>").next().unwrap();
    let fields = form.split("<input type=\"hidden\" name=\"").skip(1).map(|field| {
        let (name, rest) = field.split_once("\" value=\"").unwrap();
        format!("{name}={}", rest.split('"').next().unwrap())
    });
    fields.filter(|field| !field.starts_with("form_token=")).collect::<Vec<_>>().join("&")
}
