//! Where the key is that seals passwords, what it is for, and what follows if it is lost. Of the key itself nothing is read here.

use store::{Error, SealedKind, Store};

use crate::{
    secrets::{GivenBy, KeySource},
    web::pages::words::Words,
};

/// Sentences: what it is for, where it is, and what if not.
pub(super) async fn sentences(key: &KeySource, store: &Store, words: &Words) -> Result<[String; 3], Error> {
    let place = match key {
        KeySource::Given { by, .. } => given(by, words),
        KeySource::File(file) => {
            let name = if file.exists() {
                "copies-key-in-file"
            } else if store.sealed().await?.iter().any(|one| one.kind != SealedKind::FormerPreference) {
                "copies-key-missing"
            } else {
                "copies-key-not-yet"
            };
            words.with(name, &[("file", &file.display().to_string())])
        }
    };
    Ok([words.t("copies-key-for"), place, words.t("copies-key-lost")])
}

fn given(by: &GivenBy, words: &Words) -> String {
    match by {
        GivenBy::File(file) => words.with("copies-key-by-file", &[("file", &file.display().to_string())]),
        GivenBy::Variable(name) => words.with("copies-key-by-variable", &[("name", name)]),
        GivenBy::Credential(name) => words.with("copies-key-by-credential", &[("name", name)]),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use jiff::Timestamp;
    use rand::{SeedableRng as _, rngs::StdRng};
    use store::Actor;

    use super::*;
    use crate::{
        config::{self, Surroundings},
        secrets::SealingKey,
        web::pages::words::Language,
    };

    #[tokio::test]
    async fn where_the_key_is_is_said_and_never_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let (store, now) =
            (Store::open(folder.path(), Timestamp::UNIX_EPOCH).unwrap(), Timestamp::UNIX_EPOCH);
        let (file, mut dice) = (folder.path().join("secret.key"), StdRng::seed_from_u64(3));
        let own = KeySource::File(file.clone());
        let said = async |source: &KeySource| {
            let said = sentences(source, &store, Language::English.words()).await.unwrap();
            let key = fs::read_to_string(&file).unwrap_or_else(|_| "none".to_owned());
            assert!(!said.concat().contains(key.trim()), "{said:?}");
            said[1].clone()
        };
        let place = file.display().to_string();
        let not_yet = said(&own).await;
        assert!(not_yet.starts_with("There is no key yet.") && not_yet.contains(&place), "{not_yet}");

        let (key, _) = SealingKey::get(&own, &mut dice).unwrap();
        let there = said(&own).await;
        assert!(
            there.starts_with("The key is in the file") && there.contains("Copy this somewhere safe"),
            "{there}"
        );

        let around = Surroundings::given(
            [
                ("KEY", &*fs::read_to_string(&file).unwrap()),
                ("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap()),
            ],
            None,
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        for (line, expected) in [
            ("key_env = \"KEY\"".to_owned(), "the environment variable KEY,"),
            ("key_credential = \"secret.key\"".to_owned(), "the systemd credential secret.key,"),
            (format!("key_file = {place:?}"), "as the configuration says (secrets.key_file)"),
        ] {
            let loaded = config::check_text(&format!("[secrets]\n{line}\n"), None, &around).unwrap();
            let given = said(&loaded.config.sealing_key).await;
            assert!(given.contains(expected), "{given}");
        }

        let sealed = config::sealed("server1.password", "hunter2", &key, &mut dice);
        let values = [("server1.password".to_owned(), Some(sealed))].into();
        store.change_preferences(0, values, Actor::CommandLine, now).await.unwrap();
        fs::remove_file(&file).unwrap();
        let missing = said(&own).await;
        assert!(missing.starts_with("The key is missing.") && missing.contains(&place), "{missing}");
        store.close().await.unwrap();
    }
}
