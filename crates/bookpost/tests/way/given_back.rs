//! What a provider has given, and nobody uses, is over there; what is used is not.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bookpost::preferences::mail_accounts::{AccountError, Back, Came, Former, Revoked};
use mail::Reason;
use serde_json::{Value, json};
use testkit::provider::{CLIENT, Person};

use crate::mail_accounts::{GOOGLE, LIBRARY, MAIL, ME, MINUTE, Place, place};

const ANNA: &str = "anna@school.example";

/// By one word the provider ends all that an account has agreed to, as Google does.
async fn strict() -> Place {
    let place = place(false).await;
    place.fake.ends_all();
    place
}

impl Place {
    /// Somebody leaves a box unticked.
    async fn unticks(&self, account: &str, scope: &str) -> AccountError {
        let unticks = Some(scope.to_owned());
        self.sign_in(&Person { unticks, ..Person::new(account) }).await.unwrap_err()
    }

    async fn another(&self, account: &str) -> Option<Former> {
        let came = self.sign_in(&Person::new(account)).await.unwrap();
        assert!(matches!(came, Came::Another { .. }), "{came:?}");
        self.bench.app.accounts.confirm(GOOGLE, &ME).await.unwrap()
    }

    async fn works(&self) -> bool {
        self.bench.clock.advance(2 * MINUTE);
        self.bench.app.accounts.shown(GOOGLE).await.is_ok()
    }
}

/// The account before has nothing left at the provider, and the one that is used has all.
#[tokio::test]
async fn another_account_ends_the_sign_in_of_the_one_before() {
    let place = strict().await;
    place.connect().await;
    let former = place.another(ANNA).await;
    assert_eq!(former, Some(Former { account: LIBRARY.to_owned(), ended: Revoked::Yes }));
    assert_eq!(place.fake.grants(), [ANNA]);
    assert!(place.works().await);
    // It was over already: nobody is told.
    place.fake.revoke();
    assert!(!place.works().await);
    let former = place.another(LIBRARY).await;
    assert_eq!(former, Some(Former { account: ANNA.to_owned(), ended: Revoked::Yes }));
    assert_eq!((place.fake.grants(), place.fake.revoked().len()), (vec![LIBRARY.to_owned()], 1));
    // The same account as before keeps what it has.
    place.connect().await;
    assert!(place.works().await && place.fake.revoked().len() == 1);
}

/// The new account is connected whatever becomes of the one before, and it is known that its owner has to end that.
#[tokio::test]
async fn of_a_sign_in_that_could_not_be_ended_it_is_known() {
    for (endpoint, asked) in [(json!("http://127.0.0.1:1/revoke"), true), (Value::Null, false)] {
        let place = strict().await;
        place.connect().await;
        place.fake.introduces("revocation_endpoint", endpoint);
        let former = place.another(ANNA).await.unwrap();
        assert_eq!(matches!(former.ended, Revoked::Failed(_)), asked, "{former:?}");
        assert_ne!(former.ended, Revoked::Yes);
        let account = place.bench.app.accounts.account(GOOGLE).await.unwrap().unwrap();
        assert_eq!(account.account, ANNA);
        assert!(place.works().await);
    }
}

/// Nothing is left of a sign-in for which a box was left unticked, unless that would end one that is used.
#[tokio::test]
async fn a_sign_in_that_is_refused_is_over_unless_its_account_is_used() {
    let place = strict().await;
    let good = || {
        let mut good = place.fake.grants();
        good.sort();
        good.dedup();
        good
    };
    for scope in [MAIL, "email"] {
        place.fake.introduces("userinfo_endpoint", Value::Null);
        place.unticks(LIBRARY, scope).await;
        assert_eq!(good(), [""; 0], "nobody is connected: {scope}");
    }
    place.connect().await;
    assert!(matches!(place.unticks(ANNA, MAIL).await, AccountError::BoxUnticked { .. }));
    assert_eq!(good(), [LIBRARY], "another account");
    let revoked = place.fake.revoked().len();
    assert!(matches!(place.unticks(LIBRARY, MAIL).await, AccountError::BoxUnticked { .. }));
    assert!(matches!(place.unticks(LIBRARY, "email").await, AccountError::AddressUnticked(_)));
    assert_eq!((good(), place.fake.revoked().len()), (vec![LIBRARY.to_owned()], revoked));
    assert!(place.works().await, "the account that is connected, as far as is known");
    // Nor is one that is asked about.
    place.sign_in(&Person::new(ANNA)).await.unwrap();
    place.unticks(ANNA, MAIL).await;
    assert_eq!(good(), [ANNA, LIBRARY]);
    place.bench.app.accounts.confirm(GOOGLE, &ME).await.unwrap();
    assert!(good() == [ANNA] && place.works().await);
}

/// An ID token that was given for another sign-in says nothing of whoever is here.
#[tokio::test]
async fn an_id_token_of_another_sign_in_connects_nobody() {
    let place = place(false).await;
    let accounts = &place.bench.app.accounts;
    let begun = accounts.begin(GOOGLE, ME).await.unwrap();
    let (code, state) = place.fake.agree(&begun.to, &Person::new(LIBRARY)).unwrap();
    let claims = json!({ "iss": place.fake.issuer(), "aud": CLIENT.0, "exp": i64::MAX, "nonce": "of another", "email": "eve@else.example" });
    let id_token = format!("e30.{}.s", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let given = json!({ "access_token": "a", "token_type": "Bearer", "refresh_token": "b", "scope": MAIL, "id_token": id_token });
    place.fake.answers(200, given);
    let refused = accounts.end(&begun.kept, &Back { code, state, ..Back::default() }, &ME).await;
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("its ID token is of another sign-in"), "{said}");
    assert_eq!(accounts.account(GOOGLE).await.unwrap(), None);
    let none = accounts.shown(GOOGLE).await.err().unwrap();
    assert_eq!(none.reason, Reason::NotSignedIn);
    assert_eq!(place.fake.revoked(), ["b"], "nor is it good any more");
}
