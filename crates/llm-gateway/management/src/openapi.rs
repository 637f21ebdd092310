//! What OpenAPI says of the routes.

use llm_tenancy::management::route;
use serde_json::{Map, Value, json};

use crate::endpoint::{Answer, Docs, Endpoint, Param};

/// The routes as OpenAPI's `paths` (3.1). Errors are the component `Error`.
pub fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    for endpoint in crate::endpoints() {
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method.to_ascii_lowercase()] = operation(&endpoint);
    }
    paths
}

fn operation(endpoint: &Endpoint) -> Value {
    let Endpoint { method, path, purpose, docs, .. } = endpoint;
    let Docs { query, body, answer, status } = docs;
    let of_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let of_path = of_path.map(|name| {
        json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}})
    });
    let of_query = query.iter().map(|param| {
        json!({
            "name": param.name,
            "in": "query",
            "required": param.required,
            "description": param.about,
            "schema": param.shape.schema(),
        })
    });
    let answered = match answer {
        Answer::Object(members) => Some(object(members, false)),
        Answer::Other(shape) => Some(shape.schema()),
        Answer::Empty => None,
    };
    let mut done = json!({"description": "Done"});
    if let Some(schema) = answered {
        done["content"] = json!({"application/json": {"schema": schema}});
    }
    let mut responses = json!({});
    responses[status.unwrap_or(200).to_string()] = done;
    for (status, about) in [
        ("400", "The request makes no sense"),
        ("401", "No key, or none that is known here"),
        ("403", "Not the caller's to do"),
        ("404", "Not there, or not for the caller to see"),
        ("409", "Something else is in the way"),
        ("413", "The body is too large"),
        ("503", "The database does not answer"),
    ] {
        responses[status] = json!({
            "description": about,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        });
    }
    let tag = route(method, path).map_or("other", |route| route.resource.label());
    let mut operation = json!({
        "operationId": format!("{}{}", method.to_ascii_lowercase(), path.replace(['/', '{', '}', '-'], "_")),
        "summary": purpose,
        "tags": [tag],
        "parameters": of_path.chain(of_query).collect::<Vec<_>>(),
        "responses": responses,
    });
    if let Some(members) = body {
        operation["requestBody"] = json!({
            "required": members.iter().any(|member| member.required),
            "content": {"application/json": {"schema": object(members, true)}},
        });
    }
    operation
}

/// An object with these members. What is shown may be left out where it says nothing, and may have more members.
fn object(members: &[Param], is_request: bool) -> Value {
    let property = |param: &Param| {
        let mut schema = param.shape.schema();
        schema["description"] = param.about.into();
        (param.name.to_owned(), schema)
    };
    let mut schema =
        json!({"type": "object", "properties": members.iter().map(property).collect::<Map<_, _>>()});
    let required: Vec<&str> =
        members.iter().filter(|param| is_request && param.required).map(|param| param.name).collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}
