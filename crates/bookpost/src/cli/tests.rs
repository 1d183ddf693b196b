use clap::CommandFactory as _;

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
        "send-test --to nobody",
        "send-test --to a@library.example --server 3",
        "notices run x.csv --dates dmy",
        "notices run x.csv --delimiter ;;",
        "config sample --columns --wording overdue",
        "config sample --wording poem",
        "config sample --file body.txt",
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
fn manual_pages_and_completions_are_written() {
    let folder = tempfile::tempdir().unwrap();
    manual::write(folder.path()).unwrap();
    let page = std::fs::read_to_string(folder.path().join("bookpost-queue-list.1")).unwrap();
    assert!(page.contains("in\\-doubt"), "{page}");
    assert!(folder.path().join("bookpost.bash").exists());
}
