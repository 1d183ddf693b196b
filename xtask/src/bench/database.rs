//! A PostgreSQL server with the settings that it comes with, for one run of a benchmark, on the disk that the project is on.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use super::{
    Bench, output,
    relay::{Running, free_port, listens},
};

/// Debian keeps the programs of each version here.
const VERSIONS: &str = "/usr/lib/postgresql";
/// It does not run as root.
const USER: &str = "postgres";

pub(super) struct Database {
    programs: PathBuf,
    port: u16,
    _process: Running,
}

impl Database {
    /// `None`: there is no PostgreSQL here.
    pub(super) async fn start(bench: &Bench) -> anyhow::Result<Option<Self>> {
        let Some(programs) = programs() else { return Ok(None) };
        let (folder, port) = (bench.path("postgresql"), free_port()?);
        fs::create_dir_all(&folder)?;
        if rustix::process::geteuid().is_root() {
            fs::set_permissions(bench.folder.path(), fs::Permissions::from_mode(0o711))?;
            let mut own = Command::new("chown");
            own.arg(USER).arg(&folder);
            output(own)?;
        }
        let data = folder.join("data");
        let mut make = as_server(&programs.join("initdb"));
        make.args(["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"])
            .args(["-U", USER, "-D"])
            .arg(&data)
            .current_dir(&folder);
        output(make)?;
        let process = as_server(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&folder)
            .args(["-p", &port.to_string()])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(bench.path("postgresql.log"))?)
            .spawn()
            .context("postgres does not start")?;
        let database = Self { programs, port, _process: Running(process) };
        listens(port).await?;
        Ok(Some(database))
    }

    /// A new database with this name; its address.
    pub(super) fn make(&self, name: &str) -> anyhow::Result<String> {
        let mut make = Command::new(self.programs.join("createdb"));
        make.args(["-h", "127.0.0.1", "-U", USER, "-p", &self.port.to_string(), name]);
        output(make)?;
        Ok(format!("postgresql://{USER}@127.0.0.1:{}/{name}", self.port))
    }

    /// What a question answers, in one line.
    pub(super) fn ask(&self, name: &str, question: &str) -> anyhow::Result<String> {
        let mut ask = Command::new(self.programs.join("psql"));
        ask.args(["-h", "127.0.0.1", "-U", USER, "-p", &self.port.to_string(), "-d", name]);
        ask.args(["--no-psqlrc", "--tuples-only", "--no-align", "--command", question]);
        Ok(output(ask)?.trim().to_owned())
    }
}

/// Those of the newest version.
fn programs() -> Option<PathBuf> {
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let found = fs::read_dir(VERSIONS).ok()?.flatten().map(|entry| entry.path());
    let newest = found.filter(|path| path.join("bin/postgres").exists()).max_by_key(|path| version(path))?;
    Some(newest.join("bin"))
}

/// As the user that the server runs as, where we are root.
fn as_server(program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(program);
    command
}

/// An address that must be there.
pub(super) fn needed(database: Option<Database>) -> anyhow::Result<Database> {
    ensure!(database.is_some(), "PostgreSQL is not installed; install it with: tests/peers/install");
    database.context("PostgreSQL is not installed")
}
