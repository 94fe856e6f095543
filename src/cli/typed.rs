//! From the words that were typed to [`Cli`], or to an exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use super::args::Cli;
use super::exit;

/// Parses `words`; where that ends the program (help, version, bad usage) says so and gives the
/// code.
pub(super) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, ExitCode> {
    let words: Vec<OsString> = words.into_iter().collect();
    Cli::try_parse_from(&words).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A closed pipe is no reason to complain about help.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(exit::FAILED)
        }
        _ => {
            let command = command(&words);
            exit::complain(&format!("{}; see `weir {command}--help`", message(&error)));
            ExitCode::from(usage_code(&command))
        }
    })
}

/// The command that was typed, with a space behind it; empty where none can be told.
fn command(words: &[OsString]) -> String {
    let typed = Cli::command().ignore_errors(true).try_get_matches_from(words).ok();
    let name = typed.as_ref().and_then(|matches| matches.subcommand_name());
    name.map(|name| format!("{name} ")).unwrap_or_default()
}

/// The code for bad usage: `run` and `batch` keep the codes of commands free.
fn usage_code(command: &str) -> u8 {
    if matches!(command, "run " | "batch ") { exit::OWN_FAILURE } else { exit::FAILED }
}

/// The parser's message without its frame: what is wrong and its tips, in one line.
fn message(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let body = text.split("\nUsage:").next().unwrap_or(&text);
    let body = body.split("\nFor more information").next().unwrap_or(body);
    let lines: Vec<&str> = body.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let line = lines.join("; ").replace(":; ", ": ");
    line.strip_prefix("error: ").unwrap_or(&line).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuse(words: &[&str]) -> (String, u8) {
        let error = Cli::try_parse_from(words).unwrap_err();
        let words: Vec<OsString> = words.iter().map(Into::into).collect();
        (message(&error), usage_code(&command(&words)))
    }

    #[test]
    fn bad_usage_is_one_line_with_a_hint() {
        let (text, code) = refuse(&["weir", "ls", "--budget", "lots"]);
        assert_eq!(code, exit::FAILED);
        assert!(text.contains("--budget") && text.contains("64MiB"), "{text}");
        let (text, _) = refuse(&["weir", "lgs"]);
        assert!(text.contains("logs"), "{text}");
        assert!(!text.contains('\n'), "{text}");
    }

    #[test]
    fn bad_usage_of_run_and_batch_is_their_own_failure() {
        assert_eq!(refuse(&["weir", "run", "--nonsense", "--", "true"]).1, exit::OWN_FAILURE);
        assert_eq!(refuse(&["weir", "--dir", "x", "batch", "--nonsense"]).1, exit::OWN_FAILURE);
    }
}
