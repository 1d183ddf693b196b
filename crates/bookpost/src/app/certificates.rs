//! Our own certificates run out: people are told two weeks before, and when it is so.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use store::AlarmKind;

use crate::{
    alarms::Alarms,
    config::{CertificateFiles, Config},
    receive::certificate::{For, ends_at},
};

/// So long before, there is time to renew it.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Once an hour; `now` by the wall clock, as those who come judge by theirs. A renewed certificate ends both alarms.
pub(super) fn look(config: &Config, alarms: &Alarms, now: Timestamp) {
    let ours =
        [(For::Smtp, config.doors.smtp.certificate.as_ref()), (For::Web, config.web.certificate.as_ref())];
    for (of, files) in ours {
        // Files that cannot be read are told of elsewhere, and say nothing of when they end.
        let ends_at = files.map(ends_at);
        if ends_at == Some(None) {
            continue;
        }
        let ends_at = ends_at.flatten();
        let left = ends_at.map(|ends_at| ends_at.duration_since(now));
        let alarm =
            |subject: &str, is_so: bool, words: fn(For, &CertificateFiles, Timestamp) -> String| match (
                is_so, files, ends_at,
            ) {
                (true, Some(files), Some(ends_at)) => {
                    alarms.raise(AlarmKind::CertificateEnds, subject, words(of, files, ends_at));
                }
                _ => alarms.clear(AlarmKind::CertificateEnds, subject),
            };
        alarm(of.subject(), left.is_some_and(|left| left <= SOON), words_soon);
        alarm(&format!("{}, run out", of.subject()), left.is_some_and(|left| left.is_negative()), words_over);
    }
}

fn words_soon(of: For, files: &CertificateFiles, ends_at: Timestamp) -> String {
    format!(
        "The certificate for {} runs out on {}. Have it renewed before: {}. The new files are used without a restart.",
        of.name(),
        day(ends_at),
        files.certificate.display()
    )
}

fn words_over(of: For, files: &CertificateFiles, ends_at: Timestamp) -> String {
    format!(
        "The certificate for {} has run out on {}: whoever checks it turns away now. Have it renewed: {}. The new files are used without a restart.",
        of.name(),
        day(ends_at),
        files.certificate.display()
    )
}

fn day(at: Timestamp) -> String {
    TimeZone::system().to_datetime(at).strftime("%-d %B %Y, %H:%M").to_string()
}
