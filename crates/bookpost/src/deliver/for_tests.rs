//! A claimed job, as the tests of this part begin with.

use std::time::Duration;

use jiff::Timestamp;
use mail::{Address, Envelope, ReversePath};
use store::{Claimed, ClaimedRecipient, Class, Kind, Lease, MessageId, RecipientId};

/// When it is sent.
pub(super) const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// To each of these, for the first time, with nothing in it.
pub(super) fn job(to: &[&str]) -> Claimed {
    let address = |text: &&str| text.parse::<Address>().unwrap().into();
    let claimed = |n: usize| ClaimedRecipient {
        id: RecipientId::of(MessageId(1), u16::try_from(n).unwrap()),
        lease: Lease(1),
        expires_at: NOW + Duration::from_hours(100),
        alone: false,
        in_doubt_before: false,
        attempts: 0,
    };
    Claimed {
        id: MessageId(1),
        kind: Kind::Mail,
        class: Class::Normal,
        practice: false,
        application: "test".into(),
        site: None,
        run: None,
        envelope: Envelope::new(ReversePath::Null, to.iter().map(address).collect()).unwrap(),
        recipients: (0..to.len()).map(claimed).collect(),
        first_due_at: NOW,
        bytes: bytes::Bytes::new(),
    }
}
