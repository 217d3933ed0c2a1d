//! `synod login`: a person logs in at the server of a worker. Here are the worker's settings and the browser; the login itself
//! is the worker room's.

use super::error::Error;
use super::place::Place;
use crate::config::{self, Environment};
use crate::worker;
use crate::worker::login::LoginParts;
use std::path::{Path, PathBuf};

pub use crate::worker::login::Login;

/// Begins the login of a worker; `anew`: also where it is let in already.
///
/// # Errors
/// When there is no such worker, or there can be no login.
pub async fn login(place: &Place, name: &str, anew: bool) -> Result<Login, Error> {
    let workers = place.workers();
    let Some(worker) = workers.get(name) else {
        let near = config::nearest(name, workers.keys().map(String::as_str));
        let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        return Err(Error::Settings { what: format!("there is no worker {name}{near}") });
    };
    let parts = LoginParts {
        name,
        worker,
        environment: &place.environment,
        limits: &place.loaded.settings.limits,
        homes: place.layout.dot_synod.join("homes"),
    };
    super::engine::make_private(&place.layout.dot_synod)?;
    Ok(Box::pin(worker::login::begin(parts, anew)).await?)
}

/// Opens the address in the person's browser, where there is one; gives whether it was tried.
pub fn open_browser(place: &Place, address: &str) -> bool {
    let opened = browser(&place.environment, address).map(|(program, args)| worker::open(&program, &args));
    opened.is_some_and(|opened| opened.is_ok())
}

/// The program that opens an address: the one of `$BROWSER`, else the desktop's own.
fn browser(environment: &Environment, address: &str) -> Option<(PathBuf, Vec<String>)> {
    let wishes = environment.text("BROWSER").unwrap_or_default().split(':');
    let wished = wishes.filter_map(|wish| {
        let mut words = wish.split_whitespace();
        let program = config::find_program(Path::new(words.next()?), environment)?;
        let mut args: Vec<String> = words.map(|word| word.replace("%s", address)).collect();
        if !wish.contains("%s") {
            args.push(address.to_owned());
        }
        Some((program, args))
    });
    let desktop = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| environment.get(name).is_some());
    let usual = (desktop || cfg!(target_os = "macos")).then_some(["xdg-open", "open"]).into_iter().flatten();
    let usual = usual.filter_map(|name| config::find_program(Path::new(name), environment));
    wished.chain(usual.map(|program| (program, vec![address.to_owned()]))).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_that_a_person_names_comes_first() {
        let of = |browser: &str| browser_of(&[("PATH", "/usr/bin:/bin"), ("BROWSER", browser)]);
        let found = of("no-such-program:env -i %s --new:sh");
        assert!(
            found.is_some_and(|(program, args)| program.ends_with("env") && args == ["-i", "https://x.org", "--new"])
        );
        assert!(of("sh").is_some_and(|(program, args)| program.ends_with("sh") && args == ["https://x.org"]));
        assert_eq!(of(""), None, "there is no desktop");
    }

    fn browser_of(variables: &[(&str, &str)]) -> Option<(PathBuf, Vec<String>)> {
        browser(&Environment::of(variables.iter().copied()), "https://x.org")
    }
}
