//! Which passwords have to be entered again, where the key that seals them is gone.

use store::{Alarm, AlarmKind, Error, Webhook};

use super::visit::Visit;

/// What is wrong and what is done about it, where the alarm is about a lost secret.
pub(super) async fn words(visit: &Visit, alarm: &Alarm) -> Result<Option<(String, String)>, Error> {
    if alarm.kind != AlarmKind::SecretsLost {
        return Ok(None);
    }
    let words = visit.words();
    Ok(match alarm.subject.as_str() {
        "server1.password" => Some((words.t("lost-password-1"), words.t("lost-password-do"))),
        "server2.password" => Some((words.t("lost-password-2"), words.t("lost-password-do"))),
        "google.client_secret" => Some((words.t("lost-client-google"), words.t("lost-client-do"))),
        "microsoft.client_secret" => Some((words.t("lost-client-microsoft"), words.t("lost-client-do"))),
        subject => {
            let webhooks = visit.pages.sources.store.webhooks().await?;
            let webhook = webhooks.iter().find(|one| subject == format!("webhook {}", one.id.0));
            webhook.map(|webhook| {
                let parts = [("program", webhook.application.as_str()), ("host", host(webhook))];
                (words.with("lost-webhook", &parts), words.t("lost-webhook-do"))
            })
        }
    })
}

/// What follows it may be a secret of its own.
fn host(webhook: &Webhook) -> &str {
    let after = webhook.url.split_once("://").map_or(webhook.url.as_str(), |(_, rest)| rest);
    after.split(['/', '?', '#']).next().unwrap_or_default().rsplit('@').next().unwrap_or_default()
}
