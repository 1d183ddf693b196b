//! Codes that are typed on another device (RFC 8628).

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{CLIENT, Person, Provider, Request, State, client, no_grant};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

impl Provider {
    /// Somebody types a code on another device and agrees; false: there is no such code.
    pub fn types(&self, code: &str, person: &Person) -> bool {
        let mut state = self.state();
        let known = state.typed.get_mut(&code.replace("typed-", "device-"));
        known.map(|(_, typed)| *typed = Some(person.clone())).is_some()
    }
}

impl State {
    /// Section 3.2.
    pub(super) fn code_to_type(&mut self, request: &Request, issuer: &str) -> (u16, Value) {
        if request.authorization != client() {
            return (401, json!({ "error": "invalid_client" }));
        }
        let device = self.draw("device");
        let scopes = request.form.get("scope").cloned().unwrap_or_default();
        self.typed.insert(device.clone(), (scopes, None));
        let said = json!({
            "device_code": device,
            "user_code": device.replace("device-", "typed-"),
            "verification_uri": format!("{issuer}/typed"),
            "expires_in": 600,
            "interval": self.asked_every.unwrap_or(5),
        });
        (200, said)
    }

    /// Section 3.4; None: it is about something else.
    pub(super) fn typed(&mut self, form: &BTreeMap<String, String>) -> Option<(u16, Value)> {
        let of = |name: &str| form.get(name).map_or("", String::as_str);
        if of("grant_type") != GRANT {
            return None;
        }
        let device = of("device_code");
        let Some((scopes, typed)) = self.typed.get(device).cloned() else {
            return Some(no_grant("no such code"));
        };
        let Some(person) = typed else { return Some((400, json!({ "error": "authorization_pending" }))) };
        // Once.
        self.typed.remove(device);
        let ticked = |scope: &&str| person.unticks.as_deref() != Some(*scope);
        let scopes: Vec<_> = scopes.split(' ').filter(ticked).collect();
        let later = self.draw("later");
        self.refresh.insert(later.clone(), person.account.clone());
        // Nobody was sent here with a nonce.
        let claims = json!({ "iss": self.issuer, "aud": CLIENT.0, "exp": i64::MAX, "email": person.account });
        let id_token = format!("e30.{}.s", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let beside = [("refresh_token", later), ("scope", scopes.join(" ")), ("id_token", id_token)];
        Some((200, self.given(&person.account, beside)))
    }
}
