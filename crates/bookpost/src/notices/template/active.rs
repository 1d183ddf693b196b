//! What the HTML of a mail must not have: scripts, which no mail program runs and for which some set the whole mail aside; and what it is
//! better without: pictures that are fetched from elsewhere.

use super::{TemplateError, engine::HTML};

/// What of the HTML would do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Active {
    /// `<script>`
    Script,
    /// `onclick=` and its like.
    Handler,
    /// A link to `javascript:`.
    Link,
}

struct Tag {
    at: usize,
    name: String,
    attributes: Vec<Attribute>,
}

struct Attribute {
    at: usize,
    name: String,
    value: String,
}

/// All that would do something, each with its place.
pub fn active(html: &str) -> Vec<TemplateError> {
    let mut found = Vec::new();
    for tag in tags(html) {
        if tag.name == "script" {
            found.push(fault(html, tag.at, Active::Script));
        }
        for Attribute { at, name, value } in tag.attributes {
            let is_handler =
                name.strip_prefix("on").is_some_and(|rest| rest.starts_with(char::is_alphabetic));
            if is_handler {
                found.push(fault(html, at, Active::Handler));
            } else if ["javascript:", "vbscript:"].iter().any(|scheme| as_read(&value).starts_with(scheme)) {
                found.push(fault(html, at, Active::Link));
            }
        }
    }
    found
}

/// Whether a picture of it is fetched from elsewhere when somebody reads the mail.
pub fn has_remote_pictures(html: &str) -> bool {
    let is_remote = |address: &str| ["http:", "https:", "//"].iter().any(|start| address.starts_with(start));
    let of_style = as_read(html).replace(['"', '\''], "");
    let in_style = of_style.split("url(").skip(1).any(is_remote);
    let is_picture = |tag: &Tag, one: &Attribute| match one.name.as_str() {
        "src" | "srcset" => matches!(tag.name.as_str(), "img" | "source" | "input"),
        "background" => true,
        _ => false,
    };
    let of_tag =
        |tag: Tag| tag.attributes.iter().any(|one| is_picture(&tag, one) && is_remote(&as_read(&one.value)));
    in_style || tags(html).into_iter().any(of_tag)
}

fn fault(html: &str, at: usize, what: Active) -> TemplateError {
    let before = html.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    TemplateError::Active { file: HTML, line, column, what }
}

/// The tags that begin something, outside of comments.
fn tags(html: &str) -> Vec<Tag> {
    let (mut all, mut at) = (Vec::new(), 0);
    while let Some(found) = html.get(at..).and_then(|rest| rest.find('<')) {
        let start = at + found;
        let rest = html.get(start + 1..).unwrap_or_default();
        if rest.starts_with("!--") {
            at = rest.find("-->").map_or(html.len(), |end| start + 1 + end);
            continue;
        }
        let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
        if name.is_empty() {
            at = start + 1;
            continue;
        }
        let (attributes, end) = attributes(html, start + 1 + name.len());
        all.push(Tag { at: start, name: name.to_ascii_lowercase(), attributes });
        at = end;
    }
    all
}

/// Those of the tag whose name ends at `at`, and where the tag is over.
fn attributes(html: &str, mut at: usize) -> (Vec<Attribute>, usize) {
    let mut all = Vec::new();
    loop {
        let rest = html.get(at..).unwrap_or_default();
        let Some(first) = rest.chars().next() else { return (all, html.len()) };
        if first == '>' {
            return (all, at + 1);
        }
        if let Some(length) = of_template(rest) {
            at += length;
            continue;
        }
        if first.is_whitespace() || matches!(first, '/' | '"' | '\'' | '=') {
            at += first.len_utf8();
            continue;
        }
        let ends = |c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/');
        let length = rest.find(ends).unwrap_or(rest.len());
        let name = rest.get(..length).unwrap_or_default().to_ascii_lowercase();
        let (value, taken) = value(rest.get(length..).unwrap_or_default());
        all.push(Attribute { at, name, value });
        at += length + taken;
    }
}

/// What stands behind the name of an attribute, and how much of `rest` that is.
fn value(rest: &str) -> (String, usize) {
    let Some(given) = rest.trim_start().strip_prefix('=').map(str::trim_start) else {
        return (String::new(), 0);
    };
    let before = rest.len() - given.len();
    if let Some(quote @ ('"' | '\'')) = given.chars().next() {
        let inner = given.get(1..).unwrap_or_default();
        let length = inner.find(quote).unwrap_or(inner.len());
        return (inner.get(..length).unwrap_or_default().to_owned(), (before + length + 2).min(rest.len()));
    }
    let length = given.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(given.len());
    (given.get(..length).unwrap_or_default().to_owned(), before + length)
}

/// How long the piece of template is with which this begins.
fn of_template(rest: &str) -> Option<usize> {
    let end = match rest.get(..2)? {
        "{{" => "}}",
        "{%" => "%}",
        "{#" => "#}",
        _ => return None,
    };
    rest.find(end).map(|at| at + 2)
}

/// As browsers read an address: without blanks, in small letters, with letters that are written as numbers.
fn as_read(value: &str) -> String {
    let mut read = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(first) = rest.chars().next() {
        let (letter, length) = of_entity(rest).unwrap_or((first, first.len_utf8()));
        if !letter.is_whitespace() && !letter.is_control() {
            read.extend(letter.to_lowercase());
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    read
}

fn of_entity(rest: &str) -> Option<(char, usize)> {
    let name = rest.strip_prefix('&')?;
    for (known, letter) in [("colon;", ':'), ("Tab;", '\t'), ("NewLine;", '\n')] {
        if name.starts_with(known) {
            return Some((letter, known.len() + 1));
        }
    }
    let number = name.strip_prefix('#')?;
    let hexadecimal = number.strip_prefix(['x', 'X']);
    let (digits, radix) = hexadecimal.map_or((number, 10), |digits| (digits, 16));
    let length = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let letter = char::from_u32(u32::from_str_radix(digits.get(..length)?, radix).ok()?)?;
    let closed = usize::from(digits.get(length..)?.starts_with(';'));
    Some((letter, 2 + usize::from(hexadecimal.is_some()) + length + closed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_do_something_is_found_with_its_place() {
        use Active::{Handler, Link, Script};
        for (html, expected) in [
            ("<p>a</p>\n<SCRIPT src=x>", &[(2, 1, Script)][..]),
            ("<p>é <b onClick = 'x()'>", &[(1, 9, Handler)]),
            ("<a title=\"1 > 0\" href=\" jav&#x61;script&colon;x\">", &[(1, 18, Link)]),
            ("<a href=java\tscript:x>", &[]),
            ("<a href='java\tscript:x'>", &[(1, 4, Link)]),
            ("<td {% if item_count > 1 %}onload=\"x\"{% endif %}>", &[(1, 28, Handler)]),
            ("<script>a</script><img src=x onerror=y>", &[(1, 1, Script), (1, 30, Handler)]),
            ("<!-- <script> --><p class=\"on\" data-on=\"1\">on=1 javascript: 1 < 2</p>", &[]),
            ("<a href=\"https://books.example.org/?q=javascript:\">one</a>", &[]),
        ] {
            let found: Vec<_> = active(html)
                .into_iter()
                .map(|fault| match fault {
                    TemplateError::Active { line, column, what, .. } => (line, column, what),
                    other => panic!("{other}"),
                })
                .collect();
            assert_eq!(found, expected, "{html}");
        }
    }

    #[test]
    fn pictures_from_elsewhere_are_told_from_others() {
        for (html, expected) in [
            ("<img src=\"https://a.example/x.png\">", true),
            ("<img alt=a src=//a.example/x.png>", true),
            ("<td background='http://a.example/x.png'>", true),
            ("<p style=\"background: url( 'https://a.example/x.png')\">", true),
            ("<img src=\"data:image/png;base64,AAAA\">", false),
            ("<a href=\"https://a.example/\">url</a>", false),
        ] {
            assert_eq!(has_remote_pictures(html), expected, "{html}");
        }
    }
}
