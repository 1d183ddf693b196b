//! The notices that are built in, and those that people made of them.

use store::{NoticeKind, NoticeSettings, SavedNotice};

use super::{BUILT_IN, Language, Sources};

/// The notice that is run where none is named. Its name is that of everything that was ever written about.
pub const USUAL: &str = "overdue-items";
/// Of it, where titles are nobody's business.
pub const WITHOUT_TITLES: &str = "overdue-items-without-titles";

/// One that is built in.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    pub slug: &'static str,
    pub kind: NoticeKind,
    english: Sources<'static>,
    spanish: Sources<'static>,
}

macro_rules! sources {
    ($subject:literal, $body:literal) => {
        Sources {
            subject: include_str!(concat!("template/wording/", $subject, ".subject.txt")),
            text: include_str!(concat!("template/wording/", $body, ".body.txt")),
            html: None,
        }
    };
}

/// Their HTML is made of the text: whoever changes its words changes all that patrons read.
const fn of_text(sources: Sources<'static>) -> Sources<'static> {
    Sources { html: None, ..sources }
}

/// All of them, as they stand on the list.
pub const ALL: [BuiltIn; 7] = [
    BuiltIn {
        slug: USUAL,
        kind: NoticeKind::Overdue,
        english: of_text(BUILT_IN[0].1),
        spanish: sources!("es/overdue", "es/overdue"),
    },
    BuiltIn {
        slug: "overdue-items-firm",
        kind: NoticeKind::Overdue,
        english: sources!("firm", "firm"),
        spanish: sources!("es/firm", "es/firm"),
    },
    BuiltIn {
        slug: "overdue-items-final",
        kind: NoticeKind::Overdue,
        english: sources!("final", "final"),
        spanish: sources!("es/final", "es/final"),
    },
    BuiltIn {
        slug: WITHOUT_TITLES,
        kind: NoticeKind::Overdue,
        english: of_text(BUILT_IN[1].1),
        spanish: sources!("es/overdue", "es/without-titles"),
    },
    BuiltIn {
        slug: "coming-due",
        kind: NoticeKind::ComingDue,
        english: sources!("coming-due", "coming-due"),
        spanish: sources!("es/coming-due", "es/coming-due"),
    },
    BuiltIn {
        slug: "hold-ready",
        kind: NoticeKind::HoldReady,
        english: sources!("hold-ready", "hold-ready"),
        spanish: sources!("es/hold-ready", "es/hold-ready"),
    },
    BuiltIn {
        slug: "fines",
        kind: NoticeKind::Fines,
        english: sources!("fines", "fines"),
        spanish: sources!("es/fines", "es/fines"),
    },
];

/// Days ahead that a notice of what is coming due looks, where nobody said anything else.
const DAYS_AHEAD: u16 = 3;

impl BuiltIn {
    /// The one of this name.
    pub fn named(slug: &str) -> Option<Self> {
        ALL.into_iter().find(|one| one.slug == slug)
    }

    /// The words that a notice begins with: those of its model, without titles where it has none.
    pub fn of(settings: &NoticeSettings) -> Self {
        let [usual, .., without_titles, _, _, _] = ALL;
        let model = Self::named(&settings.like).unwrap_or(usual);
        let is_usual = model.slug == USUAL && settings.without_titles;
        if is_usual { without_titles } else { model }
    }

    pub fn sources(self, language: Language) -> Sources<'static> {
        match language {
            Language::English => self.english,
            Language::Spanish => self.spanish,
        }
    }

    fn settings(self) -> NoticeSettings {
        NoticeSettings {
            kind: self.kind,
            like: self.slug.to_owned(),
            on: self.slug == USUAL,
            without_titles: self.slug == WITHOUT_TITLES,
            days_ahead: DAYS_AHEAD,
            ..NoticeSettings::default()
        }
    }
}

/// A notice as it stands, whether or not anybody changed something about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub slug: String,
    pub settings: NoticeSettings,
    /// 0: as it is built in.
    pub version: i64,
    /// Its row, where it has one.
    pub saved: Option<SavedNotice>,
}

impl Notice {
    pub fn is_built_in(&self) -> bool {
        BuiltIn::named(&self.slug).is_some()
    }
}

/// Those that are there: the built-in ones first, in their order, then the others by name; before both what people need most.
pub fn standing(saved: Vec<SavedNotice>) -> Vec<Notice> {
    let of = |saved: SavedNotice| Notice {
        slug: saved.slug.clone(),
        settings: saved.settings.clone(),
        version: saved.version,
        saved: Some(saved),
    };
    let (known, mut own): (Vec<_>, Vec<_>) =
        saved.into_iter().partition(|one| BuiltIn::named(&one.slug).is_some());
    own.retain(|one| one.removed_at.is_none());
    own.sort_by_key(|one| one.settings.name.to_lowercase());
    let built_in = ALL.into_iter().map(|one| {
        let bare = || Notice { slug: one.slug.to_owned(), settings: one.settings(), version: 0, saved: None };
        known.iter().find(|saved| saved.slug == one.slug).cloned().map_or_else(bare, of)
    });
    let mut all: Vec<_> = built_in.chain(own.into_iter().map(of)).collect();
    all.sort_by_key(|notice| !notice.settings.favourite);
    all
}

/// Whether this is the HTML that stood beside the usual notices for everybody to see: nobody wrote it, so that it is not what they want
/// said whatever their text says.
pub fn is_of_nobody(html: &str) -> bool {
    let lines = |text: &str| text.trim().replace("\r\n", "\n");
    let html = lines(html);
    let is_it = |built_in: &str| without_greeting(&lines(built_in)) == without_greeting(&html);
    BUILT_IN.iter().filter_map(|(_, sources)| sources.html).any(is_it)
}

/// Neither the greeting that is built in nor the one before it, which knew nothing of parents and guardians.
fn without_greeting(html: &str) -> String {
    let is_greeting = |line: &&str| {
        [
            "<p>{% if patron_name %}Dear <bdi>",
            "<p>{% if to_guardian == \"only\" %}To the parents or guardians of ",
        ]
        .iter()
        .any(|start| line.starts_with(start))
            && line.ends_with("Dear <bdi>{{ patron_name }}</bdi>,{% else %}Dear reader,{% endif %}</p>")
    };
    html.lines().filter(|line| !is_greeting(line)).collect::<Vec<_>>().join("\n")
}

/// A name for the ledger, made of one for people; several of one name are counted. `taken`: what there was ever.
pub fn slug_for(name: &str, taken: &[String]) -> String {
    const LONGEST: usize = 48;
    let lower = name.to_lowercase();
    let plain = lower.chars().map(|letter| match letter {
        'á' | 'à' | 'ä' | 'â' => 'a',
        'é' | 'è' | 'ë' | 'ê' => 'e',
        'í' | 'ì' | 'ï' | 'î' => 'i',
        'ó' | 'ò' | 'ö' | 'ô' => 'o',
        'ú' | 'ù' | 'ü' | 'û' => 'u',
        'ñ' => 'n',
        letter => letter,
    });
    let mut slug = String::new();
    for letter in plain.take(LONGEST) {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    let slug = if slug.is_empty() { "notice" } else { slug };
    let is_free = |slug: &String| !taken.contains(slug) && BuiltIn::named(slug).is_none();
    let counted = (2_u32..).map(|n| format!("{slug}-{n}"));
    std::iter::once(slug.to_owned()).chain(counted).find(is_free).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use jiff::Timestamp;
    use store::Actor;

    use super::*;
    use crate::notices::Template;

    fn saved(slug: &str, settings: NoticeSettings) -> SavedNotice {
        SavedNotice {
            slug: slug.to_owned(),
            settings,
            version: 4,
            made_by: Actor::CommandLine,
            made_at: Timestamp::UNIX_EPOCH,
            changed_by: Actor::CommandLine,
            changed_at: Timestamp::UNIX_EPOCH,
            removed_at: None,
        }
    }

    #[test]
    fn every_built_in_wording_stands_every_sample_in_both_languages() {
        let mut all = String::new();
        for notice in ALL {
            for language in Language::ALL {
                let template = Template::check(notice.sources(language), language.dates());
                let template = template.map_err(|error| error.to_string()).unwrap();
                let made = template.sample(notice.kind, None, false).unwrap();
                let has_title = made.text.contains("Dune") && made.html.contains("Dune");
                assert_eq!(has_title, notice.slug != WITHOUT_TITLES, "{} {language:?}", notice.slug);
                let (slug, tag) = (notice.slug, language.tag());
                assert!(made.html.contains(&format!("<html lang=\"{tag}\">")), "{slug} {tag}");
                writeln!(all, "=== {slug} {tag}: {}\n\n{}\n{}", made.subject, made.text, made.html).unwrap();
            }
        }
        insta::assert_snapshot!(all);
    }

    /// HTML beside it would go on saying what the text said before somebody changed it.
    #[test]
    fn no_built_in_wording_has_html_of_its_own() {
        for (notice, language) in
            ALL.into_iter().flat_map(|one| Language::ALL.map(|language| (one, language)))
        {
            assert_eq!(notice.sources(language).html, None, "{} {language:?}", notice.slug);
        }
        let built_in = BUILT_IN[0].1.html.unwrap();
        assert!(is_of_nobody(&built_in.replace('\n', "\r\n")), "as a form sends it");
        assert!(!is_of_nobody(&built_in.replace("Overdue items", "Items")), "somebody's own");
        let greeting = built_in.lines().find(|line| line.contains("Dear reader,")).unwrap();
        let before =
            "<p>{% if patron_name %}Dear <bdi>{{ patron_name }}</bdi>,{% else %}Dear reader,{% endif %}</p>";
        assert!(is_of_nobody(&built_in.replace(greeting, before)), "as it was built in before");
        assert!(!is_of_nobody(&built_in.replace(greeting, "<p>Hello,</p>")), "somebody's own greeting");
    }

    #[test]
    fn what_stands_on_the_list() {
        let slugs = |saved| standing(saved).into_iter().map(|one| one.slug).collect::<Vec<_>>();
        let built_in = ALL.map(|one| one.slug);
        assert_eq!(slugs(Vec::new()), built_in);
        let on: Vec<_> = standing(Vec::new()).into_iter().filter(|one| one.settings.on).collect();
        assert_eq!((on.len(), &*on[0].slug), (1, USUAL));
        let named = |name: &str, favourite| NoticeSettings {
            name: name.to_owned(),
            favourite,
            ..NoticeSettings::default()
        };
        let removed =
            SavedNotice { removed_at: Some(Timestamp::UNIX_EPOCH), ..saved("gone", named("Gone", true)) };
        let all = vec![
            saved("b", named("b", false)),
            saved("a", named("A", false)),
            removed,
            saved("fines", named("", true)),
        ];
        assert_eq!(slugs(all), [&["fines"][..], &built_in[..6], &["a", "b"]].concat());
        let fines = standing(vec![saved("fines", named("", true))]).remove(0);
        assert_eq!((fines.version, fines.is_built_in()), (4, true));
    }

    #[test]
    fn a_slug_is_its_own() {
        for (name, taken, slug) in [
            ("Overdue, Main Library", &[][..], "overdue-main-library"),
            ("Aviso de préstamos «ñandú»", &[], "aviso-de-prestamos-nandu"),
            ("Fines", &[], "fines-2"),
            ("Fines", &["fines-2"], "fines-3"),
            ("逾期", &[], "notice"),
            ("", &["notice"], "notice-2"),
        ] {
            let taken: Vec<_> = taken.iter().map(|slug| (*slug).to_owned()).collect();
            assert_eq!(slug_for(name, &taken), slug, "{name}");
        }
    }

    #[test]
    fn a_notice_without_titles_begins_with_words_that_have_none() {
        let settings = |like: &str, without_titles| NoticeSettings {
            like: like.to_owned(),
            without_titles,
            ..NoticeSettings::default()
        };
        for (like, without_titles, slug) in [
            (USUAL, false, USUAL),
            (USUAL, true, WITHOUT_TITLES),
            ("fines", true, "fines"),
            ("nothing of ours", false, USUAL),
        ] {
            assert_eq!(BuiltIn::of(&settings(like, without_titles)).slug, slug, "{like}");
        }
    }
}
