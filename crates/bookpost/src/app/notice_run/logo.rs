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
    let (before, after) = html.split_at(head(html));
    [before, &picture, after].concat()
}

/// Where the text begins: after the tag of the body, or where all begins.
fn head(html: &str) -> usize {
    let lower = html.to_ascii_lowercase();
    let Some(start) = lower.find("<body") else { return 0 };
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

fn escaped(text: &str) -> String {
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
            ("", ""),
        ] {
            let shown = shown(&format!("{before}{after}"), "cid:a@b", name, &logo);
            assert_eq!(shown, format!("{before}{picture}{after}"));
        }
    }
}
