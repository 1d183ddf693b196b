//! What a browser keeps while somebody is away at a provider, and brings back.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, header};

use super::visit::kept_under;

/// One cookie. As the session's, it is set by nobody else over https: its name there begins with `__Host-`.
pub(super) struct Away {
    over_https: &'static str,
    plain: &'static str,
    lasts: Duration,
}

impl Away {
    pub(super) const fn new(over_https: &'static str, plain: &'static str, lasts: Duration) -> Self {
        Self { over_https, plain, lasts }
    }

    /// Has this kept.
    pub(super) fn keep(&self, kept: &str, secure: bool) -> [(HeaderName, String); 1] {
        self.set(kept, self.lasts, secure)
    }

    /// Has it forgotten.
    pub(super) fn forget(&self, secure: bool) -> [(HeaderName, String); 1] {
        self.set("", Duration::ZERO, secure)
    }

    /// What was kept; nothing where nothing was.
    pub(super) fn found(&self, secure: bool, headers: &HeaderMap) -> String {
        kept_under(self.name(secure), headers).unwrap_or_default()
    }

    /// Not `Strict`: the provider leads the browser back.
    fn set(&self, kept: &str, age: Duration, secure: bool) -> [(HeaderName, String); 1] {
        let (name, age) = (self.name(secure), age.as_secs());
        let secure = if secure { "; Secure" } else { "" };
        let cookie = format!("{name}={kept}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
        [(header::SET_COOKIE, cookie)]
    }

    fn name(&self, secure: bool) -> &'static str {
        if secure { self.over_https } else { self.plain }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another program of the host, or of a host beside it, cannot have set it.
    #[test]
    fn over_https_what_is_begun_is_kept_for_this_host_alone() {
        let away = Away::new("__Host-bookpost-x", "bookpost-x", Duration::from_mins(10));
        for (secure, expected) in [
            (true, "__Host-bookpost-x=x; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"),
            (false, "bookpost-x=x; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"),
        ] {
            assert_eq!(away.keep("x", secure)[0].1, expected);
            assert!(away.forget(secure)[0].1.contains("=; Path=/; Max-Age=0;"));
        }
        let headers = HeaderMap::from_iter([(
            header::COOKIE,
            "bookpost-x=plain; __Host-bookpost-x=own".parse().unwrap(),
        )]);
        assert_eq!((away.found(true, &headers), away.found(false, &headers)), ("own".into(), "plain".into()));
    }
}
