//! The command `weir`.

use std::process::ExitCode;

fn main() -> ExitCode {
    logweir::cli::main()
}
