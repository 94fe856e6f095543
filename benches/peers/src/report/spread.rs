//! The median of some runs and how far they lie apart.

use std::fmt;

/// Measurements of the same thing in several rounds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spread {
    sorted: Vec<f64>,
}

impl Spread {
    /// Adds a measurement.
    pub(crate) fn add(&mut self, value: f64) {
        let at = self.sorted.partition_point(|other| *other < value);
        self.sorted.insert(at, value);
    }

    /// How many measurements there are.
    pub(crate) fn runs(&self) -> usize {
        self.sorted.len()
    }

    /// The median; of an even number the mean of the middle two, of none NaN.
    pub(crate) fn median(&self) -> f64 {
        let middle = |at: usize| self.sorted.get(at).copied().unwrap_or(f64::NAN);
        let half = self.sorted.len() / 2;
        if self.sorted.len() % 2 == 1 {
            middle(half)
        } else {
            (middle(half.wrapping_sub(1)) + middle(half)) / 2.0
        }
    }

    /// The median as a multiple of another's, `1.08x`; a dash where there is nothing to compare.
    pub(crate) fn ratio_to(&self, other: &Self) -> String {
        let ratio = self.median() / other.median();
        if ratio.is_finite() { format!("{ratio:.2}x") } else { "-".into() }
    }
}

impl FromIterator<f64> for Spread {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut spread = Self::default();
        values.into_iter().for_each(|value| spread.add(value));
        spread
    }
}

/// `median (least-most)`, with the precision of the format string, 2 digits by default.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(least), Some(most)) = (self.sorted.first(), self.sorted.last()) else {
            return f.write_str("-");
        };
        let digits = f.precision().unwrap_or(2);
        write!(f, "{:.digits$} ({least:.digits$}-{most:.digits$})", self.median())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_does_not_depend_on_the_order_of_runs() {
        assert_eq!([3.0, 1.0, 2.0].into_iter().collect::<Spread>().median(), 2.0);
        assert_eq!([4.0, 1.0, 2.0, 3.0].into_iter().collect::<Spread>().median(), 2.5);
    }

    #[test]
    fn a_spread_shows_its_median_and_its_ends() {
        let spread: Spread = [1.25, 3.0, 2.0].into_iter().collect();
        assert_eq!(format!("{spread:.1}"), "2.0 (1.2-3.0)");
        assert_eq!(Spread::default().to_string(), "-");
        assert_eq!(spread.ratio_to(&Spread::default()), "-");
    }
}
