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
            return Reply::Failed { failure: Failure::Config, message: not_made(file, folder, &error) };
        }
    }
    let [certificate, key] = files.map(|file| file.canonicalize().unwrap_or(file));
    Reply::SelfSigned { certificate, key }
}

/// Why there is no such file now, and what is to be done.
fn not_made(file: &Path, folder: &Path, error: &io::Error) -> String {
    let (file, folder) = (file.display(), folder.display());
    match error.kind() {
        io::ErrorKind::NotFound => {
            format!("the folder {folder} is not there: make it, or name another one with --to")
        }
        io::ErrorKind::NotADirectory => format!("{folder} is no folder: name one with --to"),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => format!(
            "{file} cannot be made ({error}): name a folder with --to that this user may write to, or \
             run this as a user who may write to {folder}"
        ),
        io::ErrorKind::AlreadyExists => {
            format!(
                "{file} is there already, and stays as it is: move it away, or name another folder with --to"
            )
        }
        _ => format!("{file} cannot be made: {error}"),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(folder: &Path) -> String {
        match self_signed("books.example", folder, Timestamp::UNIX_EPOCH) {
            Reply::Failed { failure: Failure::Config, message } => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_folder_that_takes_no_file_is_named_with_what_to_do() {
        let place = tempfile::tempdir().unwrap();
        let (missing, file) = (place.path().join("missing"), place.path().join("file"));
        std::fs::write(&file, "").unwrap();
        let of_missing =
            format!("the folder {} is not there: make it, or name another one with --to", missing.display());
        assert_eq!(refused(&missing), of_missing);
        assert!(!missing.exists(), "nothing is made by the way");
        assert_eq!(refused(&file), format!("{} is no folder: name one with --to", file.display()));
    }

    #[test]
    fn what_is_there_is_not_written_over() {
        let place = tempfile::tempdir().unwrap();
        let key = place.path().join("books.example.key");
        std::fs::write(&key, "mine").unwrap();
        let said = refused(place.path());
        assert!(said.contains("is there already, and stays as it is: move it away"), "{said}");
        assert_eq!(std::fs::read_to_string(&key).unwrap(), "mine");
    }

    #[test]
    fn a_folder_that_may_not_be_written_to_asks_for_another_or_another_user() {
        let (file, folder) = (Path::new("/certs/a.key"), Path::new("/certs"));
        for kind in [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem] {
            let said = not_made(file, folder, &kind.into());
            assert!(said.starts_with("/certs/a.key cannot be made ("), "{said}");
            assert!(said.ends_with("run this as a user who may write to /certs"), "{said}");
        }
    }
}
