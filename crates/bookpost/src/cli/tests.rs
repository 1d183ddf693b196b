use std::{fs, path::Path};

use clap::{CommandFactory as _, error::ErrorKind};

use super::*;
use crate::{
    config::{self, Surroundings},
    notices::import::DateOrder,
};

#[test]
fn the_definition_holds() {
    Arguments::command().debug_assert();
}

#[test]
fn help_of_every_command() {
    let mut all = String::new();
    let mut command = Arguments::command().term_width(100);
    command.build();
    collect(&mut command, &mut all);
    insta::assert_snapshot!(all);
}

fn collect(command: &mut clap::Command, all: &mut String) {
    let help = command.render_help();
    *all = format!("{all}=== {}\n{help}\n", command.get_bin_name().unwrap_or_default());
    for inner in command.get_subcommands_mut().filter(|inner| inner.get_name() != "help") {
        collect(inner, all);
    }
}

#[test]
fn command_lines_that_make_no_sense_are_refused() {
    for words in [
        "queue retry",
        "queue retry 1 --all",
        "queue hold --run 1 --all",
        "queue list --state lost",
        "queue list --limit 0",
        "notices runs --limit 0",
        "preferences test --to a@library.example --server 3",
        "notices run x.csv --dates dmy",
        "notices run x.csv --delimiter ;;",
        "config sample --columns --wording overdue",
        "config sample --wording poem",
        "config sample --file body.txt",
        "migrate --from sqlite",
        "migrate --from sqlite --to paper",
        "migrate --from sqlite --to postgres --source-may-send-again",
    ] {
        let words = std::iter::once("bookpost").chain(words.split(' '));
        let error = Arguments::try_parse_from(words.clone()).map(|_| ()).unwrap_err();
        assert!(error.use_stderr(), "{:?}", words.collect::<Vec<_>>());
    }
}

#[test]
fn every_order_of_dates_that_is_taken_is_understood() {
    let mut command = Arguments::command();
    let run = command.find_subcommand_mut("notices").unwrap().find_subcommand_mut("run").unwrap();
    let dates = run.get_arguments().find(|argument| argument.get_id() == "dates").unwrap();
    let offered: Vec<_> =
        dates.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    assert!(offered.len() > 1, "{offered:?}");
    let around = Surroundings::given([], Some("books.library.example"));
    for order in offered.iter().map(String::as_str).chain(["d.m.y", "y-m-d", "m.d.y", "year first"]) {
        let settings = config::SAMPLE.replace("[notices]\n", &format!("[notices]\ndates = \"{order}\"\n"));
        let set = config::check_text(&settings, None, &around).map(|loaded| loaded.config.notices.dates);
        let understood = order.parse::<DateOrder>().is_ok();
        assert!(understood || !offered.iter().any(|one| one == order), "--dates {order}");
        assert!(understood || set.is_err(), "dates = {order}");
        assert_eq!(set.is_ok(), offered.iter().any(|one| one == order), "dates = {order}");
    }
}

#[test]
fn an_address_that_is_none_is_unusable_and_not_wrong_usage() {
    for words in ["preferences test --to nobody", "preferences suggest nobody", "queue list --to nobody"] {
        let words = std::iter::once("bookpost").chain(words.split(' ')).map(OsString::from);
        // The address is looked at first, wherever a configuration may be.
        assert_eq!(run::run(Arguments::try_parse_from(words).unwrap()), Exit::Data);
    }
}

#[test]
fn manual_pages_and_completions_are_written() {
    let folder = tempfile::tempdir().unwrap();
    manual::write(folder.path()).unwrap();
    let page = fs::read_to_string(folder.path().join("bookpost-queue-list.1")).unwrap();
    assert!(page.contains("in\\-doubt"), "{page}");
    assert!(folder.path().join("bookpost.bash").exists());
}

/// The commands of the guides, as they are typed: in blocks, or between backquotes.
fn commands_of(page: &str) -> impl Iterator<Item = &str> {
    let blocks = page.lines().filter_map(|line| line.strip_prefix("    "));
    let inline = page.split('`').skip(1).step_by(2);
    let text = blocks.chain(inline).map(|text| text.split(['#', '<', '|']).next().unwrap_or_default().trim());
    let program = |text: &str| text.split(' ').any(|word| word == "bookpost" || word.ends_with("/bookpost"));
    text.filter(move |text| program(text) && !text.contains("...") && !text.contains("systemctl")).filter(
        |text| {
            !["chown", "adduser", "ln -s", "sudo mv", "sudo cp", "install -d"]
                .iter()
                .any(|other| text.contains(other))
        },
    )
}

/// The words of a line, as a shell hands them on.
fn typed(line: &str) -> Vec<String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    for c in line.chars() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => words.push(String::new()),
            (c, _) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn the_commands_of_the_guides_are_understood_and_run_as_who_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let guides = fs::read_dir(root.join("docs/guide")).unwrap().map(|guide| guide.unwrap().path());
    let pages = guides.chain([root.join("README.md")]).map(|page| fs::read_to_string(page).unwrap());
    let pages: Vec<_> = pages.collect();
    let (mut seen, mut faults) = (0, Vec::new());
    for line in pages.iter().flat_map(|page| commands_of(page)) {
        let Some(at) = line.rfind("bookpost ") else { continue };
        let parsed = Arguments::try_parse_from(typed(&line[at..]));
        let arguments = match parsed {
            Ok(arguments) => arguments,
            // What several commands have in common is named, too.
            Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => continue,
            Err(error) => {
                faults.push(format!("{line}: {error}"));
                continue;
            }
        };
        seen += 1;
        let own = !matches!(
            arguments.command,
            args::Command::Install(_)
                | args::Command::Sendmail { .. }
                | args::Command::Config(args::ConfigCommand::Sample(_))
        );
        // A line for cron, or for sudo itself.
        let named = ["  bookpost  ", "ALL=(bookpost) NOPASSWD: "];
        let as_user = named.iter().any(|before| line.contains(&format!("{before}/usr/local/bin/bookpost ")));
        if own && !as_user && !line.contains("sudo -u bookpost bookpost ") {
            faults.push(line.to_owned());
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(seen > 10, "{seen} commands");
}
