//! Fields of forms: what stands in them, what is said of them, and what is wrong with them.

use super::words::Words;

/// A place in a form that somebody fills in. `templates/field.html` writes it.
pub(super) struct Field {
    /// Its name in the form, and its id on the page.
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) kind: Kind,
    /// What stands in it; never a password.
    pub(super) value: String,
    /// Always under it.
    pub(super) hint: Option<String>,
    /// Behind the `?` beside it.
    pub(super) help: Option<String>,
    /// What is wrong with what stands in it.
    pub(super) problem: Option<String>,
    /// It cannot be changed here: where it is set.
    pub(super) elsewhere: Option<String>,
    pub(super) required: bool,
    /// For the browser (HTML, "autofill detail tokens").
    pub(super) autocomplete: &'static str,
}

/// How a field is filled in.
pub(super) enum Kind {
    /// A line of text; with what a browser should expect there (the `type` of HTML).
    Line(&'static str),
    /// Several lines.
    Lines,
    /// A number between these.
    Number { least: u64, most: u64 },
    /// Something that is never sent back; whether one is kept.
    Password { kept: bool },
    /// One of several, on a list.
    OneOf(Vec<Choice>),
    /// Any of several, each with a box.
    AnyOf(Vec<Choice>),
    /// Yes or no.
    Tick,
}

/// One of several.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) chosen: bool,
}

impl Field {
    /// A line of text with nothing in it.
    pub(super) fn new(name: &'static str, label: String) -> Self {
        Self {
            name,
            label,
            kind: Kind::Line("text"),
            value: String::new(),
            hint: None,
            help: None,
            problem: None,
            elsewhere: None,
            required: false,
            autocomplete: "off",
        }
    }

    pub(super) fn kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    pub(super) fn value(self, value: impl Into<String>) -> Self {
        Self { value: value.into(), ..self }
    }

    pub(super) fn hint(self, hint: String) -> Self {
        Self { hint: Some(hint), ..self }
    }

    pub(super) fn help(self, help: String) -> Self {
        Self { help: Some(help), ..self }
    }

    pub(super) fn problem(self, problem: Option<String>) -> Self {
        Self { problem, ..self }
    }

    pub(super) fn elsewhere(self, elsewhere: Option<String>) -> Self {
        Self { elsewhere, ..self }
    }

    pub(super) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(super) fn autocomplete(self, autocomplete: &'static str) -> Self {
        Self { autocomplete, ..self }
    }

    /// Which texts a screen reader reads with it.
    pub(super) fn described_by(&self) -> String {
        let parts = [
            ("problem", self.problem.is_some()),
            ("hint", self.hint.is_some()),
            ("elsewhere", self.elsewhere.is_some()),
        ];
        let ids = parts.iter().filter(|(_, there)| *there).map(|(part, _)| format!("{}-{part}", self.name));
        ids.collect::<Vec<_>>().join(" ")
    }

    /// The name of its `?`.
    pub(super) fn help_name(&self, words: &Words) -> String {
        words.with("help-with", &[("field", &self.label)])
    }
}

#[cfg(test)]
mod tests {
    use askama::Template;

    use super::*;
    use crate::web::pages::{frame::Frame, words::Language};

    #[derive(Template)]
    #[template(
        source = r#"{% import "field.html" as form %}{% call form::field(f, field) %}{% endcall %}"#,
        ext = "html"
    )]
    struct Alone {
        f: Frame,
        field: Field,
    }

    fn written(field: Field) -> String {
        Alone { f: Frame::bare(Language::English.words(), ""), field }.render().unwrap()
    }

    #[test]
    fn what_is_said_of_a_field_is_read_with_it() {
        let html = written(
            Field::new("host", "Address".to_owned())
                .value("<b>\"")
                .hint("As in smtp.example".to_owned())
                .help("Who sends.".to_owned())
                .problem(Some("This is no name.".to_owned()))
                .required(),
        );
        for part in [
            "<label for=\"host\">Address</label>",
            "value=\"&#60;b&#62;&#34;\"",
            " required aria-invalid=\"true\" aria-describedby=\"host-problem host-hint\">",
            "<p class=\"fault\" id=\"host-problem\">This is no name.</p>",
            "<p class=\"hint\" id=\"host-hint\">As in smtp.example</p>",
            "aria-label=\"What is meant by Address?\">?</summary><p>Who sends.</p>",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }

    #[test]
    fn a_password_never_comes_back() {
        let field = Field::new("password", "Password".to_owned()).kind(Kind::Password { kept: true });
        let html = written(field.value("elf-elf"));
        assert!(!html.contains("elf-elf") && html.contains("placeholder=\"kept\""), "{html}");
    }

    #[test]
    fn what_is_set_elsewhere_cannot_be_filled_in() {
        let elsewhere = Some("Set elsewhere: bookpost.toml".to_owned());
        let html =
            written(Field::new("way", "Way".to_owned()).elsewhere(elsewhere).kind(Kind::Tick).value("yes"));
        assert!(html.contains("checked disabled aria-describedby=\"way-elsewhere\""), "{html}");
    }
}
