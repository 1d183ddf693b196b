//! Our own certificates run out: people are told before, and when it is so.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use store::AlarmKind;

use crate::{
    alarms::Alarms,
    config::{CertificateFiles, Config},
    receive::certificate::{For, Validity},
};

/// So long before, there is time to renew it. One that lives for days is renewed when a third of that is left.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Once an hour; `now` by the wall clock, as those who come judge by theirs. A renewed certificate ends both alarms.
pub(super) fn look(config: &Config, alarms: &Alarms, now: Timestamp) {
    let ours =
        [(For::Smtp, config.doors.smtp.certificate.as_ref()), (For::Web, config.web.certificate.as_ref())];
    for (of, files) in ours {
        // Files that cannot be read are told of elsewhere, and say nothing of when they end.
        let validity = files.map(Validity::read);
        if validity == Some(None) {
            continue;
        }
        let validity = validity.flatten();
        let (ends, ends_at) = (
            validity.and_then(|validity| Ends::of(validity, now)),
            validity.map(|validity| validity.not_after),
        );
        let alarm =
            |subject: &str, is_so: bool, words: fn(For, &CertificateFiles, Timestamp) -> String| match (
                is_so, files, ends_at,
            ) {
                (true, Some(files), Some(ends_at)) => {
                    alarms.raise(AlarmKind::CertificateEnds, subject, words(of, files, ends_at));
                }
                _ => alarms.clear(AlarmKind::CertificateEnds, subject),
            };
        alarm(of.subject(), ends == Some(Ends::Soon), words_soon);
        alarm(&format!("{}, run out", of.subject()), ends == Some(Ends::Over), words_over);
    }
}

/// What is to be told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    Soon,
    Over,
}

impl Ends {
    fn of(validity: Validity, now: Timestamp) -> Option<Self> {
        let left = validity.not_after.duration_since(now);
        let soon = SOON.min(validity.not_after.duration_since(validity.not_before) / 3);
        match left {
            _ if left.is_negative() => Some(Self::Over),
            _ if left <= soon => Some(Self::Soon),
            _ => None,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_out_soon_when_a_third_of_its_life_is_left_and_at_most_two_weeks() {
        let day = SignedDuration::from_hours(24);
        let not_before = Timestamp::UNIX_EPOCH;
        for (lives, passed, expected) in [
            (90, 75, None),
            (90, 76, Some(Ends::Soon)),
            (6, 3, None),
            (6, 4, Some(Ends::Soon)),
            (6, 6, Some(Ends::Soon)),
            (6, 7, Some(Ends::Over)),
        ] {
            let validity = Validity { not_before, not_after: not_before + day * lives };
            assert_eq!(Ends::of(validity, not_before + day * passed), expected, "{lives} {passed}");
        }
    }
}
