//! Captures a command, says how it ended and shows what it printed.
//!
//! ```text
//! cargo run --example capture_child -- sh -c 'echo hello; echo oh >&2; exit 3'
//! ```

use std::error::Error;
use std::ops::ControlFlow;
use std::time::Duration;

use logweir::engine::Engine;
use logweir::harness::{Harness, Task, Timing};
use logweir::job::JobId;
use logweir::read::{Item, JobLog, Query};
use logweir::store::Catalog;

fn main() -> Result<(), Box<dyn Error>> {
    let mut command: Vec<String> = std::env::args().skip(1).collect();
    if command.is_empty() {
        command = ["sh", "-c", "echo hello; echo oh >&2; exit 3"].map(String::from).into();
    }
    let dir = std::env::temp_dir().join(format!("weir-capture-child-{}", std::process::id()));

    let engine = Engine::builder().dir(&dir).budget(16 << 20).max_jobs(1).open()?;
    let harness = Harness::start(Timing::default())?;
    let task = Task::new(JobId::new("child")?, command).timeout(Duration::from_secs(60));
    let ended = harness.run(&engine, task, None)?;
    println!("{} ended: {:?}", ended.id, ended.exit);

    let report = engine.shutdown(Duration::from_secs(10));
    println!("stored {} bytes, complete: {}", report.stored_bytes, report.complete);

    let catalog = Catalog::open(&dir)?;
    for attempt in catalog.find("child")? {
        let shown = JobLog::open(&catalog, attempt).lines(&Query::default(), |item| {
            if let Item::Line(line) = item {
                println!("{}: {}", line.stream, String::from_utf8_lossy(line.bytes));
            }
            ControlFlow::<()>::Continue(())
        });
        assert_eq!(shown, ControlFlow::Continue(()));
    }
    std::fs::remove_dir_all(dir)?;
    Ok(())
}
