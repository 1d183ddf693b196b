//! The template engine with everything taken out that a wording does not need.

use std::collections::HashSet;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, filters};

use super::{
    Sources, TRIED_FUEL, bounded,
    check::TemplateError,
    marks,
    plain::{NotTaken, not_taken},
};

pub(super) const SUBJECT: &str = "subject.txt";
pub(super) const TEXT: &str = "body.txt";
pub(super) const HTML: &str = "body.html";

/// An engine without texts, with so much fuel for each of them.
pub(super) fn environment(fuel: u64) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(fuel));
    environment.set_debug(true);
    environment.set_auto_escape_callback(
        |name| {
            if name == HTML { AutoEscape::Html } else { AutoEscape::None }
        },
    );
    environment.add_filter("upper", filters::upper);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("title", filters::title);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("length", filters::length);
    environment.add_filter("first", filters::first);
    environment.add_filter("default", filters::default);
    environment
}

/// The texts that the engine understands, and what is wrong with the others; with fuel to be tried by.
pub(super) fn compile(sources: Sources<'_>) -> (Environment<'static>, Vec<TemplateError>) {
    let mut environment = environment(TRIED_FUEL);
    let faults = sources.files().filter_map(|(name, source)| {
        if let Some(NotTaken { line, column, why }) = not_taken(source) {
            return Some(TemplateError::Wrong { file: name, line, column, why });
        }
        let error = environment.add_template_owned(name, source.to_owned()).err()?;
        Some(TemplateError::of(name, source, &error))
    });
    let faults = faults.collect();
    (environment, faults)
}

/// The text alone, with its values between marks. What is wrong with it is wrong with the text itself, and told of that.
pub(super) fn marked(text: &str) -> Environment<'static> {
    let mut environment = environment(TRIED_FUEL);
    marks::around_values(&mut environment);
    let _ = environment.add_template_owned(TEXT, marks::without(text));
    environment
}

pub(super) fn render(
    environment: &Environment<'static>,
    name: &'static str,
    value: &Value,
) -> Result<String, TemplateError> {
    let template = environment.get_template(name).map_err(|error| TemplateError::of(name, "", &error))?;
    bounded::render(&template, value, bounded::MOST_OF_NOTICE)
        .map_err(|error| TemplateError::of(name, template.source(), &error))
}

/// The names that a text takes from outside, in whatever branch of it.
pub(super) fn names_used(environment: &Environment<'static>, name: &str) -> HashSet<String> {
    environment.get_template(name).map(|template| template.undeclared_variables(false)).unwrap_or_default()
}
