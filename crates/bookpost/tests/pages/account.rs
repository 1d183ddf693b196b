//! One's own account.

use bookpost::identity::Key;
use rand::{SeedableRng as _, rngs::StdRng};
use reqwest::Method;
use store::{Actor, AuditFilter, Deed, KeyId, PersonId, Role};

use crate::bench::{Answer, Bench, PASSWORD, email, form, servers};

const NEW: &str = "nine lives of a cat";

/// Signs in once more; gives the token.
async fn again(bench: &Bench, who: &str, password: &str) -> Option<String> {
    let body = format!("email={}&password={}", email(who), password.replace(' ', "+").replace('ö', "%C3%B6"));
    let answer = Answer::of(form(bench.ask("nobody", Method::POST, "/sign-in"), body)).await;
    let cookie = answer.header("set-cookie").strip_prefix("bookpost=")?;
    cookie.split(';').next().map(ToOwned::to_owned)
}

#[tokio::test]
async fn a_person_has_another_name_and_language() {
    let bench = Bench::staffed(servers()).await;
    let changed = bench.post("viewer", "/account", "name=Vera+Lee&speaks=es").await;
    assert_eq!(changed.header("location"), "/account?done=account_changed");
    let page = bench.get("viewer", "/account").await.text;
    assert!(page.contains("<html lang=\"es\">") && page.contains("value=\"Vera Lee\""), "{page}");
    let wrong = bench.post("viewer", "/account", "name=&speaks=es").await;
    assert!(wrong.status == 422 && wrong.text.contains("id=\"name-problem\""), "{}", wrong.text);
    bench.post("viewer", "/account", "name=Vera+Lee&speaks=").await;
    assert!(bench.get("viewer", "/account").await.text.contains("<html lang=\"en\">"));
    // What they may do is nobody's own to change.
    bench.post("viewer", "/account", "name=V&role=administrator&email=v@library.example").await;
    let viewer = bench.app.store.person_of(&email("viewer").parse().unwrap()).await.unwrap();
    assert_eq!((viewer.role, viewer.name.as_str()), (Role::Viewer, "V"));
    bench.stop().await;
}

/// Those of others are an administrator's to revoke.
#[tokio::test]
async fn keys_for_programs_are_shown_and_revoked() {
    let bench = Bench::staffed(servers()).await;
    let mut dice = StdRng::seed_from_u64(7);
    let mut made = Vec::new();
    for who in ["viewer", "manager"] {
        let person = bench.app.store.person_of(&email(who).parse().unwrap()).await.unwrap().id;
        let key = Key::draw(&mut dice).stored();
        made.push((person, key.id.clone()));
        bench.app.store.add_person_key(person, key, Actor::CommandLine, bench.now()).await.unwrap();
    }
    let opens = async |(person, key): &(PersonId, KeyId)| {
        let keys = bench.app.store.person_keys(*person).await.unwrap();
        keys.iter().any(|one| one.id == *key && one.revoked_at.is_none())
    };
    let page = bench.get("viewer", "/account").await.text;
    let button = |key: &KeyId| format!("value=\"{0}\" aria-label=\"Revoke the key {0}\"", key.0);
    assert!(page.contains(&button(&made[0].1)) && !page.contains(&made[1].1.0), "{page}");
    let revoke =
        async |who: &str, path: &str, key: &KeyId| bench.post(who, path, &format!("key={}", key.0)).await;
    assert_eq!(revoke("viewer", "/account/keys", &made[1].1).await.status, 404, "it is another's");
    let of_manager = format!("/preferences/people/{}", made[1].0.0);
    assert_eq!(revoke("viewer", &format!("{of_manager}/keys"), &made[1].1).await.status, 403);
    assert!(opens(&made[0]).await && opens(&made[1]).await);
    let done = revoke("viewer", "/account/keys", &made[0].1).await;
    assert_eq!(done.header("location"), "/account?done=key_revoked");
    assert!(bench.get("administrator", &of_manager).await.text.contains(&button(&made[1].1)));
    let done = revoke("administrator", &format!("{of_manager}/keys"), &made[1].1).await;
    assert_eq!(done.header("location"), format!("{of_manager}?done=key_revoked"));
    assert!(!opens(&made[0]).await && !opens(&made[1]).await);
    assert!(!bench.get("administrator", &of_manager).await.text.contains(&made[1].1.0));
    let what = AuditFilter { what: Some(Deed::PersonKeyRevoked), ..AuditFilter::default() };
    assert_eq!(bench.app.store.audit(what, None, 9).await.unwrap().len(), 2);
    bench.stop().await;
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_all_other_sessions() {
    let mut bench = Bench::staffed(servers()).await;
    let other = again(&bench, "viewer", PASSWORD).await.unwrap();
    bench.tokens.insert("other", other);
    let present = PASSWORD.replace(' ', "+").replace('ö', "%C3%B6");
    let new = NEW.replace(' ', "+");
    for (form, said) in [
        (format!("present=wrong&new={new}"), "This is not your present password."),
        (format!("present={present}&new=short"), "at least 12 characters"),
        (format!("present={present}&new=password1234"), "guessed first"),
    ] {
        let answer = bench.post("viewer", "/account/password", &form).await;
        assert!(answer.status == 422 && answer.text.contains(said), "{form}: {}", answer.text);
        assert!(!answer.text.contains(NEW) && !answer.text.contains("value=\"wrong\""), "{form}");
        assert_eq!(bench.get("other", "/").await.status, 200, "{form}");
    }
    let done = bench.post("viewer", "/account/password", &format!("present={present}&new={new}")).await;
    assert_eq!(done.header("location"), "/account?done=password_changed", "{}", done.text);
    assert_eq!(bench.get("viewer", "/").await.status, 200, "this session goes on");
    assert_eq!(bench.get("other", "/").await.status, 303);
    assert!(again(&bench, "viewer", PASSWORD).await.is_none());
    assert!(again(&bench, "viewer", NEW).await.is_some());
    bench.stop().await;
}

/// At the keyboard that somebody left, the password cannot be guessed.
#[tokio::test]
async fn who_guesses_the_present_password_waits() {
    let bench = Bench::staffed(servers()).await;
    let mut last = 0;
    for guess in 0..12 {
        let form = format!("present=wrong{guess}&new={}", NEW.replace(' ', "+"));
        last = bench.post("viewer", "/account/password", &form).await.status;
        if last == 429 {
            break;
        }
    }
    assert_eq!(last, 429);
    bench.stop().await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended_and_only_ones_own() {
    let mut bench = Bench::staffed(servers()).await;
    for name in ["second", "third"] {
        bench.pass(10);
        let token = again(&bench, "viewer", PASSWORD).await.unwrap();
        bench.tokens.insert(name, token);
    }
    let page = bench.get("viewer", "/account").await.text;
    assert_eq!(page.matches("name=\"id\"").count(), 2, "{page}");
    assert_eq!(page.matches("this one").count(), 1, "{page}");
    for part in
        ["the computer where Bookpost works", "since <time datetime=\"2026-11-28T14:15:00Z\">14:15</time>"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    let all = bench.app.store.sessions(bench.now()).await.unwrap();
    let of = |at: usize| all[at].id.0;
    let others = all.iter().find(|session| session.person != all[0].person).unwrap().id.0;
    assert_eq!(bench.post("viewer", "/account/sessions", &format!("id={others}")).await.status, 404);
    let ended = bench.post("viewer", "/account/sessions", &format!("id={}", of(1))).await;
    assert_eq!(ended.header("location"), "/account?done=sessions_ended&n=1");
    let stand = async |name| bench.get(name, "/").await.status;
    assert_eq!([stand("second").await, stand("third").await], [303, 200]);
    let ended = bench.post("viewer", "/account/sessions", "").await;
    assert_eq!(ended.header("location"), "/account?done=sessions_ended&n=1");
    assert_eq!([stand("third").await, stand("viewer").await, stand("manager").await], [303, 200, 200]);
    bench.stop().await;
}

/// Neither a form of another session nor one of another site changes an account or a person.
#[tokio::test]
async fn a_page_elsewhere_changes_no_account() {
    let bench = Bench::staffed(servers()).await;
    let own = bench.get("administrator", "/").await.form_token();
    let others = bench.get("viewer", "/").await.form_token();
    for (path, fields) in [
        ("/account", "name=Eve&speaks=es"),
        ("/account/password", "present=x&new=elf+elf+elf+elf"),
        ("/account/sessions", ""),
        ("/preferences/people", "name=Eve&email=eve@evil.example&role=administrator"),
        ("/preferences/people/2", "name=Eve&email=eve@evil.example&role=administrator&reach=all"),
        ("/preferences/people/2/act", "do=reset"),
    ] {
        let before = bench.app.store.people().await.unwrap();
        for (origin, token, status) in [
            ("https://attacker.example", &own, 403),
            (&*bench.origin, &others, 400),
            (&bench.origin, &String::new(), 400),
        ] {
            let request = bench.client.post(format!("{}{path}", bench.origin)).header("origin", origin);
            let request = request.header("cookie", format!("bookpost={}", bench.tokens["administrator"]));
            let answer = Answer::of(form(request, format!("form_token={token}&{fields}"))).await;
            assert_eq!(answer.status, status, "{path} {origin}");
        }
        assert_eq!(bench.app.store.people().await.unwrap(), before, "{path}");
    }
    let asked =
        bench.client.post(format!("{}/forgotten", bench.origin)).header("origin", "https://attacker.example");
    assert_eq!(Answer::of(form(asked, "email=a@b.example".to_owned())).await.status, 403);
    bench.stop().await;
}
