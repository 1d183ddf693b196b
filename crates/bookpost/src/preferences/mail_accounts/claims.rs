//! Who has signed in, as the provider says it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use mail::Address;
use serde::Deserialize;

/// As Google names itself.
pub(super) const GOOGLE: &str = "https://accounts.google.com";

/// What of an ID token is looked at (OpenID Connect Core 1.0 section 2).
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    iss: String,
    /// The organisation, at Microsoft.
    tid: Option<String>,
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
/// (OpenID Connect Core 1.0 section 3.1.3.7, point 6). `Err`: it is not of this provider, not for us, or not for this sign-in.
pub(super) fn address(
    id_token: &str,
    issuer: &str,
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
    if !is_of(issuer, &claims) {
        return Err("its ID token is of another provider");
    }
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

/// Microsoft names the organisation, where it is asked for those of all (`{tenantid}`); Google leaves out the scheme at times.
fn is_of(issuer: &str, claims: &Claims) -> bool {
    let issuer = match &claims.tid {
        Some(organisation) => issuer.replace("{tenantid}", organisation),
        None => issuer.to_owned(),
    };
    let said = claims.iss.trim_end_matches('/');
    let issuer = issuer.trim_end_matches('/');
    said == issuer || (issuer == GOOGLE && GOOGLE.strip_prefix("https://") == Some(said))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_id_token_is_for_us_and_for_this_sign_in() {
        let good = json!({ "iss": "https://login.example", "aud": "us", "exp": 100, "nonce": "n", "email": "library@school.example" });
        let with = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims[name] = value;
            format!("e30.{}.s", URL_SAFE_NO_PAD.encode(claims.to_string()))
        };
        let look = |token: &str| {
            address(token, "https://login.example", "us", Some("n"), Timestamp::constant(99, 0))
        };
        let library: Address = "library@school.example".parse().unwrap();
        assert_eq!(look(&with("aud", json!("us"))), Ok(Some(library.clone())));
        assert_eq!(look(&with("aud", json!(["others", "us"]))), Ok(Some(library)));
        assert_eq!(look(&with("email", Value::Null)), Ok(None));
        for (token, wrong) in [
            (with("iss", json!("https://evil.example")), "another provider"),
            (with("iss", json!("login.example")), "another provider"),
            (with("iss", json!("")), "another provider"),
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

    #[test]
    fn a_provider_is_known_by_the_names_that_it_gives_itself() {
        let microsoft = "https://login.microsoftonline.com/{tenantid}/v2.0";
        for (issuer, iss, tid, right) in [
            (GOOGLE, "https://accounts.google.com", None, true),
            (GOOGLE, "accounts.google.com", None, true),
            (GOOGLE, "accounts.google.com.evil.example", None, false),
            ("https://login.example/", "https://login.example", None, true),
            (microsoft, "https://login.microsoftonline.com/0c3e/v2.0", Some("0c3e"), true),
            (microsoft, "https://login.microsoftonline.com/0c3e/v2.0", Some("another"), false),
            (microsoft, "https://login.microsoftonline.com/0c3e/v2.0", None, false),
            (microsoft, "https://evil.example/0c3e/v2.0", Some("0c3e"), false),
        ] {
            let claims = json!({ "iss": iss, "tid": tid, "aud": "us", "exp": 1 });
            assert_eq!(is_of(issuer, &serde_json::from_value(claims).unwrap()), right, "{issuer} {iss}");
        }
    }
}
