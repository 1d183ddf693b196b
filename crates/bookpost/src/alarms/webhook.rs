//! An alarm to a web address: one POST with JSON.

use std::time::Duration;

use serde::Serialize;
use store::Alarm;

use super::Telling;
use crate::app::asking;

/// What is posted.
#[derive(Serialize)]
struct Body<'a> {
    state: Telling,
    #[serde(flatten)]
    alarm: &'a Alarm,
}

fn body(alarm: &Alarm, telling: Telling) -> Vec<u8> {
    let alarm = Alarm { text: telling.words(&alarm.text), ..alarm.clone() };
    serde_json::to_vec(&Body { state: telling, alarm: &alarm }).unwrap_or_default()
}

/// A server that takes longer to answer has not been told.
const PATIENCE: Duration = Duration::from_secs(30);

/// Posts `alarm` to `address`; a failure is logged.
pub(super) async fn post(address: &str, alarm: &Alarm, telling: Telling) {
    match send(address, body(alarm, telling)).await {
        Ok(status) if status.is_success() => {}
        Ok(status) => tracing::error!(%status, "the alarm's web address did not take it"),
        // Without the address, which may hold a secret.
        Err(error) => {
            tracing::error!(error = %error.without_url(), "the alarm's web address could not be reached");
        }
    }
}

async fn send(address: &str, body: Vec<u8>) -> reqwest::Result<reqwest::StatusCode> {
    let request =
        asking::client(PATIENCE)?.post(address).header("content-type", "application/json").body(body);
    Ok(request.send().await?.status())
}
