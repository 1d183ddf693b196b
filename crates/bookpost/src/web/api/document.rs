//! The routes, and the document that describes them (OpenAPI 3.1), with pages to read it on that need no other machine.

use axum::{
    Router,
    http::{HeaderValue, header},
    middleware::map_response,
    response::Response,
    routing::get,
};
use utoipa::{
    IntoResponses, Modify, OpenApi,
    openapi::{
        OpenApi as Written,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::SwaggerUi;

use super::{
    Api,
    admin::{self, Admin},
    batch, events, lists, moves,
    problem::{self, ProblemBody},
    send, status, template,
};
use crate::web::Sources;

/// The addresses beneath `/api` and what answers them.
pub(in crate::web) fn router(sources: Sources) -> Router {
    let (routes, document) = routes().split_for_parts();
    let (of_people, more) = admin::routes().split_for_parts();
    let document = document.merge_from(more);
    routes
        .route("/api/problems/{kind}", get(problem::explain))
        .with_state(Api::new(sources.submitter.clone()))
        .merge(of_people.with_state(Admin::new(sources)))
        .layer(map_response(kept_nowhere))
        .merge(SwaggerUi::new("/api/docs").url("/api/openapi.json", document))
}

/// Answers name patrons: nobody on the way keeps one, and no browser takes one for anything but JSON.
async fn kept_nowhere(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    response
}

fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(send::send, lists::list))
        .routes(routes!(batch::send))
        .routes(routes!(template::send))
        .routes(routes!(status::show))
        .routes(routes!(moves::cancel))
        .routes(routes!(moves::hold))
        .routes(routes!(moves::release))
        .routes(routes!(moves::retry))
        .routes(routes!(events::list))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Bookpost",
        description = "Hands mail to Bookpost, which does not let go of a message until it is delivered or returned.\n\n\
            Every request shows the key of an application. All instants are RFC 3339 in UTC. Whatever goes wrong is answered with \
            problem details (RFC 9457)."
    ),
    components(schemas(ProblemBody<'_>)),
    modifiers(&Key),
    tags(
        (name = "messages", description = "Handing in messages, and how they stand"),
        (name = "decisions", description = "What is decided about messages that were handed in"),
        (name = "administration", description = "For administrators, with a key of their own: bookpost people key"),
        (name = "events", description = "What happened to messages, in order; the same as webhooks tell")
    )
)]
struct Description;

/// How an application shows who it is.
struct Key;

impl Modify for Key {
    fn modify(&self, document: &mut Written) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("bp_...").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::Http(scheme.clone()));
        components.add_security_scheme("own_key", SecurityScheme::Http(scheme));
        // Made of what Cargo knows, which is nothing.
        document.info.license = None;
        document.security = Some(vec![SecurityRequirement::new("key", Vec::<String>::new())]);
    }
}

/// What every request may be answered with.
macro_rules! problems {
    ($(#[doc = $doc:literal])+ $name:ident: $($also:tt)*) => {
        $(#[doc = $doc])+
        #[derive(IntoResponses)]
        #[expect(dead_code, reason = "only its description is used")]
        pub(super) enum $name {
            /// The request cannot be read.
            #[response(status = 400, content_type = "application/problem+json")]
            Malformed(ProblemBody<'static>),
            /// A valid key is needed.
            #[response(status = 401, content_type = "application/problem+json", headers(("WWW-Authenticate" = String)))]
            Unauthenticated(ProblemBody<'static>),
            /// The application is disabled, or may not do this.
            #[response(status = 403, content_type = "application/problem+json")]
            Forbidden(ProblemBody<'static>),
            /// Too many wrong keys from here, or too many messages a minute.
            #[response(status = 429, content_type = "application/problem+json", headers(("Retry-After" = u64)))]
            TooFast(ProblemBody<'static>),
            /// The queue cannot be read or written at the moment.
            #[response(status = 503, content_type = "application/problem+json", headers(("Retry-After" = u64)))]
            Unavailable(ProblemBody<'static>),
            $($also)*
        }
    };
}

problems! {
    /// Of a request that hands in messages.
    SendProblems:
    /// The body did not come to its end.
    #[response(status = 408, content_type = "application/problem+json", headers(("Retry-After" = u64)))]
    TooSlow(ProblemBody<'static>),
    /// Another request was made under this Idempotency-Key.
    #[response(status = 409, content_type = "application/problem+json")]
    OtherRequest(ProblemBody<'static>),
    /// The body or the message is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody<'static>),
    /// The body is not said to be JSON.
    #[response(status = 415, content_type = "application/problem+json")]
    NotJson(ProblemBody<'static>),
    /// A field is unknown, missing or wrong.
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(ProblemBody<'static>),
}

problems! {
    /// Of a request that reads.
    ReadProblems:
    /// There is none, or it is another's.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemBody<'static>),
}

problems! {
    /// Of a request that reads what happened.
    FeedProblems:
}

problems! {
    /// Of a decision.
    MoveProblems:
    /// There is none, or it is another's.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemBody<'static>),
    /// No recipient is in a state from which this can be done.
    #[response(status = 409, content_type = "application/problem+json")]
    NotMoved(ProblemBody<'static>),
}

/// Of a request of a person's own programs.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) enum AdminProblems {
    /// The request cannot be read.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(ProblemBody<'static>),
    /// A valid key of one's own is needed.
    #[response(status = 401, content_type = "application/problem+json", headers(("WWW-Authenticate" = String)))]
    Unauthenticated(ProblemBody<'static>),
    /// The role of whoever has this key does not allow it.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemBody<'static>),
    /// There is none.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemBody<'static>),
    /// It cannot be done as things stand.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(ProblemBody<'static>),
    /// Somebody else has changed it since that version.
    #[response(status = 412, content_type = "application/problem+json")]
    Changed(ProblemBody<'static>),
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody<'static>),
    /// The body is not said to be JSON.
    #[response(status = 415, content_type = "application/problem+json")]
    NotJson(ProblemBody<'static>),
    /// A field is unknown, missing or wrong.
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(ProblemBody<'static>),
    /// `If-Match` is missing.
    #[response(status = 428, content_type = "application/problem+json")]
    ConditionMissing(ProblemBody<'static>),
    /// Too many wrong keys from here.
    #[response(status = 429, content_type = "application/problem+json", headers(("Retry-After" = u64)))]
    TooFast(ProblemBody<'static>),
    /// The queue cannot be read or written at the moment.
    #[response(status = 503, content_type = "application/problem+json", headers(("Retry-After" = u64)))]
    Unavailable(ProblemBody<'static>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document() {
        let ((_, document), (_, more)) = (routes().split_for_parts(), admin::routes().split_for_parts());
        let document = document.merge_from(more);
        insta::assert_snapshot!(document.to_pretty_json().unwrap());
    }
}
