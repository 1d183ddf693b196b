//! The connections over which answers are given: so many at once, and nobody keeps one for nothing.
//!
//! A header must come within a time; and where all places are taken, one connection without a whole request gives way to the next who
//! knocks: one from wherever most of them come, there the longest without a request, else the longest whose body does not end. So a program
//! that opens connections and says nothing, or begins what it does not finish, keeps no other from `/healthz`.

use std::{
    collections::{HashMap, VecDeque},
    io::{self, IoSlice},
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::ConnectInfo,
    http::Request,
};
use hyper::{
    body::{Body as _, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use ipnet::IpNet;
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

use super::{
    Client, Sources,
    listening::{self, Listening, Opened},
    router,
};
use crate::identity::place;

/// The header of a request has come by then, counted from the beginning of the connection or the end of the answer before.
const HEADER: Duration = Duration::from_secs(30);
/// Whoever must leave has taken its last answer by then.
const GRACE: Duration = Duration::from_secs(1);

/// Answers until `end` comes, then finishes the answers it has begun.
pub async fn serve(
    listening: impl Into<Listening>,
    sources: Sources,
    end: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let listening = listening.into();
    let config = sources.config();
    let most = config.listen_connections.max(1);
    let (router, waiting, places) = (router(sources), Waiting::default(), Arc::new(Semaphore::new(most)));
    let (mut open, mut end) = (JoinSet::new(), pin!(end));
    loop {
        let accepted = tokio::select! {
            accepted = listening.accept() => accepted,
            Some(_) = open.join_next() => continue,
            () = &mut end => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                wait_a_moment(&error).await;
                continue;
            }
        };
        let place = tokio::select! {
            place = waiting.place(&places) => place,
            () = &mut end => break,
        };
        // Answers are small, and wait for nothing.
        let _ = stream.set_nodelay(true);
        let (router, waiting, config) = (router.clone(), waiting.clone(), Arc::clone(&config));
        let tls = listening.for_next();
        open.spawn(async move {
            welcome(stream, peer, tls, &config.web.behind_proxy, router, waiting).await;
            drop(place);
        });
    }
    drop(listening);
    waiting.is_over();
    while open.join_next().await.is_some() {}
    Ok(())
}

/// Finds out how a peer wants to be spoken to, and answers it. Until then it waits like all who ask nothing.
async fn welcome(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    trusted: &[IpNet],
    router: Router,
    waiting: Waiting,
) {
    let asker = Arc::new(Asker::at(peer.ip()));
    waiting.begin(&asker);
    let opened = tokio::select! {
        opened = listening::open(stream, peer.ip(), tls) => opened,
        () = asker.leave.notified() => return waiting.end(&asker),
    };
    let as_peer = |is_encrypted| Peer { at: peer, is_encrypted, trusted: trusted.into() };
    match opened {
        Ok(Opened::Plain(stream)) => converse(stream, as_peer(false), router, waiting, asker).await,
        Ok(Opened::Encrypted(stream)) => converse(stream, as_peer(true), router, waiting, asker).await,
        Err(error) => {
            // Scanners knock all day.
            tracing::debug!(%peer, %error, "a connection over HTTP was not opened");
            waiting.end(&asker);
        }
    }
}

/// Where a connection comes from.
#[derive(Clone)]
struct Peer {
    at: SocketAddr,
    is_encrypted: bool,
    /// Proxies that are believed.
    trusted: Arc<[IpNet]>,
}

/// Answers one peer, who waits already, until it leaves, or must.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: Peer,
    router: Router,
    waiting: Waiting,
    asker: Arc<Asker>,
) {
    let (router, among) = (TowerToHyperService::new(router), (waiting.clone(), Arc::clone(&asker)));
    let service = service_fn(move |request: Request<Incoming>| {
        let (waiting, asker) = among.clone();
        let mut request = request.map(|body| Body::new(Arriving::of(body, &waiting, &asker)));
        let client = Client::of(peer.at.ip(), peer.is_encrypted, request.headers(), &peer.trusted);
        request.extensions_mut().insert(client);
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client.address, peer.at.port())));
        let answer = router.call(request);
        async move {
            let answer = answer.await;
            waiting.begin(&asker);
            answer
        }
    });
    let mut builder = http1::Builder::new();
    let builder = builder.timer(TokioTimer::new()).header_read_timeout(HEADER);
    let wire = TokioIo::new(Wire { stream, asker: Arc::clone(&asker) });
    let mut connection = pin!(builder.serve_connection(wire, service));
    tokio::select! {
        // Whatever broke, the peer hears no more.
        _ = &mut connection => return waiting.end(&asker),
        () = asker.leave.notified() => connection.as_mut().graceful_shutdown(),
    }
    if asker.is_answered.load(Ordering::Acquire) {
        // Its request came at the last moment.
        let _ = connection.await;
    } else if asker.is_owed.load(Ordering::Acquire) {
        let _ = tokio::time::timeout(GRACE, connection).await;
    }
    waiting.end(&asker);
}

/// The body of a request. Until it is there, whoever sends it waits like those who ask nothing.
struct Arriving {
    body: Incoming,
    /// Until it has ended, or nobody reads it any more.
    from: Option<(Waiting, Arc<Asker>)>,
}

impl Arriving {
    fn of(body: Incoming, waiting: &Waiting, asker: &Arc<Asker>) -> Self {
        if body.is_end_stream() {
            waiting.end(asker);
            return Self { body, from: None };
        }
        waiting.arrives(asker);
        Self { body, from: Some((waiting.clone(), Arc::clone(asker))) }
    }

    fn is_over(&mut self) {
        if let Some((waiting, asker)) = self.from.take() {
            waiting.end(&asker);
        }
    }
}

impl hyper::body::Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) || self.body.is_end_stream() {
            self.is_over();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.is_over();
    }
}

/// Who is connected.
struct Asker {
    /// From where.
    place: IpAddr,
    leave: Notify,
    /// The body of a request of it is under way.
    is_arriving: AtomicBool,
    /// A request of it is.
    is_answered: AtomicBool,
    /// It has not taken all of an answer yet.
    is_owed: AtomicBool,
}

impl Asker {
    fn at(peer: IpAddr) -> Self {
        let no = || AtomicBool::new(false);
        let place = place(peer);
        Self { place, leave: Notify::new(), is_arriving: no(), is_answered: no(), is_owed: no() }
    }
}

/// Notes what is owed.
struct Wire<S> {
    stream: S,
    asker: Arc<Asker>,
}

impl<S> Wire<S> {
    fn noted<T>(&self, written: Poll<T>) -> Poll<T> {
        self.asker.is_owed.store(written.is_pending(), Ordering::Release);
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.noted(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.noted(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Connections without a whole request. All clones are the same.
#[derive(Clone, Default)]
struct Waiting(Arc<Mutex<Idle>>);

#[derive(Default)]
struct Idle {
    /// The longest first.
    all: VecDeque<Arc<Asker>>,
    /// Nobody is waited for any more.
    over: bool,
}

impl Waiting {
    fn begin(&self, asker: &Arc<Asker>) {
        asker.is_answered.store(false, Ordering::Release);
        let mut idle = self.idle();
        if idle.over {
            asker.leave.notify_one();
        }
        idle.all.push_back(Arc::clone(asker));
    }

    /// It has begun a request.
    fn arrives(&self, asker: &Arc<Asker>) {
        asker.is_arriving.store(true, Ordering::Release);
        let mut idle = self.idle();
        idle.all.retain(|other| !Arc::ptr_eq(other, asker));
        idle.all.push_back(Arc::clone(asker));
    }

    fn end(&self, asker: &Arc<Asker>) {
        asker.is_arriving.store(false, Ordering::Release);
        asker.is_answered.store(true, Ordering::Release);
        self.idle().all.retain(|other| !Arc::ptr_eq(other, asker));
    }

    /// A place for one more, if need be that of another.
    async fn place(&self, places: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(places).try_acquire_owned() {
            return Some(place);
        }
        if let Some(other) = self.idle().next_to_leave() {
            other.leave.notify_one();
        }
        Arc::clone(places).acquire_owned().await.ok()
    }

    /// From now on all leave as soon as they have their answer.
    fn is_over(&self) {
        let mut idle = self.idle();
        idle.over = true;
        let silent = idle.all.iter().filter(|asker| !asker.is_arriving.load(Ordering::Acquire));
        silent.for_each(|asker| asker.leave.notify_one());
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idle {
    /// One of those of whom most come from one place.
    fn next_to_leave(&mut self) -> Option<Arc<Asker>> {
        let mut counts = HashMap::<IpAddr, usize>::new();
        for asker in &self.all {
            *counts.entry(asker.place).or_default() += 1;
        }
        let most = counts.values().max().copied();
        let crowded = |asker: &Arc<Asker>| counts.get(&asker.place).copied() == most;
        let silent = |asker: &Arc<Asker>| crowded(asker) && !asker.is_arriving.load(Ordering::Acquire);
        let at = self.all.iter().position(silent).or_else(|| self.all.iter().position(crowded))?;
        self.all.remove(at)
    }
}

/// Out of file descriptors, say: whoever knocks waits.
async fn wait_a_moment(error: &io::Error) {
    tracing::warn!(%error, "a connection over HTTP could not be taken");
    tokio::time::sleep(Duration::from_millis(100)).await;
}

#[cfg(test)]
mod tests {
    use axum::{Extension, middleware, routing::get};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
        time::Instant,
    };

    use super::*;
    use crate::web::client;

    /// More than fits on the way at once.
    const LONG: &str = include_str!("connections.rs");

    fn connection(waiting: &Waiting) -> DuplexStream {
        connection_to(Router::new().route("/", get(async || "!")).route("/long", get(async || LONG)), waiting)
    }

    fn connection_to(router: Router, waiting: &Waiting) -> DuplexStream {
        connection_from("127.0.0.1", router, waiting)
    }

    /// Networks of documentation (RFC 5737) are trusted by nobody here, 10.0.0.0/8 is.
    fn connection_from(peer: &str, router: Router, waiting: &Waiting) -> DuplexStream {
        let (near, far) = duplex(1_024);
        let at = SocketAddr::new(peer.parse().unwrap(), 1);
        let peer = Peer { at, is_encrypted: false, trusted: ["10.0.0.0/8".parse().unwrap()].into() };
        let asker = Arc::new(Asker::at(at.ip()));
        waiting.begin(&asker);
        tokio::spawn(converse(far, peer, router, waiting.clone(), asker));
        near
    }

    /// What comes until the connection ends, and after how long that is; more than an hour is for ever.
    async fn rest(stream: &mut DuplexStream) -> (Vec<u8>, Duration) {
        let (began_at, mut rest) = (Instant::now(), Vec::new());
        let ends = tokio::time::timeout(Duration::from_hours(1), stream.read_to_end(&mut rest));
        ends.await.unwrap().unwrap();
        (rest, began_at.elapsed())
    }

    async fn ask(stream: &mut DuplexStream) {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 15];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        while stream.read_u8().await.unwrap() != b'!' {}
    }

    #[tokio::test(start_paused = true)]
    async fn a_header_that_does_not_come_is_waited_for_half_a_minute() {
        for begun in [&b""[..], b"GET / HTTP/1.1\r\nHost: x\r\n"] {
            let mut stream = connection(&Waiting::default());
            ask(&mut stream).await;
            stream.write_all(begun).await.unwrap();
            assert_eq!(rest(&mut stream).await.1.as_secs(), HEADER.as_secs(), "{begun:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_longest_gives_way_and_nobody_else() {
        let (waiting, places) = (Waiting::default(), Arc::new(Semaphore::new(0)));
        let mut first = connection(&waiting);
        let mut second = connection(&waiting);
        ask(&mut second).await;
        ask(&mut first).await;
        second.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        assert!(tokio::time::timeout(Duration::ZERO, waiting.place(&places)).await.is_err());
        assert_eq!(rest(&mut second).await, (Vec::new(), Duration::ZERO));
        ask(&mut first).await;
    }

    const UNFINISHED: &[u8] = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx";

    fn reading() -> Router {
        Router::new().route("/", get(async || "!").post(async |_: Bytes| "!"))
    }

    /// Until as many wait.
    async fn until(waiting: &Waiting, arriving: usize) {
        let all = || waiting.idle().all.iter().filter(|one| one.is_arriving.load(Ordering::Acquire)).count();
        while all() != arriving {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_gives_way_after_those_who_ask_nothing() {
        let (waiting, places) = (Waiting::default(), Arc::new(Semaphore::new(0)));
        let mut unfinished = connection_to(reading(), &waiting);
        unfinished.write_all(UNFINISHED).await.unwrap();
        until(&waiting, 1).await;
        let mut silent = connection_to(reading(), &waiting);
        for stream in [&mut silent, &mut unfinished] {
            assert!(tokio::time::timeout(Duration::ZERO, waiting.place(&places)).await.is_err());
            assert_eq!(rest(stream).await, (Vec::new(), Duration::ZERO));
        }
        let mut whole = connection_to(reading(), &waiting);
        whole.write_all(UNFINISHED).await.unwrap();
        whole.write_all(&[b'x'; 99]).await.unwrap();
        let mut answer = [0; 15];
        whole.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_the_most_places_gives_way_first() {
        let (waiting, places) = (Waiting::default(), Arc::new(Semaphore::new(0)));
        let mut longest = connection_from("127.0.0.1", reading(), &waiting);
        let mut many: Vec<_> = (0..3).map(|_| connection_from("::1", reading(), &waiting)).collect();
        for stream in &mut many[..2] {
            assert!(tokio::time::timeout(Duration::ZERO, waiting.place(&places)).await.is_err());
            assert_eq!(rest(stream).await, (Vec::new(), Duration::ZERO));
        }
        ask(&mut longest).await;
        ask(&mut many[2]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_end_a_body_that_is_under_way_is_waited_for() {
        let waiting = Waiting::default();
        let mut stream = connection_to(reading(), &waiting);
        stream.write_all(UNFINISHED).await.unwrap();
        until(&waiting, 1).await;
        waiting.is_over();
        tokio::task::yield_now().await;
        stream.write_all(&[b'x'; 99]).await.unwrap();
        assert!(rest(&mut stream).await.0.ends_with(b"!"));
    }

    /// It has half a header of the next request too: that is not waited for.
    #[tokio::test(start_paused = true)]
    async fn what_was_answered_is_not_cut_off() {
        let waiting = Waiting::default();
        let mut stream = connection(&waiting);
        stream.write_all(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n").await.unwrap();
        let mut answer = vec![0; 15];
        stream.read_exact(&mut answer).await.unwrap();
        waiting.is_over();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(answer.ends_with(LONG.as_bytes()), "{}", answer.len());
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_end_nobody_is_waited_for_who_asks_nothing() {
        let waiting = Waiting::default();
        let mut stream = connection(&waiting);
        stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        tokio::task::yield_now().await;
        waiting.is_over();
        assert_eq!(rest(&mut stream).await, (Vec::new(), Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_end_what_was_asked_is_answered() {
        let (waiting, go_on) = (Waiting::default(), Arc::new(Notify::new()));
        let may = Arc::clone(&go_on);
        let router = Router::new().route(
            "/",
            get(async move || {
                may.notified().await;
                "!"
            }),
        );
        let mut stream = connection_to(router, &waiting);
        let until = async |answered: bool| {
            while waiting.idle().all.is_empty() != answered {
                tokio::task::yield_now().await;
            }
        };
        until(false).await;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        until(true).await;
        waiting.is_over();
        go_on.notify_one();
        let (answer, after) = rest(&mut stream).await;
        assert!(answer.ends_with(b"!") && after.is_zero(), "{after:?}");
    }

    /// What is answered to a request at `path` with such a header.
    async fn answered(peer: &str, path: &str, header: &str) -> String {
        let who = async |Extension(client): Extension<Client>, ConnectInfo(at): ConnectInfo<SocketAddr>| {
            assert_eq!(at.ip(), client.address);
            format!("{} {}", client.address, client.is_encrypted)
        };
        let router = Router::new()
            .route("/", get(who))
            .route("/healthz", get(who))
            .layer(middleware::from_fn(client::guard));
        let mut stream = connection_from(peer, router, &Waiting::default());
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let (answer, _) = rest(&mut stream).await;
        let answer = String::from_utf8(answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().to_owned();
        if status == "200" { answer.split("\r\n\r\n").nth(1).unwrap().to_owned() } else { status }
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_is_said_by_the_connection_or_by_a_trusted_proxy_and_nobody_else() {
        let spoofed = "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n";
        let passed_on = "X-Forwarded-For: 127.0.0.1, 192.0.2.7\r\nX-Forwarded-Proto: https\r\n";
        for (peer, path, header, expected) in [
            ("127.0.0.1", "/healthz", "", "127.0.0.1 false"),
            ("127.0.0.1", "/", "", "127.0.0.1 false"),
            ("127.0.0.1", "/", spoofed, "403"),
            ("192.0.2.7", "/", "", "403"),
            ("192.0.2.7", "/", spoofed, "403"),
            ("192.0.2.7", "/healthz", spoofed, "403"),
            ("10.0.0.1", "/", passed_on, "192.0.2.7 true"),
            ("10.0.0.1", "/healthz", passed_on, "403"),
        ] {
            assert_eq!(answered(peer, path, header).await, expected, "{peer} {path} {header}");
        }
    }
}
