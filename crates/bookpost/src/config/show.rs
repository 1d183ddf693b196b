//! The configuration in plain words, without secrets, for `config check`.

use std::{fmt::Write as _, net::SocketAddr, time::Duration};

use mail::counted;

use super::{Config, Doors, InDoubtPolicy, Loaded, Server, Site, Way, WebDoor};

/// What works, but is probably not meant.
pub(super) fn warnings(config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    match &config.sending.way {
        Way::None if config.sending.is_off() => {
            warnings.push("mail waits: \"Do not send\" is chosen (sending.way)".to_owned());
        }
        Way::None => warnings.push("mail waits: no way of sending is chosen (sending.way)".to_owned()),
        Way::Practice => warnings.push(practice(config)),
        Way::Servers(servers) => servers.iter().for_each(|server| warn_of(server, &mut warnings)),
    }
    warnings.extend(config.sites.iter().filter_map(warn_of_site));
    if let Some(folder) = config.undeliverable.maildir.as_ref().filter(|folder| !folder.join("new").is_dir())
    {
        let what = format!(
            "there is no mail folder {} (no folder `new` in it), or it cannot be reached",
            folder.display()
        );
        warnings.push(format!("{what}: what comes back later is not read (undeliverable.maildir)"));
    }
    let is_there =
        |file: &&std::path::PathBuf| file.parent().is_some_and(std::path::Path::is_dir) && !file.is_dir();
    if let Some(file) = config.undeliverable.mbox.as_ref().filter(|file| !is_there(file)) {
        let what = format!(
            "there can be no mailbox {}: its folder is not there, or it is one itself",
            file.display()
        );
        warnings.push(format!("{what}: what comes back later is not read (undeliverable.mbox)"));
    }
    let alarms = &config.alarms;
    if alarms.command.is_none() && alarms.webhook.is_none() && alarms.email.is_none() {
        warnings.push("nobody is told when something breaks, except in the log ([alarms])".to_owned());
    }
    warnings
}

fn warn_of_site(site: &Site) -> Option<String> {
    let code = &site.code;
    match site.reports_to() {
        _ if site.email.is_none() => {
            Some(format!("site {code} has no email address: its notices cannot be sent (sites.email)"))
        }
        Some(returns) if site.return_address.is_none() => Some(format!(
            "site {code} has no return address: undeliverable mail goes to {returns} (sites.return_address)"
        )),
        _ => None,
    }
}

fn practice(config: &Config) -> String {
    let mut warning = "practice mailbox: nobody receives the mail (sending.way)".to_owned();
    if !config.sending.servers.is_empty() {
        warning.push_str("; your mail server stands in the settings, and is used once way is \"servers\"");
    }
    warning
}

fn warn_of(server: &Server, warnings: &mut Vec<String>) {
    let name = &server.name;
    if server.allow_non_secure {
        warnings.push(format!(
            "patrons' names and titles could be read on the way to {name} ({name}.allow_non_secure)"
        ));
    }
    if server.password_on_plain && !server.allow_non_secure {
        warnings
            .push(format!("{name}.send_password_unencrypted does nothing without {name}.allow_non_secure"));
    }
    if server.password_on_plain && server.allow_non_secure && server.login.is_some() {
        warnings.push(format!(
            "the password could be read on the way to {name} ({name}.send_password_unencrypted)"
        ));
    }
}

impl Loaded {
    /// All of it in plain words; passwords are never shown.
    pub fn describe(&self) -> String {
        let mut out = String::new();
        let config = &self.config;
        let file = self.file.as_ref().map_or("the environment".to_owned(), |file| file.display().to_string());
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(out, "{name:<16} {value}");
        };
        line("configuration", &file);
        line("library", &config.library);
        line("data folder", &config.data_dir.display().to_string());
        line("web and API at", &config.listen.map_or("nowhere".to_owned(), |at| at.to_string()));
        if let Some(address) = &config.public_address {
            line("known as", address);
        }
        if let Some(oidc) = &config.oidc {
            line("people sign in by", &format!("{} ({})", oidc.name, oidc.issuer));
        }
        for (name, value) in web(&config.web) {
            line(name, &value);
        }
        match &config.sending.way {
            Way::None if config.sending.is_off() => line("way of sending", "do not send: mail waits"),
            Way::None => line("way of sending", "none is chosen: mail waits"),
            Way::Practice => line("way of sending", "practice mailbox: nobody receives the mail"),
            Way::Servers(servers) => {
                for (at, server) in servers.iter().enumerate() {
                    line(&title(server, at), &describe_server(server));
                }
            }
        }
        line("calls itself", &config.sending.ehlo_name);
        for (name, value) in doors(&config.doors) {
            line(name, &value);
        }
        let (short, long) = (config.schedule.short_wait, config.schedule.long_wait);
        let range = |(least, most): (Duration, Duration)| format!("{} to {}", length(least), length(most));
        line(
            "tries again",
            &format!("in the first {} every {}", length(config.schedule.short_range), range(short)),
        );
        line(
            "",
            &format!("then every {}, given up after {}", range(long), length(config.schedule.give_up_after)),
        );
        line(
            "may have arrived",
            match config.sending.in_doubt {
                InDoubtPolicy::Retry => "is sent again",
                InDoubtPolicy::Hold => "waits for a person",
            },
        );
        for site in &config.sites {
            let sends = match (&site.email, site.reports_to()) {
                (Some(email), Some(back)) => format!("<{email}>, returns to {back}"),
                _ => "without an email address".to_owned(),
            };
            line(&format!("site {}", site.code), &format!("{} {sends}", site.name));
        }
        let repeat = config
            .notices
            .repeat
            .map_or("once only".to_owned(), |again| format!("again after {}", length(again)));
        line("overdue notices", &format!("wording {}, {repeat}", config.notices.wording));
        for (name, value) in undeliverable(config) {
            line(name, &value);
        }
        line("drop folder", &config.notices.drop_folder.display().to_string());
        line(
            "keeps",
            &format!("texts for {}, records for {}", length(config.keep.bodies), length(config.keep.records)),
        );
        out
    }
}

/// How mail that comes back later is read, line by line.
fn undeliverable(config: &Config) -> Vec<(&'static str, String)> {
    let read = &config.undeliverable;
    let mut lines = Vec::new();
    if !read.is_read() {
        return lines;
    }
    lines.extend(read.address.as_ref().map(|address| ("comes back to", address.to_string())));
    lines.extend(read.maildir.as_ref().map(|folder| ("is read in", folder.display().to_string())));
    lines.extend(read.mbox.as_ref().map(|file| ("is read from", file.display().to_string())));
    lines.extend(read.takes_by_smtp().then(|| ("is taken by", "the SMTP door, from anybody".to_owned())));
    lines
}

/// How others come to the pages, line by line.
fn web(door: &WebDoor) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(files) = &door.certificate {
        lines.push(("with TLS by", files.certificate.display().to_string()));
    }
    if !door.behind_proxy.is_empty() {
        let all: Vec<_> = door.behind_proxy.iter().map(ToString::to_string).collect();
        lines.push(("behind the proxy", all.join(", ")));
    }
    lines
}

/// How applications hand in mail, line by line.
fn doors(doors: &Doors) -> Vec<(&'static str, String)> {
    let (smtp, sendmail, mut lines) = (&doors.smtp, &doors.sendmail, Vec::new());
    let addresses = |all: &[SocketAddr]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if !smtp.listen.is_empty() {
        let tls = if smtp.certificate.is_some() { ", STARTTLS offered" } else { ", without TLS" };
        lines.push(("takes SMTP at", format!("{}{tls}", addresses(&smtp.listen))));
    }
    if !smtp.listen_tls.is_empty() {
        lines.push(("and with TLS at", addresses(&smtp.listen_tls)));
    }
    for trusted in &smtp.trusted {
        lines.push(("trusts", format!("{} as {}, without a password", trusted.network, trusted.application)));
    }
    if let Some(socket) = &sendmail.socket {
        lines.push(("sendmail", format!("{}, as {}", socket.display(), sendmail.application)));
    }
    if let Some(maildrop) = &sendmail.maildrop {
        lines.push(("maildrop", maildrop.display().to_string()));
    }
    if !lines.is_empty() {
        lines.push(("largest message", format!("{} MiB", doors.largest_message >> 20)));
    }
    lines
}

fn title(server: &Server, at: usize) -> String {
    let name = match server.sign_in {
        Some(provider) => provider.title(),
        None if server.name == "server1" => "Server 1",
        None => "Server 2",
    };
    if at == 0 { name.to_owned() } else { format!("{name}, backup") }
}

fn describe_server(server: &Server) -> String {
    let encryption = server.encryption.plain_words();
    let login = match (server.sign_in, &server.login) {
        (Some(_), _) if server.service.is_some() => {
            "its web service, by the account of whoever has signed in".to_owned()
        }
        (Some(_), _) => "by the account of whoever has signed in".to_owned(),
        (None, Some(login)) => format!("login {}", login.user),
        (None, None) => "no login".to_owned(),
    };
    format!(
        "{}:{}, {encryption}, {login}, up to {}",
        server.host,
        server.port,
        counted(server.connections, "connection", "connections")
    )
}

/// `36h`, `90m`, `6 days`.
fn length(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        s if s > 0 && s.is_multiple_of(86_400) && s >= 2 * 86_400 => format!("{} days", s / 86_400),
        s if s >= 7200 && s.is_multiple_of(3600) => format!("{} hours", s / 3600),
        s if s >= 60 && s.is_multiple_of(60) => counted(s / 60, "minute", "minutes"),
        s => counted(s, "second", "seconds"),
    }
}
