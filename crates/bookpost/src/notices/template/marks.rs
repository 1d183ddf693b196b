//! HTML made of a plain text, so that nobody must write any.
//!
//! The text is rendered once more with every value that a template puts in between two marks that no text has. What stands between them
//! is only ever shown: no title makes a list, a link or a tag. Of what the person wrote, blank lines make paragraphs, `* ` at the
//! beginning of a line makes a list, `# ` a heading, `**` bold letters, and an address of the web a link.

use minijinja::{Environment, Error, ErrorKind};

/// Around a value. They are for private use (Unicode, chapter 23.5), and are taken out of whatever else has them.
const OPEN: char = '\u{e0f0}';
const CLOSE: char = '\u{e0f1}';
pub(super) const MARKS: [char; 2] = [OPEN, CLOSE];

/// Has every value written between the marks.
pub(super) fn around_values(environment: &mut Environment<'static>) {
    environment.set_formatter(|out, _, value| {
        write!(out, "{}", self::value(&value.to_string()))
            .map_err(|error| Error::new(ErrorKind::WriteFailure, error.to_string()))
    });
}

/// A value between the marks.
pub(super) fn value(text: &str) -> String {
    let text = text.replace(MARKS, "");
    if text.is_empty() { text } else { format!("{OPEN}{text}{CLOSE}") }
}

/// The text as it stands in a mail beside the page: bold letters are letters, a heading is a line, and the marks are gone.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for (at, line) in lines(text).iter().enumerate() {
        if at > 0 {
            plain.push('\n');
        }
        let (mut rest, mut is_bold) = (line.strip_prefix("# ").unwrap_or(line), false);
        while let Some(first) = rest.chars().next() {
            let (letters, behind) = if let Some(value) = rest.strip_prefix(OPEN) {
                value.split_once(CLOSE).unwrap_or((value, ""))
            } else if let Some(behind) =
                rest.strip_prefix("**").filter(|behind| is_bold || behind.contains("**"))
            {
                is_bold = !is_bold;
                ("", behind)
            } else {
                rest.split_at(first.len_utf8())
            };
            plain.push_str(letters);
            rest = behind;
        }
    }
    plain
}

/// A text without the marks.
pub(super) fn without(source: &str) -> String {
    source.replace(MARKS, "")
}

const HEAD: &str = "<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
    <meta name=\"color-scheme\" content=\"light dark\">\n";
const BODY: &str = "<body style=\"font-family: sans-serif; font-size: 1rem; line-height: 1.5; max-width: 40rem; margin: 0 auto; \
    padding: 1rem; overflow-wrap: anywhere\">\n";

/// The whole page that shows `text`, which has its values between marks.
pub(super) fn page(text: &str, language: &str, title: &str) -> String {
    let mut page = format!("<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n{HEAD}<title>");
    escaped(title, &mut page);
    page.push_str("</title>\n</head>\n");
    page.push_str(BODY);
    let mut writer = Writer { page, open: Open::Nothing };
    for line in lines(text) {
        writer.line(&line);
    }
    writer.close();
    writer.page.push_str("</body>\n</html>\n");
    writer.page
}

/// A line ends where one ends that the person wrote; in a value there is none.
fn lines(text: &str) -> Vec<String> {
    let (mut lines, mut is_value) = (vec![String::new()], false);
    for letter in text.chars() {
        match letter {
            OPEN | CLOSE => is_value = letter == OPEN,
            '\n' if !is_value => {
                lines.push(String::new());
                continue;
            }
            _ => {}
        }
        let letter = if is_value && letter == '\n' { ' ' } else { letter };
        if let Some(line) = lines.last_mut() {
            line.push(letter);
        }
    }
    lines
}

/// What the line before has left open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Paragraph,
    /// A list and an item of it.
    Item,
    /// A list between two items, or before what follows it.
    List,
}

struct Writer {
    page: String,
    open: Open,
}

impl Writer {
    fn line(&mut self, line: &str) {
        let bare = line.trim();
        if bare.is_empty() {
            return match self.open {
                Open::Item => {
                    self.page.push_str("</li>\n");
                    self.open = Open::List;
                }
                Open::List => {}
                Open::Paragraph | Open::Nothing => self.close(),
            };
        }
        if let Some(item) = bare.strip_prefix("* ").or_else(|| bare.strip_prefix("- ")) {
            return self.item(item);
        }
        if self.open == Open::Item && line.starts_with([' ', '\t']) {
            self.page.push_str("<br>");
        } else if let Some(heading) = bare.strip_prefix("# ") {
            self.close();
            self.page.push_str("<h1 style=\"font-size: 1.3rem\">");
            inline(heading, &mut self.page);
            return self.page.push_str("</h1>\n");
        } else if self.open == Open::Paragraph {
            self.page.push_str("<br>\n");
        } else {
            self.close();
            self.page.push_str("<p>");
            self.open = Open::Paragraph;
        }
        inline(bare, &mut self.page);
    }

    fn item(&mut self, item: &str) {
        match self.open {
            Open::Item => self.page.push_str("</li>\n"),
            Open::List => {}
            Open::Paragraph | Open::Nothing => {
                self.close();
                self.page.push_str("<ul style=\"padding-inline-start: 1.2rem\">\n");
            }
        }
        self.page.push_str("<li style=\"margin: .4rem 0\">");
        inline(item, &mut self.page);
        self.open = Open::Item;
    }

    fn close(&mut self) {
        self.page.push_str(match self.open {
            Open::Nothing => "",
            Open::Paragraph => "</p>\n",
            Open::Item => "</li>\n</ul>\n",
            Open::List => "</ul>\n",
        });
        self.open = Open::Nothing;
    }
}

/// Values as they are, bold letters and links.
fn inline(line: &str, page: &mut String) {
    let (mut rest, mut is_bold) = (line, false);
    while let Some(first) = rest.chars().next() {
        if let Some(value) = rest.strip_prefix(OPEN) {
            let (value, behind) = value.split_once(CLOSE).unwrap_or((value, ""));
            page.push_str("<bdi>");
            escaped(value, page);
            page.push_str("</bdi>");
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix("**")
            && (is_bold || behind.contains("**"))
        {
            page.push_str(if is_bold { "</strong>" } else { "<strong>" });
            is_bold = !is_bold;
            rest = behind;
        } else if let Some((address, behind)) = address(rest) {
            let leads = !behind.starts_with(OPEN);
            if leads {
                page.push_str("<a href=\"");
                escaped(address, page);
                page.push_str("\">");
            }
            escaped(address, page);
            page.push_str(if leads { "</a>" } else { "" });
            rest = behind;
        } else {
            let (letter, behind) = rest.split_at(first.len_utf8());
            escaped(letter, page);
            rest = behind;
        }
    }
    if is_bold {
        page.push_str("</strong>");
    }
}

/// An address of the web at the beginning. One that a value goes on with is no link: where it leads is not what the person wrote. It is
/// looked at once, though addresses stand within it.
fn address(text: &str) -> Option<(&str, &str)> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let ends = |letter: char| letter.is_whitespace() || "<>\"*".contains(letter) || MARKS.contains(&letter);
    let end = host.find(ends).unwrap_or(host.len());
    let host = host.get(..end)?.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'']);
    let scheme = text.len() - text.split_once("://")?.1.len();
    let (address, behind) = text.split_at_checked(scheme + host.len())?;
    (!host.is_empty()).then_some((address, behind))
}

fn escaped(text: &str, page: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            letter => page.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in the body; a value is written in brackets.
    fn body(text: &str) -> String {
        let page = page(&text.replace('[', "\u{e0f0}").replace(']', "\u{e0f1}"), "en", "T");
        let body = page.split_once(BODY).unwrap().1;
        body.strip_suffix("</body>\n</html>\n").unwrap().to_owned()
    }

    #[test]
    fn beside_the_page_it_is_plain() {
        let text =
            format!("# Hello\n\n**Bring {} back** soon, a ** d\n* {}\n", value("**Dune**"), value("# 1"));
        assert_eq!(plain(&text), "Hello\n\nBring **Dune** back soon, a ** d\n* # 1\n");
    }

    #[test]
    fn what_a_person_writes_becomes_what_they_mean() {
        let (list, item) =
            ("<ul style=\"padding-inline-start: 1.2rem\">\n", "<li style=\"margin: .4rem 0\">");
        for (text, html) in [
            ("One\ntwo\n\n\nThree", "<p>One<br>\ntwo</p>\n<p>Three</p>\n".to_owned()),
            ("# Overdue\nnow", "<h1 style=\"font-size: 1.3rem\">Overdue</h1>\n<p>now</p>\n".to_owned()),
            (
                "These:\n* Dune\n  Due: [12]\n\n- Emma\nThanks",
                format!("<p>These:</p>\n{list}{item}Dune<br>Due: <bdi>12</bdi></li>\n{item}Emma</li>\n</ul>\n<p>Thanks</p>\n"),
            ),
            ("a **b** c ** d", "<p>a <strong>b</strong> c ** d</p>\n".to_owned()),
            (
                "See https://library.example/a?b=1&c, (http://x.example).",
                "<p>See <a href=\"https://library.example/a?b=1&amp;c\">https://library.example/a?b=1&amp;c</a>, \
                 (<a href=\"http://x.example\">http://x.example</a>).</p>\n"
                    .to_owned(),
            ),
            ("<b>\"&'", "<p>&lt;b&gt;&quot;&amp;&#39;</p>\n".to_owned()),
            ("", String::new()),
        ] {
            assert_eq!(body(text), html, "{text}");
        }
    }

    /// Addresses that go on with a value are looked at once each, however many stand one in another: else this takes hours.
    #[test]
    fn what_leads_nowhere_is_read_once() {
        let many = "http://x/".repeat(1 << 18);
        assert!(body(&format!("{many}[a]")) == format!("<p>{many}<bdi>a</bdi></p>\n"), "none is a link");
        let dots = "http://.... ".repeat(1 << 16);
        assert!(body(&format!("{dots}[a]")) == format!("<p>{dots}<bdi>a</bdi></p>\n"), "none is an address");
    }

    /// Titles are written by anybody.
    #[test]
    fn a_value_is_never_more_than_what_it_says() {
        for (text, html) in [
            ("[* Dune]", "<p><bdi>* Dune</bdi></p>\n"),
            ("[# Dune]", "<p><bdi># Dune</bdi></p>\n"),
            (
                "[**Dune**] [https://evil.example]",
                "<p><bdi>**Dune**</bdi> <bdi>https://evil.example</bdi></p>\n",
            ),
            (
                "https://[evil.example] https://a.example/[x]",
                "<p>https://<bdi>evil.example</bdi> https://a.example/<bdi>x</bdi></p>\n",
            ),
            ("[<script>\n\n* x</script>]", "<p><bdi>&lt;script&gt;  * x&lt;/script&gt;</bdi></p>\n"),
            ("**[a]", "<p>**<bdi>a</bdi></p>\n"),
        ] {
            assert_eq!(body(text), html, "{text}");
        }
    }
}
