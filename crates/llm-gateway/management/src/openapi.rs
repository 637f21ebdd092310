//! What OpenAPI says of the routes.

use std::collections::HashSet;

use llm_tenancy::management::route;
use serde_json::{Map, Value, json};

use crate::endpoint::{Answer, Docs, Endpoint, Param};

/// What the groups of operations are about.
const GROUPS: &[(&str, &str)] = &[
    ("models", "Requests to models, in the form of whichever SDK sends them."),
    ("gateway", "What the gateway tells of its models and of itself."),
    ("key", "Virtual keys: who may call what, and how much."),
    ("team", "Teams: what their members share."),
    ("team_member", "Who is in a team, and what each may spend in it."),
    ("user", "People who have keys, and what they may do."),
    ("organization", "Organisations: what their teams share."),
    ("organization_member", "Who is in an organisation."),
    ("project", "Projects of teams."),
    ("end_user", "Those on whose behalf requests are made: your customers."),
    ("budget", "Budgets under names, for keys, customers and organisations."),
    ("tag", "Tags of requests, and what may be spent under each."),
    ("access_group", "Models and others under one name, for lists of what may be called."),
    ("model", "Models beside those of the configuration's file."),
    ("credential", "Vendors' keys under names, for models."),
    ("audit", "Who changed what, and when."),
    ("settings", "For which keys tokens of identity providers stand."),
    ("spend", "What was spent: entries of the ledger, and reports."),
];

/// The whole document: what `data_plane` says of the routes that are not managed here, and what is. Where both have a path,
/// the operations of both stand under it.
pub fn openapi(data_plane: Map<String, Value>) -> Value {
    let mut paths = data_plane;
    for (path, operations) in self::paths() {
        match (paths.entry(path).or_insert_with(|| json!({})), operations) {
            (Value::Object(theirs), Value::Object(ours)) => theirs.extend(ours),
            (theirs, ours) => *theirs = ours,
        }
    }
    let operations = paths.values().filter_map(Value::as_object).flat_map(Map::values);
    let named = operations.filter_map(|operation| operation["tags"].as_array()).flatten();
    let used: HashSet<&str> = named.filter_map(Value::as_str).collect();
    let told = GROUPS.iter().filter(|(name, _)| used.contains(name));
    let tags: Vec<Value> = told.map(|(name, about)| json!({"name": name, "description": about})).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "llm-gateway",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "One OpenAI-compatible interface before all your models.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": env!("CARGO_PKG_LICENSE")},
        },
        "servers": [{"url": "/"}],
        // Either will do.
        "security": [{"bearer": []}, {"x-api-key": []}, {"api-key": []}],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A key, or a token of an identity provider"},
                "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "api-key": {"type": "apiKey", "in": "header", "name": "api-key"},
            },
            "schemas": {"Error": error()},
        },
    })
}

/// What is said when something is not done.
fn error() -> Value {
    let text = |about: &str| json!({"type": "string", "description": about});
    let maybe = |about: &str| json!({"type": ["string", "null"], "description": about});
    json!({
        "type": "object",
        "required": ["error"],
        "properties": {"error": {
            "type": "object",
            "required": ["message", "type"],
            "properties": {
                "message": text("What is wrong"),
                "type": text("Of which kind that is"),
                "param": maybe("Which member of the request is meant"),
                "code": maybe("The same in one word"),
            },
        }},
    })
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        let chat = json!({"post": {
            "operationId": "chat", "tags": ["models"], "responses": {"200": {"description": "Done"}},
        }});
        let health = json!({"get": {"operationId": "health", "security": [], "responses": {"200": {"description": ""}}}});
        let budgets = json!({"patch": {"operationId": "b", "responses": {"200": {"description": ""}}}});
        let theirs = [("/v1/chat/completions", chat), ("/health/liveness", health), ("/budget/new", budgets)];
        openapi(theirs.map(|(path, item)| (path.to_owned(), item)).into_iter().collect())
    }

    fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
        document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .iter()
                .map(|(method, operation)| (path.as_str(), method.as_str(), operation))
        })
    }

    #[test]
    fn other_routes_stand_beside_ours() {
        let document = document();
        assert_eq!(document["paths"]["/v1/chat/completions"]["post"]["operationId"], "chat");
        let both = document["paths"]["/budget/new"].as_object().unwrap();
        assert!(both.contains_key("post") && both.contains_key("patch"));
        let mut tags = document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap());
        assert!(tags.clone().any(|tag| tag == "models") && tags.any(|tag| tag == "budget"));
    }

    /// What OpenAPI 3.1 asks of a document beyond the form of its objects.
    #[test]
    fn the_document_agrees_with_itself() {
        let document = document();
        let mut ids = HashSet::new();
        let mut seen = 0;
        for (path, method, operation) in operations(&document) {
            let at = format!("{method} {path}");
            assert!(["get", "post", "put", "patch", "delete"].contains(&method), "{at}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{at} has the id of another");
            let tag = operation["tags"][0].as_str().unwrap_or("key");
            assert!(
                document["tags"].as_array().unwrap().iter().any(|told| told["name"] == tag),
                "{at}: {tag}"
            );
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                responses.keys().all(|status| status.len() == 3 && status.parse::<u16>().is_ok()),
                "{at}"
            );
            assert!(responses.values().all(|response| response["description"].is_string()), "{at}");
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let named: Vec<(&str, &str)> =
                parameters.map(|one| (one["in"].as_str().unwrap(), one["name"].as_str().unwrap())).collect();
            assert_eq!(
                named.len(),
                named.iter().collect::<HashSet<_>>().len(),
                "{at} names a parameter twice"
            );
            let in_path: HashSet<&str> =
                named.iter().filter(|(place, _)| *place == "path").map(|(_, name)| *name).collect();
            let parts = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
            assert_eq!(in_path, parts.collect(), "{at}");
            seen += 1;
        }
        assert!(seen > 100, "{seen} operations");
    }

    /// Every reference leads somewhere, and every schema is one.
    #[test]
    fn schemas_are_schemas() {
        const TYPES: [&str; 7] = ["object", "array", "string", "number", "integer", "boolean", "null"];
        let document = document();
        let mut left = vec![(String::from("#"), &document)];
        while let Some((at, value)) = left.pop() {
            match value {
                Value::Array(list) => {
                    left.extend(list.iter().enumerate().map(|(place, one)| (format!("{at}/{place}"), one)));
                }
                Value::Object(members) => {
                    if let Some(target) = members.get("$ref") {
                        let pointer = target.as_str().and_then(|target| target.strip_prefix('#')).unwrap();
                        assert!(document.pointer(pointer).is_some(), "{at} refers to {target}");
                    }
                    // The schemes of security have kinds of their own.
                    if !at.starts_with("#/components/securitySchemes") {
                        let kinds = members.get("type").into_iter();
                        let kinds =
                            kinds.flat_map(|kind| kind.as_array().cloned().unwrap_or(vec![kind.clone()]));
                        for kind in kinds.filter(Value::is_string) {
                            assert!(TYPES.contains(&kind.as_str().unwrap()), "{at} is of type {kind}");
                        }
                        for name in members.get("required").and_then(Value::as_array).into_iter().flatten() {
                            let name = name.as_str().unwrap();
                            assert!(
                                members["properties"].get(name).is_some(),
                                "{at} needs {name}, which it lacks"
                            );
                        }
                    }
                    left.extend(members.iter().map(|(name, one)| (format!("{at}/{name}"), one)));
                }
                _ => {}
            }
        }
    }
}
