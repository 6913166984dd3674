//! Who looks on: where each is, and how far behind.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing::debug;

use crate::feed::Feed;
use crate::socket::Policy;
use crate::stage::now;
use crate::topics::{Filter, Named, short};

/// Who asks by REST is remembered for so long after a request.
const REMEMBERED: Duration = Duration::from_secs(60);
/// So many of them at most.
const ASKERS: usize = 1000;

/// How somebody looks on.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Door {
    /// By WebSocket.
    WebSocket,
    /// By server-sent events.
    ServerSentEvents,
    /// By asking for the events after a position again and again; told for a minute after the last time.
    Rest,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Peer(pub SocketAddr);

/// What a client wants, and of which order of events.
#[derive(Clone, Debug)]
struct Wish {
    epoch: Arc<str>,
    filter: Filter,
    policy: Policy,
}

/// One who looks on.
#[derive(Debug)]
pub struct Client {
    door: Door,
    peer: Peer,
    since: Instant,
    seen: AtomicU64,
    catches_up: AtomicBool,
    /// Nobody waits for it as long as it stays here.
    left_at: AtomicU64,
    gaps: AtomicU64,
    wish: Mutex<Wish>,
}

impl Client {
    /// It has been sent everything that it wanted up to this number.
    pub fn at(&self, seen: u64, catches_up: bool) {
        self.seen.store(seen, Ordering::Relaxed);
        self.catches_up.store(catches_up, Ordering::Relaxed);
    }

    /// Up to which number it has been sent everything.
    pub fn seen(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }

    /// It wants something else, or finds itself in another order of events.
    pub fn wants(&self, epoch: &Arc<str>, filter: &Filter, policy: Policy) {
        *self.wish() = Wish {
            epoch: epoch.clone(),
            filter: filter.clone(),
            policy,
        };
    }

    /// It has been told of a gap.
    pub fn told_of_gap(&self) {
        self.gaps.fetch_add(1, Ordering::Relaxed);
    }

    /// Is not waited for any more before it moves.
    pub fn leave(&self) {
        self.left_at.store(self.seen(), Ordering::Relaxed);
    }

    /// Nobody waits for those who look at what is past.
    fn counts(&self) -> bool {
        let catches_up = self.catches_up.load(Ordering::Relaxed);
        !catches_up && self.seen() != self.left_at.load(Ordering::Relaxed)
    }

    fn wish(&self) -> MutexGuard<'_, Wish> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who asks by REST, from one address and for the same streams.
#[derive(Clone, Debug)]
struct Asker {
    number: u64,
    since: Instant,
    heard: Instant,
    epoch: Arc<str>,
    seen: u64,
}

/// All who look on.
#[derive(Debug, Default)]
pub struct Clients {
    next: AtomicU64,
    connected: Mutex<BTreeMap<u64, Weak<Client>>>,
    askers: Mutex<BTreeMap<(IpAddr, Filter), Asker>>,
}

/// A client as long as it is connected.
#[derive(Debug)]
pub struct Joined {
    client: Arc<Client>,
    number: u64,
    of: Arc<Clients>,
}

impl Joined {
    /// Its number since the server was started.
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl Deref for Joined {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        self.of.connected().remove(&self.number);
        let s = seconds(now().saturating_duration_since(self.since));
        let (gaps, peer) = (self.gaps.load(Ordering::Relaxed), self.peer.0);
        debug!(client = self.number, door = ?self.door, %peer, s, gaps, "client left");
    }
}

/// A client, as it is told.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ClientShown {
    /// Its number since the server was started.
    pub number: u64,
    /// How it looks on.
    pub kind: Door,
    /// Where it is, as the server sees it: behind a proxy this is the proxy. Without a port for `rest`.
    pub address: String,
    /// What it looks at: `*`, streams, and notices.
    pub topics: Vec<String>,
    /// The position up to which it has been sent everything that it wants.
    pub position: String,
    /// Whether it is still on its way from the position that it gave.
    pub catches_up: bool,
    /// Events that have been given out and not been looked at for it; 0 if it wants no events.
    pub lag_events: u64,
    /// Seconds since the first of these was given out; none when that is longer ago than what is kept for those who are late.
    pub lag_s: Option<f64>,
    /// Seconds since it came.
    pub connected_s: f64,
    /// What to do when it cannot keep up; nothing for `rest`.
    pub policy: Option<Policy>,
    /// How often it has been told of a gap.
    pub gaps: u64,
}

/// How many look on, and some of them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ClientsShown {
    /// How many there are by WebSocket.
    pub websocket: usize,
    /// By server-sent events.
    pub server_sent_events: usize,
    /// By asking again and again.
    pub rest: usize,
    /// Those who are farthest behind, as many as were asked for.
    pub clients: Vec<ClientShown>,
}

/// How far somebody is behind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lag {
    /// In events.
    pub events: u64,
    /// In time, as far as it is known.
    pub time: Option<Duration>,
}

/// One who looks on, as it is at an instant.
struct Found {
    number: u64,
    kind: Door,
    address: String,
    since: Instant,
    wish: Wish,
    seen: u64,
    client: Option<Arc<Client>>,
}

impl Clients {
    fn connected(&self) -> MutexGuard<'_, BTreeMap<u64, Weak<Client>>> {
        self.connected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn askers(&self) -> MutexGuard<'_, BTreeMap<(IpAddr, Filter), Asker>> {
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now();
        askers.retain(|_, asker| now.saturating_duration_since(asker.heard) < REMEMBERED);
        askers
    }

    /// One more who looks on, and wants nothing yet.
    pub fn join(self: &Arc<Self>, door: Door, peer: Peer, epoch: Arc<str>, seen: u64) -> Joined {
        let client = Arc::new(Client {
            door,
            peer,
            since: now(),
            seen: AtomicU64::new(seen),
            catches_up: AtomicBool::new(false),
            left_at: AtomicU64::new(u64::MAX),
            gaps: AtomicU64::new(0),
            wish: Mutex::new(Wish {
                epoch,
                filter: Filter::default(),
                policy: Policy::Close,
            }),
        });
        let number = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        self.connected().insert(number, Arc::downgrade(&client));
        debug!(client = number, door = ?door, peer = %peer.0, "client came");
        Joined {
            client,
            number,
            of: self.clone(),
        }
    }

    /// Somebody has asked for events, and has got them up to a number.
    pub fn asked(&self, peer: Peer, filter: Filter, epoch: Arc<str>, seen: u64) {
        let mut askers = self.askers();
        let place = (peer.0.ip(), filter);
        if askers.len() >= ASKERS && !askers.contains_key(&place) {
            let oldest = askers.iter().min_by_key(|(_, asker)| asker.heard);
            if let Some(oldest) = oldest.map(|(place, _)| place.clone()) {
                askers.remove(&oldest);
            }
        }
        let heard = now();
        let asker = askers.entry(place).or_insert_with(|| Asker {
            number: self.next.fetch_add(1, Ordering::Relaxed) + 1,
            since: heard,
            heard,
            epoch: epoch.clone(),
            seen,
        });
        (asker.heard, asker.epoch, asker.seen) = (heard, epoch, seen);
    }

    /// Whoever is farthest behind of those who move.
    pub fn slowest(&self) -> Option<Arc<Client>> {
        let connected = self.connected();
        let there = connected.values().filter_map(Weak::upgrade);
        there
            .filter(|client| client.counts())
            .min_by_key(|client| client.seen())
    }

    /// How many look on by WebSocket, and by server-sent events.
    pub fn count(&self) -> (usize, usize) {
        let connected = self.connected();
        let doors = connected.values().filter_map(Weak::upgrade);
        let sockets = doors.filter(|client| client.door == Door::WebSocket);
        let sockets = sockets.count();
        (sockets, connected.len().saturating_sub(sockets))
    }

    fn found(&self) -> Vec<Found> {
        let connected = self.connected();
        let there = connected
            .iter()
            .filter_map(|(number, client)| Some((*number, client.upgrade()?)));
        let mut all: Vec<Found> = there
            .map(|(number, client)| {
                let wish = client.wish().clone();
                Found {
                    number,
                    kind: client.door,
                    address: client.peer.0.to_string(),
                    since: client.since,
                    wish,
                    seen: client.seen(),
                    client: Some(client),
                }
            })
            .collect();
        drop(connected);
        let askers = self.askers();
        all.extend(askers.iter().map(|((address, filter), asker)| Found {
            number: asker.number,
            kind: Door::Rest,
            address: address.to_string(),
            since: asker.since,
            wish: Wish {
                epoch: asker.epoch.clone(),
                filter: filter.clone(),
                policy: Policy::default(),
            },
            seen: asker.seen,
            client: None,
        }));
        all
    }

    fn lags(all: &[Found], feed: &Feed) -> Vec<Lag> {
        let places = all.iter().map(|one| {
            // Who wants no events lacks none.
            (one.wish.filter.count() > 0).then_some((&*one.wish.epoch, one.seen))
        });
        feed.lags(places)
    }

    /// How far each of those who are connected is behind.
    pub fn lag(&self, feed: &Feed) -> Vec<Lag> {
        let mut all = self.found();
        all.retain(|one| one.client.is_some());
        Clients::lags(&all, feed)
    }

    /// Those who are farthest behind, of one kind or of all.
    pub fn shown(
        &self,
        feed: &Feed,
        streams: &[Named],
        kind: Option<Door>,
        most: usize,
    ) -> ClientsShown {
        let all = self.found();
        let count = |door| all.iter().filter(|one| one.kind == door).count();
        let (websocket, server_sent_events, rest) = (
            count(Door::WebSocket),
            count(Door::ServerSentEvents),
            count(Door::Rest),
        );
        let lags = Clients::lags(&all, feed);
        let mut listed: Vec<(Lag, &Found)> = lags.into_iter().zip(&all).collect();
        listed.retain(|(_, one)| kind.is_none_or(|kind| kind == one.kind));
        listed.sort_by_key(|(lag, one)| (std::cmp::Reverse(lag.events), one.number));
        listed.truncate(most);
        let now = now();
        let clients = listed.into_iter().map(|(lag, one)| ClientShown {
            number: one.number,
            kind: one.kind,
            address: one.address.clone(),
            topics: short(&one.wish.filter, streams),
            position: format!("{}:{}", one.wish.epoch, one.seen),
            catches_up: one
                .client
                .as_ref()
                .is_some_and(|client| client.catches_up.load(Ordering::Relaxed)),
            lag_events: lag.events,
            lag_s: lag.time.map(seconds),
            connected_s: seconds(now.saturating_duration_since(one.since)),
            policy: one.client.as_ref().map(|_| one.wish.policy),
            gaps: one
                .client
                .as_ref()
                .map_or(0, |client| client.gaps.load(Ordering::Relaxed)),
        });
        ClientsShown {
            websocket,
            server_sent_events,
            rest,
            clients: clients.collect(),
        }
    }
}

/// Seconds, to the millisecond.
fn seconds(time: Duration) -> f64 {
    time.as_millis() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use causeflow_engine::base::time::Time;
    use proptest::prelude::*;

    use super::*;

    fn peer(last: u8) -> Peer {
        Peer(SocketAddr::from(([10, 0, 0, last], 4000)))
    }

    fn streams() -> Vec<Named> {
        let named = |name: &str| Named {
            name: name.to_owned(),
            cadence: "high".to_owned(),
        };
        vec![named("a.one"), named("a.two"), named("b.one")]
    }

    fn of(topics: &[&str]) -> Filter {
        Filter::of(topics.iter().copied(), &streams()).expect("topics")
    }

    #[test]
    fn those_who_move_are_waited_for_and_no_others() {
        let clients = Arc::new(Clients::default());
        assert!(clients.slowest().is_none());
        let join = || clients.join(Door::WebSocket, peer(1), "a".into(), 100);
        let (quick, slow) = (join(), join());
        quick.at(900, false);
        slow.at(300, false);
        let slowest = || clients.slowest().map(|client| client.seen());
        assert_eq!(slowest(), Some(300));
        slow.leave();
        assert_eq!(slowest(), Some(900));
        slow.at(301, false);
        assert_eq!(slowest(), Some(301));
        slow.at(302, true);
        assert_eq!(slowest(), Some(900));
        slow.at(303, false);
        drop(slow);
        assert_eq!(slowest(), Some(900));
    }

    #[test]
    fn those_who_are_farthest_behind_are_told_first_and_not_more_than_were_asked_for() {
        let feed = Feed::new("a".into(), 1000, Time(0));
        let clients = &feed.clients;
        let join = |door, seen, topics: &[&str]| {
            let client = clients.join(door, peer(2), "a".into(), seen);
            client.wants(&"a".into(), &of(topics), Policy::Skip);
            client
        };
        let near = join(Door::WebSocket, 990, &["*", "state"]);
        let far = join(Door::ServerSentEvents, 10, &["b.*"]);
        let _deaf = join(Door::WebSocket, 0, &["state"]);
        clients.asked(peer(3), of(&["a.one"]), "a".into(), 500);
        clients.asked(peer(3), of(&["a.one"]), "a".into(), 600);
        far.told_of_gap();
        let shown = clients.shown(&feed, &streams(), None, 3);
        assert_eq!(
            (shown.websocket, shown.server_sent_events, shown.rest),
            (2, 1, 1)
        );
        let lags = shown
            .clients
            .iter()
            .map(|one| (one.kind, one.lag_events, one.gaps));
        let lags: Vec<_> = lags.collect();
        assert_eq!(
            lags,
            [
                (Door::ServerSentEvents, 990, 1),
                (Door::Rest, 400, 0),
                (Door::WebSocket, 10, 0)
            ]
        );
        assert_eq!(shown.clients[0].position, "a:10");
        assert_eq!(shown.clients[1].address, "10.0.0.3");
        assert_eq!(shown.clients[2].topics, ["*", "state"]);
        let rest = clients.shown(&feed, &streams(), Some(Door::Rest), 3);
        assert_eq!((rest.clients.len(), rest.websocket), (1, 2));
        drop((near, far));
        assert_eq!(clients.count(), (1, 0));
    }

    proptest! {
        #[test]
        fn however_many_ask_few_are_remembered(asked in prop::collection::vec((0u8..4, 0u16..400), 0..3000)) {
            let clients = Clients::default();
            for (low, high) in asked {
                let [a, b] = high.to_be_bytes();
                let peer = Peer(SocketAddr::from(([10, a, b, low], 4000)));
                clients.asked(peer, Filter::default(), "a".into(), 5);
            }
            prop_assert!(clients.askers().len() <= ASKERS);
        }
    }
}
