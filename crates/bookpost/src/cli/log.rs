//! The log: to standard error, plain or JSON. Addresses in it are masked by their own `Debug`.

use tracing_subscriber::EnvFilter;

use super::args::LogForm;

/// Sets the log up, once. `filter` is the configuration's `log`; one that cannot be read counts as `info`, and is said.
pub(super) fn start(form: LogForm, filter: &str) {
    let parsed = EnvFilter::try_new(filter);
    let wrong = parsed.as_ref().err().map(ToString::to_string);
    let filter = parsed.unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second set-up in one process (tests) changes nothing.
    let _ = match form {
        LogForm::Plain => builder.with_ansi(false).with_target(false).try_init(),
        LogForm::Json => builder.json().try_init(),
    };
    if let Some(error) = wrong {
        tracing::warn!(%error, "the setting `log` is not understood");
    }
}
