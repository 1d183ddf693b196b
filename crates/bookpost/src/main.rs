//! The program: everything is in the library, so that tests reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    bookpost::cli::main(std::env::args_os())
}
