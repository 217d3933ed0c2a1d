//! The stream of notices: what it sends, where it goes on, who is cut off, and how it ends.

use super::{LIMITS, Served, served, served_by};
use super::{Limits, Mounts, until};
use crate::api::{Answering, Board, Notice, Reply, Request, Seq, Timestamp};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// A board on which things happen by themselves: three events for each question, up to a last one.
#[derive(Clone)]
struct Busy {
    last: u64,
    asked: Arc<AtomicUsize>,
    /// Bytes of one notice.
    size: usize,
}

impl Board for Busy {
    fn ask(&self, request: Request) -> Answering<'_> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let Request::Notices { after, .. } = request else { return Ok(Reply::Done) };
            if after.0 >= self.last {
                std::future::pending::<()>().await;
            }
            let upto = (after.0 + 3).min(self.last);
            let notice = |seq| Notice {
                seq: Seq(seq),
                at: Timestamp(0),
                task: None,
                event: "happened\nid: 99".into(),
                facts: json!("x".repeat(self.size)),
            };
            Ok(Reply::Notices { notices: (after.0 + 1..=upto).map(notice).collect(), upto: Seq(upto) })
        })
    }
}

fn busy(last: u64, size: usize) -> Busy {
    Busy { last, asked: Arc::default(), size }
}

async fn stream(served: &Served, more: &str) -> BufReader<UnixStream> {
    let mut stream = UnixStream::connect(&served.socket).await.unwrap();
    let head = format!("GET /api/v1/notices{more}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    BufReader::new(stream)
}

/// The next line that begins so.
async fn line(stream: &mut BufReader<UnixStream>, begin: &str) -> String {
    let reading = async {
        loop {
            let mut line = String::new();
            assert_ne!(stream.read_line(&mut line).await.unwrap(), 0, "the stream ended before {begin}");
            if line.starts_with(begin) {
                return line.trim_end().to_owned();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), reading).await.unwrap()
}

const SSE: &str = " HTTP/1.1\r\nhost: x\r\naccept: text/html;q=0.1, Text/Event-Stream";

#[tokio::test]
async fn each_notice_is_an_event_that_can_be_gone_on_from() {
    let served = served_by(busy(7, 1), LIMITS, Mounts::default()).await;
    let mut all = stream(&served, SSE).await;
    assert!(line(&mut all, "content-type:").await.ends_with("text/event-stream"));
    line(&mut all, ": notices").await;
    for seq in 1..=7 {
        assert_eq!(line(&mut all, "id:").await, format!("id: {seq}"));
        let data = line(&mut all, "data:").await;
        assert_eq!(serde_json::from_str::<Notice>(&data[6..]).unwrap().seq, Seq(seq));
    }
    let mut rest = stream(&served, &format!("?after=1{SSE}\r\nlast-event-id: 5")).await;
    assert_eq!(line(&mut rest, "id:").await, "id: 6");
    let mut after = stream(&served, &format!("?after=3{SSE}")).await;
    assert_eq!(line(&mut after, "id:").await, "id: 4");
    let mut odd = stream(&served, &format!("{SSE}\r\nlast-event-id: x")).await;
    assert!(line(&mut odd, "HTTP/1.1").await.contains(" 400 "));
}

#[tokio::test]
async fn the_end_of_the_face_ends_the_stream() {
    let served = served_by(busy(1, 1), LIMITS, Mounts::default()).await;
    let mut reader = stream(&served, SSE).await;
    line(&mut reader, "id: 1").await;
    served.stop.cancel();
    // The last chunk says that the stream ended as it should.
    line(&mut reader, "0").await;
    served.serving.await.unwrap();
}

#[tokio::test]
async fn a_reader_that_does_not_read_costs_little_and_is_cut_off() {
    let limits = Limits { write_timeout: Duration::from_millis(200), ..LIMITS };
    let board = busy(u64::MAX, 100_000);
    let served = served_by(board.clone(), limits, Mounts::default()).await;
    let reader = stream(&served, SSE).await;
    until(|| board.asked.load(Ordering::SeqCst) > 0).await;
    // Nothing is read, so nothing more is asked for; the place is free again when the reader has been cut off.
    let mut stream = reader.into_inner();
    let ended = async {
        let mut seen = 0;
        loop {
            tokio::time::sleep(limits.write_timeout * 2).await;
            let now = board.asked.load(Ordering::SeqCst);
            if now == seen {
                return now;
            }
            seen = now;
        }
    };
    let asked = tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap();
    assert!(asked < 20, "{asked} questions for a reader that took none");
    let mut all = Vec::new();
    let end = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut all).await;
    assert!(end.is_err() || !all.ends_with(b"0\r\n\r\n"), "cut off, not ended");
}

#[tokio::test]
async fn without_being_asked_for_a_stream_it_answers_once() {
    let served = served(Ok(Reply::Done)).await;
    let said = served.get("/api/v1/notices?after=4&wait_ms=1").await;
    assert!(said.contains("content-type: application/json\r\n"), "{said}");
}
