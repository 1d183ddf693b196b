//! The queue goes from its file to a database server that several machines share, or back.

use mail::clock::Clock as _;
use store::{Home, MoveError, Store};

use super::{
    args::{Migrate, QueuePlace},
    control::{Failure, Reply},
    failures,
    progress::Bar,
};
use crate::{
    app::{self, clock::SystemClock},
    config::{Config, Loaded},
    secrets::{self, KeySource},
};

const NO_SERVER: &str = "the settings name no database server: write `url` into [database], as the guide says (\"Several machines\"), and name the key of the queue in [secrets]";

/// Moves it, or has the one that was left used again.
pub(super) async fn perform(loaded: Loaded, wanted: &Migrate, bar: &Bar) -> Reply {
    let config = &loaded.config;
    let from = home(config, wanted.from);
    if wanted.source_may_send_again {
        let Some(from) = from else { return failed(Failure::Config, NO_SERVER) };
        return match Store::take_back(&from).await {
            Ok(()) => Reply::QueueTakenBack { place: from.words() },
            Err(error) => in_words(error),
        };
    }
    let to = wanted.to.filter(|to| *to != wanted.from);
    let Some(to) = to else {
        return failed(Failure::Usage, "the queue is to go to another place than it is at");
    };
    match from.zip(home(config, to)) {
        Some((from, to)) => Box::pin(moved(loaded, from, to, bar)).await.unwrap_or_else(said),
        None => failed(Failure::Config, NO_SERVER),
    }
}

/// `None`: the settings do not say where that is.
fn home(config: &Config, place: QueuePlace) -> Option<Home> {
    let data_dir = &config.data_dir;
    match place {
        QueuePlace::Sqlite => Some(Home::Folder(data_dir.clone())),
        QueuePlace::Postgres => {
            config.database.as_ref().map(|database| Home::Server(database.server(data_dir)))
        }
    }
}

async fn moved(loaded: Loaded, from: Home, to: Home, bar: &Bar) -> anyhow::Result<Reply> {
    if let Some(at) = Store::broken_off(&from, &to).await? {
        return Ok(Reply::QueueArrived { from: from.words(), to: to.words(), at });
    }
    let now = SystemClock::start().now();
    let Loaded { config, source, .. } = loaded;
    let store = from.open(now).await?;
    let config = app::sort_out(&store, config, &source, now).await?;
    if let Some(why) = other_key(&store, &config).await? {
        return Ok(failed(Failure::Config, &why));
    }
    Ok(Reply::QueueMoved(store.move_to(&to, |moving| bar.moving(moving), now).await?))
}

/// Why what is sealed in the queue could not be opened where it goes: the settings name another key than it was sealed with.
async fn other_key(store: &Store, config: &Config) -> Result<Option<String>, store::Error> {
    let named = secrets::lost(store, &config.sealing_key).await?;
    let file = KeySource::usual(&config.data_dir);
    if named.is_empty() || !file.exists() {
        return Ok(None);
    }
    let usual = secrets::lost(store, &KeySource::File(file.clone())).await?;
    let opened = named.iter().find(|one| !usual.contains(one));
    Ok(opened.map(|one| {
        let (what, file) = (one.what(), file.display());
        format!("{what} is sealed with the key in {file}, and [secrets] names another: copy that file to where [secrets] says, on each machine, then move the queue")
    }))
}

fn said(error: anyhow::Error) -> Reply {
    match error.downcast::<MoveError>() {
        Ok(error) => in_words(error),
        Err(error) => failures::reply(&error),
    }
}

fn in_words(error: MoveError) -> Reply {
    let (failure, todo) = match error {
        MoveError::Open(error) | MoveError::File(store::BackupError::Open(error)) => {
            return failures::reply(&error.into());
        }
        MoveError::NotEmpty { .. } => (
            Failure::Usage,
            "a queue is moved to an empty place only; move what is there out of the way (a file), or name an empty database",
        ),
        MoveError::NoQueue(_) => (Failure::Config, "`data_dir` in the settings names the folder"),
        MoveError::NotMoved(_) => (Failure::Usage, "it is used as it is"),
        MoveError::AtWork(_) | MoveError::InHand(_) => {
            (Failure::Temporary, "stop Bookpost on all machines, wait for half a minute, then try again")
        }
        MoveError::NotKnown { .. } => {
            (Failure::Temporary, "neither place sends until that is known: run the same command again")
        }
        MoveError::Different { .. } => (Failure::Temporary, "nothing was moved; the queue is as it was"),
        MoveError::File(_) | MoveError::Store(_) => {
            (Failure::Temporary, "nothing was moved unless the queue says so when Bookpost starts; try again")
        }
    };
    failed(failure, &format!("{error}; {todo}"))
}

fn failed(failure: Failure, message: &str) -> Reply {
    Reply::Failed { failure, message: message.to_owned() }
}
