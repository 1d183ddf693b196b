//! What came out at the far end, and how Python's `email` reads it.

use std::{path::Path, process::Command};

use serde::Deserialize;
use testkit::sink::Sink;

use crate::peer::Peer;

/// One message as the last server got it.
pub(crate) struct Arrived {
    pub(crate) to: Vec<String>,
    pub(crate) bytes: Vec<u8>,
}

/// The same as a person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) subject: String,
    pub(crate) from: Vec<(String, String)>,
    pub(crate) to: Vec<(String, String)>,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
    /// Name, octets and their CRC-32 of each.
    pub(crate) attachments: Vec<(String, usize, u32)>,
    pub(crate) defects: Vec<String>,
}

/// What a relay handed on.
pub(crate) fn at(sink: &Sink) -> Vec<Arrived> {
    sink.taken().into_iter().map(|taken| Arrived { to: taken.to, bytes: taken.bytes }).collect()
}

/// What aiosmtpd kept, in the order in which it came.
pub(crate) fn kept_by(peer: &Peer) -> Vec<Arrived> {
    let mut files: Vec<_> =
        std::fs::read_dir(peer.mail()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let envelope = std::fs::read_to_string(path.with_extension("envelope")).unwrap();
        let to = envelope.lines().filter_map(|line| line.strip_prefix("RCPT ")).map(str::to_owned);
        Arrived { to: to.collect(), bytes: std::fs::read(path).unwrap() }
    };
    files.iter().map(read).collect()
}

/// Has Python read them; `folder` is for the files.
pub(crate) fn seen(arrived: &[Arrived], folder: &Path) -> Vec<Seen> {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let paths: Vec<_> = (0..arrived.len()).map(|number| folder.path().join(number.to_string())).collect();
    for (path, message) in paths.iter().zip(arrived) {
        std::fs::write(path, &message.bytes).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/read_back.py");
    let output = Command::new("python3").arg(script).args(paths).output().expect("python3 can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
