//! A scripted model server on loopback: it speaks the wires of the common model providers, answers what the test
//! told it to, and remembers every call it was sent.
//!
//! It runs on threads of its own inside the test process, so a blocking test, or one that kills the daemon, uses it
//! through [`ModelServer`] without a runtime. Dropping the handle closes every connection.

mod anthropic;
mod gemini;
mod ollama;
mod openai_chat;
mod openai_responses;
mod proof;
mod record;
mod request;
mod respond;
mod routes;
mod script;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

pub(crate) use record::{Auth, Outcome, Seen};
pub(crate) use script::{Gate, On, Reply, ToolCall, Usage};
pub(crate) use wire::Wire;

/// A running server. Scripting and looking back are safe from any thread, at any time.
pub(crate) struct ModelServer {
    addr: SocketAddr,
    shared: Arc<routes::Shared>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ModelServer {
    /// Binds a free loopback port and answers from the moment this returns. Every call gets `MODEL-OK` until scripted.
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("bind a loopback port");
        listener.set_nonblocking(true).expect("a non-blocking listener");
        let addr = listener.local_addr().expect("the bound address");
        let shared = Arc::new(routes::Shared::default());
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("model-server".to_owned())
            .spawn(move || serve(listener, served, stopped))
            .expect("a thread for the model server");
        Self { addr, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// The root, `http://127.0.0.1:PORT`, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The root of the OpenAI-shaped wires, `…/v1`; Ollama's compatible server answers there too.
    pub(crate) fn v1(&self) -> String {
        format!("{}/v1", self.url())
    }

    /// The port, for configuration that wants it alone.
    pub(crate) fn port(&self) -> u16 {
        self.addr.port()
    }

    /// Answers calls that match with these replies in turn, each once; afterwards the rule no longer matches.
    /// Rules are tried in the order they were made.
    pub(crate) fn queue(&self, on: On, replies: impl IntoIterator<Item = Reply>) {
        self.shared.script().queue(on, replies);
    }

    /// Answers every call that matches with this reply, for as long as the server runs.
    pub(crate) fn always(&self, on: On, reply: Reply) {
        self.shared.script().always(on, reply);
    }

    /// What a call gets that no rule matches.
    pub(crate) fn otherwise(&self, answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) {
        self.shared.script().otherwise(Arc::new(answer));
    }

    /// Every generating call so far, in order of arrival.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.record().calls()
    }

    /// Requests that were not for an answer: token counts, model lists, unknown paths; as `METHOD path`.
    pub(crate) fn strays(&self) -> Vec<String> {
        self.shared.record().strays()
    }

    /// How many calls carried this marker in their last user message, however they ended.
    pub(crate) fn count_for(&self, marker: &str) -> usize {
        self.seen().iter().filter(|call| call.prompt.contains(marker)).count()
    }

    /// How many calls with this marker were answered to the last byte: the ones a provider would bill.
    pub(crate) fn paid_for(&self, marker: &str) -> usize {
        let paid = |call: &&Seen| call.outcome == Outcome::Answered && call.prompt.contains(marker);
        self.seen().iter().filter(paid).count()
    }

    /// Waits until the calls so far satisfy the condition; false when the deadline passed first.
    pub(crate) fn wait_until(&self, deadline: Duration, reached: impl Fn(&[Seen]) -> bool) -> bool {
        self.shared.wait_until(deadline, reached)
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server thread has been printed; failing again inside a drop would hide the test's own.
            let _ = thread.join();
        }
    }
}

/// The body of the server's thread: answers until the handle is dropped, then cuts whatever is still open.
fn serve(listener: std::net::TcpListener, shared: Arc<routes::Shared>, stopped: tokio::sync::oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("model-server-io")
        .enable_all()
        .build()
        .expect("a runtime for the model server");
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener on the runtime");
        tokio::select! {
            served = axum::serve(listener, routes::router(shared)) => served.expect("the model server serves"),
            _ = stopped => {}
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
}
