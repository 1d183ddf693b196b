//! `bookpost notices`: what its words ask for.

use std::{io::Read as _, path::Path};

use jiff::Timestamp;
use store::{MessageId, RunId};

use super::{
    args::{Export, Notices, Output},
    control::{NoticesRequest, QueueRequest, Request, RunRequest, STANDARD_INPUT, SendAgain},
    exit::Exit,
    queue::asked::confirm,
    run::{Stop, address},
    schedules,
};
use crate::notices::{ImportError, import::MAX_BYTES};

pub(super) fn request(command: Notices) -> Result<(Request, Output), Stop> {
    let (export, preview, practice, (wait, older_is_right), output) = match command {
        Notices::Runs { limit, output } => return Ok((Request::Queue(QueueRequest::Runs { limit }), output)),
        Notices::Show { what, output } => {
            let shown = match what.parse() {
                Ok(run) => QueueRequest::Run(RunId(run)),
                Err(_) => QueueRequest::Notices(NoticesRequest::Show { slug: what }),
            };
            return Ok((Request::Queue(shown), output));
        }
        Notices::Samples { export, to, output } => {
            let (export, to) = (run_request(export)?, address(&to)?);
            return Ok((Request::Samples { export, to }, output));
        }
        Notices::Stop { run, yes, output } => {
            confirm(yes)?;
            return Ok((Request::StopRun { run: RunId(run) }, output));
        }
        Notices::SendAgain { message, to, of, still_right, output } => {
            let (to, of) = (address(&to)?, of.as_deref().map(address).transpose()?);
            let asked = SendAgain { message: MessageId(message), of, to, still_right };
            return Ok((Request::SendAgain(asked), output));
        }
        Notices::Take { export: name, output } => return Ok((Request::TakeExport { name }, output)),
        Notices::List { output } => return Ok((about_notices(NoticesRequest::List), output)),
        Notices::On { notice: slug, output } => {
            return Ok((about_notices(NoticesRequest::Switch { slug, on: true }), output));
        }
        Notices::Off { notice: slug, output } => {
            return Ok((about_notices(NoticesRequest::Switch { slug, on: false }), output));
        }
        Notices::Schedule(command) => {
            let (request, output) = schedules::request(command);
            return Ok((Request::Schedules(request), output));
        }
        Notices::Preview { export, output } => (export, true, false, (false, false), output),
        Notices::Run { export, wait, practice, older_export_is_right, output } => {
            (export, false, practice, (wait, older_export_is_right), output)
        }
    };
    let request = RunRequest { preview, practice, wait, older_is_right, ..run_request(export)? };
    Ok((Request::Run(request), output))
}

fn about_notices(request: NoticesRequest) -> Request {
    Request::Queue(QueueRequest::Notices(request))
}

fn run_request(export: Export) -> Result<RunRequest, Stop> {
    let Export {
        file,
        name,
        site,
        dates,
        delimiter,
        encoding,
        sheet,
        columns,
        notice,
        wording,
        repeat_days,
        again,
    } = export;
    let (content, exported_at) = read_export(&file)
        .map_err(|error| Stop(Exit::Data, format!("{} cannot be read: {error}", file.display())))?;
    let source = match (name, file.file_name()) {
        (Some(name), _) => name,
        (None, Some(name)) if name != "-" => name.to_string_lossy().into_owned(),
        (None, _) => STANDARD_INPUT.to_owned(),
    };
    Ok(RunRequest {
        source,
        from_folder: false,
        exported_at,
        export: content,
        site,
        dates,
        delimiter,
        encoding,
        sheet,
        columns,
        wording,
        notice,
        repeat_days,
        again,
        ..RunRequest::default()
    })
}

/// Reads no more than an export may have: one that is too large is refused here, in words, and never sent to the service. With when it was
/// made, where it is a file.
fn read_export(file: &Path) -> std::io::Result<(Vec<u8>, Option<Timestamp>)> {
    let too_large = || std::io::Error::other(ImportError::TooLarge);
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    let (mut content, mut made_at) = (Vec::new(), None);
    if file == Path::new("-") {
        std::io::stdin().lock().take(most.saturating_add(1)).read_to_end(&mut content)?;
    } else {
        let opened = std::fs::File::open(file)?;
        let facts = opened.metadata()?;
        if facts.len() > most {
            return Err(too_large());
        }
        made_at = Some(facts.modified()?.try_into().map_err(std::io::Error::other)?);
        opened.take(most.saturating_add(1)).read_to_end(&mut content)?;
    }
    if content.len() > MAX_BYTES { Err(too_large()) } else { Ok((content, made_at)) }
}
