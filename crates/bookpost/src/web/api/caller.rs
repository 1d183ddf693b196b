//! Who asks: an application, by its key (RFC 6750 section 2.1).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{header, request::Parts},
};

use super::{Api, problem::Problem};
use crate::{
    identity::{Caller, id_in},
    receive::Origin,
};

/// An application that was let in.
#[derive(Clone)]
pub(super) struct Authorized {
    pub(super) caller: Caller,
    pub(super) peer: IpAddr,
}

impl Authorized {
    /// For the `Received` field.
    pub(super) fn origin(&self) -> Origin {
        let name = self.caller.name().to_owned();
        Origin { door: store::Door::Http, name, peer: Some(self.peer), protocol: "HTTP" }
    }
}

impl Api {
    /// The same caller, as it is now: a body may have taken its time.
    pub(super) fn still(&self, authorized: &Authorized) -> Result<Caller, Problem> {
        let now = self.submitter.clock.now();
        let again = self.submitter.applications.again(&authorized.caller, now);
        again.map_err(|refusal| Problem::refused(refusal, now))
    }
}

impl FromRequestParts<Api> for Authorized {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.ip().to_canonical());
        let without_key = || {
            tracing::info!(%peer, "a request without a key was refused");
            Problem::without_key()
        };
        let shown = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, key) = shown.and_then(|shown| shown.split_once(' ')).ok_or_else(without_key)?;
        if !scheme.eq_ignore_ascii_case("Bearer") {
            return Err(without_key());
        }
        let now = api.submitter.clock.now();
        let applications = &api.submitter.applications;
        let caller = applications.bearer(peer, key, now).map_err(|refusal| {
            applications.log_refused(peer, id_in(key).unwrap_or_default(), &refusal);
            Problem::refused(refusal, now)
        })?;
        Ok(Self { caller, peer })
    }
}
