//! Why something was not done, in the reader's language. `templates/not_done.html` writes it:
//! `{% import "not_done.html" as why %}{% call why::not_done(f, one) %}{% endcall %}`.

use super::{
    preferences::{in_words, label},
    words::Words,
};
use crate::preferences::Refused;

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotDone {
    pub(super) why: String,
    /// For the IT person, in English.
    pub(super) said: Option<String>,
}

impl From<String> for NotDone {
    fn from(why: String) -> Self {
        Self { why, said: None }
    }
}

impl NotDone {
    /// What was said is for whoever looks after this.
    pub(super) fn said(why: String, said: &impl ToString) -> Self {
        Self { why, said: Some(said.to_string().trim_end().to_owned()) }
    }
}

/// Why the preferences are not changed, or cannot be had.
pub(super) fn refused(words: &Words, why: &Refused) -> Vec<NotDone> {
    let key = match why {
        Refused::Problems(problems) => return in_words(problems, words),
        Refused::SetElsewhere { name, place } => {
            let parts = [("what", &*label(name, words)), ("place", place)];
            return vec![words.with("refused-elsewhere", &parts).into()];
        }
        Refused::NothingToUndo => return vec![words.t("undo-nothing").into()],
        Refused::HalfHeard(_) => "refused-half-heard",
        Refused::Key(_) => "refused-key",
        Refused::Unusable(_) => "refused-unusable",
        Refused::Unknown { .. }
        | Refused::OfTheComputer { .. }
        | Refused::NoText { .. }
        | Refused::Store(_) => "refused-change",
    };
    vec![NotDone::said(words.t(key), why)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Problem, Problems, Wrong},
        secrets::KeyError,
        web::pages::words::Language,
    };

    fn all() -> Vec<Refused> {
        let name = || "server1.port".to_owned();
        let problem = Problem::new("`server1.port` is 0", "the preferences", "choose another");
        let problem = Problem { setting: name(), wrong: Wrong::Unreadable, ..problem };
        vec![
            Refused::Unknown { name: name(), near: None },
            Refused::OfTheComputer { name: name() },
            Refused::SetElsewhere { name: name(), place: "/etc/bookpost.toml, line 3".to_owned() },
            Refused::NoText { name: name() },
            Refused::Problems(Problems(vec![problem])),
            Refused::Unusable(anyhow::anyhow!("the certificate cannot be read")),
            Refused::NothingToUndo,
            Refused::Key(KeyError::Malformed),
            Refused::Store(store::Error::Changed),
            Refused::HalfHeard(store::Error::Changed),
        ]
    }

    /// What Bookpost says in English itself stands folded, and the sentence in front of it is the reader's.
    #[test]
    fn whatever_is_refused_is_told_in_every_language() {
        for why in all() {
            let [english, spanish] = Language::ALL.map(|language| refused(language.words(), &why));
            for (one, other) in english.iter().zip(&spanish) {
                assert!(one.why != other.why && one.said == other.said, "{one:?} {other:?}");
            }
            assert!(!english.is_empty() && english.len() == spanish.len(), "{why}");
        }
        let words = Language::Spanish.words();
        let elsewhere = refused(words, &all()[2]);
        assert_eq!(
            elsewhere[0].why,
            "Servidor 1, Puerto: se fija en otro lugar (/etc/bookpost.toml, line 3), que es más fuerte. Solo se puede cambiar allí."
        );
    }
}
