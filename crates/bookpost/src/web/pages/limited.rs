//! That a limit keeps mail back: how much goes, when it goes on, and by when what waits has gone.

use store::Error;

use super::{
    standing::{Standing, named},
    when::Clockwork,
};
use crate::{
    queue::limited::{KeptBack, KeptBy},
    web::Sources,
};

/// While mail waits for one. `None`: it waits for nothing of the kind.
pub(super) async fn told(
    standing: &Standing,
    sources: &Sources,
    clockwork: &Clockwork,
) -> Result<Option<String>, Error> {
    let goes_out = matches!(standing, Standing::Well { .. } | Standing::Backup { .. });
    let Some(limited) = (sources.now)().limited.filter(|_| goes_out) else { return Ok(None) };
    let kept_back = limited.keeps_back(&sources.store, clockwork.now).await?;
    Ok(kept_back.map(|kept_back| sentence(&kept_back, clockwork)))
}

fn sentence(kept_back: &KeptBack, clockwork: &Clockwork) -> String {
    let words = clockwork.words;
    let key = match kept_back.by {
        KeptBy::Minute => "limited-minute",
        KeptBy::Day => "limited-day",
        KeptBy::Server => "limited-server",
    };
    let (server, until) = (named(&kept_back.server, words), clockwork.text(kept_back.until));
    let parts = [("server", &*server), ("until", &until)];
    let said = words.count_with(key, kept_back.limit.unwrap_or_default().into(), &parts);
    match kept_back.through_at {
        Some(at) => {
            let through = words.with("limited-through", &[("when", &clockwork.text(at))]);
            format!("{said} {through}")
        }
        None => said,
    }
}
