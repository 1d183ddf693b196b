//! Other installations in words.

use std::fmt::Write as _;

use store::{Service, ServiceCame, ServiceLine};

use super::{Table, View};
use crate::cli::control::{BrokerReply, ShownInstallation, ShownInstallations, ShownService};

pub(super) fn words(reply: &BrokerReply, view: &View<'_>) -> String {
    match reply {
        BrokerReply::Added(shown) => added(shown),
        BrokerReply::Installations(shown) => list(shown, view),
        BrokerReply::Revoked(one) => format!(
            "Nothing is done for {} any more. What it was given last is good until it ends, usually within about an hour; at the mail provider you can end them all.\n",
            one.name
        ),
        BrokerReply::Log(lines) => log(lines, view),
        BrokerReply::Tested(shown) => tested(shown),
    }
}

/// The only time that a key is shown.
fn added(shown: &ShownInstallation) -> String {
    let (installation, mut table) = (&shown.installation, Table::default());
    table.row(["address", &shown.address]);
    table.row(["key", &shown.key.0]);
    format!(
        "{name} may have its people sign in here, and browsers are led back to {back}. Give these two to whoever looks after it, by a way on which nobody else reads them. The key is shown only now: Bookpost itself does not keep it.\n\n{table}\nThere: bookpost preferences sign-in-service --address {address}\nTo take it back: bookpost broker revoke {key}\n",
        name = installation.name,
        back = installation.returns_to,
        address = shown.address,
        key = installation.key.0
    )
}

/// One line for each.
fn list(shown: &ShownInstallations, view: &View<'_>) -> String {
    let mut out = String::new();
    if shown.installations.is_empty() {
        let _ = writeln!(out, "none; add one with: bookpost broker add NAME --address ADDRESS");
    } else {
        let mut table = Table::default();
        table.row(["installation", "address", "key", "added", "last served", "in 24 hours", ""]);
        for used in &shown.installations {
            let (one, given) = (&used.installation, used.given_in_24_hours.to_string());
            let served = used.served_at.map_or("never".to_owned(), |at| view.at(at));
            let revoked = one.revoked_at.map_or(String::new(), |at| format!("revoked {}", view.at(at)));
            let (name, back, key) = (one.name.as_str(), one.returns_to.as_str(), one.key.0.as_str());
            table.row([name, back, key, &view.at(one.made_at), &served, &given, &revoked]);
        }
        let _ = write!(out, "{table}");
    }
    let back = &shown.comes_back_to;
    let _ = writeln!(
        out,
        "\nEnter this at the mail provider as a further address to come back to (redirect URI):\n{back}"
    );
    out
}

/// What was done.
fn log(lines: &[ServiceLine], view: &View<'_>) -> String {
    if lines.is_empty() {
        return "nothing was done for any installation\n".to_owned();
    }
    let mut table = Table::default();
    table.row(["when", "installation", "what", "provider", "came of it"]);
    for line in lines {
        let came = line.came.map_or("", came);
        table.row([&*view.at(line.happened_at), &line.installation, what(line.what), &line.provider, came]);
    }
    table.to_string()
}

fn what(what: Service) -> &'static str {
    match what {
        Service::Begun => "began to sign in",
        Service::Fetched => "signed in",
        Service::Renewed => "renewed",
        Service::Ended => "disconnected",
    }
}

fn came(came: ServiceCame) -> &'static str {
    match came {
        ServiceCame::Given => "done",
        ServiceCame::Over => "the provider says that the sign-in is over",
        ServiceCame::ClientRefused => "the provider does not take our client id and secret",
        ServiceCame::Away => "the provider could not be asked",
    }
}

/// A sign-in service that answered.
fn tested(shown: &ShownService) -> String {
    let mut table = Table::default();
    table.row([
        "reached",
        &format!("{}, TCP port {} (open in a firewall for this computer)", shown.host, shown.port),
    ]);
    table.row(["run by", &shown.name]);
    table.row(["knows us as", &shown.installation]);
    table.row(["sign in at", &shown.providers.join(", ")]);
    table.row(["leads browsers back to", &shown.returns_to]);
    let mut out = table.to_string();
    if let Some(ours) = &shown.ours {
        let _ = writeln!(
            out,
            "\nBut this installation is at {ours}: nobody can sign in so. Have whoever runs the service give you a key for that address, or set public_address."
        );
    }
    if shown.providers.is_empty() {
        let _ = writeln!(out, "\nBut nobody can sign in there: it has no client id of its own yet.");
    }
    out
}
