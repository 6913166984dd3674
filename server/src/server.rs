//! The server: connections, their limits, and an end that clients hear of.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use causeflow_runs::live::Live;
use causeflow_runs::{Control, Error, Result};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::ServiceExt;
use tracing::{debug, info, info_span, warn};

use crate::api;
use crate::clients::Peer;
use crate::guard::Access;
use crate::limits::{Limits, Rates};
use crate::metrics::Metrics;
use crate::pace::Speed;
use crate::patient::Patient;
use crate::stage::Stage;

/// Bytes of a message of a client, at most.
pub const MESSAGE_BYTES: usize = 64 << 10;
/// Bytes of the body of a request, at most.
pub const BODY_BYTES: usize = 1 << 20;
/// Topics of one message, at most.
pub const TOPICS: usize = 200;
/// The head of a request has to come in this time.
const HEAD: Duration = Duration::from_secs(10);
/// Connections that end have so long.
const LEAVE: Duration = Duration::from_secs(5);

/// How to serve.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen.
    pub listen: SocketAddr,
    /// How fast the session goes.
    pub speed: Speed,
    /// Whether it stands still until it is told to go.
    pub paused: bool,
    /// Connections at once, at most.
    pub connections: usize,
    /// Who may do what.
    pub access: Access,
    /// How much a client may ask for.
    pub limits: Limits,
}

impl Options {
    /// Refuses what must not be served, before anything is begun.
    ///
    /// # Errors
    /// When other machines could reach it without tokens.
    pub fn check(&self) -> Result<()> {
        let access = &self.access;
        let is_open = access.read_token.is_none() || access.steer_token.is_none();
        if !self.listen.ip().is_loopback() && is_open {
            return Err(Error::input(
                format!("{} can be reached from other machines", self.listen.ip()),
                "give tokens for reading and for steering, or listen at 127.0.0.1",
            )
            .in_field("listen"));
        }
        Ok(())
    }
}

/// What all doors of the server share.
pub struct Server {
    /// The session.
    pub stage: Arc<Stage>,
    /// Who may do what.
    pub access: Access,
    /// How much a client may ask for.
    pub limits: Limits,
    /// What each address may still ask for.
    pub rates: Rates,
    /// What it counts about itself.
    pub metrics: Metrics,
    /// What no other start of a server has, so that no two messages have the same id.
    pub born: String,
    /// Parts of the past that are played again at once.
    replays: Semaphore,
    leaving: AtomicBool,
}

/// Ends what is replayed when the server goes.
struct Leaving<'a>(&'a Server);

impl Control for Leaving<'_> {
    fn cancelled(&self) -> bool {
        self.0.leaving.load(Ordering::Relaxed)
    }
}

impl Server {
    /// Does something with the past that may have to play a part of it again, apart from all that must not wait.
    ///
    /// # Errors
    /// What it fails with, in words.
    pub async fn replaying<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&dyn Control) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, String> {
        let done = self.looking(work).await;
        done.map_err(|error| error.to_string())
    }

    /// The same with the error as it is.
    ///
    /// # Errors
    /// What it fails with.
    pub async fn looking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&dyn Control) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        // It is closed only with the server.
        let _turn = self
            .replays
            .acquire()
            .await
            .map_err(|_| Error::interrupted())?;
        let (server, span) = (self.clone(), info_span!("past"));
        let work = tokio::task::spawn_blocking(move || span.in_scope(|| work(&Leaving(&server))));
        work.await.map_err(|_| Error::interrupted())?
    }

    /// Whether it goes down.
    pub fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }
}

/// Serves a session until a signal ends it. `ready` hears where.
///
/// # Errors
/// When the address cannot be listened at.
pub fn serve(live: Live, options: Options, ready: impl FnOnce(SocketAddr)) -> Result<()> {
    options.check()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Error::machine(format!("cannot start: {error}")))?;
    let (stage, threads) = Stage::open(live, options.speed, options.paused);
    let server = Arc::new(Server {
        stage: stage.clone(),
        access: options.access.clone(),
        limits: options.limits,
        rates: Rates::new(options.limits),
        metrics: Metrics::default(),
        born: crate::cloud::born(),
        replays: Semaphore::new(2),
        leaving: AtomicBool::new(false),
    });
    let served = runtime.block_on(listen(server.clone(), &options, ready));
    server.leaving.store(true, Ordering::Relaxed);
    stage.stop();
    for thread in threads {
        // One that has panicked has said so.
        let _ = thread.join();
    }
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

async fn listen(
    server: Arc<Server>,
    options: &Options,
    ready: impl FnOnce(SocketAddr),
) -> Result<()> {
    let failed = |error| Error::machine(format!("cannot listen at {}: {error}", options.listen));
    let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let router = api::router(server.clone());
    let room = Arc::new(Semaphore::new(options.connections));
    let (leaving, _) = tokio::sync::watch::channel(false);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(64 << 10);
    info!(%address, "serving");
    ready(address);
    let mut end = std::pin::pin!(ended());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut end => break,
        };
        let Ok((socket, address)) = accepted else {
            warn!("no connection can be taken in: too many files are open");
            // No more files: those that are open will close.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Ok(place) = room.clone().try_acquire_owned() else {
            debug!(peer = %address, "connection closed: there are as many as there may be");
            drop(socket);
            continue;
        };
        // What is sent is small and due.
        let _ = socket.set_nodelay(true);
        let known = router
            .clone()
            .map_request(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(Peer(address));
                request
            });
        let service = TowerToHyperService::new(known);
        let connection = http
            .serve_connection(TokioIo::new(Patient::new(socket)), service)
            .with_upgrades();
        let mut leave = leaving.subscribe();
        tokio::spawn(async move {
            let mut connection = std::pin::pin!(connection);
            // A connection that breaks is the client's affair.
            tokio::select! {
                _ = &mut connection => {}
                _ = leave.changed() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = tokio::time::timeout(LEAVE, connection).await;
                }
            }
            drop(place);
        });
    }
    info!("going down");
    server.stage.feed.close();
    server.leaving.store(true, Ordering::Relaxed);
    // Those who have gone need not hear of it.
    let _ = leaving.send(true);
    // Those who look on have been told where to go on.
    let left = async {
        while server.stage.feed.watchers() > 0 || room.available_permits() < options.connections {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = tokio::time::timeout(LEAVE, left).await;
    Ok(())
}

/// Until somebody ends the process.
async fn ended() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminated) = signal(SignalKind::terminate()) else {
            let _ = interrupted.await;
            return;
        };
        tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = interrupted.await;
}
