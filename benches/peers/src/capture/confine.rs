//! Runs a command with the pipes that a less lucky user gets.
//!
//! Linux gives an unprivileged user 16,384 pipe pages in all; after that new pipes hold 2 pages and
//! none can grow. Nothing of the machine's settings is changed to see that: a helper process holds
//! as many pipes as it takes, and the command runs without the capabilities that lift the limit.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::unistd::{Uid, pipe};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter,
};

#[derive(Debug, Args)]
pub(crate) struct ConfineArgs {
    pipes: Pipes,
    /// The command and its arguments; none with `hold`
    #[arg(last = true)]
    command: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Pipes {
    /// `F_SETPIPE_SZ` is refused
    NotGrown,
    /// The limits of unprivileged users apply, even to root
    Unprivileged,
    /// Own pipes until new ones are small, until standard input ends
    Hold,
}

/// What `command` becomes when it is run through this program with such pipes.
pub(super) fn confine(command: &Command, pipes: Pipes) -> anyhow::Result<Command> {
    let mut confined = this_program(pipes)?;
    confined.arg("--").arg(command.get_program()).args(command.get_args());
    Ok(confined)
}

/// This program as `confine PIPES`, without the capabilities that lift pipe limits.
fn this_program(pipes: Pipes) -> anyhow::Result<Command> {
    let this = std::env::current_exe()?;
    let mut command = if pipes != Pipes::NotGrown && Uid::effective().is_root() {
        let mut command = Command::new("setpriv");
        command.arg("--bounding-set=-sys_resource,-sys_admin").arg(this);
        command
    } else {
        Command::new(this)
    };
    let name = pipes.to_possible_value().context("all kinds of pipes have a name")?;
    command.args(["confine", name.get_name()]);
    Ok(command)
}

/// What runs inside: sets up what only the process itself can, and becomes the command.
pub(crate) fn run(args: &ConfineArgs) -> anyhow::Result<()> {
    match args.pipes {
        Pipes::Hold => return hold(),
        Pipes::NotGrown => refuse_growth()?,
        Pipes::Unprivileged => {}
    }
    let [program, words @ ..] = args.command.as_slice() else {
        bail!("no command to run");
    };
    Err(Command::new(program).args(words).exec()).with_context(|| format!("cannot run {program}"))
}

/// Makes `fcntl(fd, F_SETPIPE_SZ, size)` fail with EPERM in this process and all it starts.
fn refuse_growth() -> anyhow::Result<()> {
    let is_growth = SeccompCondition::new(
        1,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::Eq,
        u64::try_from(nix::libc::F_SETPIPE_SZ)?,
    )?;
    let rules = BTreeMap::from([(nix::libc::SYS_fcntl, vec![SeccompRule::new(vec![is_growth])?])]);
    let refuse = SeccompAction::Errno(u32::try_from(Errno::EPERM as i32)?);
    let arch = std::env::consts::ARCH.try_into()?;
    let program: BpfProgram =
        SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?.try_into()?;
    apply_filter(&program)?;
    Ok(())
}

/// A process that holds all pipe pages of this user; ends when dropped.
pub(super) struct Held {
    holder: Child,
}

impl Held {
    /// Starts it and waits until new pipes are small.
    pub(super) fn all() -> anyhow::Result<Self> {
        let mut command = this_program(Pipes::Hold)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = command.spawn().context("cannot hold pipes; is setpriv installed?")?;
        let said = holder.stdout.take().context("the holder has no output")?;
        let held = Self { holder };
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line)?;
        ensure!(line.trim() == HELD, "the pipes of this user cannot be used up: {line:?}");
        Ok(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        // It ends by itself when its input does; there is nobody to tell how.
        let _ = self.holder.wait();
    }
}

/// What the holder prints when new pipes are small.
const HELD: &str = "held";
/// What a new pipe of a user with too many holds at most, in bytes.
const SMALL: i32 = 8 << 10;

fn hold() -> anyhow::Result<()> {
    let mut held = Vec::new();
    loop {
        let (read, write) = pipe().context("too few files may be open to use up all pipe pages")?;
        let size = fcntl(&read, FcntlArg::F_GETPIPE_SZ)?;
        if size <= SMALL {
            break;
        }
        held.push((read, write));
    }
    println!("{HELD}");
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
