//! All routes, for machines and for people.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::routes::{ROUTES, RouteDoc};

/// The whole document: the routes that ask models, and those that manage.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for doc in ROUTES {
        // OpenAPI has no name for all that is left of a path.
        let path = doc.path.replace("{*", "{");
        paths.entry(path).or_insert_with(|| json!({}))[doc.method.to_ascii_lowercase()] = operation(doc);
    }
    llm_management::openapi(paths)
}

fn operation(doc: &RouteDoc) -> Value {
    let of_path = doc.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameters: Vec<Value> = of_path
        .map(|name| {
            let name = name.trim_start_matches('*');
            json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}})
        })
        .collect();
    let name: String =
        doc.path.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let mut operation = json!({
        "operationId": format!("{}{name}", doc.method.to_ascii_lowercase()),
        "summary": doc.purpose,
        "tags": [if doc.method == "POST" { "models" } else { "gateway" }],
        "parameters": parameters,
        // Answers and errors are in the shape of the dialect that the route speaks.
        "responses": {"200": {"description": "Done"}, "default": {"description": "What went wrong"}},
    });
    if doc.method == "POST" && doc.path != "/config/reload" {
        operation["requestBody"] =
            json!({"required": true, "content": {"application/json": {"schema": {"type": "object"}}}});
    }
    operation
}

/// Leads to another path.
pub fn elsewhere(place: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(place));
    response
}

/// A part of the page that shows it.
pub fn page(kind: &'static str, text: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, llm_management::DOCS_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
