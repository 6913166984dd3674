//! What the server does as spans of OpenTelemetry, sent to a collector: requests, commands, windows that are played, and the
//! past that is played again. Whoever asks with a `traceparent` finds all of it in the trace of their own.

use std::time::Duration;

use axum::http::{HeaderMap, Request, Response, Uri};
use causeflow_runs::{Error, Result};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

/// A collector that does not answer in this time has not got what was sent.
const SEND: Duration = Duration::from_secs(5);

/// Sends from the thread of the exporter, which may wait.
#[derive(Debug)]
struct Sender(ureq::Agent);

#[async_trait::async_trait]
impl HttpClient for Sender {
    async fn send_bytes(
        &self,
        request: Request<Bytes>,
    ) -> std::result::Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, body.to_vec());
        let (parts, mut body) = self.0.run(request)?.into_parts();
        Ok(Response::from_parts(parts, body.read_to_vec()?.into()))
    }
}

/// What makes spans and sends them.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// To a collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`: its path is `/v1/traces` unless it has one.
    ///
    /// # Errors
    /// When it is no address of one.
    pub fn to(collector: &str) -> Result<Traces> {
        let refused = |why: String| {
            let help =
                "give the address of one that takes OTLP over HTTP, such as http://127.0.0.1:4318";
            Error::input(
                format!("`{collector}` is no address of a collector: {why}"),
                help,
            )
            .in_field("otlp")
        };
        let uri: Uri = collector
            .parse()
            .map_err(|error| refused(format!("{error}")))?;
        if uri.scheme_str() != Some("http") || uri.host().is_none() {
            return Err(refused(
                "it does not begin with `http://` and a host".to_owned(),
            ));
        }
        let endpoint = match uri.path() {
            "/" => format!("{}/v1/traces", collector.trim_end_matches('/')),
            _ => collector.to_owned(),
        };
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(SEND))
            .http_status_as_error(false)
            .build();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Sender(agent.into()))
            .with_endpoint(endpoint)
            .build()
            .map_err(|error| refused(error.to_string()))?;
        let about = Resource::builder().with_service_name("causeflow");
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(about.build())
            .build();
        Ok(Traces(provider))
    }

    /// What hears of spans.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        tracing_opentelemetry::layer().with_tracer(self.0.tracer("causeflow"))
    }
}

impl Drop for Traces {
    /// Sends what has not been sent. A collector that is away must not keep the server.
    fn drop(&mut self) {
        let _ = self.0.shutdown_with_timeout(SEND);
    }
}

/// Makes a span part of the trace from which a request comes.
pub fn follow(span: &Span, headers: &HeaderMap) {
    let context = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    // Without a collector there is nothing to be part of.
    let _ = span.set_parent(context);
}
