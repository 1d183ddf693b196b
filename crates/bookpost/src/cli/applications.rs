//! The commands about applications: read from the command line, and carried out on the queue, by the service for whoever asks over the
//! control socket, or by the command itself while it holds the lock.

use jiff::Timestamp;
use mail::Address;
use rand::CryptoRng;
use store::{Actor, AllowedFrom, ApplicationSettings, Error, KeyId, Store};

use super::{
    args::Output,
    args::applications::{Applications, Key as KeyCommand, Settings},
    control::{ApplicationsRequest, Failure, Reply, Secret, SettingsChange, ShownKey},
    queue,
};
use crate::{config::Site, identity::Key};

/// Carries `request` out. The dice must be good enough for secrets.
pub async fn perform(
    store: &Store,
    request: ApplicationsRequest,
    sites: &[Site],
    who: Actor,
    dice: &mut (impl CryptoRng + Send),
    now: Timestamp,
) -> Reply {
    if let Some(message) = unknown_site(&request, sites) {
        return Reply::Failed { failure: Failure::Usage, message };
    }
    answer(store, request, who, dice, now)
        .await
        .unwrap_or_else(|error| Reply::Failed { failure: queue::failure(&error), message: told(&error) })
}

async fn answer(
    store: &Store,
    request: ApplicationsRequest,
    who: Actor,
    dice: &mut (impl CryptoRng + Send),
    now: Timestamp,
) -> Result<Reply, Error> {
    let application = match request {
        ApplicationsRequest::List => return Ok(Reply::Applications(store.applications().await?.readable)),
        ApplicationsRequest::AddKey { name } => {
            let key = Key::draw(dice);
            let application = store.add_key(&name, key.stored(), who, now).await?.name;
            return Ok(Reply::NewKey(shown(application, &key)));
        }
        ApplicationsRequest::Show { name } => store.application(&name).await,
        ApplicationsRequest::Add { name, change } => {
            let mut settings = ApplicationSettings::default();
            change.apply(&mut settings)?;
            store.add_application(name, settings, who, now).await
        }
        ApplicationsRequest::Change { name, change } => {
            store.change_application(&name, |settings| change.apply(settings), who, now).await
        }
        ApplicationsRequest::RevokeKey { name, key } => store.revoke_key(&name, &key, who, now).await,
        ApplicationsRequest::Disable { name } => store.disable_application(&name, who, now).await,
        ApplicationsRequest::Enable { name } => store.enable_application(&name, who, now).await,
    };
    Ok(Reply::Application(application?))
}

/// What was done, for what is answered with how the application stands afterwards.
pub(super) fn done(request: &ApplicationsRequest) -> Option<String> {
    Some(match request {
        ApplicationsRequest::List | ApplicationsRequest::Show { .. } | ApplicationsRequest::AddKey { .. } => {
            return None;
        }
        ApplicationsRequest::Add { name, .. } => format!("{name} was added."),
        ApplicationsRequest::Change { name, .. } => format!("{name} was changed, and stands so now:"),
        ApplicationsRequest::RevokeKey { name, key } => {
            format!("The key {} of {name} is revoked: it opens nothing any more.", key.0)
        }
        ApplicationsRequest::Disable { name } => format!("{name} is disabled: nothing is taken from it."),
        ApplicationsRequest::Enable { name } => format!("{name} is enabled: its mail is taken."),
    })
}

/// A slip in a code would leave an application that can send as nobody.
fn unknown_site(request: &ApplicationsRequest, sites: &[Site]) -> Option<String> {
    let (ApplicationsRequest::Add { change, .. } | ApplicationsRequest::Change { change, .. }) = request
    else {
        return None;
    };
    let known = |code: &String| sites.iter().any(|site| site.code == *code);
    let unknown = change.sites.iter().flatten().find(|code| !known(code))?;
    let codes: Vec<_> = sites.iter().map(|site| site.code.as_str()).collect();
    Some(format!("no site has the code {unknown}; the settings name these: {}", codes.join(", ")))
}

fn told(error: &Error) -> String {
    match error {
        Error::NotFound("application") => format!("{error}; all are shown by: bookpost programs list"),
        Error::NotFound(_) => format!("{error}; its keys are shown by: bookpost programs show NAME"),
        _ => error.to_string(),
    }
}

fn shown(application: store::ApplicationName, key: &Key) -> ShownKey {
    ShownKey {
        application,
        id: key.id().clone(),
        password: Secret(key.secret().to_owned()),
        key: Secret(key.whole().to_string()),
    }
}

/// What a command line means; or what is wrong with it, and by whose fault.
pub(super) fn request(command: Applications) -> Result<(ApplicationsRequest, Output), (Failure, String)> {
    Ok(match command {
        Applications::Add { name, settings, output } => {
            let name = name.parse().map_err(|error| (Failure::Usage, format!("{error}")))?;
            (ApplicationsRequest::Add { name, change: change(settings)? }, output)
        }
        Applications::Change { name, settings, reset, output } => {
            let change = SettingsChange { reset: reset.into_iter().collect(), ..change(settings)? };
            if change == SettingsChange::default() {
                let message = "nothing is named that should change; see: bookpost programs change --help";
                return Err((Failure::Usage, message.to_owned()));
            }
            (ApplicationsRequest::Change { name, change }, output)
        }
        Applications::List { output } => (ApplicationsRequest::List, output),
        Applications::Show { name, output } => (ApplicationsRequest::Show { name }, output),
        Applications::Key(KeyCommand::Add { name, output }) => (ApplicationsRequest::AddKey { name }, output),
        Applications::Key(KeyCommand::Revoke { name, key, output }) => {
            (ApplicationsRequest::RevokeKey { name, key: KeyId(key) }, output)
        }
        Applications::Disable { name, output } => (ApplicationsRequest::Disable { name }, output),
        Applications::Enable { name, output } => (ApplicationsRequest::Enable { name }, output),
    })
}

fn change(settings: Settings) -> Result<SettingsChange, (Failure, String)> {
    let from: Result<Vec<AllowedFrom>, _> = settings
        .from
        .iter()
        .map(|text| text.parse().map_err(|error| (Failure::Data, format!("--from: {error}"))))
        .collect();
    let return_address = settings.return_address.as_deref().map(|text| {
        Address::parse(text).map_err(|error| (Failure::Data, format!("--return-address: {error}")))
    });
    Ok(SettingsChange {
        seen: None,
        reset: std::collections::BTreeSet::new(),
        from: Some(from?).filter(|from| !from.is_empty()),
        sites: Some(settings.site).filter(|sites| !sites.is_empty()),
        classes: Some(settings.class.into_iter().map(Into::into).collect::<Vec<_>>())
            .filter(|classes| !classes.is_empty()),
        return_address: return_address.transpose()?,
        largest_message: settings.largest_message,
        recipients: settings.recipients,
        waiting: settings.waiting,
        per_minute: settings.per_minute,
    })
}

#[cfg(test)]
mod tests;
