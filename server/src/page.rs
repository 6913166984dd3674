//! The page: files that are in the binary, so that it works wherever that does.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::server::Server;

/// The files, as what they are served.
const FILES: &[(&str, &str, &[u8])] = &[
    (
        "/admin",
        "text/html; charset=utf-8",
        include_bytes!("../page/index.html"),
    ),
    (
        "/admin/app.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../page/app.js"),
    ),
    (
        "/admin/app.css",
        "text/css; charset=utf-8",
        include_bytes!("../page/app.css"),
    ),
];

/// Nothing but what comes from here, so that what events say can never act in the page.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Whether a path is that of one of the files.
pub fn has(path: &str) -> bool {
    FILES.iter().any(|(of, ..)| *of == path)
}

/// What serves them.
pub fn router() -> Router<Arc<Server>> {
    let home = get(|| async { Redirect::temporary("/admin") });
    let files = FILES
        .iter()
        .map(|(path, kind, bytes)| (*path, get(move || file(kind, bytes))));
    files.fold(Router::new().route("/", home), |router, (path, file)| {
        router.route(path, file)
    })
}

async fn file(kind: &'static str, bytes: &'static [u8]) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, bytes).into_response()
}
