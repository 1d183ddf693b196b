//! The export that a command writes to its standard output.
//!
//! It is run as the service's own user, without a shell unless whoever set it wants one, and knows nothing of Bookpost's environment. One that
//! takes too long or writes too much is ended together with all that it has started.

use std::{io, path::Path, process::Stdio, time::Duration};

use mail::clock::Clock;
use rustix::process::{Pid, Signal, kill_process_group};
use store::CameTo;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
};

use super::source::{Export, NoExport};
use crate::app::exports::MOST_BYTES;

/// Then it is ended.
pub(super) const PATIENCE: Duration = Duration::from_mins(10);
/// Of what it complains of, so much is kept.
const COMPLAINT: usize = 1_000;
/// Where programs are looked for.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Everything that a command has started is ended when this is dropped.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // It is gone already where it has ended and was waited for.
        if let Some(pid) = self.0.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// What these words, or this line given to the shell, write.
pub(super) async fn export(words: &[String], clock: &dyn Clock) -> Result<Export, NoExport> {
    let [program, rest @ ..] = words else {
        return Err(NoExport::For(CameTo::CommandFailed, Some("no command is set".to_owned())));
    };
    let failed = |why: String| NoExport::For(CameTo::CommandFailed, Some(format!("{program}: {why}")));
    let child = Command::new(program)
        .args(rest)
        .env_clear()
        .env("PATH", PATH)
        .env("LANG", "C.UTF-8")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let mut group = Group(child);
    let until = clock.now().saturating_add(PATIENCE).unwrap_or(jiff::Timestamp::MAX);
    let ended = tokio::select! {
        ended = to_the_end(&mut group.0) => ended,
        () = clock.sleep_until(until) => return Err(NoExport::For(CameTo::CommandTooSlow, None)),
    };
    match ended {
        Ok(Ended::Well(bytes)) => {
            let name = Path::new(program)
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            Ok(Export { bytes, name, written: None, remark: None })
        }
        Ok(Ended::TooMuch) => Err(NoExport::For(CameTo::CommandTooMuch, None)),
        Ok(Ended::Badly(why)) => Err(failed(why)),
        Err(error) => Err(failed(error.to_string())),
    }
}

enum Ended {
    Well(Vec<u8>),
    Badly(String),
    TooMuch,
}

async fn to_the_end(child: &mut Child) -> io::Result<Ended> {
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    let Some((bytes, complaint)) = both(out, err).await? else { return Ok(Ended::TooMuch) };
    let status = child.wait().await?;
    if status.success() {
        return Ok(Ended::Well(bytes));
    }
    Ok(Ended::Badly(format!("{status}. {}", String::from_utf8_lossy(&complaint).trim())))
}

/// What it writes, and the beginning of what it complains of. `None`: it writes more than an export is.
async fn both(
    out: impl AsyncRead + Unpin,
    err: impl AsyncRead + Unpin,
) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    let export = async {
        let mut bytes = Vec::new();
        out.take(MOST_BYTES + 1).read_to_end(&mut bytes).await?;
        if bytes.len() as u64 > MOST_BYTES { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
    };
    match tokio::try_join!(export, beginning(err)) {
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Ok(None),
        read => read.map(Some),
    }
}

/// Reads it all, so that whoever writes goes on.
async fn beginning(mut from: impl AsyncRead + Unpin) -> io::Result<Vec<u8>> {
    let (mut kept, mut piece) = (Vec::new(), [0; 1_024]);
    loop {
        let read = from.read(&mut piece).await?;
        if read == 0 {
            return Ok(kept);
        }
        let room = COMPLAINT.saturating_sub(kept.len());
        kept.extend(piece.iter().take(read.min(room)));
    }
}
