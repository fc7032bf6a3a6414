//! What a verb knows of the world: the options of every verb, the home, and the screen.

use std::path::{Path, PathBuf};

use super::args::Global;
use super::plain::Paper;
use super::render::Screen;
use crate::console::Environment;
use crate::domain::home::Home;

/// What every verb is handed.
#[derive(Clone, Debug)]
pub struct Context {
    /// The options of every verb.
    pub global: Global,
    /// Where the appliance keeps its things.
    pub home: Home,
    /// Standard output.
    pub screen: Screen,
    /// What the environment says of the terminal.
    pub environment: Environment,
    /// What to write on when everything is to be told in lines, for a screen reader or a teletype.
    pub paper: Option<Paper>,
}

impl Context {
    /// Finds the home that the options, or else the person, stand for; `plain` is how to tell things.
    pub fn new(mut global: Global, plain: bool) -> Self {
        // Read here and not by the parser, which would take them for options in its usage lines.
        let named =
            |variable| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
        global.home = global.home.or_else(|| named("PORTCULLIS_HOME"));
        global.key = global.key.or_else(|| named("PORTCULLIS_KEY"));
        let is_root = rustix::process::geteuid().is_root();
        let system_exists = Path::new(Home::SYSTEM_DIR).is_dir();
        let home = choose_home(global.home.clone(), is_root && system_exists, std::env::home_dir());
        let screen = Screen { json: global.json };
        let environment = environment();
        let paper = plain.then(|| Paper::of(&environment));
        Self { global, home, screen, environment, paper }
    }

    /// The keeper's socket for operators.
    pub fn operator_socket(&self) -> PathBuf {
        self.socket(Home::operator_socket)
    }

    /// The keeper's socket for jobs.
    pub fn pull_socket(&self) -> PathBuf {
        self.socket(Home::pull_socket)
    }

    /// The socket below the home; for a person without an appliance of their own, the installed one's.
    fn socket(&self, of: fn(&Home) -> PathBuf) -> PathBuf {
        let (own, installed) = (of(&self.home), of(&Home::at(Home::SYSTEM_DIR)));
        let elsewhere = self.global.home.is_none() && !own.exists() && installed.exists();
        if elsewhere { installed } else { own }
    }
}

#[allow(clippy::disallowed_methods, reason = "the command line reads the environment for everybody")]
fn environment() -> Environment {
    Environment::read(|name| std::env::var(name).ok())
}

/// The home named, else the installed one where `prefer_system`, else `.portcullis` in the person's folder.
fn choose_home(named: Option<PathBuf>, prefer_system: bool, person: Option<PathBuf>) -> Home {
    match (named, person) {
        (Some(dir), _) => Home::at(std::path::absolute(&dir).unwrap_or(dir)),
        (None, _) if prefer_system => Home::at(Home::SYSTEM_DIR),
        (None, Some(person)) => Home::at(person.join(".portcullis")),
        (None, None) => Home::at(Home::SYSTEM_DIR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_is_the_one_named_then_the_installed_one_then_the_persons() {
        let person = || Some(PathBuf::from("/home/al"));
        let cases = [
            ("named", Some("/srv/p"), true, person(), "/srv/p"),
            ("root, installed", None, true, person(), Home::SYSTEM_DIR),
            ("not installed", None, false, person(), "/home/al/.portcullis"),
            ("nobody's folder", None, false, None, Home::SYSTEM_DIR),
        ];
        for (name, named, prefer_system, person, dir) in cases {
            let home = choose_home(named.map(PathBuf::from), prefer_system, person);
            assert_eq!(home.dir(), Path::new(dir), "{name}");
        }
    }
}
