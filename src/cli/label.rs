//! Labels as people type them: `KEY=VALUE`.

/// A label of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) key: String,
    pub(super) value: String,
}

/// Why a text is not a label.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a label; write KEY=VALUE")]
pub(super) struct LabelError(String);

/// Reads a label; the value may be empty and may hold further `=`.
pub(super) fn parse_label(text: &str) -> Result<Label, LabelError> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok(Label { key: key.into(), value: value.into() }),
        _ => Err(LabelError(text.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_equals_sign_parts_key_and_value() {
        let label = parse_label("a=b=c").unwrap();
        assert_eq!((label.key.as_str(), label.value.as_str()), ("a", "b=c"));
        assert_eq!(parse_label("a=").unwrap().value, "");
        for bad in ["", "a", "=b"] {
            assert!(parse_label(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
