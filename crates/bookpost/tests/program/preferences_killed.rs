//! Killed while preferences are being saved: afterwards they are as before or as wished, never half.

use std::{
    future::pending,
    process::Stdio,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use rand::RngExt as _;
use store::{AuditFilter, Deed};
use tokio::time::{Instant, timeout};

use crate::bench::{Place, bookpost};

const ROUNDS: u32 = 20;
/// What each change sets, all to the same number.
const NAMES: [&str; 3] = ["alarms.email", "library", "notices.repeat_days"];

fn words(number: u32) -> Vec<String> {
    let values = [format!("a{number}@b.example"), format!("Library {number}"), number.to_string()];
    let set = NAMES.iter().zip(values).map(|(name, value)| format!("{name}={value}"));
    ["preferences".to_owned(), "set".to_owned()].into_iter().chain(set).collect()
}

/// The number that all values have; version, record and log agree with them.
async fn saved(place: &Place) -> u32 {
    let store = place.store();
    let preferences = store.preferences().await.unwrap();
    let number = |json: &String| json.chars().filter(char::is_ascii_digit).collect::<String>();
    let numbers: Vec<String> =
        NAMES.iter().filter_map(|name| preferences.values.get(*name).map(number)).collect();
    let all = numbers.first().cloned().unwrap_or_else(|| "0".to_owned());
    assert!(numbers.is_empty() || numbers == vec![all.clone(); 3], "half: {preferences:?}");
    let changes = store.preference_changes(1_000).await.unwrap();
    assert_eq!(i64::try_from(changes.len()).unwrap(), preferences.version, "each change is on record once");
    if let Some(change) = changes.first() {
        assert_eq!(change.version, preferences.version);
        for (name, changed) in &change.values {
            assert_eq!(changed.after.as_ref(), preferences.values.get(name), "{name}");
        }
    }
    let mut lines = store.audit(AuditFilter::default(), None, 10_000).await.unwrap();
    lines.retain(|line| line.what == Deed::PreferenceChanged);
    assert_eq!(lines.len(), changes.len() * NAMES.len(), "each value that changed stands in the log once");
    assert!(lines.iter().take(NAMES.len()).all(|line| line.new.as_ref().map(number) == Some(all.clone())));
    store.close().await.unwrap();
    all.parse().unwrap()
}

/// A configuration that sets none of them.
fn unset() -> Place {
    let place = Place::new("none", None);
    let text = format!("data_dir = \"{}\"\nlisten = \"off\"\n", place.data().display());
    std::fs::write(place.path("config"), text).unwrap();
    place
}

#[tokio::test]
async fn a_command_that_is_killed_has_changed_all_or_nothing() {
    let (place, mut dice) = (unset(), testkit::dice::seeded(11));
    // How long it takes here, when nobody disturbs it.
    let (mut before, mut kills, began_at) = (1, 0, Instant::now());
    assert_eq!(place.run(&words(1).iter().map(String::as_str).collect::<Vec<_>>()).await.code, Some(0));
    let usual = began_at.elapsed();
    for number in 2.. {
        if kills == ROUNDS {
            break;
        }
        let mut command = bookpost(&place.path(""));
        command.arg("--config").arg(place.path("config")).args(words(number));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let ended = timeout(usual.mul_f64(dice.random_range(0.0..1.0)), child.wait()).await;
        child.kill().await.unwrap();
        kills += u32::from(ended.is_err());
        let now = saved(&place).await;
        assert!(now == number || ended.is_err() && now == before, "{before} {now} {number} {ended:?}");
        before = now;
    }
}

#[tokio::test]
async fn a_service_that_is_killed_has_changed_all_or_nothing_and_what_it_said() {
    let (place, mut dice) = (unset(), testkit::dice::seeded(12));
    let (mut asked, mut acknowledged) = (0, 0);
    for _ in 0..ROUNDS {
        let (service, is_over) = (place.serve().await, AtomicBool::new(false));
        let setting = async {
            while !is_over.load(Ordering::Relaxed) {
                asked += 1;
                let words = words(asked);
                let said = place.run(&words.iter().map(String::as_str).collect::<Vec<_>>()).await;
                if said.code == Some(0) {
                    acknowledged = asked;
                }
            }
        };
        let killing = async {
            let moment = Duration::from_millis(dice.random_range(5..250));
            let _ = timeout(moment, pending::<()>()).await;
            service.kill().await;
            is_over.store(true, Ordering::Relaxed);
        };
        tokio::join!(setting, killing);
        let now = saved(&place).await;
        assert!(now == acknowledged || now == asked, "{now}, told {acknowledged}, asked {asked}");
        acknowledged = now;
    }
    assert!(acknowledged > ROUNDS / 2, "{acknowledged}");
}
