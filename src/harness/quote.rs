//! A command as it could be typed into a shell, for people to read.

/// The command as it could be typed: words with other than plain characters are quoted.
pub fn shell_words(command: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,@%+".contains(c);
    let word = |word: &String| match word.chars().all(plain) && !word.is_empty() {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    command.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_could_be_typed() {
        let words = ["sh", "-c", "echo it's", ""].map(String::from);
        assert_eq!(shell_words(&words), r"sh -c 'echo it'\''s' ''");
    }
}
