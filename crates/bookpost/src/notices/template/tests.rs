//! What a wording may do, and how its faults are told.

use super::*;

fn with_text(text: &str) -> Result<Template, TemplateError> {
    Template::check(Sources { text, ..BUILT_IN[0].1 }, DateFormat::Long)
}

#[test]
fn faults_name_line_and_variable_and_the_near_name() {
    for (text, said) in [
        (
            "Hello\n{{ patron_nam }}",
            "body.txt, line 2: there is no \"patron_nam\" (did you mean \"patron_name\"?)",
        ),
        (
            "{% for item in items %}\n{{ item.titel }}\n{% endfor %}",
            "body.txt, line 2: there is no \"titel\" (did you mean \"title\"?)",
        ),
        ("{{ xylophone }}", "body.txt, line 1: there is no \"xylophone\""),
        ("{% if language == 'tlh' %}{{ patron_nmae }}{% endif %}x", "did you mean \"patron_name\"?"),
        ("{% for item in items %}", "body.txt, line 1: "),
        ("{% include '/etc/passwd' %}", "body.txt, line 1: "),
        ("{{ patron_name|tojson }}", "not available in notices"),
        ("{{ range(9) }}", "there is no \"range\""),
        ("{% if false %}x{% endif %}", "body.txt: it comes out empty"),
    ] {
        let error = with_text(text).err().unwrap().to_string();
        assert!(error.contains(said), "{text:?}: {error}");
    }
}

#[test]
fn an_endless_template_ends() {
    let digits = "[0,1,2,3,4,5,6,7,8,9]";
    let mut text = "x".to_owned();
    for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i"] {
        text = format!("{{% for {name} in {digits} %}}{text}{{% endfor %}}");
    }
    assert_eq!(with_text(&text).err().unwrap(), TemplateError::Endless { file: "body.txt", line: 1 });
}

#[test]
fn a_subject_never_names_a_title() {
    let sources = Sources { subject: "{{ items[0].title }} is overdue", ..BUILT_IN[0].1 };
    assert_eq!(Template::check(sources, DateFormat::Long).err(), Some(TemplateError::TitleInSubject));
}

#[test]
fn dates_written_out() {
    let date = jiff::civil::date(2026, 11, 12);
    for (format, written) in [
        (DateFormat::Long, "12 November 2026"),
        (DateFormat::LongUs, "November 12, 2026"),
        (DateFormat::Iso, "2026-11-12"),
    ] {
        assert_eq!(format.write(date), written);
    }
}
