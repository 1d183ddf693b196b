//! How often something is done for one installation: more than any needs, and less than would spend the service's own allowance at a
//! provider.

use std::time::Duration;

use store::{Service, ServiceLimit};

/// With what came to nothing, so that nobody is asked without end.
const MINUTE: Duration = Duration::from_mins(1);
/// Without: that a provider is away for hours is nobody's doing.
const DAY: Duration = Duration::from_hours(24);

/// People who sign in: a handful in the life of an installation, some more while somebody tries.
const SIGN_INS: [u32; 2] = [6, 60];
/// Tokens that are renewed: two accounts want some 50 a day; one that fails is tried every half minute at first.
const RENEWALS: [u32; 2] = [12, 1_000];

pub(super) fn of(what: Service) -> Vec<ServiceLimit> {
    let [minute, day] = match what {
        Service::Begun | Service::Fetched | Service::Ended => SIGN_INS,
        Service::Renewed => RENEWALS,
    };
    vec![
        ServiceLimit { within: MINUTE, most: minute, with_failures: true },
        ServiceLimit { within: DAY, most: day, with_failures: false },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_to_nothing_counts_by_the_minute_only() {
        for what in [Service::Begun, Service::Fetched, Service::Renewed, Service::Ended] {
            let counted: Vec<_> = of(what).iter().map(|one| (one.within, one.with_failures)).collect();
            assert_eq!(counted, [(MINUTE, true), (DAY, false)], "{what:?}");
        }
    }
}
