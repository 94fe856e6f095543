//! Sizes as people type and read them: `64MiB`, `1G`, `500000`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

/// A number of bytes.
///
/// `K`, `M`, `G`, `T` and `KiB`, `MiB`, `GiB`, `TiB` are powers of 1024; `KB`, `MB`, `GB`, `TB` are
/// powers of 1000; a bare number counts bytes. Case does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size(pub(crate) u64);

/// Why a text is not a size.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SizeError {
    #[error("`{0}` is not a size; write a number and a unit, such as 64MiB or 1G")]
    Form(String),
    #[error("`{0}` is larger than any size can be")]
    Large(String),
}

const BINARY: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];

fn unit(text: &str) -> Option<u64> {
    Some(match text.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return None,
    })
}

impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let form = || SizeError::Form(text.into());
        let trimmed = text.trim();
        let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = trimmed.split_at(digits);
        if number.is_empty() {
            return Err(form());
        }
        let unit = unit(rest.trim()).ok_or_else(form)?;
        let number: u64 = number.parse().map_err(|_| SizeError::Large(text.into()))?;
        number.checked_mul(unit).map(Self).ok_or_else(|| SizeError::Large(text.into()))
    }
}

impl fmt::Display for Size {
    /// The size in the largest binary unit that it reaches, with one decimal where that says more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut unit = 1_u64;
        let mut name = 0;
        while self.0 / unit >= 1024 && name + 1 < BINARY.len() {
            unit <<= 10;
            name += 1;
        }
        let tenths = u128::from(self.0) * 10 / u128::from(unit);
        let (whole, tenth) = (tenths / 10, tenths % 10);
        let text = if tenth == 0 || whole >= 100 {
            format!("{whole} {}", BINARY[name])
        } else {
            format!("{whole}.{tenth} {}", BINARY[name])
        };
        f.pad(&text)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a size, such as \"64MiB\" or a number of bytes")]
        enum Form {
            Bytes(u64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Bytes(bytes) => Ok(Self(bytes)),
            Form::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_and_decimal_units_differ() {
        for (text, bytes) in [
            ("0", 0),
            ("500000", 500_000),
            ("64MiB", 64 << 20),
            ("64m", 64 << 20),
            ("1G", 1 << 30),
            ("1GB", 1_000_000_000),
            (" 2 kib ", 2048),
            ("3T", 3 << 40),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_size_is_refused_with_an_example() {
        for text in ["", "MiB", "-1", "1.5G", "10 parsecs", "0x10"] {
            let error = text.parse::<Size>().unwrap_err();
            assert!(error.to_string().contains("64MiB"), "{text}: {error}");
        }
        for text in ["99999999999999999999", "18446744073709551615K"] {
            assert_eq!(text.parse::<Size>(), Err(SizeError::Large(text.into())));
        }
    }

    #[test]
    fn sizes_print_in_the_largest_unit_they_reach() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (90_112, "88 KiB"),
            (1_600_000, "1.5 MiB"),
            (1 << 30, "1 GiB"),
            (u64::MAX, "16777215 TiB"),
        ] {
            assert_eq!(Size(bytes).to_string(), text);
        }
    }
}
