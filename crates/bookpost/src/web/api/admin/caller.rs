//! Who asks: a person, by a key of their own.

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{header, request::Parts},
};
use serde::de::DeserializeOwned;

use super::{Admin, of_store};
use crate::{
    identity::{Holder, Permission},
    web::{
        Client,
        api::{
            body,
            problem::{Kind, Problem},
        },
    },
};

/// A person whose key was shown.
pub(super) struct Owner(pub(super) Holder);

impl Owner {
    /// Whether their role allows it.
    pub(super) fn must(&self, permission: Permission<'_>) -> Result<(), Problem> {
        if self.0.may(permission) {
            return Ok(());
        }
        Err(Problem::new(Kind::Forbidden, "the role of this key's owner does not allow this"))
    }
}

impl FromRequestParts<Admin> for Owner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Problem> {
        let client = parts.extensions.get::<Client>();
        let peer = client.ok_or_else(|| Problem::unavailable("nobody is known to ask".to_owned()))?.address;
        let shown = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, key) =
            shown.and_then(|shown| shown.split_once(' ')).ok_or_else(Problem::without_own_key)?;
        if !scheme.eq_ignore_ascii_case("Bearer") {
            return Err(Problem::without_own_key());
        }
        let now = admin.sources.clock.now();
        let asked = admin.keys.bearer(peer, key, now).await.map_err(|error| of_store(&error))?;
        asked.map(Self).map_err(|refusal| {
            tracing::info!(%peer, %refusal, "a key of a person was refused");
            Problem::refused(refusal, now)
        })
    }
}

/// A small body of JSON.
pub(super) struct Sent<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Admin> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Admin) -> Result<Self, Problem> {
        let (parts, content) = request.into_parts();
        body::read_small(&parts.headers, content).await.map(Self)
    }
}
