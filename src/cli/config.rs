//! The configuration file: TOML, the same names as the global flags, unknown keys are errors.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::args::{Append, When};
use super::size::Size;

/// What a configuration file may say.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    /// Where the logs are kept; relative to the file's own directory.
    pub(super) dir: Option<PathBuf>,
    /// The byte budget of all rings together.
    pub(super) budget: Option<Size>,
    /// How segments are written.
    pub(super) append: Option<Append>,
    /// When to use colours.
    pub(super) color: Option<When>,
    /// Whether to say less.
    pub(super) quiet: Option<bool>,
}

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConfigError {
    #[error("cannot read the configuration file {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}:{line}: {message}", path.display())]
    Parse { path: PathBuf, line: usize, message: String },
}

impl Config {
    /// Reads the file at `path`.
    pub(super) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.into(), source })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let mut config: Self = toml::from_str(text).map_err(|error| ConfigError::Parse {
            path: path.into(),
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            message: error.message().replace('\n', " "),
        })?;
        if let (Some(dir), Some(base)) = (&mut config.dir, path.parent()) {
            *dir = base.join(&*dir);
        }
        Ok(config)
    }
}

/// The number, from 1, of the line that byte `offset` is on.
fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(Path::new("/etc/weir.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_full_file_is_understood() {
        let text = "dir = \"logs\"\nbudget = \"64MiB\"\nappend = \"pwritev\"\ncolor = \"never\"\n";
        let config = parse(text).unwrap();
        assert_eq!(config.dir, Some("/etc/logs".into()));
        assert_eq!(config.budget, Some(Size(64 << 20)));
        assert_eq!(config.append, Some(Append::Pwritev));
        assert_eq!(config.color, Some(When::Never));
    }

    #[test]
    fn errors_name_the_file_and_the_line() {
        for (text, line, word) in [
            ("budget = 1024\n\nbuget = 3\n", 3, "buget"),
            ("# hello\nbudget = \"lots\"\n", 2, "lots"),
            ("dir = \"x\"\nappend = \"tape\"\n", 2, "tape"),
            ("dir = \n", 1, ""),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(&format!("/etc/weir.toml:{line}: ")), "{error}");
            assert!(error.contains(word), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
