//! LiteLLM's proxy as a peer: real provider wires that nobody of this project wrote, on loopback, with the model
//! server behind it for the models that make a real hop.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::model_server::ModelServer;
use super::peers;
use super::process::Grouped;

/// The proxy's key, as its configuration names it.
pub(crate) const KEY: &str = "sk-test-1234";

/// Loading takes 10 to 35 s of processor time; several tests may be doing the like at once.
const READY_WITHIN: Duration = Duration::from_secs(180);

/// A running proxy; killed with everything it started when dropped.
pub(crate) struct LiteLlm {
    addr: SocketAddr,
    child: Grouped,
    folder: TempDir,
}

impl LiteLlm {
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Everything the proxy has printed.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn wait_until_ready(&mut self) {
        let end = Instant::now() + READY_WITHIN;
        while !answers(&self.url()) {
            let ended = self.child.0.try_wait().expect("the proxy can be waited for");
            assert!(ended.is_none(), "the proxy ended with {ended:?}:\n{}", self.log());
            assert!(Instant::now() < end, "the proxy was not ready in time:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Starts the proxy that stands below this root ([`peers::root`]) with `tests/peers/litellm.yaml` in front of the
/// model server, and waits until it answers. `None`, with a loud line, when it is not installed. It takes some 15 s
/// and 450 MB, so one test should ask it many things.
pub(crate) fn start(root: Option<PathBuf>, server: &ModelServer) -> Option<LiteLlm> {
    let found = root.ok_or_else(|| peers::NO_ROOT.to_owned());
    match found.and_then(|root| peers::installed(&root, "litellm", "venv/bin/litellm")) {
        Ok(program) => Some(start_program(&program, server)),
        Err(why) => {
            peers::skipped("litellm", &why);
            None
        }
    }
}

fn start_program(program: &Path, server: &ModelServer) -> LiteLlm {
    let folder = TempDir::with_prefix("synod-litellm-").expect("a scratch folder");
    let log = std::fs::File::create(folder.path().join("log")).expect("a log file");
    let addr = free_port();
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/litellm.yaml");
    let mut command = Command::new(program);
    command
        .args(["--host", "127.0.0.1", "--telemetry", "False", "--port"])
        .arg(addr.port().to_string())
        .arg("--config")
        .arg(config)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder.path())
        .env("LANG", "C.UTF-8")
        // The proxy would otherwise fetch its price table from the internet at start.
        .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        .env("MODEL_SERVER", server.url())
        .env("MODEL_SERVER_V1", server.v1())
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a second handle on the log"))
        .stderr(log);
    let child = Grouped::spawn(&mut command).expect("the proxy starts");
    let mut proxy = LiteLlm { addr, child, folder };
    proxy.wait_until_ready();
    proxy
}

/// A port that was free a moment ago. Another process could take it first; the proxy would then end at once, loudly.
fn free_port() -> SocketAddr {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
    probe.local_addr().expect("the bound address")
}

/// Whether the proxy's liveness page answers 200.
fn answers(url: &str) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(url.trim_start_matches("http://"))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /health/liveliness HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(String::from_utf8_lossy(&head).into_owned())
    };
    ask().is_ok_and(|head| head == "HTTP/1.1 200")
}

mod proof {
    //! What holds of this module on every machine, with or without the proxy.

    use super::{KEY, ModelServer, start, start_program};

    #[test]
    fn without_an_install_there_is_no_proxy() {
        assert!(start(None, &ModelServer::start()).is_none());
    }

    #[test]
    #[should_panic(expected = "the proxy ended with")]
    fn a_proxy_that_ends_is_not_waited_for() {
        let proxy = start_program("/bin/false".as_ref(), &ModelServer::start());
        assert!(proxy.log().is_empty());
    }

    #[test]
    fn the_configuration_has_the_key() {
        let text = include_str!("../../../../../tests/peers/litellm.yaml");
        assert!(text.contains(&format!("master_key: {KEY}")));
    }
}
