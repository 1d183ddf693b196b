//! A trial of a mail server, and suggested ones.

use std::fmt::Write as _;

use mail::Address;

use super::harmless;
use crate::{
    cli::{
        control::Found as Arrived,
        servers::{PortsOf, Which},
        words,
    },
    config::{Encryption, Server},
    deliver::{
        hosting::{Answer, SignIn, Suggestion},
        trial::{
            Encrypted, Event, Fault, Found, How, Speaks, State, advice::listed, certificate::Certificate,
        },
    },
};

/// What is tried. No line here ends with its end.
pub(in crate::cli) fn title(which: Which, server: &Server) -> String {
    let name = match which {
        Which::Own(number) => format!("Server {number}"),
        Which::Of(provider) => provider.title().to_owned(),
    };
    harmless(&format!("{name}: {}, port {}\n", server.host, server.port))
}

/// What to do about what was found in the mailbox.
pub(in crate::cli) fn found(found: Arrived) -> &'static str {
    match found {
        Arrived::Yes => "It is noted that mail by this server arrives.\n",
        Arrived::NotYet => {
            "Wait ten minutes and look again, in the spam folder too. Some mail servers keep the first mail from somebody new waiting.\n\
             See that the address has no typing mistake, and try one at another provider.\n\
             If it does not come at all, the mail server accepted it and stopped it afterwards: look into the log of the mail server, or the message trace of the provider.\n"
        }
        Arrived::InSpam => {
            "Mark it as \"not spam\" there. That helps for this one mailbox.\n\
             So that patrons find it in their inbox, your domain must say that this mail server may send for it: set SPF and DKIM for this server, and then DMARC.\n\
             See that the library's email address belongs to your own domain. Mail from a free address through another server is often taken for spam.\n"
        }
    }
}

/// One step that has come to its end.
pub(in crate::cli) fn step(event: &Event, server: &Server) -> Option<String> {
    let (mark, said) = match &event.state {
        State::Started => return None,
        State::Ok(found) => ("ok", ok(found, server)),
        State::Failed(fault) => ("FAILED", fault.words.to_owned()),
    };
    let said = said.replace('\n', &format!("\n{:22}", ""));
    Some(harmless(&format!("  {mark:<6}  {:<10}  {said}", words::step(event.step))))
}

fn ok(found: &Found, server: &Server) -> String {
    match found {
        Found::Renewal { account } => format!("the provider has renewed the sign-in of {account}"),
        Found::MessageId { message_id_kept } => match message_id_kept {
            Some(true) => "it stays: where an answer is lost, the service is asked whether it has the mail",
            Some(false) => "the service gives mail another one: where an answer is lost, mail stays in doubt",
            None => "it could not be seen: the sign-in is for sending alone, or the service did not say",
        }
        .to_owned(),
        Found::Name { addresses } => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            addresses.join(", ")
        }
        Found::Connection { address, milliseconds } => format!("{address} answers, after {milliseconds} ms"),
        Found::Greeting { answer } => answer.clone(),
        Found::Encryption { encryption: Some(encrypted) } => encryption(encrypted),
        Found::Encryption { encryption: None } => {
            "none: patrons' names and titles could be read on the way".to_owned()
        }
        Found::SignIn { method: Some(method), .. } if server.sign_in.is_some() => {
            format!("the provider takes the sign-in ({method})")
        }
        Found::SignIn { method: Some(method), .. } => {
            let user = server.login.as_ref().map_or("", |login| &login.user);
            format!("the server accepts the login {user} and its password ({method})")
        }
        Found::SignIn { method: None, offered: true } => {
            "no login is set; the server offers a sign-in, and may want one for addresses elsewhere"
                .to_owned()
        }
        Found::SignIn { method: None, offered: false } => {
            "no login is set, and the server asks for none".to_owned()
        }
        Found::Message { answer } => format!("taken: {answer}"),
    }
}

fn encryption(Encrypted { how, version, certificate }: &Encrypted) -> String {
    let how = match how {
        How::StartTls => "after the greeting (STARTTLS, ",
        How::Tls => "from the start (",
    };
    let proof = certificate.as_ref().map_or(String::new(), proof);
    format!("encrypted {how}{version}){proof}")
}

fn proof(Certificate { issuer, valid_until, names, subject, .. }: &Certificate) -> String {
    let names = if names.is_empty() { subject.clone() } else { names.join(", ") };
    format!(
        "\nproof of identity: for {names}; signed by {issuer}; good until {}",
        valid_until.strftime("%-d %B %Y")
    )
}

/// What all of it comes to.
pub(in crate::cli) fn end(fault: Option<&Fault>, to: Option<&Address>) -> String {
    let Some(fault) = fault else {
        return match to {
            Some(to) => format!("\nThe server took the test message. See whether it arrives at {to}."),
            None => "\nMail could pass. To see whether one arrives, send a test message with --to ADDRESS."
                .to_owned(),
        };
    };
    let mut out = format!("\nWhat to do: {}", fault.what_to_do);
    if let Some(answer) = &fault.answer {
        let _ = write!(out, "\nThe server said: {answer}");
    }
    let technical = fault.detail.iter().chain(&fault.transcript);
    let technical: Vec<_> = technical.map(|line| format!("    {line}")).collect();
    if !technical.is_empty() {
        let _ = write!(out, "\n\nFor your IT person:\n{}", technical.join("\n"));
    }
    harmless(&out)
}

/// What is spoken at each port, as the page says it.
pub(in crate::cli) fn ports(PortsOf { host, ports }: &PortsOf) -> String {
    let mut out = format!("Ports of {host}\n\n");
    for found in ports {
        let said = match (found.speaks, found.speaks.encryption()) {
            (Speaks::Nothing, _) => "nothing answers".to_owned(),
            (_, None) => "something answers that is no mail server for us".to_owned(),
            (_, Some(encryption)) => {
                let sign_in = match found.sign_in {
                    Some(true) => ", with a sign-in",
                    Some(false) => ", without a sign-in",
                    None => "",
                };
                let plain = if encryption == Encryption::Plain {
                    ". It is used only with allow_non_secure: patrons' names and titles could be read on the way"
                } else {
                    ""
                };
                let name = encryption.name();
                format!("{}{sign_in} (encryption = \"{name}\"){plain}", encryption.plain_words())
            }
        };
        let _ = writeln!(out, "  {:>5}  {said}", found.port);
    }
    let usable = ports.iter().any(|port| port.speaks.encryption().is_some());
    let numbers: Vec<_> = ports.iter().map(|port| port.port).collect();
    if usable {
        out.push_str("\nThe mail server answers. The first that you can choose is the best.\n");
    } else {
        let _ = writeln!(
            out,
            "\nNothing answers at {}. Look for a typing mistake in the server's name, and have your IT person check that the server runs and that no firewall is in the way.",
            listed(&numbers, "or")
        );
    }
    harmless(&out)
}

/// Who hosts the mail, and what to send by.
pub(in crate::cli) fn suggestions(answer: &Answer) -> String {
    let mut out = format!("{}\n", answer.words);
    for (number, suggestion) in answer.suggestions.iter().enumerate() {
        let _ = write!(out, "\n{}. {}", number + 1, suggested(suggestion));
    }
    if !answer.suggestions.is_empty() {
        out.push_str(
            "\nWrite one of them into the settings as [server1], then try it with: bookpost preferences test --to ADDRESS\n",
        );
    }
    harmless(&out)
}

fn suggested(suggestion: &Suggestion) -> String {
    let Suggestion { title, host, port, encryption, sign_in, notes } = suggestion;
    let login = match sign_in {
        SignIn::Needed => "needed",
        SignIn::NotNeeded => "none",
        SignIn::Unknown => "ask whoever runs the server",
    };
    let mut out = format!("{title}\n");
    for note in notes {
        let _ = writeln!(out, "   {note}");
    }
    let _ =
        writeln!(out, "       host = \"{host}\"\n       port = {port}\n       encryption = \"{encryption}\"");
    if *encryption == "none" {
        out.push_str("       allow_non_secure = true\n");
    }
    let _ = writeln!(out, "       login: {login}");
    out
}
