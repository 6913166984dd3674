//! Errors as RFC 9457 says: `application/problem+json`, with what to do.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use causeflow_runs::{Error, Kind, Place};
use schemars::JsonSchema;
use serde::Serialize;

/// What went wrong with a request.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Problem {
    /// `about:blank`: the status says of what kind it is.
    pub r#type: &'static str,
    /// The kind of problem in a few words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What was found, and what was expected.
    pub detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The field of the request that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// `false` where an answer says `success` when it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success: Option<bool>,
}

impl Problem {
    /// One of a status.
    pub fn new(status: StatusCode, detail: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            help: Some(help.into()),
            field: None,
            success: None,
        }
    }

    /// What was asked for is not there.
    pub fn not_found(detail: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, detail, help)
    }

    /// The request is wrong.
    pub fn bad(detail: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, detail, help)
    }

    /// The same about a field.
    pub fn in_field(mut self, field: &str) -> Problem {
        self.field = Some(field.to_owned());
        self
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Problem {
        let status = match error.kind() {
            Kind::Input | Kind::Model => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::Conflict | Kind::Difference => StatusCode::CONFLICT,
            Kind::Interrupted => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Machine => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let diagnostics = error.diagnostics();
        let first = diagnostics.list.first();
        let help = error.help().or_else(|| first?.help.clone());
        let help = help.or_else(|| Some("see /api/v1/openapi.json".to_owned()));
        Problem {
            help,
            field: match error.place() {
                Some(Place::Field(field)) => Some(field.clone()),
                _ => None,
            },
            ..Problem::new(status, error.message(), "")
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        Problem::from(&error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}
