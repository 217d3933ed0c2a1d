//! MCP clients without a library, so that only the servers are measured: lines over the standard streams of a program, and
//! requests over one HTTP connection. The clock runs from the first byte written to the last byte read.

use super::process::Process;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// A server that can be asked.
pub(crate) trait Server {
    /// Asks, and how long the answer took.
    fn ask(&mut self, method: &str, params: Value) -> (Duration, Value);

    /// Calls a tool that must do as asked.
    fn call(&mut self, tool: &str, arguments: Value) -> (Duration, Value) {
        let (took, mut reply) = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        let result = reply["result"].take();
        assert!(result.is_object() && result["isError"] != true, "{tool}: {reply} {result}");
        (took, result)
    }
}

/// A server behind standard streams, ended with the value.
pub(crate) struct Piped {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    asked: u64,
    /// From the start of the process to the answer that opens the conversation.
    pub(crate) opened_after: Duration,
}

impl Piped {
    /// Starts a server and opens the conversation.
    pub(crate) fn start(command: &mut Command) -> Self {
        let start = Instant::now();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut server = Self { child, input, output, asked: 0, opened_after: Duration::ZERO };
        let opening = json!({
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "bench", "version": "1" }
        });
        let (_, opened) = server.ask("initialize", opening);
        server.opened_after = start.elapsed();
        assert!(opened["result"].is_object(), "{opened}");
        server.input.write_all(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n").unwrap();
        server
    }

    pub(crate) fn process(&self) -> Process {
        Process(self.child.id())
    }
}

impl Server for Piped {
    fn ask(&mut self, method: &str, params: Value) -> (Duration, Value) {
        self.asked += 1;
        let request = json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params });
        let line = format!("{request}\n");
        let start = Instant::now();
        self.input.write_all(line.as_bytes()).unwrap();
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the server went away at {method}");
            let took = start.elapsed();
            let reply: Value = serde_json::from_str(&line).unwrap();
            if reply["id"] == self.asked {
                return (took, reply);
            }
        }
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection to a daemon's port that speaks the stateless revision.
pub(crate) struct Http {
    stream: BufReader<TcpStream>,
    head: String,
    asked: u64,
}

impl Http {
    pub(crate) fn connect(port: u16, token: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n"
        );
        Self { stream: BufReader::new(stream), head, asked: 0 }
    }

    /// The body of the answer.
    fn body(&mut self) -> String {
        let (mut length, mut chunked) = (0, false);
        let mut status = None;
        loop {
            let mut line = String::new();
            assert!(self.stream.read_line(&mut line).unwrap() > 0, "the daemon closed the connection");
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            status.get_or_insert_with(|| line.clone());
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
        }
        let mut body = Vec::new();
        if chunked {
            loop {
                let mut size = String::new();
                self.stream.read_line(&mut size).unwrap();
                let size = u64::from_str_radix(size.trim(), 16).unwrap();
                let mut chunk = Vec::new();
                self.stream.by_ref().take(size + 2).read_to_end(&mut chunk).unwrap();
                body.extend_from_slice(&chunk[..chunk.len() - 2]);
                if size == 0 {
                    break;
                }
            }
        } else {
            self.stream.by_ref().take(length).read_to_end(&mut body).unwrap();
        }
        let body = String::from_utf8(body).unwrap();
        assert!(status.is_some_and(|status| status.contains(" 200")), "{body}");
        body
    }
}

impl Server for Http {
    fn ask(&mut self, method: &str, mut params: Value) -> (Duration, Value) {
        self.asked += 1;
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "bench", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let name = params["name"].as_str().map(|name| format!("Mcp-Name: {name}\r\n")).unwrap_or_default();
        let body = json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params }).to_string();
        let request =
            format!("{}Mcp-Method: {method}\r\n{name}Content-Length: {}\r\n\r\n{body}", self.head, body.len());
        let start = Instant::now();
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let body = self.body();
        let took = start.elapsed();
        // An answer may come as a stream of events with one event.
        let reply = body.lines().find_map(|line| line.strip_prefix("data: {")).map(|line| format!("{{{line}"));
        (took, serde_json::from_str(&reply.unwrap_or(body)).unwrap())
    }
}

/// The least that a server of this kind can do: reads a line, finds what was asked, answers with the text it was given.
pub(crate) fn echo() {
    let mut input = std::io::stdin().lock();
    let mut output = std::io::stdout().lock();
    let mut line = String::new();
    while input.read_line(&mut line).unwrap() > 0 {
        let asked: Value = serde_json::from_str(&line).unwrap();
        if !asked["id"].is_null() {
            let text = asked["params"]["arguments"]["text"].as_str().unwrap_or_default();
            let result =
                json!({ "content": [{ "type": "text", "text": text }], "structuredContent": { "result": text } });
            let reply = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result });
            output.write_all(format!("{reply}\n").as_bytes()).unwrap();
            output.flush().unwrap();
        }
        line.clear();
    }
}
