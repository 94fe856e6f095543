//! Command lines so plain that a shell would only split them at spaces and execute them.
//!
//! Starting a shell first costs about as much as starting a small program. What `make` does, weir
//! does: a line without anything that a shell would interpret is executed as it is.

/// Characters that mean themselves to every shell, wherever they stand; `=` does in arguments.
const PLAIN: &[u8] = b"_-./,:+@%=";

/// First words that a shell takes for itself: reserved words, and builtins of dash, bash and ksh.
const TAKEN: &[&str] = &[
    ".",
    ":",
    "alias",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "case",
    "cd",
    "chdir",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "coproc",
    "declare",
    "dirs",
    "disown",
    "do",
    "done",
    "echo",
    "elif",
    "else",
    "enable",
    "esac",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "fi",
    "for",
    "function",
    "getopts",
    "hash",
    "help",
    "history",
    "if",
    "in",
    "jobs",
    "kill",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "print",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "select",
    "set",
    "shift",
    "shopt",
    "sleep",
    "source",
    "suspend",
    "test",
    "then",
    "time",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "until",
    "wait",
    "whence",
    "while",
];

/// The words of `line`, or `None` where it takes a shell to find them.
pub(super) fn plain_words(line: &str) -> Option<Vec<&str>> {
    let is_plain =
        |c: u8| c.is_ascii_alphanumeric() || PLAIN.contains(&c) || c == b' ' || c == b'\t';
    if !line.bytes().all(is_plain) {
        return None;
    }
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let first = words.first()?;
    (!first.contains('=') && !TAKEN.contains(first)).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_line_is_split_at_blanks() {
        let words = plain_words("  ./simulate --seed=7\t-o out/7.txt user@host:x 50%  ").unwrap();
        assert_eq!(words, ["./simulate", "--seed=7", "-o", "out/7.txt", "user@host:x", "50%"]);
    }

    #[test]
    fn whatever_a_shell_would_interpret_is_left_to_it() {
        for line in [
            "a | b",
            "a; b",
            "a && b",
            "a > f",
            "a < f",
            "a &",
            "a $x",
            "a `b`",
            "a *",
            "a ?",
            "a [x]",
            "a {1,2}",
            "a ~",
            "a 'b'",
            "a \"b\"",
            "a \\b",
            "# a",
            "(a)",
            "a !b",
            "a\nb",
            "X=1 a",
            "",
            "  ",
            "echo -e x",
            "exit 3",
            "cd dir",
            "true",
            ". ./env",
            "a ^b",
            "while",
            "a \u{e9}",
        ] {
            assert_eq!(plain_words(line), None, "{line:?}");
        }
    }

    #[test]
    fn taken_words_are_sorted_and_unique() {
        assert!(TAKEN.is_sorted_by(|a, b| a < b));
    }
}
