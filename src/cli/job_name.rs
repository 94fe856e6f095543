//! The id of a job or batch whose user gave none.

use crate::job::{InvalidJobId, JobId};

/// Under Slurm the id names the place in the allocation, `JOB[_TASK][.STEP.PROC]`, so that a
/// requeued job is the next attempt of the same; elsewhere it is new.
pub(super) fn default_id(var: impl Fn(&str) -> Option<String>) -> Result<JobId, InvalidJobId> {
    let var = |name| var(name).filter(|value| !value.is_empty());
    let Some(job) = var("SLURM_ARRAY_JOB_ID").or_else(|| var("SLURM_JOB_ID")) else {
        return Ok(JobId::random());
    };
    let mut id = job;
    if let Some(task) = var("SLURM_ARRAY_TASK_ID") {
        id = format!("{id}_{task}");
    }
    if let (Some(step), Some(process)) = (var("SLURM_STEP_ID"), var("SLURM_PROCID")) {
        id = format!("{id}.{step}.{process}");
    }
    JobId::new(&id)
}

/// [`default_id`] of this process's environment.
pub(super) fn id_here() -> Result<JobId, InvalidJobId> {
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
    fn without_slurm_every_id_is_new() {
        assert_ne!(id_of(&[]), id_of(&[("SLURM_JOB_ID", "")]));
    }
}
