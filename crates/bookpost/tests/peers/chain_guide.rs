//! Who does what the guide says, and nothing else, connects the demo to a provider in Google's place, from a clone with nothing in it.

use std::{path::Path, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::Command,
};

use crate::{
    bench::{Folder, soon},
    peer::not_run,
    program::{Program, free, modules},
};

/// The commands of a section of the guide.
fn commands(section: &str) -> Vec<String> {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/sign-in-with.md");
    let text = std::fs::read_to_string(guide).unwrap();
    let (_, after) = text.split_once(&format!("## {section}\n")).unwrap();
    let lines = after.lines().take_while(|line| !line.starts_with("## "));
    lines.filter_map(|line| line.strip_prefix("    ")).map(ToOwned::to_owned).collect()
}

/// Runs what is typed into one terminal, one line after the other.
fn terminal(folder: &Path, lines: &[String]) -> Command {
    let mut command = Command::new("bash");
    command
        .args(["-euc", &lines.join("\n")])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_is_connected_by_what_the_guide_says() {
    let Some(modules) = modules() else {
        return not_run("needs chromium, playwright-core and oidc-provider: run tests/peers/install");
    };
    let (folder, pages, provider) = (Folder::new(), free().port(), free().port());
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers");
    let mut lines = commands("Trying it without Google").into_iter().map(|line| {
        line.replace("8625", &pages.to_string())
            .replace("8626", &provider.to_string())
            .replace("cargo run --release --", env!("CARGO_BIN_EXE_bookpost"))
            .replace("tests/peers", &peers.display().to_string())
    });
    // It has been run: else this test is not.
    assert!(lines.next().unwrap().ends_with("/install"));
    let mut provider = terminal(folder.path(), &[lines.next().unwrap()]).spawn().unwrap();
    let mut said = BufReader::new(provider.stdout.take().unwrap()).lines();
    soon("the provider", said.next_line()).await.unwrap().unwrap();
    let mut last: Vec<_> = lines.collect();
    let serve = last.pop().unwrap();
    last.push(format!("exec {serve}"));
    let mut service = terminal(folder.path(), &last);
    // What ./test says to its tests is no setting of the demo.
    service.env_remove("BOOKPOST_TEST_PEERS").env_remove("BOOKPOST_NOT_RUN");
    let mut service = service.spawn().unwrap();
    // The demo has its say, which nobody reads here.
    let mut demo = service.stdout.take().unwrap();
    tokio::spawn(async move { demo.read_to_end(&mut Vec::new()).await });
    let mut said = BufReader::new(service.stderr.take().unwrap()).lines();
    let link = async {
        let mut all = Vec::new();
        while let Some(line) = said.next_line().await.unwrap() {
            if let Some((_, link)) = line.split_once("make yourself the administrator: ") {
                return link.trim().to_owned();
            }
            all.push(line);
        }
        panic!("{}", all.join("\n"))
    };
    let link = soon("the link for setting up", link).await;
    tokio::spawn(async move { while said.next_line().await.is_ok_and(|line| line.is_some()) {} });
    let program = Program { folder, origin: format!("http://localhost:{pages}") };
    let done = program.drive("chain_guide.mjs", modules, &[("LINK", link)], async |_| {}).await;
    assert!(done.is_ok(), "{}", done.unwrap_err());
}
