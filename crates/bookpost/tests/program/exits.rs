//! One trouble, one exit code, whichever command comes upon it.

use std::fs;

use crate::bench::{Place, a_run};

const COMMANDS: [&[&str]; 5] = [
    &["queue", "status"],
    &["notices", "runs"],
    &["notices", "preview", "export-3.csv"],
    &["notices", "run", "export-3.csv"],
    &["serve"],
];

#[tokio::test]
async fn a_data_folder_that_cannot_be_used_is_78_everywhere() {
    let place = Place::new("practice", None);
    place.export(3);
    fs::write(place.data(), "not a folder").unwrap();
    for words in COMMANDS {
        // The control socket lies in it too: that it is not there says that no service runs.
        let said = place.run(words).await;
        assert_eq!(said.code, Some(78), "{words:?}: {said:?}");
    }
}

#[tokio::test]
async fn a_data_folder_in_use_is_75_everywhere() {
    let place = Place::new("practice", None);
    place.export(3);
    let store = place.store();
    store.begin_run(a_run()).await.unwrap();
    for words in COMMANDS {
        let said = place.run(words).await;
        assert_eq!(said.code, Some(75), "{words:?}: {said:?}");
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn what_is_handed_in_and_what_is_asked_for_have_codes_of_their_own() {
    let place = Place::new("practice", None);
    fs::write(place.path("shapes.csv"), "Colour,Shape\nred,round\n").unwrap();
    fs::write(place.path("empty.csv"), "").unwrap();
    for (words, code) in [
        (&["config", "check"][..], 0),
        (&["queue", "nothing"], 64),
        (&["queue", "show", "7"], 64),
        (&["notices", "run", "absent.csv"], 65),
        (&["notices", "run", "shapes.csv"], 65),
        (&["notices", "preview", "shapes.csv"], 65),
        (&["notices", "run", "empty.csv"], 0),
        (&["preferences", "test", "--to", "nobody"], 65),
        (&["preferences", "suggest", "nobody"], 65),
    ] {
        let said = place.run(words).await;
        assert_eq!(said.code, Some(code), "{words:?}: {said:?}");
    }
    let large = fs::File::create(place.path("large.csv")).unwrap();
    large.set_len(300 << 20).unwrap();
    let said = place.run(&["notices", "run", "large.csv"]).await;
    assert_eq!(said.code, Some(65));
    assert!(said.err.contains("larger than 256 MiB"), "{said:?}");
    fs::remove_file(place.path("config")).unwrap();
    assert_eq!(place.run(&["config", "check"]).await.code, Some(78));
}

/// Root is not to make files that the service could not open.
#[tokio::test]
async fn root_is_sent_to_the_owner_of_the_data_folder() {
    let place = Place::new("practice", None);
    fs::create_dir(place.data()).unwrap();
    if std::os::unix::fs::chown(place.data(), Some(65_534), None).is_err() {
        return Place::not_run("root_is_sent_to_the_owner_of_the_data_folder: needs root");
    }
    for words in COMMANDS {
        place.export(3);
        let said = place.run(words).await;
        assert_eq!(said.code, Some(78), "{words:?}: {said:?}");
        assert!(said.err.contains("sudo -u "), "{said:?}");
    }
    assert_eq!(fs::read_dir(place.data()).unwrap().count(), 0);
}
