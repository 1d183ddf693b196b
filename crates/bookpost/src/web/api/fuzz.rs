//! Bodies that nobody expected: none panics, what is refused is told with places that are there, and what is made can be judged.

use std::{
    net::{IpAddr, Ipv4Addr},
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{Arc, Mutex},
};

use axum::body::Bytes;
use bolero::check;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::Value;
use store::{Claimed, NewMessage, Store};
use testkit::{clock::ManualClock, food::Food};

use super::{
    Api, batch, body, caller::Authorized, message::MessageRequest, place::Place, problem::Problem, template,
};
use crate::{
    app::steps::Steps,
    config::{Config, Settings, Way},
    identity::Applications,
    receive::{FreshMail, Leased, Receiver, Submission, Submitter},
};

const BODIES: Food = Food {
    samples: &[
        br#"{"from": "Desk <desk@x.org>", "to": ["P <p@y.org>"], "cc": ["q@y.org"], "bcc": [], "subject": "s", "text": "t",
            "html": "<p>t</p>", "headers": {"X-Run": "12"}, "class": "bulk", "send_at": "2027-01-02T00:00:00Z", "tags": ["a"],
            "attachments": [{"filename": "a.pdf", "content_type": "application/pdf", "content": "JVBERi0x"}]}"#,
        br#"{"raw": "From: a@x.org\nSubject: s\n\nt", "envelope": {"from": "", "to": ["p@y.org"]}, "expires_at": "2028-01-02T00:00:00Z"}"#,
        br#"{"messages": [{"from": "a@x.org", "to": ["p@y.org"], "subject": "s", "text": "t", "reply_to": "b@x.org"},
            {"raw": "RnJvbTogYUB4Lm9yZwoKdA==", "envelope": {"from": "a@x.org", "to": ["p@y.org"]}}]}"#,
        br#"{"from": "a@x.org", "subject": "For {{ n }}", "text": "Dear {% for i in l %}{{ i }}{% endfor %}", "html": "<b>{{ n }}</b>",
            "return_address": "b@x.org", "recipients": [{"to": "p@y.org", "variables": {"n": "N", "l": [1, "2"]}}, {"to": "q@y.org"}]}"#,
    ],
    words: &[
        "{", "}", "[", "]", "\"", ":", ", ", "null", "true", "1e999", "-0", "\"\\u0000\"", "\"\\ud800\"", "\\", "\"from\": ", "\"to\": ",
        "\"messages\": [", "\"recipients\": [", "\"variables\": {", "\"raw\": ", "\"envelope\": ", "\"headers\": {\"a/b~%\": \"\"}",
        "\"headers\": {\"Resent-From\": \"c@x.org\"}", "\"attachments\": ", "\"a@x.org\"", "\"a@x.org, b@x.org\"", "\"<>\"", "[\"\"]",
        "{{ n }}", "{{ l * 9 }}", "{% for i in range(9999) %}", "{% endfor %}", "\\r\\n", "\\n\\n", "From: a@x.org\\n", "é",
        "\"class\": \"urgent\"", "\"return_address\": ", "\"tags\": [\"\"]", "\"what\": ", "Bcc", "Content-Type: multipart/mixed\\n",
    ],
};

#[test]
fn fuzz_api() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (api, authorized) = runtime.block_on(api(folder.path()));
    let look = AssertUnwindSafe(|octets: &[u8]| runtime.block_on(look(&api, &authorized, octets)));
    check!(name = "fuzz_api").with_iterations(20_000).with_max_len(512).for_each(|input: &[u8]| {
        let look: &AssertUnwindSafe<_> = &look;
        look.0(&BODIES.octets(input));
    });
}

/// As a body of each kind.
async fn look(api: &Api, authorized: &Authorized, octets: &[u8]) {
    let (body, who) = (Bytes::copy_from_slice(octets), || authorized.clone());
    let mut all = vec![one(api, authorized, body.clone()).await];
    for items in [batch::items(api, who(), body.clone()).await, template::items(api, who(), body).await] {
        match items {
            Ok(items) => all.extend((0..items.count).map(|at| (items.make)(at))),
            Err(problem) => all.push(Err(problem)),
        }
    }
    for made in all {
        if let Err(problem) = judged(api, authorized, made).await {
            assert_told(&problem, octets);
        }
    }
}

async fn one(api: &Api, authorized: &Authorized, body: Bytes) -> Result<(Submission, Place), Problem> {
    let request: MessageRequest = body::parse(body).await?;
    api.submission(authorized, &request, Place::default())
}

async fn judged(
    api: &Api,
    authorized: &Authorized,
    made: Result<(Submission, Place), Problem>,
) -> Result<(), Problem> {
    let (submission, place) = made?;
    assert!(!submission.envelope.recipients().is_empty());
    let judged = api.submitter.judge(&authorized.caller, submission).await;
    judged.map(drop).map_err(|why| Problem::not_taken(&why, &place, api.submitter.clock.now()))
}

/// It is the body's fault, and where it says that something is wrong there is something, or the object that lacks it.
fn assert_told(problem: &Problem, octets: &[u8]) {
    let told = serde_json::to_value(problem.body()).unwrap();
    assert!((400..500).contains(&told["status"].as_u64().unwrap()), "{told}");
    let Ok(body) = serde_json::from_slice::<Value>(octets) else { return };
    for error in told["errors"].as_array().into_iter().flatten() {
        let pointer = error["pointer"].as_str().unwrap();
        let fragment = pointer.strip_prefix('#').unwrap();
        assert!(fragment.bytes().all(|octet| octet.is_ascii_graphic()), "{told}");
        let pointer = percent_decode_str(fragment).decode_utf8().unwrap();
        let whole = pointer.rsplit_once('/').map_or("", |(whole, _)| whole);
        assert!(body.pointer(whole).is_some(), "{told} {body}");
    }
}

async fn api(folder: &std::path::Path) -> (Api, Authorized) {
    let clock = Arc::new(ManualClock::at(Timestamp::constant(1_800_000_000, 0)));
    let store = Store::open(folder, Timestamp::constant(1_800_000_000, 0)).unwrap();
    let applications = Applications::load(&store, &[]).await.unwrap();
    let config = Config::usual(folder, Way::None);
    let receiver = Receiver::new(store, folder.into(), clock.clone(), Arc::new(NoLine), Steps::default());
    let dice = Arc::new(Mutex::new(StdRng::seed_from_u64(1)));
    let caller = applications.of_this_computer("fuzz").unwrap();
    let api = Api::new(Submitter::new(receiver, applications, Settings::new(config), clock, dice));
    (api, Authorized { caller, peer: IpAddr::V4(Ipv4Addr::LOCALHOST) })
}

/// Nothing is sent.
struct NoLine;

impl FreshMail for NoLine {
    fn lease(&self, _: &NewMessage) -> Option<Leased> {
        None
    }

    fn not_crowded(&self, _: bool) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }

    fn take(&self, _: Vec<Claimed>) {}

    fn wake(&self) {}

    fn accepted(&self, _: usize) {}

    fn refused(&self, _: &store::Error) {}
}
