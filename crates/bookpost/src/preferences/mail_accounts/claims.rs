//! Who has signed in, as the provider says it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use mail::Address;
use serde::Deserialize;

/// What of an ID token is looked at (OpenID Connect Core 1.0 section 2).
#[derive(Deserialize)]
struct Claims {
    aud: Audience,
    exp: i64,
    nonce: Option<String>,
    email: Option<String>,
    /// Microsoft names the account by it.
    preferred_username: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// What is said at the userinfo endpoint.
#[derive(Deserialize)]
pub(super) struct UserInfo {
    email: Option<String>,
}

impl UserInfo {
    pub(super) fn address(self) -> Option<Address> {
        Address::parse(&self.email?).ok()
    }
}

/// The address in an ID token that came from the provider itself, over a connection that proves who it is: its signature says nothing more
/// (OpenID Connect Core 1.0 section 3.1.3.7, point 6). `Err`: it is not for us, or not for this sign-in.
pub(super) fn address(
    id_token: &str,
    client_id: &str,
    nonce: Option<&str>,
    now: Timestamp,
) -> Result<Option<Address>, &'static str> {
    let claims: Option<Claims> = id_token
        .split('.')
        .nth(1)
        .and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok())
        .and_then(|json| serde_json::from_slice(&json).ok());
    let claims = claims.ok_or("its ID token was not understood")?;
    let ours = match &claims.aud {
        Audience::One(one) => one == client_id,
        Audience::Many(many) => many.iter().any(|one| one == client_id),
    };
    if !ours {
        return Err("its ID token is for another program");
    }
    // Who has typed a code on another device was sent nowhere with one.
    if nonce.is_some() && claims.nonce.as_deref() != nonce {
        return Err("its ID token is of another sign-in");
    }
    if claims.exp <= now.as_second() {
        return Err("its ID token is too old; is the clock of this computer right?");
    }
    let said = claims.email.or(claims.preferred_username);
    Ok(said.and_then(|address| Address::parse(&address).ok()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_id_token_is_for_us_and_for_this_sign_in() {
        let good = json!({ "aud": "us", "exp": 100, "nonce": "n", "email": "library@school.example" });
        let with = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims[name] = value;
            format!("e30.{}.s", URL_SAFE_NO_PAD.encode(claims.to_string()))
        };
        let look = |token: &str| address(token, "us", Some("n"), Timestamp::constant(99, 0));
        let library: Address = "library@school.example".parse().unwrap();
        assert_eq!(look(&with("aud", json!("us"))), Ok(Some(library.clone())));
        assert_eq!(look(&with("aud", json!(["others", "us"]))), Ok(Some(library)));
        assert_eq!(look(&with("email", Value::Null)), Ok(None));
        for (token, wrong) in [
            (with("aud", json!("others")), "another program"),
            (with("aud", json!(["others"])), "another program"),
            (with("nonce", json!("m")), "another sign-in"),
            (with("nonce", Value::Null), "another sign-in"),
            (with("exp", json!(99)), "too old"),
            ("e30.e30.s".to_owned(), "not understood"),
            (String::new(), "not understood"),
        ] {
            assert!(look(&token).unwrap_err().contains(wrong), "{wrong}");
        }
    }
}
