//! Who wants to know when a resource changes, in both eras, and the one follower that reads the board's notices for all of
//! them. It runs only while somebody is subscribed.

use super::address;
use super::answer;
use super::server::Options;
use crate::api::{Handle, Notice, Reply, Request, Seq};
use futures::FutureExt;
use rmcp::ErrorData;
use rmcp::model::ResourceUpdatedNotificationParam;
use rmcp::service::{Peer, RequestContext, RoleServer, SubscriptionContext, SubscriptionSink};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Longest wait of the follower for one answer, in milliseconds; then it looks whether anybody is left.
const WAIT_MS: u64 = 30_000;

/// How long one client may take to accept a notice; one that takes longer is no longer told.
const PATIENCE: Duration = Duration::from_secs(5);

/// Most resources that one connection may subscribe to.
const URIS_MAX: usize = 1000;

/// Subscriptions of all connections.
#[derive(Clone)]
pub(super) struct Hub(Arc<Inner>);

struct Inner {
    board: Handle,
    options: Arc<Options>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    subscribers: Vec<Subscriber>,
    following: bool,
    numbers: u64,
}

#[derive(Clone)]
struct Subscriber {
    number: u64,
    way: Way,
    uris: BTreeSet<String>,
    /// Whether it is told when resources come or go.
    list: bool,
}

/// How a subscriber is told.
#[derive(Clone)]
enum Way {
    /// By its connection, until that closes.
    Connection { number: u64, peer: Peer<RoleServer> },
    /// By the stream it opened for this.
    Stream(SubscriptionSink),
}

/// What a notice means for resources.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Change {
    pub(super) updated: BTreeSet<String>,
    pub(super) list: bool,
}

impl Hub {
    pub(super) fn new(board: Handle, options: Arc<Options>) -> Self {
        Self(Arc::new(Inner { board, options, state: Mutex::default() }))
    }

    /// Feeds one stream of the stateless era until it is closed.
    pub(super) async fn listen(&self, context: SubscriptionContext) {
        let accepted = context.accepted();
        let number = self.0.add(Subscriber {
            number: 0,
            way: Way::Stream(context.sink().clone()),
            uris: accepted.resource_subscriptions.iter().flatten().cloned().collect(),
            list: accepted.resources_list_changed == Some(true),
        });
        // Without the board there is nothing to tell; the stream stays open, as the client wants it.
        let _ = self.follow().await;
        tokio::select! {
            () = context.cancelled() => {}
            () = self.0.options.stop.cancelled() => {}
        }
        self.0.with(|state| state.subscribers.retain(|subscriber| subscriber.number != number));
    }

    /// Subscribes a connection of the older era to a resource.
    ///
    /// # Errors
    /// When it has too many subscriptions, or the board does not answer.
    pub(super) async fn subscribe(
        &self,
        connection: u64,
        uri: &str,
        context: &RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let fits = self.0.change(connection, &context.peer, |subscriber| {
            let fits = subscriber.uris.len() < URIS_MAX;
            if fits {
                subscriber.uris.insert(uri.to_owned());
            }
            fits
        });
        if !fits {
            return Err(ErrorData::invalid_params(format!("more than {URIS_MAX} subscriptions"), None));
        }
        self.follow().await.map_err(|error| ErrorData::internal_error(answer::words(&error), None))
    }

    /// Ends a subscription of a connection. One that is not there has ended.
    pub(super) fn unsubscribe(&self, connection: u64, uri: &str) {
        self.0.with(|state| {
            for subscriber in &mut state.subscribers {
                if matches!(&subscriber.way, Way::Connection { number, .. } if *number == connection) {
                    subscriber.uris.remove(uri);
                }
            }
            state.subscribers.retain(|subscriber| subscriber.list || !subscriber.uris.is_empty());
        });
    }

    /// Tells a connection of the older era when resources come or go. The stateless era asks for that by itself.
    pub(super) async fn watch_list(&self, connection: u64, context: &RequestContext<RoleServer>) {
        if !super::is_legacy(context) {
            return;
        }
        self.0.change(connection, &context.peer, |subscriber| subscriber.list = true);
        // The list itself will say what is wrong with the board.
        let _ = self.follow().await;
    }

    /// Makes sure that the follower runs.
    async fn follow(&self) -> Result<(), crate::api::Error> {
        let first = self.0.with(|state| !std::mem::replace(&mut state.following, true));
        if !first {
            return Ok(());
        }
        match self.0.board.ask(Request::Status).await {
            Ok(Reply::Status(status)) => {
                let inner = Arc::clone(&self.0);
                (self.0.options.spawn)(async move { inner.read_notices(status.seq).await }.boxed());
                Ok(())
            }
            answered => {
                self.0.with(|state| state.following = false);
                Err(answered.err().unwrap_or_else(answer::unexpected))
            }
        }
    }
}

impl Inner {
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        // Nothing in here leaves the list half changed, so a panic elsewhere does not make it wrong.
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, subscriber: Subscriber) -> u64 {
        self.with(|state| {
            state.numbers += 1;
            let number = state.numbers;
            state.subscribers.push(Subscriber { number, ..subscriber });
            number
        })
    }

    /// Changes what a connection is told, making it a subscriber first.
    fn change<T>(&self, connection: u64, peer: &Peer<RoleServer>, act: impl FnOnce(&mut Subscriber) -> T) -> T {
        self.with(|state| {
            let of_it = |subscriber: &Subscriber| {
                matches!(&subscriber.way, Way::Connection { number, .. } if *number == connection)
            };
            let at = state.subscribers.iter().position(of_it).unwrap_or_else(|| {
                state.numbers += 1;
                let way = Way::Connection { number: connection, peer: peer.clone() };
                state.subscribers.push(Subscriber { number: state.numbers, way, uris: BTreeSet::new(), list: false });
                state.subscribers.len() - 1
            });
            act(&mut state.subscribers[at])
        })
    }

    async fn read_notices(&self, from: Seq) {
        let mut after = from;
        let mut gone = BTreeSet::new();
        loop {
            let request = Request::Notices { after, task: None, wait_ms: WAIT_MS };
            let answered = tokio::select! {
                answered = self.board.ask(request) => answered,
                () = self.options.stop.cancelled() => break,
            };
            // The board ends, and all connections with it.
            let Ok(Reply::Notices { notices, upto }) = answered else { break };
            after = upto;
            self.tell(change(&notices, &mut gone)).await;
            let over = self.with(|state| {
                state.subscribers.retain(Subscriber::is_there);
                state.following = !state.subscribers.is_empty();
                !state.following
            });
            if over {
                return;
            }
        }
        self.with(|state| state.following = false);
    }

    /// Tells everybody at once, so that a slow client keeps nobody waiting but itself.
    async fn tell(&self, change: Change) {
        if change == Change::default() {
            return;
        }
        let subscribers = self.with(|state| state.subscribers.clone());
        let tellings = subscribers.iter().map(|subscriber| async {
            let told = tokio::time::timeout(PATIENCE, subscriber.tell(&change)).await;
            (!matches!(told, Ok(true))).then_some(subscriber.number)
        });
        let lost: Vec<u64> = futures::future::join_all(tellings).await.into_iter().flatten().collect();
        self.with(|state| state.subscribers.retain(|subscriber| !lost.contains(&subscriber.number)));
    }
}

impl Subscriber {
    fn is_there(&self) -> bool {
        match &self.way {
            Way::Connection { peer, .. } => !peer.is_transport_closed(),
            // A stream takes itself off when it closes.
            Way::Stream(_) => true,
        }
    }

    /// Whether it could be told.
    async fn tell(&self, change: &Change) -> bool {
        for uri in self.uris.intersection(&change.updated) {
            let told = match &self.way {
                Way::Connection { peer, .. } => {
                    peer.notify_resource_updated(ResourceUpdatedNotificationParam::new(uri)).await.is_ok()
                }
                Way::Stream(sink) => sink.notify_resource_updated(uri).await.is_ok(),
            };
            if !told {
                return false;
            }
        }
        if !(self.list && change.list) {
            return true;
        }
        match &self.way {
            Way::Connection { peer, .. } => peer.notify_resource_list_changed().await.is_ok(),
            Way::Stream(sink) => sink.notify_resource_list_changed().await.is_ok(),
        }
    }
}

/// What notices mean for resources. `gone` remembers the memories that were taken away, whose next revision is a coming.
pub(super) fn change(notices: &[Notice], gone: &mut BTreeSet<String>) -> Change {
    let mut change = Change::default();
    for notice in notices {
        if let Some(task) = &notice.task {
            change.updated.insert(address::of_task(task));
            change.list |= notice.event == "task_accepted";
        }
        let Some(name) = notice.facts.get("memory").and_then(|name| name.as_str()) else { continue };
        if notice.event != "memory_revised" {
            continue;
        }
        change.updated.insert(address::of_memory(name));
        let stands = notice.facts.get("hash").is_some_and(|hash| !hash.is_null());
        let first = notice.facts.get("revision").and_then(serde_json::Value::as_u64) == Some(1);
        let came_back = if stands { gone.remove(name) } else { !gone.insert(name.to_owned()) };
        let moved = matches!(notice.facts["change"]["did"].as_str(), Some("renamed_from" | "restored"));
        change.list |= first || !stands || came_back || moved;
    }
    change
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{TaskId, Timestamp};
    use serde_json::{Value, json};

    fn notice(event: &str, task: Option<&str>, facts: Value) -> Notice {
        Notice { seq: Seq(1), at: Timestamp(0), task: task.and_then(TaskId::parse), event: event.to_owned(), facts }
    }

    fn revised(name: &str, revision: u64, did: &str, stands: bool) -> Notice {
        let hash = stands.then_some("aa");
        let facts = json!({ "memory": name, "revision": revision, "change": { "did": did }, "hash": hash });
        notice("memory_revised", None, facts)
    }

    #[test]
    fn the_list_changes_when_something_comes_or_goes_and_not_when_a_text_changes() {
        let mut gone = BTreeSet::new();
        let mut list = |notices: &[Notice]| change(notices, &mut gone).list;
        assert!(list(&[revised("a", 1, "written", true)]));
        assert!(!list(&[revised("a", 2, "written", true)]));
        assert!(list(&[revised("a", 3, "deleted", false)]));
        assert!(list(&[revised("a", 4, "written", true)]), "it came back");
        assert!(!list(&[revised("a", 5, "written", true)]));
        assert!(list(&[notice("task_accepted", Some("t"), json!({}))]));
        assert!(!list(&[notice("attempt_answered", Some("t"), json!({}))]));
        assert!(!list(&[notice("memory_leased", None, json!({ "memory": "a" }))]));
    }

    #[test]
    fn what_changed_is_named_by_its_address() {
        let notices = [revised("sp ace", 2, "written", true), notice("task_ended", Some("t"), json!({}))];
        let updated: Vec<String> = change(&notices, &mut BTreeSet::new()).updated.into_iter().collect();
        assert_eq!(updated, ["memory://sp%20ace", "task://t"]);
    }
}
