//! A server on loopback that sends exactly the bytes it is told to, and then closes or keeps the connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// What is done with one request. Every answer ends its connection.
pub(crate) enum Answer {
    /// Sends the bytes and closes.
    Close(Vec<u8>),
    /// Sends the bytes, then nothing until the client leaves.
    Hold(Vec<u8>),
    /// Sends the first bytes, then the second again and again until the client leaves.
    Flood(Vec<u8>, Vec<u8>),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The request line and headers, in lower case.
    pub(crate) head: String,
    /// The body; null when it is no JSON.
    pub(crate) body: Value,
}

/// A running server. Its threads end with the test process.
pub(crate) struct OddServer {
    addr: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    gone: Mutex<Receiver<()>>,
}

impl OddServer {
    /// Answers every request by this function.
    pub(crate) fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port");
        let addr = listener.local_addr().expect("the bound address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (leave, gone) = channel();
        let (answer, record) = (Arc::new(answer), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, record, leave) = (Arc::clone(&answer), Arc::clone(&record), leave.clone());
                std::thread::spawn(move || serve(stream, &*answer, &record, &leave));
            }
        });
        Self { addr, seen, gone: Mutex::new(gone) }
    }

    /// Sends the same bytes to everybody and closes.
    pub(crate) fn saying(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |_| Answer::Close(bytes.clone()))
    }

    /// The base address of its OpenAI-shaped wire.
    pub(crate) fn v1(&self) -> String {
        format!("http://{}/v1/", self.addr)
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().expect("the record").clone()
    }

    /// Waits until a client has left a held or flooded connection; false when none did in time.
    pub(crate) fn client_left(&self) -> bool {
        self.gone.lock().expect("the channel").recv_timeout(Duration::from_secs(20)).is_ok()
    }
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&Request) -> Answer, record: &Mutex<Vec<Request>>, leave: &Sender<()>) {
    let Some(request) = read(&stream) else { return };
    record.lock().expect("the record").push(request.clone());
    match answer(&request) {
        Answer::Close(bytes) => {
            // The client may have left already; then there is nobody to tell.
            let _ = stream.write_all(&bytes);
        }
        Answer::Hold(bytes) => {
            let _ = stream.write_all(&bytes);
            let _ = stream.read(&mut [0]);
            let _ = leave.send(());
        }
        Answer::Flood(first, again) => {
            let _ = stream.write_all(&first);
            while stream.write_all(&again).is_ok() {}
            let _ = leave.send(());
        }
    }
}

/// Reads one request; none when the client left before its end.
fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { head, body: serde_json::from_slice(&body).unwrap_or_default() })
}

/// A whole response with a length.
pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    format!("HTTP/1.1 {status} Odd\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
        .into_bytes()
}

/// The beginning of an event stream whose end is the connection's.
pub(crate) fn events(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\n\r\n{body}").into_bytes()
}
