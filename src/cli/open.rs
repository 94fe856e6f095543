//! From a directory and a job's name to what is stored of it.

use anyhow::Context as _;

use super::notice::Notices;
use super::settings::Settings;
use crate::job::Attempt;
use crate::store::{AttemptInfo, Catalog};

/// One attempt of one job, with the catalog that knows it.
pub(super) struct Found {
    catalog: Catalog,
    attempt: AttemptInfo,
    attempts: usize,
}

impl Found {
    pub(super) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    pub(super) fn attempt(&self) -> &AttemptInfo {
        &self.attempt
    }

    /// How many attempts the job has.
    pub(super) fn attempts(&self) -> usize {
        self.attempts
    }
}

/// Opens all that is stored.
pub(super) fn all(settings: &Settings, notices: &mut Notices) -> anyhow::Result<Catalog> {
    let catalog = Catalog::open(&settings.dir)?;
    note_problems(&catalog, notices);
    Ok(catalog)
}

/// Opens what is stored of `job`, its latest attempt or the one that is asked for.
pub(super) fn one(
    settings: &Settings,
    job: &str,
    attempt: Option<Attempt>,
    notices: &mut Notices,
) -> anyhow::Result<Found> {
    let catalog = Catalog::lookup(&settings.dir, job)?;
    note_problems(&catalog, notices);
    let attempts = catalog.find(job)?;
    let latest = attempts.iter().max_by_key(|info| (info.attempt, info.started_at));
    let found = match attempt {
        None => latest.context("a job without an attempt")?,
        Some(wanted) => {
            let fits = attempts.iter().rfind(|info| info.attempt == wanted);
            fits.with_context(|| {
                let last = latest.map_or(Attempt::FIRST, |info| info.attempt);
                format!("`{job}` has no attempt {wanted}; its latest is {last}")
            })?
        }
    };
    let (attempt, attempts) = (found.clone(), attempts.len());
    Ok(Found { attempt, attempts, catalog })
}

/// The attempts of the jobs that were named, or of all jobs where none was.
pub(super) fn chosen<'c>(
    catalog: &'c Catalog,
    jobs: &[String],
) -> anyhow::Result<Vec<&'c AttemptInfo>> {
    if jobs.is_empty() {
        return Ok(catalog.attempts().collect());
    }
    let mut chosen = Vec::new();
    for job in jobs {
        chosen.extend(catalog.find(job)?);
    }
    Ok(chosen)
}

fn note_problems(catalog: &Catalog, notices: &mut Notices) {
    for problem in catalog.problems() {
        notices.damage(&problem.path, problem);
    }
}
