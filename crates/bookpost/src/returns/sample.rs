//! A return report about a patron who does not exist, for whoever wants to see one before the first comes.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use mail::{Address, Reason, Recipient, ReversePath};
use store::{Class, Kind, MessageId, Obligation, Patron, RecipientId, Row, State};

use super::{
    compose::{At, message},
    plan::{Form, Letter},
};
use crate::config::{Config, Site};

/// As it would be written now.
pub fn sample(config: &Config, now: Timestamp, zone: &TimeZone) -> Vec<u8> {
    // RFC 2606: names that belong to nobody.
    let (Ok(patron), Ok(library)) =
        (Address::parse("ana.ruiz@example.org"), Address::parse("library@example.org"))
    else {
        return Vec::new();
    };
    let site = config.sender().map(|(site, _)| site).or(config.sites.first());
    let to = site.and_then(Site::returns_to).cloned().unwrap_or(library);
    let first = refused(patron, site.map(|site| site.code.clone()), &to, now);
    let letter = Letter { form: Form::Report, first, others: Vec::new() };
    let at = At { config, now, random: 0, time_zone: zone.clone() };
    message(&to, &letter, None, &at).bytes.to_vec()
}

fn refused(patron: Address, site: Option<String>, to: &Address, now: Timestamp) -> Obligation {
    let before = |seconds| now.saturating_sub(SignedDuration::from_secs(seconds)).unwrap_or(now);
    let row = Row {
        recipient: RecipientId::of(MessageId(1), 0),
        message: MessageId(1),
        kind: Kind::Mail,
        door: None,
        class: Class::Normal,
        practice: false,
        application: "Library".to_owned(),
        site,
        run: None,
        reverse_path: ReversePath::Address(to.clone()),
        to: Recipient::from(patron),
        subject: "2 items are overdue".to_owned(),
        message_id: "<sample@example.org>".to_owned(),
        tags: Vec::new(),
        patron: Some(Patron { name: "Ana Ruiz".to_owned(), number: Some("1234".to_owned()) }),
        size: 3000,
        state: State::Returned,
        reported_in: None,
        outdated: None,
        accepted_at: before(70),
        first_due_at: before(70),
        due_at: None,
        expires_at: now,
        aside_at: None,
        settled_at: Some(before(60)),
        in_doubt_at: None,
        attempts: 1,
        strikes: 0,
        reason: Some(Reason::AddressUnknown),
        answer: Some("550 5.1.1 <ana.ruiz@example.org>: no such user here".to_owned()),
    };
    Obligation {
        owed_since: before(60),
        first_attempt_at: Some(before(61)),
        last_attempt_at: Some(before(60)),
        envelope_id: None,
        ret: None,
        run: None,
        row,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Way;

    /// With a library or without.
    #[test]
    fn a_sample_is_a_report_like_all_others() {
        let config = Config::usual(Path::new("/"), Way::None);
        let sample = sample(&config, Timestamp::UNIX_EPOCH, &TimeZone::UTC);
        let report = mail::dsn::read(&sample).unwrap();
        assert_eq!(report.recipients[0].final_recipient.as_str(), "ana.ruiz@example.org");
        let text = String::from_utf8(sample).unwrap();
        assert!(text.contains("What to do:") && text.contains("To: <library@example.org>"), "{text}");
    }
}
