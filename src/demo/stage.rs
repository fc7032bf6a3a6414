//! The stage: one evaluation appliance, its daemon, three people and the jobs, driven by the real binary.

use std::ffi::OsStr;
use std::io::{BufRead as _, Read as _, Write as _};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::output::system;
pub use super::output::{Output, StageError};

/// The people, all of them operators and custodians.
pub const PEOPLE: [&str; 3] = ["alice", "bob", "carol"];
/// The credential of the story.
pub const CREDENTIAL: &str = "racf/prod01";
/// Its value.
pub const SECRET: &[u8] = b"S3CRET#1";

/// What somebody types to open their key file; it protects an evaluation and nothing else.
pub fn passphrase(person: &str) -> String {
    format!("{person} opens the gate")
}

/// One appliance and its daemon.
pub struct Stage {
    program: PathBuf,
    home: PathBuf,
    daemon: Option<Child>,
    /// A job that waits.
    pub job: Option<Child>,
    /// The request it waits for.
    pub request: Option<String>,
}

impl Stage {
    /// How long anything may take before it counts as stuck.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// A stage for an appliance in `home`.
    ///
    /// # Errors
    /// [`StageError::System`].
    pub fn set(program: PathBuf, home: PathBuf) -> Result<Self, StageError> {
        let made = crate::services::home::make_home(&home).map_err(std::io::Error::other);
        let made = made.and_then(|()| std::fs::create_dir_all(home.join("demo")));
        made.map_err(system("the folder of the demonstration"))?;
        let home = home.canonicalize().map_err(system("the folder of the demonstration"))?;
        Ok(Self { program, home, daemon: None, job: None, request: None })
    }

    /// The appliance's home.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// A file of the play, beside the appliance's own.
    pub fn prop(&self, name: &str) -> PathBuf {
        self.home.join("demo").join(name)
    }

    /// Writes the answers of set-up, for `people` with a quorum of two.
    ///
    /// # Errors
    /// [`StageError::System`].
    pub fn write_answers(&self, tcti: &str) -> Result<PathBuf, StageError> {
        let mut text = format!(
            "appliance = \"demo\"\ntrust_domain = \"example.org\"\ntcti = \"{tcti}\"\npcrs = \"sha256:0,2,4,7\"\n\
             quorum = 2\nrecovery = {{ k = 3, n = 5, out = \"shares\" }}\n"
        );
        for person in PEOPLE {
            let file = format!("{person}.passphrase");
            std::fs::write(self.prop(&file), passphrase(person) + "\n")
                .map_err(system("a passphrase file"))?;
            text += &format!(
                "\n[[operator]]\nid = \"{person}\"\nroles = [\"operator\", \"custodian\", \"auditor\"]\n\
                 key_file = \"../operators/{person}.pcop\"\npassphrase_file = \"{file}\"\n"
            );
        }
        let answers = self.prop("answers.toml");
        std::fs::write(&answers, text).map_err(system("the answers of set-up"))?;
        Ok(answers)
    }

    /// Sets the appliance up with its own software TPM.
    ///
    /// # Errors
    /// [`StageError`].
    pub fn found(&self) -> Result<(), StageError> {
        self.found_on("swtpm")
    }

    /// Sets the appliance up with the TPM at `tcti`.
    ///
    /// # Errors
    /// [`StageError`].
    pub fn found_on(&self, tcti: &str) -> Result<(), StageError> {
        let answers = self.write_answers(tcti)?;
        let args = [OsStr::new("setup"), OsStr::new("--answers"), answers.as_os_str()];
        self.run(None, args, b"")?.expect(0, "set-up").map(drop)
    }

    fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--home").arg(&self.home).args(args);
        command.env_remove("PORTCULLIS_HOME").env_remove("PORTCULLIS_KEY");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the binary to its end, as nobody or as one of the people, with `input` on standard input.
    ///
    /// # Errors
    /// [`StageError::System`].
    pub fn run<S: AsRef<OsStr>>(
        &self,
        person: Option<&str>,
        args: impl IntoIterator<Item = S>,
        input: &[u8],
    ) -> Result<Output, StageError> {
        let Some(person) = person else { return finish(self.command(args), input) };
        let (pipe, number) = passphrase_pipe(&passphrase(person))?;
        let mut command = self.command(["--operator", person, "--passphrase-fd", &number.to_string()]);
        command.args(args);
        let output = finish(command, input);
        drop(pipe);
        output
    }

    /// Runs the binary with a passphrase and nothing on standard input.
    ///
    /// # Errors
    /// [`StageError::System`].
    pub fn run_with_passphrase(&self, passphrase: &str, args: &[&str]) -> Result<Output, StageError> {
        let (pipe, number) = passphrase_pipe(passphrase)?;
        let mut command = self.command(["--passphrase-fd", &number.to_string()]);
        command.args(args);
        let output = finish(command, b"");
        drop(pipe);
        output
    }

    /// A copy of the binary that everybody may run.
    ///
    /// # Errors
    /// [`StageError::System`].
    pub fn copy_program(&self, name: &str) -> Result<PathBuf, StageError> {
        let copy = self.prop(name);
        std::fs::copy(&self.program, &copy).map_err(system("a copy of the program"))?;
        Ok(copy)
    }

    /// Runs the binary as one of the people and expects success.
    ///
    /// # Errors
    /// [`StageError`].
    pub fn does(&self, person: &str, args: &[&str]) -> Result<Output, StageError> {
        self.run(Some(person), args, b"")?.expect(0, &format!("{person}: {}", args.join(" ")))
    }

    /// Starts the daemon and waits until it answers.
    ///
    /// # Errors
    /// [`StageError::Step`] with what it said when it did not.
    pub fn serve(&mut self) -> Result<(), StageError> {
        let mut child = self
            .command(["serve"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(system("the daemon"))?;
        // Piped one line above.
        let stderr = child.stderr.take().expect("standard error is a pipe");
        let mut lines = std::io::BufReader::new(stderr).lines();
        let mut said = String::new();
        for line in lines.by_ref().map_while(Result::ok) {
            if line.contains("the gate is kept") {
                let log =
                    std::fs::File::create(self.prop("daemon.log")).map_err(system("the daemon's log"))?;
                copy_in_background(lines, log);
                self.daemon = Some(child);
                return Ok(());
            }
            said.push_str(&line);
            said.push('\n');
        }
        let status = child.wait().map_err(system("the daemon"))?;
        Err(StageError::Step { what: "serve".to_owned(), saw: format!("{status}: {}", said.trim()) })
    }

    /// The daemon's process number.
    pub fn daemon_pid(&self) -> Option<u32> {
        self.daemon.as_ref().map(Child::id)
    }

    /// Stops the daemon in order.
    ///
    /// # Errors
    /// [`StageError`].
    pub fn stop(&mut self) -> Result<(), StageError> {
        let Some(mut child) = self.daemon.take() else { return Ok(()) };
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)
            .map_err(|error| StageError::System { what: "stop the daemon", cause: error.into() })?;
        let status = child.wait().map_err(system("stop the daemon"))?;
        if status.success() {
            Ok(())
        } else {
            Err(StageError::Step { what: "stop".to_owned(), saw: status.to_string() })
        }
    }

    /// Kills the daemon, as a loss of power to its process would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.daemon.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }

    /// Stops everything that was started.
    pub fn strike(&mut self) {
        if self.stop().is_err() {
            self.kill();
        }
        // Where the TPM is not the appliance's own, there is nothing to stop.
        drop(self.run(None, ["softtpm", "stop"], b""));
    }

    /// The first request that collects approvals.
    ///
    /// # Errors
    /// [`StageError::Step`] when none comes in time.
    pub fn wait_for_request(&self) -> Result<String, StageError> {
        self.wait_for("a request", || {
            let listed = self.does("bob", &["requests", "--json"])?.text();
            let listed: serde_json::Value = serde_json::from_str(&listed).unwrap_or_default();
            Ok(listed[0]["doc"]["id"].as_str().map(str::to_owned))
        })
    }

    /// Looks again and again until `look` finds something.
    ///
    /// # Errors
    /// [`StageError`].
    pub fn wait_for<T>(
        &self,
        what: &str,
        mut look: impl FnMut() -> Result<Option<T>, StageError>,
    ) -> Result<T, StageError> {
        const STEP: Duration = Duration::from_millis(200);
        for _ in 0..Self::PATIENCE.as_millis() / STEP.as_millis() {
            if let Some(found) = look()? {
                return Ok(found);
            }
            std::thread::park_timeout(STEP);
        }
        Err(StageError::Step { what: format!("wait for {what}"), saw: "nothing came".to_owned() })
    }

    /// Pulls as a job and waits for the end.
    ///
    /// # Errors
    /// [`StageError::System`].
    pub fn pull(&self, job: &str, credential: &str) -> Result<Output, StageError> {
        self.run(None, ["pull", credential, "--job", job, "--timeout", "50s"], b"")
    }

    /// The same with another program, or as another user.
    ///
    /// # Errors
    /// [`StageError::System`].
    pub fn pull_as(
        &self,
        program: &Path,
        uid: Option<u32>,
        job: &str,
        credential: &str,
    ) -> Result<Output, StageError> {
        let mut command = Command::new(program);
        command.arg("--home").arg(&self.home).args(["pull", credential, "--job", job, "--timeout", "50s"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).current_dir("/");
        if let Some(uid) = uid {
            command.uid(uid).gid(uid);
        }
        finish(command, b"")
    }

    /// Starts a pull that will wait.
    ///
    /// # Errors
    /// [`StageError::System`].
    pub fn pull_in_background(&self, job: &str, credential: &str) -> Result<Child, StageError> {
        let mut command = self.command(["pull", credential, "--job", job]);
        command.stdin(Stdio::null()).spawn().map_err(system("a job"))
    }

    /// What a background pull got; `None` when it still waits, and then it is ended.
    ///
    /// # Errors
    /// [`StageError::System`].
    pub fn collect(&self, job: &mut Child) -> Result<Option<Output>, StageError> {
        const STEP: Duration = Duration::from_millis(50);
        for _ in 0..40 {
            if let Some(status) = job.try_wait().map_err(system("a job"))? {
                return read_rest(job, status).map(Some);
            }
            std::thread::park_timeout(STEP);
        }
        drop(job.kill());
        job.wait().map_err(system("a job"))?;
        Ok(None)
    }

    /// Opens the console on this terminal until the people leave it.
    ///
    /// # Errors
    /// [`StageError::System`].
    pub fn console(&self) -> Result<ExitStatus, StageError> {
        let mut command = self.command(["console"]);
        command.stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit());
        command.status().map_err(system("the console"))
    }

    /// Waits for Enter at the terminal.
    ///
    /// # Errors
    /// [`StageError::System`].
    pub fn pause(&self, prompt: &str) -> Result<(), StageError> {
        let tty = std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty");
        let mut tty = tty.map_err(system("the terminal"))?;
        write!(tty, "{prompt} ").map_err(system("the terminal"))?;
        let mut line = String::new();
        std::io::BufReader::new(tty).read_line(&mut line).map_err(system("the terminal"))?;
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.strike();
    }
}

/// The user that plays.
pub fn my_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// A pipe with a passphrase in it, whose reading end children inherit.
fn passphrase_pipe(passphrase: &str) -> Result<(OwnedFd, i32), StageError> {
    let fail = |error: rustix::io::Errno| StageError::System { what: "a pipe", cause: error.into() };
    let (read, write) = rustix::pipe::pipe().map_err(fail)?;
    rustix::io::fcntl_setfd(&write, rustix::io::FdFlags::CLOEXEC).map_err(fail)?;
    std::fs::File::from(write).write_all(format!("{passphrase}\n").as_bytes()).map_err(system("a pipe"))?;
    let number = read.as_raw_fd();
    Ok((read, number))
}

fn finish(mut command: Command, input: &[u8]) -> Result<Output, StageError> {
    let mut child = command.spawn().map_err(system("the program"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input has refused before it got there.
        drop(stdin.write_all(input));
    }
    let output = child.wait_with_output().map_err(system("the program"))?;
    Ok(Output {
        code: output.status.code().unwrap_or(255),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

fn read_rest(child: &mut Child, status: ExitStatus) -> Result<Output, StageError> {
    let (mut stdout, mut stderr) = (Vec::new(), String::new());
    if let Some(mut pipe) = child.stdout.take() {
        pipe.read_to_end(&mut stdout).map_err(system("a job"))?;
    }
    if let Some(mut pipe) = child.stderr.take() {
        pipe.read_to_string(&mut stderr).map_err(system("a job"))?;
    }
    Ok(Output { code: status.code().unwrap_or(255), stdout, stderr })
}

fn copy_in_background(
    lines: impl Iterator<Item = std::io::Result<String>> + Send + 'static,
    mut log: std::fs::File,
) {
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if writeln!(log, "{line}").is_err() {
                return;
            }
        }
    });
}
