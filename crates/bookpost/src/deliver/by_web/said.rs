//! What a service says of a message, as people read it: its own words for it first, then its sentence.

use mail::address::mask_addresses;
use serde::Deserialize;

use super::answer::Answer;
use crate::config::Service;

/// Nobody reads more of it.
const LONGEST: usize = 400;

/// What both write: Google by `errors` and `details`, Microsoft by a `code` that is a word.
#[derive(Deserialize)]
struct Refusal {
    error: Wrong,
}

#[derive(Deserialize)]
struct Wrong {
    #[serde(default)]
    code: serde_json::Value,
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<Why>,
    #[serde(default)]
    details: Vec<Why>,
}

#[derive(Deserialize)]
struct Why {
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
struct Taken {
    id: String,
}

/// Why a message was not taken, where it is the service that says so, in full. None: something that stands in its place answered, or it is
/// cut off.
pub(super) fn refusal(service: Service, answer: &Answer) -> Option<String> {
    let Refusal { error } = serde_json::from_slice(&answer.body).ok()?;
    let is_own = match service {
        Service::Gmail => error.code.as_u64() == Some(answer.status.into()),
        Service::Graph => error.code.as_str().is_some_and(|code| !code.is_empty()),
    };
    if !is_own {
        return None;
    }
    let reasons = error.errors.into_iter().chain(error.details).map(|why| why.reason);
    let code = error.code.as_str().map(ToOwned::to_owned);
    let words = code.into_iter().chain(reasons).chain([error.message]).filter(|word| !word.is_empty());
    let mut said: Vec<String> = Vec::new();
    for word in words {
        if !said.contains(&word) {
            said.push(word);
        }
    }
    Some(plain(&said.join(" ")))
}

/// What anybody said, whoever it is. What stands between may show the request to whoever reads this, and the token in it is nobody's business.
pub(super) fn anything(answer: &Answer, token: &str) -> String {
    plain(&String::from_utf8_lossy(&answer.body).replace(token, "[token]"))
}

/// It was asked whose account it is, and answers as the service does: it is well, and the token is one. Whoever may only send hears that they
/// may not ask that, which says the same.
pub(super) fn is_well(service: Service, answer: &Answer) -> bool {
    let may_not_ask = || {
        let said = refusal(service, answer).unwrap_or_default().to_lowercase();
        MAY_NOT_ASK.iter().any(|word| said.contains(word))
    };
    match answer.status {
        200 => serde_json::from_slice::<Account>(&answer.body).is_ok(),
        403 => may_not_ask(),
        _ => false,
    }
}

const MAY_NOT_ASK: &[&str] = &[
    "insufficientpermissions",
    "access_token_scope_insufficient",
    "erroraccessdenied",
    "authorization_requestdenied",
];

#[derive(Deserialize)]
#[expect(dead_code, reason = "that it is there is enough")]
struct Account {
    #[serde(alias = "emailAddress")]
    id: String,
}

/// By what the service knows a message that it has taken. None: that is no answer of it.
pub(super) fn taken(service: Service, answer: &Answer) -> Option<String> {
    match service {
        Service::Gmail => {
            let taken: Taken = serde_json::from_slice(&answer.body).ok().filter(|_| answer.status == 200)?;
            Some(plain(&format!("taken; Gmail calls it {}", taken.id)))
        }
        Service::Graph if answer.status == 202 => Some(match &answer.request_id {
            Some(id) => plain(&format!("taken; Microsoft calls the request {id}")),
            None => "taken".to_owned(),
        }),
        Service::Graph => None,
    }
}

fn plain(said: &str) -> String {
    let said: String = said.trim().chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    mask_addresses(&said.chars().take(LONGEST).collect::<String>())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answer(status: u16, body: &Value) -> Answer {
        let (body, request_id) = (body.to_string().into_bytes(), Some("7f-1".to_owned()));
        Answer { status, body, request_id, retry_after: None, closes: false, length: 0 }
    }

    #[test]
    fn the_services_own_words_come_first() {
        let google = json!({ "error": {
            "code": 403,
            "message": "Request had insufficient authentication scopes.",
            "errors": [{ "message": "Insufficient Permission", "domain": "global", "reason": "insufficientPermissions" }],
            "status": "PERMISSION_DENIED",
            "details": [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT" }],
        } });
        let microsoft = json!({ "error": { "code": "ErrorSendAsDenied", "message": "anna@school.example may not", "innerError": {} } });
        let said = "insufficientPermissions ACCESS_TOKEN_SCOPE_INSUFFICIENT Request had insufficient authentication scopes.";
        for (service, status, body, said) in [
            (Service::Gmail, 403, &google, Some(said)),
            (Service::Graph, 403, &microsoft, Some("ErrorSendAsDenied a***@school.example may not")),
            // Of somebody else, or of another answer.
            (Service::Gmail, 400, &google, None),
            (Service::Gmail, 403, &microsoft, None),
            (Service::Graph, 403, &google, None),
            (Service::Graph, 403, &json!({ "error": "denied" }), None),
            (Service::Graph, 403, &json!("denied"), None),
        ] {
            assert_eq!(refusal(service, &answer(status, body)).as_deref(), said, "{body}");
        }
        let mut cut = answer(403, &google);
        cut.body.pop();
        assert_eq!(refusal(Service::Gmail, &cut), None, "it is cut off");
    }

    #[test]
    fn a_page_that_shows_the_request_does_not_show_its_token() {
        let body = b"Bad gateway. POST /upload HTTP/1.1 Authorization: Bearer ya29.secret\r\n".to_vec();
        let page = Answer { body, ..answer(503, &Value::Null) };
        let said = anything(&page, "ya29.secret");
        assert_eq!(said, "Bad gateway. POST /upload HTTP/1.1 Authorization: Bearer [token]");
    }

    #[test]
    fn a_service_that_says_who_one_is_or_that_one_may_not_ask_is_well() {
        let error = |status: u16, reason: &str| json!({ "error": { "code": status, "errors": [{ "reason": reason }] } });
        for (service, status, body, expected) in [
            (Service::Gmail, 200, json!({ "emailAddress": "library@school.example" }), true),
            (Service::Graph, 200, json!({ "id": "7f", "mail": null }), true),
            (Service::Gmail, 403, error(403, "insufficientPermissions"), true),
            (Service::Graph, 403, json!({ "error": { "code": "Authorization_RequestDenied" } }), true),
            (Service::Gmail, 200, json!("hello"), false),
            (Service::Gmail, 403, error(403, "accessNotConfigured"), false),
            (Service::Gmail, 403, json!({}), false),
            (Service::Gmail, 401, error(401, "authError"), false),
            (Service::Gmail, 503, error(503, "backendError"), false),
        ] {
            assert_eq!(is_well(service, &answer(status, &body)), expected, "{status} {body}");
        }
    }

    /// Anything else was answered by something that stands in its place, and says nothing of the message.
    #[test]
    fn only_the_services_own_yes_is_a_yes() {
        let id = json!({ "id": "18c2", "threadId": "18c2", "labelIds": ["SENT"] });
        for (service, status, body, said) in [
            (Service::Gmail, 200, &id, Some("taken; Gmail calls it 18c2")),
            (Service::Gmail, 200, &json!({}), None),
            (Service::Gmail, 202, &id, None),
            (Service::Graph, 202, &json!(null), Some("taken; Microsoft calls the request 7f-1")),
            (Service::Graph, 200, &id, None),
        ] {
            assert_eq!(taken(service, &answer(status, body)).as_deref(), said);
        }
    }
}
