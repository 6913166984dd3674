//! Who may do what: tokens, and what browsers say about where a request comes from.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;
use tracing::warn;

use crate::api::WEBSOCKET;
use crate::body::Coming;
use crate::clients::Peer;
use crate::page;
use crate::problem::Problem;
use crate::server::Server;

/// Who may read, and who may steer.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Whoever has this may read; without one, everybody may.
    pub read_token: Option<String>,
    /// Whoever has this may read and steer; without one, everybody may.
    pub steer_token: Option<String>,
    /// Names besides those of the loopback by which the server may be called.
    pub hosts: Vec<String>,
    /// Origins besides its own from which pages may use it.
    pub origins: Vec<String>,
}

/// What a browser offers as a subprotocol, with a token behind it.
pub const TOKEN_PROTOCOL: &str = "causeflow.token.";

fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

impl Access {
    /// Refuses what must not be let in.
    fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
        let host = text(headers, header::HOST.as_str()).unwrap_or_default();
        let name = host_name(host);
        let is_ours = is_loopback(name) || self.hosts.iter().any(|known| known == name);
        if !is_ours {
            // A name that leads here from elsewhere would let any page use the server.
            return Err(Problem::new(
                StatusCode::MISDIRECTED_REQUEST,
                format!("the server is not called `{name}`"),
                "call it by its address, or let it know this name when it is started",
            ));
        }
        let is_upgrade = headers.contains_key(header::UPGRADE);
        let is_safe = !steers(method) && !is_upgrade;
        if let Some(origin) = text(headers, header::ORIGIN.as_str())
            && !is_safe
        {
            let own = origin.split_once("://").is_some_and(|(_, of)| of == host);
            if !own && !self.origins.iter().any(|known| known == origin) {
                return Err(Problem::new(
                    StatusCode::FORBIDDEN,
                    format!("a page of {origin} may not do that"),
                    "let the server know this origin when it is started",
                ));
            }
        }
        self.check_token(steers(method), headers)
    }

    fn check_token(&self, steers: bool, headers: &HeaderMap) -> Result<(), Problem> {
        let needed = match steers {
            // Whoever must not read must not steer either.
            true => self.steer_token.as_ref().or(self.read_token.as_ref()),
            false => self.read_token.as_ref(),
        };
        let Some(needed) = needed else { return Ok(()) };
        let given = token(headers).unwrap_or_default();
        let steer = self.steer_token.as_ref();
        // Both are compared, whatever the first says.
        let is_steer = steer.is_some_and(|steer| same(steer, given));
        let is_needed = same(needed, given);
        match is_needed || is_steer {
            true => Ok(()),
            false => Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "the request has no token that allows it",
                "send it as `Authorization: Bearer TOKEN`",
            )),
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let bearer = text(headers, header::AUTHORIZATION.as_str());
    let bearer = bearer.and_then(|text| text.split_once(' '));
    let bearer =
        bearer.and_then(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer").then_some(token));
    // A page cannot set headers of an upgrade.
    let protocols = text(headers, header::SEC_WEBSOCKET_PROTOCOL.as_str());
    let mut protocols = protocols.into_iter().flat_map(|text| text.split(','));
    bearer.or_else(|| protocols.find_map(|one| one.trim().strip_prefix(TOKEN_PROTOCOL)))
}

/// A host without its port.
fn host_name(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => host.split(':').next().unwrap_or(host),
    }
}

fn is_loopback(name: &str) -> bool {
    let address: Result<IpAddr, _> = name.parse();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Whether a path is for everybody: whether the server lives is for those who look after it, who know no token, and a browser
/// has none before the page, which holds nothing of the session, asks for it.
fn is_open(path: &str) -> bool {
    matches!(path, "/livez" | "/readyz" | "/") || page::has(path)
}

/// Whether an address asks for more than it may. Before anything else: whoever guesses tokens is slowed down, too. What is
/// there for everybody costs nothing, and of WebSockets there are as many as connections.
fn ration(server: &Server, request: &Request) -> Result<(), Duration> {
    let path = request.uri().path();
    let peer = request.extensions().get::<Peer>();
    let Some(Peer(address)) = peer.filter(|_| !is_open(path) && path != WEBSOCKET) else {
        return Ok(());
    };
    let taken = server.rates.take(address.ip(), steers(request.method()));
    taken.inspect_err(|_| {
        server.metrics.too_many();
        warn!(peer = %address, "request refused: too many of them");
    })
}

fn too_many(wait: Duration) -> Response {
    let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
    let status = StatusCode::TOO_MANY_REQUESTS;
    let detail = "there are more requests from this address than one may make";
    let help = format!("ask again in {seconds} s, or let the server allow more when it is started");
    let mut response = Problem::new(status, detail, help).into_response();
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, seconds.into());
    response
}

fn steers(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether a request may come in; else what is said to it.
fn refused(server: &Server, request: &Request) -> Option<Response> {
    if let Err(wait) = ration(server, request) {
        return Some(too_many(wait));
    }
    if is_open(request.uri().path()) {
        return None;
    }
    let checked = server.access.check(request.method(), request.headers());
    let mut response = checked.err()?.into_response();
    if response.status() == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Bearer");
        let headers = response.headers_mut();
        headers.insert(header::WWW_AUTHENTICATE, scheme);
    }
    Some(response)
}

/// The origin of a page from elsewhere that may use the server.
fn foreign(access: &Access, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let is_known = |known: &String| known.as_bytes() == origin.as_bytes();
    access.origins.iter().any(is_known).then(|| origin.clone())
}

/// What a browser has to hear of its page that comes from elsewhere (https://fetch.spec.whatwg.org/#http-cors-protocol).
fn allow(origin: HeaderValue, headers: &mut HeaderMap) {
    let of = HeaderValue::from_static;
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::VARY, of("Origin"));
    let exposed = of("Retry-After, X-Request-Id");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

/// The answer to a browser that asks what a page may do before the page does it.
fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let of = HeaderValue::from_static;
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        of("GET, POST, DELETE"),
    );
    let allowed = of("Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Traceparent");
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, of("600"));
    response
}

/// Lets in what may come in.
pub async fn guard(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let foreign = foreign(&server.access, request.headers());
    let asks = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    // A browser sends no token with it, and it tells nothing of the session.
    let refused = match &foreign {
        Some(_) if asks => Some(preflight()),
        _ => refused(&server, &request),
    };
    let (parts, body) = request.into_parts();
    // Who asks first does not send what is not wanted.
    let expects = refused.is_some() && parts.headers.contains_key(header::EXPECT);
    let mut body = Coming::new(body);
    let mut response = match refused {
        Some(response) => response,
        None => match body.whole().await {
            Ok(whole) => next.run(Request::from_parts(parts, whole.into())).await,
            Err(problem) => problem.into_response(),
        },
    };
    if let Some(origin) = foreign {
        allow(origin, response.headers_mut());
    }
    if expects || !body.take().await {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = all.iter().map(|(name, value)| {
            let name = header::HeaderName::from_static(name);
            (name, value.parse().expect("a value"))
        });
        pairs.collect()
    }

    #[test]
    fn the_page_is_open_and_nothing_of_the_session() {
        for path in [
            "/",
            "/admin",
            "/admin/app.js",
            "/admin/app.css",
            "/livez",
            "/readyz",
        ] {
            assert!(is_open(path), "{path}");
        }
        for path in [
            "/metrics",
            "/api/v1/state",
            "/api/v1/ws",
            "/api/simulation/state",
            "/admin/",
            "/admin/../api/v1/state",
        ] {
            assert!(!is_open(path), "{path}");
        }
    }

    #[test]
    fn what_comes_from_elsewhere_is_refused() {
        let access = Access {
            read_token: None,
            steer_token: Some("secret".to_owned()),
            hosts: vec!["causeflow.test".to_owned()],
            origins: vec!["https://board.test".to_owned()],
        };
        let status = |method: Method, all: &[(&'static str, &str)]| {
            access
                .check(&method, &headers(all))
                .map_err(|problem| problem.status)
        };
        let local = ("host", "127.0.0.1:7777");
        let secret = ("authorization", "Bearer secret");
        assert_eq!(status(Method::GET, &[local]), Ok(()));
        assert_eq!(status(Method::GET, &[("host", "[::1]:7777")]), Ok(()));
        assert_eq!(status(Method::GET, &[("host", "causeflow.test")]), Ok(()));
        assert_eq!(status(Method::GET, &[("host", "evil.test")]), Err(421));
        assert_eq!(status(Method::GET, &[]), Err(421));
        assert_eq!(status(Method::POST, &[local]), Err(401));
        assert_eq!(status(Method::POST, &[local, secret]), Ok(()));
        assert_eq!(
            status(Method::POST, &[local, ("authorization", "Bearer secre")]),
            Err(401)
        );
        let evil = ("origin", "http://evil.test");
        assert_eq!(status(Method::POST, &[local, secret, evil]), Err(403));
        assert_eq!(status(Method::GET, &[local, evil]), Ok(()));
        assert_eq!(
            status(Method::GET, &[local, evil, ("upgrade", "websocket")]),
            Err(403)
        );
        let own = ("origin", "http://127.0.0.1:7777");
        assert_eq!(status(Method::POST, &[local, secret, own]), Ok(()));
        let board = ("origin", "https://board.test");
        assert_eq!(status(Method::POST, &[local, secret, board]), Ok(()));
        let offered = (
            "sec-websocket-protocol",
            "causeflow.v1.json, causeflow.token.secret",
        );
        assert_eq!(status(Method::POST, &[local, offered]), Ok(()));
    }
}
