//! Texts of an application's own, with whatever variables it hands in: the same engine, and no rules of notices.

use minijinja::{Environment, Error, ErrorKind, Template, Value};

use super::{
    bounded,
    engine::{self, HTML, SUBJECT, TEXT},
    plain::{NotTaken, not_taken},
};

/// Steps for one text, or 64 bytes each. There are many texts in one request, and each is short.
const FUEL: u64 = 100_000;

/// One of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Subject,
    Text,
    Html,
}

/// What is wrong with a text, or with the variables for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct FreeError {
    pub part: Part,
    pub line: usize,
    pub why: String,
    /// No variables would mend it.
    pub of_text: bool,
}

/// Compiled texts.
pub struct FreeTemplate {
    environment: Environment<'static>,
    has_html: bool,
}

/// The texts of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeRendered {
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
}

impl FreeTemplate {
    /// Compiles the texts; all that is wrong with them.
    pub fn compile(subject: &str, text: &str, html: Option<&str>) -> Result<Self, Vec<FreeError>> {
        let mut environment = engine::environment(FUEL);
        let texts = [(Part::Subject, Some(subject)), (Part::Text, Some(text)), (Part::Html, html)];
        let faults: Vec<_> = texts
            .into_iter()
            .filter_map(|(part, source)| {
                if let Some(NotTaken { line, why, .. }) = not_taken(source?) {
                    return Some(FreeError { part, line, why, of_text: true });
                }
                let error = environment.add_template_owned(part.file(), source?.to_owned()).err()?;
                Some(FreeError::of(part, &error))
            })
            .collect();
        if faults.is_empty() { Ok(Self { environment, has_html: html.is_some() }) } else { Err(faults) }
    }

    /// The texts of one message. Blanks in the subject are one each, as a header has one line.
    pub fn render(&self, variables: &Value) -> Result<FreeRendered, FreeError> {
        let part = |part: Part| {
            let template =
                self.environment.get_template(part.file()).map_err(|error| FreeError::of(part, &error))?;
            bounded::render(&template, variables, bounded::MOST_OCTETS).map_err(|error| {
                let faulty = FreeError::of(part, &error);
                match missing(&template, variables) {
                    Some(missing) if error.kind() == ErrorKind::UndefinedError => {
                        FreeError { why: missing, ..faulty }
                    }
                    _ => faulty,
                }
            })
        };
        let subject = part(Part::Subject)?;
        Ok(FreeRendered {
            subject: subject.split_whitespace().collect::<Vec<_>>().join(" "),
            text: part(Part::Text)?,
            html: self.has_html.then(|| part(Part::Html)).transpose()?,
        })
    }
}

impl Part {
    fn file(self) -> &'static str {
        match self {
            Self::Subject => SUBJECT,
            Self::Text => TEXT,
            Self::Html => HTML,
        }
    }

    pub(super) fn of_file(file: &str) -> Self {
        match file {
            TEXT => Self::Text,
            HTML => Self::Html,
            _ => Self::Subject,
        }
    }
}

impl FreeError {
    fn of(part: Part, error: &Error) -> Self {
        let why = match error.kind() {
            ErrorKind::OutOfFuel => "the template does not come to an end; look at its loops".to_owned(),
            ErrorKind::WriteFailure => {
                format!("the text would be longer than {} KiB", bounded::MOST_OCTETS >> 10)
            }
            ErrorKind::UndefinedError => "a variable that is used here was not handed in".to_owned(),
            kind => error.detail().map_or_else(|| kind.to_string(), str::to_owned),
        };
        let of_text = matches!(
            error.kind(),
            ErrorKind::SyntaxError
                | ErrorKind::UnknownFilter
                | ErrorKind::UnknownFunction
                | ErrorKind::UnknownTest
                | ErrorKind::UnknownMethod
        );
        Self { part, line: error.line().unwrap_or(1), why, of_text }
    }
}

/// The variables that the text asks for and that were not handed in, if they have names of their own.
fn missing(template: &Template<'_, '_>, variables: &Value) -> Option<String> {
    let handed_in = |name: &str| variables.get_attr(name).is_ok_and(|value| !value.is_undefined());
    let mut names: Vec<_> =
        template.undeclared_variables(false).into_iter().filter(|name| !handed_in(name)).collect();
    names.sort_unstable();
    (!names.is_empty()).then(|| format!("was not handed in: {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    #[test]
    fn variables_go_to_their_places_and_are_escaped_in_html_only() {
        let template =
            FreeTemplate::compile("For {{ name }}\n", "Dear {{ name }}", Some("<p>{{ name }}</p>")).unwrap();
        let rendered = template.render(&context! { name => "A&B\nBcc: x" }).unwrap();
        assert_eq!(rendered.subject, "For A&B Bcc: x");
        assert_eq!(rendered.text, "Dear A&B\nBcc: x");
        assert_eq!(rendered.html.as_deref(), Some("<p>A&amp;B\nBcc: x</p>"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let errors = FreeTemplate::compile("{{ name", "\n{% for %}", None).err().unwrap();
        let places: Vec<_> = errors.iter().map(|error| (error.part, error.line)).collect();
        assert_eq!(places, [(Part::Subject, 1), (Part::Text, 2)]);
        for (text, why) in [
            ("{{ nobody }} {{ n }} {{ else }}", "was not handed in: else, nobody"),
            ("{{ n.nobody }}", "a variable that is used here was not handed in"),
            ("{{ n|shout }}", "shout"),
            (
                "{% for a in 'xxxxxxxxxxxxxxxxxxxx' %}{% for b in n %}{{ b }}{% endfor %}{% endfor %}",
                "does not come to an end",
            ),
        ] {
            let template = FreeTemplate::compile("x", text, None).unwrap();
            let variables = context! { n => (0..100_000).collect::<Vec<_>>() };
            let error = template.render(&variables).unwrap_err();
            assert!(error.part == Part::Text && error.why.contains(why), "{text}: {error:?}");
            assert_eq!(error.of_text, why == "shout", "{text}: {error:?}");
        }
    }

    /// Whatever a template does, it gets neither long texts nor much memory.
    #[test]
    fn a_text_cannot_be_made_giant() {
        let lines = format!("{{% for i in n %}}{}{{% endfor %}}", "x".repeat(300));
        let endless = "does not come to an end";
        for (text, why) in [
            (lines.as_str(), "longer than 256 KiB"),
            ("{{ large }}{{ large }}", "longer than 256 KiB"),
            ("{% for a in n %}{% for b in n %}{{ large|upper|length }}{% endfor %}{% endfor %}", endless),
            ("{{ range(1000000) }}", "unknown"),
            ("{{ large|center(9) }}", "unknown"),
            ("{{ large|indent(9) }}", "unknown"),
            ("{{ large|replace('a', 'b') }}", "unknown"),
            ("{{ n|join(large) }}", "unknown"),
            ("{{ '%9d'|format(9) }}", "unknown"),
            ("{% for a in n recursive %}{{ loop(n) }}{% endfor %}", ""),
        ] {
            let large = "ß".repeat(100_000);
            let variables = context! { n => (0..1_000).collect::<Vec<_>>(), large, x => "x" };
            let template = FreeTemplate::compile("x", text, None).unwrap();
            let why_not = template.render(&variables).unwrap_err().why;
            assert!(why_not.contains(why), "{text:.60}: {why_not}");
        }
    }

    /// What makes much of little does not come as far as being rendered.
    #[test]
    fn what_could_make_a_text_giant_is_not_taken() {
        let doubled = "{% set x = x ~ x %}".repeat(40);
        let captured = "{% set x %}{{ x }}{{ x }}{% endset %}".repeat(40);
        let nested = format!("{}{}", "{% for x in [x ~ x] %}".repeat(40), "{% endfor %}".repeat(40));
        for text in [
            "{{ 'x' * 90000000 }}",
            "{% set x = 'x' * 90000000 %}",
            "{% for a in [1] * 90000000 %}{% endfor %}",
            "{{ ([1] * 90000000)[89999999] }}",
            "{{ ([[1] * 90000000] * 90000000) ~ 'x' }}",
            "{% if ([[1] * 90000000] * 90000000) in 'x' %}y{% endif %}",
            &doubled,
            &captured,
            &nested,
        ] {
            let faults = FreeTemplate::compile("x", text, None).err().unwrap();
            assert!(
                faults[0].of_text && faults[0].why.contains("cannot be used here"),
                "{text:.60}: {faults:?}"
            );
        }
    }
}
