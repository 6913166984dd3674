//! The description of the endpoints for people: a page without scripts, and the same as a text for the documentation.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

use crate::openapi::described;

/// One endpoint of the document.
struct Operation<'a> {
    method: String,
    path: &'a str,
    about: &'a str,
    params: Vec<(&'a str, &'a str, &'a str)>,
    body: Option<&'a str>,
    answer: &'a str,
    refusals: Vec<&'a str>,
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The name of what a schema refers to, or its type.
fn named(schema: Option<&Value>) -> &str {
    let Some(schema) = schema else { return "" };
    let refers = schema.get("$ref").or(schema.pointer("/items/$ref"));
    match refers.and_then(Value::as_str) {
        Some(path) => path.rsplit('/').next().unwrap_or(path),
        None => schema.get("type").and_then(Value::as_str).unwrap_or("any"),
    }
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document.get("paths").and_then(Value::as_object);
    let mut all = Vec::new();
    for (path, methods) in paths.into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let params = operation.get("parameters").and_then(Value::as_array);
            let params = params.into_iter().flatten();
            let responses = operation.get("responses").and_then(Value::as_object);
            let codes = responses
                .into_iter()
                .flatten()
                .map(|(code, _)| code.as_str());
            let content = operation.pointer("/responses/200/content");
            let content = content
                .and_then(Value::as_object)
                .and_then(|kinds| kinds.iter().next());
            let body = operation.pointer("/requestBody/content/application~1json/schema");
            all.push(Operation {
                method: method.to_uppercase(),
                path,
                about: text(operation, "/summary"),
                params: params
                    .map(|param| {
                        (
                            text(param, "/name"),
                            text(param, "/in"),
                            text(param, "/description"),
                        )
                    })
                    .collect(),
                body: body.map(|body| named(Some(body))),
                answer: content.map_or("", |(kind, content)| match kind.as_str() {
                    "application/json" => named(content.get("schema")),
                    other => other,
                }),
                refusals: codes.filter(|code| *code != "200").collect(),
            });
        }
    }
    all
}

/// The page.
pub async fn page() -> Response {
    let document = described();
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (kind, shown(&document).into_string()).into_response()
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}\
    code{font-size:.95em}pre{overflow:auto;padding:1rem;border:1px solid #8888;border-radius:.4rem}h2{margin-top:2.5rem}\
    table{border-collapse:collapse}td,th{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}";

fn shown(document: &Value) -> Markup {
    let schemas = document
        .pointer("/components/schemas")
        .and_then(Value::as_object);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "causeflow live: what can be asked and told" }
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                h1 { "What can be asked and told" }
                p { "As a document for programs: " a href="/api/v1/openapi.json" { "OpenAPI 3.1" } ". The page: " a href="/admin" { "/admin" } "." }
                @for one in operations(document) {
                    h2 { code { (one.method) " " (one.path) } }
                    p { (one.about) }
                    @if !one.params.is_empty() {
                        table {
                            thead { tr { th { "Name" } th { "Where" } th { "Meaning" } } }
                            tbody {
                                @for (name, place, about) in &one.params {
                                    tr { td { code { (name) } } td { (place) } td { (about) } }
                                }
                            }
                        }
                    }
                    @if let Some(body) = one.body { p { "Body: " a href={ "#" (body) } { (body) } } }
                    p { "Answer: " a href={ "#" (one.answer) } { (one.answer) } ". Refused with " (one.refusals.join(", ")) "." }
                }
                h1 { "Shapes" }
                @for (name, schema) in schemas.into_iter().flatten() {
                    h2 id=(name) { (name) }
                    pre { (serde_json::to_string_pretty(schema).unwrap_or_default()) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    /// The same as Markdown, for docs/api.md.
    fn markdown() -> String {
        let document = described();
        let mut page = String::from(
            "# What can be asked and told\n\n\
             Made of the OpenAPI document of the server (`/api/v1/openapi.json`), which has all shapes in full; `/api/v1/docs` shows it as a page.\n\
             Errors are `application/problem+json` (RFC 9457): `detail` says what was found, `help` what to do, `field` where. Ids of 64 bits are strings.\n\
             Times may be instants, times in the model's zone, `day3T10:00`, `now`, or before now, such as `-7d`.\n",
        );
        for one in operations(&document) {
            // Writing to a text cannot fail.
            let _ = write!(page, "\n## {} {}\n\n{}.\n", one.method, one.path, one.about);
            if !one.params.is_empty() {
                page.push_str("\n| name | where | meaning |\n|---|---|---|\n");
            }
            for (name, place, about) in &one.params {
                let about = about.replace('\n', " ");
                let _ = writeln!(page, "| `{name}` | {place} | {about} |");
            }
            if let Some(body) = one.body {
                let _ = write!(page, "\nBody: `{body}`.");
            }
            let _ = writeln!(
                page,
                "\nAnswer: `{}`. Refused with {}.",
                one.answer,
                one.refusals.join(", ")
            );
        }
        page
    }

    #[test]
    fn the_documentation_has_what_the_server_has() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api.md");
        let is = markdown();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path, &is).expect("the documentation can be written");
        }
        let was = std::fs::read_to_string(path).expect("docs/api.md");
        assert!(
            was == is,
            "docs/api.md is not what the server has: run the test with UPDATE_GOLDEN=1"
        );
    }
}
