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
        (
            "{{ title }}",
            "there is no \"title\" here: it belongs to an item, as item.title inside {% for item in",
        ),
        ("{{ xylophone }}", "body.txt, line 1: there is no \"xylophone\""),
        ("{% if language == 'tlh' %}{{ patron_nmae }}{% endif %}x", "did you mean \"patron_name\"?"),
        ("{% for item in items %}", "body.txt, line 1: "),
        ("{{ patron_name }} {{ items[0].titel | upper }}", "there is no \"titel\" (did you mean \"title\"?)"),
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
fn all_faults_are_told_at_once() {
    let sources = Sources {
        subject: "{% if %}",
        text: "{{ patron_nam }}\n{{ branch }}",
        html: Some(
            "{% for item in items %}{% if item.author %}{{ item.writer }}{% else %}{{ item.titel }}{% endif %}{% endfor %}",
        ),
    };
    let said = Template::check(sources, DateFormat::Long).err().unwrap().to_string();
    let starts = [
        "subject.txt, line 1: ",
        "body.txt, line 2: there is no \"branch\"",
        "body.txt, line 1: there is no \"patron_nam\"",
        "body.html, line 1: there is no \"writer\"",
        "body.html, line 1: there is no \"titel\"",
    ];
    assert_eq!(said.lines().count(), starts.len(), "{said}");
    for (line, start) in said.lines().zip(starts) {
        assert!(line.starts_with(start), "{said}");
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

fn with_subject(subject: &str) -> Result<Template, TemplateError> {
    Template::check(Sources { subject, ..BUILT_IN[0].1 }, DateFormat::Long)
}

#[test]
fn a_subject_never_names_a_title() {
    for subject in [
        "{{ items[0].title }} is overdue",
        "{{ items[0].title|upper }} is overdue",
        "{{ items[0].title[:10] }} is overdue",
        "{{ items[0]['title'] }}",
        "x{% if item_count > 1 %}{{ items[1].title }}{% endif %}",
        "x{% for item in items %}{% if item.title %}y{% endif %}{% endfor %}",
        "{{ (items|first).author }}",
        "{{ title }} is overdue",
    ] {
        assert_eq!(with_subject(subject).err(), Some(TemplateError::TitleInSubject), "{subject}");
    }
    let error = with_subject("x{{ items[0].titel|title }} no title").err();
    assert!(matches!(error, Some(TemplateError::UnknownVariable { .. })), "{error:?}");
    for subject in [
        "x{% set key = 'title' %}{{ items[0][key] }}",
        "{% set book = items[0] %}{{ book.title }}",
        "{{ items[0].author|default('x') ~ items[0].author }}",
    ] {
        let error = with_subject(subject).err();
        assert!(matches!(error, Some(TemplateError::Wrong { .. })), "{subject}: {error:?}");
    }
    for subject in ["{{ items }}", "{{ items[0] }}", "{{ items[0].title|default('x') }}"] {
        let letter = samples::all().next().unwrap();
        let subject = with_subject(subject).unwrap().render(&letter).unwrap().subject;
        assert!(!subject.contains("Dune") && !subject.contains("Herbert"), "{subject}");
    }
    with_subject("{{ items[0].item_due_date|title }}: {{ item_count }} x").unwrap();
}

#[test]
fn a_subject_that_the_samples_did_not_reach_names_no_title_either() {
    let template =
        with_subject("{% if branch_code == 'WEST' %}{{ items[0].title }}{% else %}x{% endif %}").unwrap();
    let letter = Letter { branch_code: "WEST", ..samples::all().next().unwrap() };
    assert_eq!(template.render(&letter).err(), Some(TemplateError::TitleInSubject));
}

/// A mother is not asked to return her daughter's books as if they were hers.
#[test]
fn built_in_wordings_greet_parents_and_guardians() {
    use crate::notices::{Language, saved::ALL};
    for built_in in ALL {
        for (language, said) in [
            (
                Language::English,
                [
                    "Dear Ngozi Okafor,",
                    "To Ngozi Okafor and to their parents or guardians,",
                    "To the parents or guardians of Ngozi Okafor,",
                ],
            ),
            (
                Language::Spanish,
                [
                    "Hola, Ngozi Okafor:",
                    "A Ngozi Okafor y a sus padres o tutores:",
                    "A los padres o tutores de Ngozi Okafor:",
                ],
            ),
        ] {
            let template = Template::check(built_in.sources(language), language.dates()).unwrap();
            for (to_guardian, said) in ["", "also", "only"].into_iter().zip(said) {
                let letter = Letter { to_guardian, ..samples::shown(NoticeKind::Overdue, None) };
                let made = template.render(&letter).unwrap();
                let html = made.html.replace("<bdi>", "").replace("</bdi>", "");
                assert!(made.text.starts_with(said) && html.contains(said), "{said}: {}", made.text);
            }
        }
    }
}

#[test]
fn every_branch_that_notices_take_is_tried() {
    for text in [
        "{% if to_guardian == 'also' %}{{ items[0].titel }}{% endif %}x",
        "{% if to_guardian == 'only' %}{{ items[0].titel }}{% endif %}x",
        "{% if item_count > 1 %}{{ items[0].titel }}{% endif %}x",
        "{% if item_count > 2 %}{{ items[0].titel }}{% endif %}x",
        "{% for item in items %}{% if not item.author %}{{ item.titel }}{% endif %}{% endfor %}x",
        "{% for item in items %}{% if not item.title %}{{ item.titel }}{% endif %}{% endfor %}x",
        "{% for item in items %}{% if item.author and not item.call_number %}{{ item.titel }}{% endif %}{% endfor %}x",
        "{% for item in items %}{% if item.item_due_date and not item.item_checkout_date %}{{ item.titel }}{% endif %}{% endfor %}x",
        "{% if branch_phone and not patron_name %}{{ items[0].titel }}{% endif %}x",
        "{% for item in items %}{% if item.branch_name != branch_name %}{{ item.titel }}{% endif %}{% endfor %}x",
        "{{ items[1].title }}",
    ] {
        assert!(with_text(text).is_err(), "{text}");
    }
}

#[test]
fn an_own_wording_is_whole_or_says_which_file_is_missing() {
    let base = Some(BUILT_IN[0].1);
    for (files, base, missing) in [
        (&["subject.txt", "body.txt", "body.html"][..], None, None),
        (&["subject.txt", "body.txt"], None, Some("body.html")),
        (&["subject.txt", "body.html"], None, Some("body.txt")),
        (&["body.txt", "body.html"], None, Some("subject.txt")),
        (&[], None, Some("subject.txt")),
        (&["subject.txt"], base, None),
        (&["body.txt", "body.html"], base, None),
        (&["body.txt"], base, Some("body.html")),
        (&["subject.txt", "body.html"], base, Some("body.txt")),
        (&["Subject.txt", "body.htm"], base, Some("subject.txt")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(folder.path().join(file), "our own words").unwrap();
        }
        match Template::from_folder(folder.path(), base, DateFormat::Long) {
            Ok(template) => {
                assert_eq!(missing, None, "{files:?}");
                let made = template.render(&samples::all().next().unwrap()).unwrap();
                let own =
                    [made.subject, made.text, made.html].into_iter().filter(|text| text == "our own words");
                assert_eq!(own.count(), files.len());
            }
            Err(error) => {
                let path = folder.path().join(missing.unwrap());
                assert!(error.to_string().starts_with(&format!("{} is missing", path.display())), "{error}");
            }
        }
    }
}

#[test]
fn faults_of_an_own_wording_name_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let said = |folder: &Path| {
        Template::from_folder(folder, Some(BUILT_IN[0].1), DateFormat::Long).err().unwrap().to_string()
    };
    let absent = folder.path().join("overdue");
    assert!(said(&absent).contains(&absent.display().to_string()), "{}", said(&absent));
    std::fs::write(folder.path().join("subject.txt"), "{{ branch }}").unwrap();
    let place = format!("{}/subject.txt, line 1: there is no \"branch\"", folder.path().display());
    assert!(said(folder.path()).starts_with(&place), "{}", said(folder.path()));
}

#[test]
fn the_guide_names_every_variable() {
    let guide = include_str!("../../../../../docs/guide/wording.md");
    for name in VARIABLES.iter().chain(&ITEM_VARIABLES) {
        assert!(guide.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn dates_written_out() {
    let date = jiff::civil::date(2026, 11, 12);
    for (format, written) in [
        (DateFormat::Long, "12 November 2026"),
        (DateFormat::LongUs, "November 12, 2026"),
        (DateFormat::LongEs, "12 de noviembre de 2026"),
        (DateFormat::Iso, "2026-11-12"),
    ] {
        assert_eq!(format.write(date), written);
    }
}
