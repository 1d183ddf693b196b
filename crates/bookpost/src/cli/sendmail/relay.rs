//! `-bs`: standard input and output, connected with the service.

use std::{
    io::{self, Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    path::Path,
    thread,
};

use super::stop::Stop;
use crate::cli::Exit;

/// Copies both ways until the service hangs up, which it does after QUIT, and when it has waited for too long.
pub(super) fn relay(socket: &Path) -> Result<(), Stop> {
    let service = UnixStream::connect(socket).map_err(|error| not_there(socket, &error))?;
    let mut to_service = service.try_clone().map_err(|error| broken(&error))?;
    // It may stand waiting for input when the service has hung up; it ends with the process.
    thread::spawn(move || {
        let copied = copy(&mut io::stdin().lock(), &mut to_service);
        // Who has nothing more to say may still want to hear.
        let _ = copied.and_then(|()| to_service.shutdown(Shutdown::Write));
    });
    copy(&mut &service, &mut io::stdout().lock()).map_err(|error| broken(&error))
}

/// What is said is passed on at once. Not by `std::io::copy`: it has the kernel move the octets, and that keeps the reader of a pipe
/// from reading what is in it already until more comes.
fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = [0; 8192];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(octets) => {
                to.write_all(buffer.get(..octets).unwrap_or_default())?;
                to.flush()?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Says so in the dialogue too: who speaks SMTP listens there.
fn not_there(socket: &Path, error: &io::Error) -> Stop {
    let _ =
        io::stdout().lock().write_all(b"421 4.3.2 The mail service of this machine does not work now\r\n");
    let exit = match error.kind() {
        io::ErrorKind::PermissionDenied => Exit::NoPermission,
        _ => Exit::Temporary,
    };
    Stop::new(exit, format!("the service cannot be reached at {}: {error}", socket.display()))
}

fn broken(error: &io::Error) -> Stop {
    Stop::temporary(format!("the connection to the service broke: {error}"))
}
