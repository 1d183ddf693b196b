//! An overdue run in a browser with a real mail server behind the program: an address that the server does not know, the server gone in the
//! middle and back again, one notice sent again, and a run that is stopped half-way. `tests/browser/overdue.mjs` uses the pages, and asks here for
//! what happens to the server and for what arrived.

use testkit::sink::{Settings, Sink};

use crate::{
    bench::{Folder, soon},
    peer::{Peer, not_run},
    program::{Program, modules},
};

/// What the mail server knows of recipients: this one it does not have, and with these it comes to no end, in one run and in the next.
const GONE: &str = "gone@example.org 550 5.1.1 There is no such user\n";
const STUCK: [&str; 2] = ["ida4@example.org never\n", "leo4@example.org never\n"];

/// One mail server, and to where it hands on.
struct Behind {
    sink: Sink,
    postfix: Peer,
    table: std::path::PathBuf,
    begun: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overdue_notices_go_through_a_real_server_in_a_browser_wide_and_in_english() {
    drive("wide").await;
}

/// By keyboard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overdue_notices_go_through_a_real_server_in_a_browser_narrow_and_in_spanish() {
    drive("narrow-spanish").await;
}

async fn drive(setting: &str) {
    let Some(modules) = modules() else {
        return not_run("needs chromium and playwright-core: run tests/peers/install");
    };
    let program = Program::new(Folder::new());
    let Some(mut behind) = Behind::start(&program.folder).await else { return };
    let (service, link) = program.serve().await;
    let told = [("SETTING", setting.to_owned()), ("LINK", link)];
    let fulfil = async |wish: &str| behind.fulfil(&program, wish).await;
    let done = program.drive("overdue.mjs", modules, &told, fulfil).await;
    assert!(done.is_ok(), "{}\n{}", done.unwrap_err(), behind.postfix.log());
    drop(service);
}

impl Behind {
    /// None: a real server cannot be started here, which was told.
    async fn start(folder: &Folder) -> Option<Self> {
        let sink = Sink::start(Settings::default()).await.unwrap();
        let table = folder.path().join("postfix/recipients");
        std::fs::create_dir_all(table.parent().unwrap()).unwrap();
        std::fs::write(&table, format!("{GONE}{}", STUCK[0])).unwrap();
        // Where the next mail may stand behind the one before, Postfix keeps the answer to that back for as long as the next takes it.
        let one_by_one = ["--conceal", "pipelining"];
        let postfix = Peer::start("postfix", folder.path(), Some(sink.address()), &one_by_one)?;
        Some(Self { sink, postfix, table, begun: 0 })
    }

    async fn fulfil(&mut self, program: &Program, wish: &str) {
        match wish {
            "server 1" => {
                let (host, port) = (self.postfix.address.ip(), self.postfix.address.port());
                let values = [&format!("server1.host={host}"), &format!("server1.port={port}")];
                let values = values.map(String::as_str);
                // One after the other, so that it is known whose mail is under way.
                let usual =
                    ["server1.encryption=none", "server1.allow_non_secure=true", "server1.connections=1"];
                program.set(&[&values[..], &usual, &["sending.way=servers"]].concat()).await;
            }
            "server 1 to stop" => self.postfix.kill(),
            "server 1 to start" => {
                self.begun += 1;
                std::fs::write(&self.table, format!("{GONE}{}", STUCK.get(self.begun).unwrap_or(&"")))
                    .unwrap();
                self.postfix.start_again();
            }
            arrived => {
                // `NUMBER to have arrived`: each of another patron, so none twice.
                let number = arrived.strip_suffix(" to have arrived").and_then(|number| number.parse().ok());
                let number: usize = number.unwrap_or_else(|| panic!("{arrived}: nobody knows how"));
                soon(arrived, self.sink.wait_for(number as u64)).await;
                let mut to: Vec<_> = self.sink.taken().into_iter().flat_map(|taken| taken.to).collect();
                let all = to.len();
                to.sort();
                to.dedup();
                assert_eq!((all, to.len()), (number, number), "{to:?}");
            }
        }
    }
}
