//! The id of a job or batch whose user gave none.

use anyhow::Context as _;

use crate::job::JobId;

/// Under Slurm the id names the place in the allocation, `JOB[_TASK][.STEP.PROC]`, so that a
/// requeued job is the next attempt of the same; elsewhere it is new.
pub(super) fn default_id(var: impl Fn(&str) -> Option<String>) -> anyhow::Result<JobId> {
    let var = |name| var(name).filter(|value| !value.is_empty());
    let job = ["SLURM_ARRAY_JOB_ID", "SLURM_JOB_ID"];
    let Some((name, job)) = job.into_iter().find_map(|name| Some((name, var(name)?))) else {
        return Ok(JobId::random());
    };
    let mut id = job.clone();
    if let Some(task) = var("SLURM_ARRAY_TASK_ID") {
        id = format!("{id}_{task}");
    }
    if let (Some(step), Some(process)) = (var("SLURM_STEP_ID"), var("SLURM_PROCID")) {
        id = format!("{id}.{step}.{process}");
    }
    JobId::new(&id)
        .with_context(|| format!("{name}={job:?} makes no id, give one with --id or unset it"))
}

/// [`default_id`] of this process's environment.
pub(super) fn id_here() -> anyhow::Result<JobId> {
    default_id(|name| std::env::var(name).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(vars: &[(&str, &str)]) -> String {
        let var = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).into());
        default_id(var).unwrap().to_string()
    }

    #[test]
    fn slurm_names_the_place_in_the_allocation() {
        assert_eq!(id_of(&[("SLURM_JOB_ID", "17")]), "17");
        assert_eq!(
            id_of(&[("SLURM_JOB_ID", "17"), ("SLURM_STEP_ID", "0"), ("SLURM_PROCID", "3")]),
            "17.0.3"
        );
        let array =
            [("SLURM_JOB_ID", "19"), ("SLURM_ARRAY_JOB_ID", "17"), ("SLURM_ARRAY_TASK_ID", "2")];
        assert_eq!(id_of(&array), "17_2");
    }

    #[test]
    fn a_variable_that_makes_no_id_is_named() {
        let var = |name: &str| (name == "SLURM_JOB_ID").then(|| "a/b".to_string());
        let error = default_id(var).unwrap_err().to_string();
        assert!(error.contains("SLURM_JOB_ID=\"a/b\""), "{error}");
    }

    #[test]
    fn without_slurm_every_id_is_new() {
        assert_ne!(id_of(&[]), id_of(&[("SLURM_JOB_ID", "")]));
    }
}
