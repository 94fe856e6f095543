//! Settings: what the flags, the environment, the file and the defaults add up to.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use anyhow::Context as _;

use super::args::{Append, Globals, When};
use super::config::Config;
use super::size::Size;

/// The budget where nothing else is said.
const DEFAULT_BUDGET: Size = Size(1 << 30);

/// What every command needs to know; resolved once, before any command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    /// Where the logs are kept.
    pub(super) dir: PathBuf,
    /// The byte budget of all rings together.
    pub(super) budget: Size,
    /// How segments are written.
    pub(super) append: Append,
    /// Where colours are used.
    pub(super) color: Color,
    /// Whether to say only what went wrong.
    pub(super) quiet: bool,
    /// Whether to say what is used and why.
    pub(super) verbose: bool,
}

/// Whether each of our own streams takes colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Color {
    /// Standard output.
    pub(super) stdout: bool,
    /// Standard error.
    pub(super) stderr: bool,
}

impl Settings {
    /// Resolves the settings: flag, then environment (both in `globals`), then file, then default.
    pub(super) fn resolve(globals: &Globals) -> anyhow::Result<Self> {
        let config = match globals.config.as_ref().filter(|path| !path.as_os_str().is_empty()) {
            Some(path) => Config::read(path)?,
            None => Config::default(),
        };
        let dir = globals.dir.clone().filter(|dir| !dir.as_os_str().is_empty()).or(config.dir);
        let when = globals.color.or(config.color).unwrap_or(When::Auto);
        Ok(Self {
            dir: match dir {
                Some(dir) => dir,
                None => default_dir(|name| std::env::var_os(name))
                    .context("no place for logs: neither --dir, WEIR_DIR nor HOME is set")?,
            },
            budget: globals.budget.or(config.budget).unwrap_or(DEFAULT_BUDGET),
            append: globals.append.or(config.append).unwrap_or(Append::Auto),
            color: Color {
                stdout: colored(when, io::stdout().is_terminal()),
                stderr: colored(when, io::stderr().is_terminal()),
            },
            quiet: globals.quiet || (config.quiet.unwrap_or(false) && !globals.verbose),
            verbose: globals.verbose,
        })
    }
}

/// `$XDG_STATE_HOME/weir`, else `~/.local/state/weir`; a relative `XDG_STATE_HOME` does not count.
fn default_dir(var: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name| var(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .map(|state| state.join("weir"))
}

fn colored(when: When, terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => terminal && !set("NO_COLOR") && !dumb,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir_of(vars: &[(&str, &str)]) -> Option<PathBuf> {
        default_dir(|name| vars.iter().find(|(key, _)| *key == name).map(|(_, v)| (*v).into()))
    }

    #[test]
    fn logs_go_to_the_state_directory() {
        assert_eq!(dir_of(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")]), Some("/s/weir".into()));
        assert_eq!(dir_of(&[("HOME", "/h")]), Some("/h/.local/state/weir".into()));
        assert_eq!(dir_of(&[("XDG_STATE_HOME", "s"), ("HOME", "/h")]), dir_of(&[("HOME", "/h")]));
        assert_eq!(dir_of(&[]), None);
    }

    #[test]
    fn a_flag_beats_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("weir.toml");
        std::fs::write(&file, "dir = \"logs\"\nbudget = \"2M\"\nappend = \"mmap\"\n").unwrap();
        let globals = Globals {
            config: Some(file),
            budget: Some(Size(4096)),
            color: Some(When::Never),
            ..Globals::default()
        };
        let settings = Settings::resolve(&globals).unwrap();
        assert_eq!(settings.budget, Size(4096), "the flag");
        assert_eq!(settings.append, Append::Mmap, "the file");
        assert_eq!(settings.dir, dir.path().join("logs"), "beside the file");
        assert!(!settings.quiet, "the default");
    }
}
