//! The style, the script and the icon. Their names say what is in them, so that a browser may keep them for ever.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// One file.
pub(super) struct Asset {
    /// Where it is.
    pub(super) path: String,
    kind: &'static str,
    bytes: Vec<u8>,
}

pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("style", "css", "text/css; charset=utf-8", include_str!("assets/style.css")));
pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("pages", "js", "text/javascript; charset=utf-8", include_str!("assets/pages.js"))
});
pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("assets/icon.svg")));

impl Asset {
    /// Without the lines that are only for whoever reads the source.
    fn new(name: &str, extension: &str, kind: &'static str, source: &str) -> Self {
        let told = |line: &&str| {
            let line = line.trim();
            !(line.is_empty() || line.starts_with("//") || line.starts_with("/*") && line.ends_with("*/"))
        };
        let bytes =
            source.lines().filter(told).flat_map(|line| [line, "\n"]).collect::<String>().into_bytes();
        let hash = digest::digest(&digest::SHA256, &bytes);
        let hash = URL_SAFE_NO_PAD.encode(hash.as_ref().get(..9).unwrap_or_default());
        Self { path: format!("/assets/{name}-{hash}.{extension}"), kind, bytes }
    }
}

/// A file by its name; those of another version are gone.
pub(super) async fn serve(Path(name): Path<String>) -> Response {
    let all = [&STYLE, &SCRIPT, &ICON];
    let Some(asset) = all.into_iter().find(|asset| asset.path.strip_prefix("/assets/") == Some(&name)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kept = "public, max-age=31536000, immutable";
    ([(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, kept)], asset.bytes.as_slice())
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The heaviest page has less than 70 kB of its own.
    #[test]
    fn they_are_light() {
        let weight: usize = [&STYLE, &SCRIPT, &ICON].iter().map(|asset| asset.bytes.len()).sum();
        assert!(weight < 40_000, "{weight}");
    }

    /// What fits in the light fits in the dark, and reads the same: the browser tests look at the dark for its colors only.
    #[test]
    fn the_dark_has_other_colors_and_nothing_else() {
        let style = include_str!("assets/style.css");
        let mut parts = style.split("prefers-color-scheme");
        let dark = parts.nth(1).unwrap().split_once("}\n}").unwrap().0;
        assert_eq!(parts.next(), None, "one place for the dark");
        let (scheme, declared) = dark.split_once(":root {").unwrap();
        assert_eq!(scheme.trim(), ": dark) {");
        let declared: Vec<_> = declared.trim().lines().map(str::trim).collect();
        assert!(declared.len() > 10, "{declared:?}");
        let other = declared.iter().find(|line| !(line.starts_with("--") && line.contains(": #")));
        assert_eq!(other, None);
    }
}
