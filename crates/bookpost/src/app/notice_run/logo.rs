//! The logo of a library at the head of its notices.

use store::Logo;

use crate::preferences::logos::size;

/// The HTML of a notice with the logo at its head, from where `src` says. Behind it it is white, in the dark too: most logos are made for
/// paper. `name` is said where it is not shown.
pub(crate) fn shown(html: &str, src: &str, name: &str, logo: &Logo) -> String {
    let size = size(&logo.bytes)
        .map_or_else(String::new, |(width, height)| format!(" width=\"{width}\" height=\"{height}\""));
    let picture = format!(
        "\n<p><img src=\"{}\" alt=\"{}\"{size} style=\"max-width: 100%; height: auto; background: #fff\"></p>",
        escaped(src),
        escaped(name)
    );
    put_first(html, &picture)
}

/// A piece of HTML before the text.
pub(crate) fn put_first(html: &str, piece: &str) -> String {
    let (before, after) = html.split_at(head(html));
    [before, piece, after].concat()
}

/// Where the text begins: after the tag of the body, the last one, as wordings have others in comments for single mail programs. Without
/// one after the head, or where all begins.
fn head(html: &str) -> usize {
    let lower = html.to_ascii_lowercase();
    let is_tag = |at: &usize| lower[at + 5..].starts_with(|next: char| next == '>' || next.is_whitespace());
    let Some(start) = lower.match_indices("<body").map(|(at, _)| at).filter(is_tag).last() else {
        return lower.find("</head>").map_or(0, |at| at + 7);
    };
    let mut quoted = None;
    for (at, letter) in html.char_indices().skip_while(|(at, _)| *at < start) {
        match (quoted, letter) {
            (None, '"' | '\'') => quoted = Some(letter),
            (Some(quote), _) if quote == letter => quoted = None,
            (None, '>') => return at + 1,
            _ => {}
        }
    }
    0
}

pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_before_the_text_whatever_the_wording_is() {
        let logo = Logo { media_type: "image/png".to_owned(), bytes: Vec::new() };
        let name = "Ann & Bob's <\"Library\">";
        let picture = "\n<p><img src=\"cid:a@b\" alt=\"Ann &amp; Bob's &lt;&quot;Library&quot;&gt;\" style=\"max-width: 100%; height: auto; background: #fff\"></p>";
        for (before, after) in [
            ("<!DOCTYPE html>\n<html><BODY style=\"a: '>'\" title='\">'>", "<p>Überfällig</p></BODY></html>"),
            ("", "<p>Overdue</p>"),
            ("", "<body \"<p>Broken"),
            ("<!--[if mso]><body class=\"mso\"><![endif]--><body>", "<p>Overdue</p></body>"),
            ("<style>body, <bodyguard> {}</style><body>", "<p>Overdue</p></body>"),
            ("<!DOCTYPE html><head><title>Overdue</title></head>", "<p>Overdue</p>"),
            ("", ""),
        ] {
            let shown = shown(&format!("{before}{after}"), "cid:a@b", name, &logo);
            assert_eq!(shown, format!("{before}{picture}{after}"));
        }
    }
}
