//! The description of the endpoints: OpenAPI 3.1, from the table that the router is made of.

use axum::Json;
use serde_json::{Map, Value, json};

use crate::api::{Endpoint, endpoints, of_answer, of_body};
use crate::problem::Problem;

/// The document.
pub async fn document() -> Json<Value> {
    Json(described())
}

/// What can be asked and told.
pub fn described() -> Value {
    let (endpoints, mut schemas) = endpoints();
    let problem = schemars::schema_for!(Problem).to_value();
    if let Some(schemas) = schemas.as_object_mut() {
        schemas.insert("Problem".to_owned(), problem);
    }
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in &endpoints {
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method] = operation(endpoint);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "causeflow live",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A simulated business as it goes on: to look at, and to steer. Ids of 64 bits are strings.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{}, { "token": [] }],
        "tags": [
            { "name": "look", "description": "What there is, and what has happened" },
            { "name": "steer", "description": "What can be done" },
        ],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn operation(endpoint: &Endpoint) -> Value {
    let (kind, schema) = &endpoint.answer;
    let mut responses = json!({
        "200": { "description": endpoint.about, "content": { *kind: { "schema": schema } } },
    });
    if let Some(example) = of_answer(endpoint.id) {
        responses["200"]["content"][*kind]["example"] = example;
    }
    for status in endpoint.refusals.iter().chain(&[421, 429]) {
        responses[status.to_string()] = json!({
            "description": "It cannot be done; the body says why, and what to do",
            "content": {
                "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } },
            },
        });
    }
    responses["429"]["headers"] = json!({
        "Retry-After": {
            "description": "After so many seconds it may be asked for again",
            "schema": { "type": "integer", "minimum": 1 },
        },
    });
    let params = endpoint.params.iter().map(|param| {
        json!({
            "name": param.name,
            "in": if param.in_path { "path" } else { "query" },
            "required": param.in_path,
            "description": param.about,
            "schema": param.schema,
        })
    });
    let mut params: Vec<Value> = params.collect();
    if endpoint.method != "get" {
        params.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "required": false,
            "description": "A key by which the same request is done only once",
            "schema": { "type": "string", "maxLength": 200 },
        }));
    }
    let mut operation = json!({
        "operationId": endpoint.id,
        "summary": endpoint.about,
        "tags": [if endpoint.method == "get" { "look" } else { "steer" }],
        "parameters": params,
        "responses": responses,
    });
    if let Some(body) = &endpoint.body {
        operation["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": body } },
        });
        if let Some(example) = of_body(endpoint.id) {
            operation["requestBody"]["content"]["application/json"]["example"] = example;
        }
    }
    operation
}
