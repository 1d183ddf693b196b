//! A certificate that Bookpost signs itself: for a first try, or where browsers are told to trust it.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, tz::TimeZone};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};

use super::control::{Failure, Reply};

/// Browsers take none that is valid for longer.
const YEARS: i16 = 2;

/// Makes a certificate for `name`, a host or an IP address, and its key, both in `folder` and for their owner only.
pub(super) fn self_signed(name: &str, folder: &Path, now: Timestamp) -> Reply {
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
    let Some(pair) = is_name.then(|| pair(name, now)).and_then(Result::ok) else {
        let message = format!("{name:?} is no name of a host, and no IP address");
        return Reply::Failed { failure: Failure::Data, message };
    };
    let files = [folder.join(format!("{name}.crt")), folder.join(format!("{name}.key"))];
    // The key first: a certificate without one is of no use.
    for (file, text) in [(&files[1], &pair.key), (&files[0], &pair.certificate)] {
        if let Err(error) = write(file, text) {
            let message = format!("{} cannot be made: {error}", file.display());
            return Reply::Failed { failure: Failure::Config, message };
        }
    }
    let [certificate, key] = files.map(|file| file.canonicalize().unwrap_or(file));
    Reply::SelfSigned { certificate, key }
}

/// Both as PEM.
struct Pair {
    certificate: String,
    key: String,
}

fn pair(name: &str, now: Timestamp) -> Result<Pair, rcgen::Error> {
    let mut params = CertificateParams::new(vec![name.to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    let today = TimeZone::UTC.to_datetime(now).date();
    let day = |years: i16| {
        let month = u8::try_from(today.month()).unwrap_or(1);
        // The first of the month is there in every year.
        date_time_ymd(i32::from(today.year() + years), month, 1)
    };
    (params.not_before, params.not_after) = (day(0), day(YEARS));
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
}

/// Never in the place of another.
fn write(file: &PathBuf, text: &str) -> io::Result<()> {
    let mut made: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    made.write_all(text.as_bytes())?;
    made.sync_all()
}
