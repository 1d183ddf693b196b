//! Mail is handed in over HTTP while the service is killed again and again: what was answered yes is there, and a request that is made
//! again makes no second message.

use std::collections::BTreeSet;

use rand::{RngExt as _, rngs::StdRng};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use testkit::dice::seeded;
use tokio::task::JoinSet;

use crate::promised::{Account, Port, Promises};

/// Deaths of one queue, and applications that make one request after the other until each.
const DEATHS: usize = 6;
const SENDERS: usize = 6;
/// Items of a batch: more than are stored at a time.
const LARGEST_BATCH: usize = 450;

/// An application, and all the requests that it has made.
struct Application {
    name: usize,
    dice: StdRng,
    api: Api,
    promises: Promises,
    requests: Vec<Request>,
}

#[derive(Clone)]
struct Api {
    client: Client,
    base: String,
    key: String,
}

/// A request, by its key.
struct Request {
    key: String,
    /// Alone, or a batch of so many.
    items: Option<usize>,
    /// What was answered, if that was heard.
    answer: Option<String>,
}

impl Request {
    fn recipients(&self) -> impl Iterator<Item = String> {
        (0..self.items.unwrap_or(1)).map(|item| format!("{}-{item}@example.org", self.key))
    }

    fn body(&self) -> Value {
        let message =
            |to: String| json!({"from": "desk@library.example", "to": [to], "subject": "x", "text": "x"});
        let mut messages = self.recipients().map(message);
        match self.items {
            None => messages.next().unwrap(),
            Some(_) => json!({"messages": messages.collect::<Vec<_>>()}),
        }
    }
}

impl Api {
    /// What is answered; None when the connection broke.
    async fn ask(&self, request: &Request) -> Option<String> {
        let path = if request.items.is_some() { "/batch" } else { "" };
        let post = self
            .client
            .post(format!("{}{path}", self.base))
            .bearer_auth(&self.key)
            .header("content-type", "application/json")
            .header("idempotency-key", &request.key)
            .body(request.body().to_string());
        let response = post.send().await.ok()?;
        let status = response.status();
        let answer = response.text().await.ok()?;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        Some(answer)
    }
}

impl Application {
    /// Makes the last requests again, and then new ones, until a connection breaks.
    async fn send_until_death(mut self) -> Self {
        let _ = self.send().await;
        self
    }

    async fn send(&mut self) -> Option<()> {
        let last = self.requests.len().saturating_sub(2);
        self.again(last).await?;
        loop {
            let items = self.dice.random_bool(0.2).then(|| self.dice.random_range(1..LARGEST_BATCH));
            let key = format!("{}-{}", self.name, self.requests.len());
            self.requests.push(Request { key, items, answer: None });
            self.again(self.requests.len() - 1).await?;
        }
    }

    /// Makes the requests from `first` on: who was answered before is told the same.
    async fn again(&mut self, first: usize) -> Option<()> {
        for request in self.requests.iter_mut().skip(first) {
            let answer = self.api.ask(request).await?;
            assert_eq!(answer.matches("\"message_id\"").count(), request.items.unwrap_or(1), "{answer}");
            assert_eq!(request.answer.as_ref().unwrap_or(&answer), &answer, "{}", request.key);
            request.answer = Some(answer);
            self.promises.add(request.recipients());
        }
        Some(())
    }
}

/// By us, and by its own hand between the commit and the answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_requests_come_it_keeps_what_it_answered_and_takes_none_twice() {
    let account = Account::open().await;
    let (port, mut dice) = (Port::new(), seeded(3));
    account.place.change("\"off\"", &format!("\"{}\"", port.address()));
    let said = account.place.run(&["applications", "key", "add", "Library"]).await;
    let key = said.out.split_whitespace().find(|word| word.starts_with("bp_")).unwrap().to_owned();
    let base = format!("http://{}/api/v1/messages", port.address());
    let mut applications: Vec<_> = (0..SENDERS)
        .map(|name| Application {
            name,
            dice: seeded(dice.random()),
            api: Api { client: Client::new(), base: base.clone(), key: key.clone() },
            promises: account.promises.clone(),
            requests: Vec::new(),
        })
        .collect();
    for death in 0..DEATHS {
        let moment = dice.random_range(10..60);
        let abort_at = (death % 2 == 1).then(|| format!("accepted:{moment}"));
        let service = account.place.serve_until(abort_at.as_deref()).await;
        let senders: JoinSet<_> = applications.into_iter().map(Application::send_until_death).collect();
        if abort_at.is_some() {
            service.code().await;
        } else {
            account.promises.more(moment).await;
            service.kill().await;
        }
        applications = senders.join_all().await;
    }
    let service = account.place.serve().await;
    for application in &mut applications {
        application.again(0).await.unwrap();
    }
    let all: BTreeSet<_> =
        applications.iter().flat_map(|one| &one.requests).flat_map(Request::recipients).collect();
    assert_eq!(account.promises.count(), all.len());
    account.settle(service).await;
}
