//! One text for many, each with its own variables.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::HeaderMap,
    response::Response,
};
use jiff::Timestamp;
use minijinja::{Value, value::ValueKind};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    Api, batch, body,
    caller::Authorized,
    document::SendProblems,
    limited,
    message::{Faults, MOST_PARTS, MOST_TAGS, MessageRequest},
    once,
    place::Place,
    problem::Problem,
    status::ClassName,
};
use crate::{
    notices::template::{FreeError, FreeTemplate, Part},
    receive::Submission,
};

/// Texts with places for variables, such as `{{ name }}`, and who receives them. In `html` the variables are escaped.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Template {
    /// Who writes: an address, or `Name <address>`. The application must be allowed to send from it.
    #[schema(example = "Main Library <desk@library.example>")]
    from: String,
    #[serde(default)]
    reply_to: Option<String>,
    #[schema(example = "Your book is here, {{ name }}")]
    subject: String,
    #[schema(example = "Please collect {{ title }} within a week.\n")]
    text: String,
    #[serde(default)]
    html: Option<String>,
    #[serde(default, deserialize_with = "limited::texts::<_, MOST_PARTS>")]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    class: Option<ClassName>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    send_at: Option<Timestamp>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    #[serde(default)]
    return_address: Option<String>,
    /// The application's own words for all these messages.
    #[serde(default, deserialize_with = "limited::list::<_, _, MOST_TAGS>")]
    #[schema(max_items = 10)]
    tags: Vec<String>,
    /// Each receives a message of their own.
    #[serde(deserialize_with = "limited::list::<_, _, { batch::MOST }>")]
    #[schema(value_type = Vec<For>, min_items = 1, max_items = 10_000)]
    recipients: Vec<Box<RawValue>>,
}

/// One recipient.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TemplateRecipient)]
struct For {
    #[schema(example = "Reader <reader@example.org>")]
    to: String,
    /// What stands in the places of the texts. One that a text asks for and that is not here refuses the item.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"name": "Reader", "title": "Moby Dick"}))]
    variables: Value,
}

/// What can be told of a recipient without making its variables, which take many times the memory of their text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "they are only read to see that they are there")]
struct Outline {
    to: String,
    #[serde(default)]
    variables: Option<IgnoredAny>,
}

/// Bytes that a recipient has in the body.
const LARGEST_RECIPIENT: usize = 256 * 1024;

/// Hands in one text for up to 10,000 recipients, each with variables of their own.
///
/// The answer is as for a batch: each recipient is accepted or refused for itself.
#[utoipa::path(
    post,
    path = "/api/v1/messages/template",
    operation_id = "send_template",
    tag = "messages",
    params(("Idempotency-Key" = Option<String>, Header, description = "A name for this request, of the application's choice")),
    request_body(content = Template, content_type = "application/json"),
    responses((status = 202, description = "What became of each recipient", body = batch::Results), SendProblems)
)]
pub(super) async fn send(
    State(api): State<Api>,
    authorized: Authorized,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (bytes, _room) = api.read_template(&headers, body).await?;
    let caller = api.still(&authorized)?;
    let once = once::Request::of(&headers, &caller, "/api/v1/messages/template", &bytes).await?;
    let items = items(&api, authorized, bytes).await?;
    api.take(items, once).await
}

/// What is in such a body.
pub(super) async fn items(api: &Api, authorized: Authorized, body: Bytes) -> Result<batch::Items, Problem> {
    let template: Template =
        body::parse_many::<_, Outline>(body, |template: &Template| &template.recipients, PLACE).await?;
    let count = batch::counted(template.recipients.len(), PLACE)?;
    let texts = template.compiled()?;
    // What all have in common is judged once.
    let common = template.message(NOBODY, String::new(), String::new(), None);
    let (submission, place) = api.submission(&authorized, &common, Place::default())?;
    let judged = api.submitter.judge(&authorized.caller, submission).await;
    judged.map_err(|why| Problem::not_taken(&why, &place, api.submitter.clock.now()))?;
    let authorized = Arc::new(authorized);
    let (maker, asked) = (api.clone(), Arc::clone(&authorized));
    let make = move |at: usize| template.submission(&texts, at, &maker, &asked);
    Ok(batch::Items { authorized, count, make: Arc::new(make) })
}

/// Of the recipients.
const PLACE: &str = "/recipients";
/// Stands for the recipients while there is none yet.
const NOBODY: &str = "nobody@nowhere.invalid";

impl Template {
    /// What shows only when a text is made, such as a filter that nobody knows, shows with the first recipient.
    fn compiled(&self) -> Result<FreeTemplate, Problem> {
        let wrong = |errors: Vec<FreeError>| {
            let place = Place::default();
            let mut faults = Faults::new(&place);
            for error in errors {
                faults.add(&format!("/{}", name(error.part)), format!("line {}: {}", error.line, error.why));
            }
            faults.problem()
        };
        let texts = FreeTemplate::compile(&self.subject, &self.text, self.html.as_deref()).map_err(wrong)?;
        let first = self.recipients.first().filter(|one| one.get().len() <= LARGEST_RECIPIENT);
        let first = first.and_then(|one| body::parsed_item::<For>(one, "").ok());
        match first.map(|one| texts.render(&one.variables)) {
            Some(Err(error)) if error.of_text => Err(wrong(vec![error])),
            _ => Ok(texts),
        }
    }

    fn submission(
        &self,
        texts: &FreeTemplate,
        at: usize,
        api: &Api,
        authorized: &Authorized,
    ) -> Result<(Submission, Place), Problem> {
        let written = self.recipients.get(at).ok_or_else(Problem::not_found)?;
        let pointer = format!("{PLACE}/{at}");
        let place = Place::of_recipient(&*pointer);
        let wrong = |detail: String| {
            let mut faults = Faults::new(&place);
            faults.add("/variables", detail);
            faults.problem()
        };
        if written.get().len() > LARGEST_RECIPIENT {
            return Err(wrong(format!("a recipient may have {} KiB", LARGEST_RECIPIENT >> 10)));
        }
        let one: For = body::parsed_item(written, &pointer)?;
        if !matches!(one.variables.kind(), ValueKind::Map | ValueKind::Undefined) {
            return Err(wrong("the variables must be an object".to_owned()));
        }
        let rendered = texts
            .render(&one.variables)
            .map_err(|error| wrong(format!("{}, line {}: {}", name(error.part), error.line, error.why)))?;
        let message = self.message(&one.to, rendered.subject, rendered.text, rendered.html);
        api.submission(authorized, &message, place)
    }

    fn message(&self, to: &str, subject: String, text: String, html: Option<String>) -> MessageRequest {
        MessageRequest {
            from: Some(self.from.clone()),
            to: vec![to.to_owned()],
            reply_to: self.reply_to.clone(),
            subject: Some(subject),
            text: Some(text),
            html,
            headers: self.headers.clone(),
            class: self.class,
            send_at: self.send_at,
            expires_at: self.expires_at,
            return_address: self.return_address.clone(),
            tags: self.tags.clone(),
            ..MessageRequest::default()
        }
    }
}

fn name(part: Part) -> &'static str {
    match part {
        Part::Subject => "subject",
        Part::Text => "text",
        Part::Html => "html",
    }
}
