//! Asking web addresses: where an answer leads elsewhere it is not followed, its length is bounded, and what went wrong is said with what
//! is behind it.

use std::{error::Error, time::Duration};

use axum::http::{self, Response};
use reqwest::{Client, Request, redirect::Policy};

/// Why an answer was not read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("its answer is too large")]
    TooLarge,
    #[error(transparent)]
    Malformed(#[from] http::Error),
}

/// Somebody who asks, and waits so long for a whole answer.
pub fn client(patience: Duration) -> reqwest::Result<Client> {
    let agent = concat!("Bookpost/", env!("CARGO_PKG_VERSION"));
    // Where it would lead nobody has said yes to.
    Client::builder().timeout(patience).redirect(Policy::none()).user_agent(agent).build()
}

/// What is answered, if it has at most so many bytes. No error names the address, which may hold a secret.
pub async fn ask(client: &Client, request: Request, most: usize) -> Result<Response<Vec<u8>>, Unread> {
    let mut answer = client.execute(request).await.map_err(reqwest::Error::without_url)?;
    let mut built = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        built = built.header(name, value);
    }
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        if body.len() + part.len() > most {
            return Err(Unread::TooLarge);
        }
        body.extend_from_slice(&part);
    }
    Ok(built.body(body)?)
}

/// An error with those behind it, which say more.
pub fn words(error: &dyn Error) -> String {
    with_causes(error.to_string(), error)
}

/// The same in other words of its own.
pub fn with_causes(mut words: String, error: &dyn Error) -> String {
    let mut behind = error.source();
    while let Some(error) = behind {
        words = format!("{words}: {error}");
        behind = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use axum::{Router, response::Redirect, routing::get};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_answer_is_of_who_was_asked_and_not_too_long() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = format!("http://{}", listener.local_addr().unwrap());
        let long = get(async || "x".repeat(100));
        let elsewhere = get(async || Redirect::temporary("/long"));
        let router = Router::new().route("/long", long).route("/elsewhere", elsewhere);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = client(Duration::from_mins(1)).unwrap();
        let asked = async |path: &str, most| {
            let request = client.get(format!("{there}{path}")).build().unwrap();
            ask(&client, request, most).await
        };
        assert_eq!(asked("/long", 100).await.unwrap().body().len(), 100);
        assert!(matches!(asked("/long", 99).await, Err(Unread::TooLarge)));
        let answer = asked("/elsewhere", 100).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.body().len()), (307, 0));
    }
}
