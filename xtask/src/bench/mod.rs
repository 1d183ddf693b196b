//! x
#[derive(clap::Subcommand)]
pub(crate) enum Bench {
    /// x
    Notices,
}
impl Bench {
    pub(crate) fn run(self) -> anyhow::Result<std::process::ExitCode> {
        Ok(std::process::ExitCode::SUCCESS)
    }
}
