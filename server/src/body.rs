//! What comes behind the head of a request.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::StatusCode;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::problem::Problem;
use crate::server::BODY_BYTES;
use crate::stage::now;

/// The body of a request has to come in this time.
const BODY: Duration = Duration::from_secs(10);
/// Bytes that are taken of a body that nobody wants, at most.
const UNWANTED_BYTES: usize = 8 << 20;

/// A body on its way. Whoever sends one reads no answer before it is gone, and what has not been taken would be taken for
/// the next request: so it is taken in any case, or the connection ends with the answer.
pub struct Coming {
    /// None when nothing more comes of it.
    body: Option<BodyDataStream>,
    /// Whether it has come to its end.
    is_over: bool,
    until: Instant,
}

impl Coming {
    /// Nothing of it has been taken.
    pub fn new(body: Body) -> Coming {
        Coming {
            is_over: false,
            body: Some(body.into_data_stream()),
            until: Instant::from_std(now() + BODY),
        }
    }

    /// All of it.
    ///
    /// # Errors
    /// When it is too long, breaks off or does not come.
    pub async fn whole(&mut self) -> Result<Bytes, Problem> {
        let mut whole = Vec::new();
        let read = timeout_at(self.until, async {
            while let Some(part) = self.next().await? {
                if whole.len() + part.len() > BODY_BYTES {
                    let message = format!("the body has more than {BODY_BYTES} bytes");
                    let status = StatusCode::PAYLOAD_TOO_LARGE;
                    return Err(Problem::new(status, message, "send a shorter one"));
                }
                whole.extend_from_slice(&part);
            }
            Ok(())
        });
        match read.await {
            Ok(read) => read.map(|()| whole.into()),
            Err(_) => {
                let message = format!("the body has not come in {} s", BODY.as_secs());
                let status = StatusCode::REQUEST_TIMEOUT;
                Err(Problem::new(status, message, "send it again"))
            }
        }
    }

    /// Takes what has been left of it, up to some length. Whether another request can follow.
    pub async fn take(&mut self) -> bool {
        let taken = timeout_at(self.until, async {
            let mut left = UNWANTED_BYTES;
            while let Ok(Some(part)) = self.next().await {
                left = left.checked_sub(part.len())?;
            }
            Some(())
        });
        matches!(taken.await, Ok(Some(()))) && self.is_over
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let Some(body) = &mut self.body else {
            return Ok(None);
        };
        let part = body.next().await;
        if !matches!(part, Some(Ok(_))) {
            self.body = None;
            self.is_over = part.is_none();
        }
        part.transpose().map_err(|error| {
            let message = format!("the body breaks off: {error}");
            Problem::new(StatusCode::BAD_REQUEST, message, "send it again")
        })
    }
}
