//! JSON Schema and the subset of OpenAPI's schemas that Gemini has of old, both ways.
//!
//! Source: Gemini API reference, "Schema" (ai.google.dev/api/caching#Schema), and docs, "Structured outputs", read
//! 2026-11.

use serde_json::{Map, Value, json};

/// References inside of references are followed so far; recursion ends in any object.
const DEPTH: usize = 16;

/// What every schema of Gemini's may say.
const KNOWN: &[&str] = &[
    "title",
    "description",
    "nullable",
    "default",
    "example",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "pattern",
    "propertyOrdering",
];

/// Formats that Gemini knows.
const FORMATS: &[&str] = &["enum", "date-time", "int32", "int64", "float", "double"];

/// A schema in the subset, and what was left out on the way, by its place.
#[derive(Debug)]
pub(crate) struct Fitted {
    pub(crate) schema: Value,
    pub(crate) dropped: Vec<String>,
}

/// Fits a JSON Schema into the subset. References are put in their place, `const` becomes an `enum` of one, types
/// that may be `null` become `nullable`.
pub(crate) fn fit(schema: &Value) -> Fitted {
    let mut fit = Fit { root: schema, dropped: Vec::new() };
    let schema = fit.schema(schema, "", 0);
    Fitted { schema, dropped: fit.dropped }
}

struct Fit<'a> {
    root: &'a Value,
    dropped: Vec<String>,
}

impl Fit<'_> {
    fn drop(&mut self, path: &str, name: &str) {
        self.dropped.push(format!("{path}/{name}"));
    }

    fn schema(&mut self, schema: &Value, path: &str, depth: usize) -> Value {
        let Value::Object(members) = schema else {
            // `true` is any value, and there is no type for that.
            self.dropped.push(path.to_owned());
            return json!({ "type": "object" });
        };
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            return self.referred(reference, members, path, depth);
        }
        let mut out = Map::new();
        self.kind(members, &mut out, path, depth);
        for (name, value) in members {
            match name.as_str() {
                "type" => {}
                "anyOf" | "oneOf" if value.is_array() => {}
                // What is referred to stands where it is.
                "$defs" | "definitions" if self.are_referred(name, value) => {}
                "const" => self.one_of_texts(std::slice::from_ref(value), name, &mut out, path),
                "enum" if value.is_array() => {
                    let values = value.as_array().map(Vec::as_slice).unwrap_or_default();
                    self.one_of_texts(values, name, &mut out, path);
                }
                "format" if value.as_str().is_some_and(|format| FORMATS.contains(&format)) => {
                    out.insert(name.clone(), value.clone());
                }
                "properties" => self.properties(value, members, &mut out, path, depth),
                "items" if value.is_object() => {
                    let items = self.schema(value, &format!("{path}/items"), depth + 1);
                    out.insert(name.clone(), items);
                }
                "required" if value.is_array() && has_properties(members) => {}
                name if KNOWN.contains(&name) => {
                    out.insert(name.to_owned(), value.clone());
                }
                name => self.drop(path, name),
            }
        }
        if out.get("type").is_some_and(|kind| kind == "array") && !out.contains_key("items") {
            out.insert("items".to_owned(), json!({ "type": "object" }));
        }
        Value::Object(out)
    }

    /// `type`, `anyOf` and `oneOf`; what may be `null` is `nullable`.
    fn kind(&mut self, members: &Map<String, Value>, out: &mut Map<String, Value>, path: &str, depth: usize) {
        let is_null = |kind: &&Value| kind.as_str() != Some("null");
        match members.get("type") {
            Some(Value::Array(kinds)) => {
                let rest: Vec<&Value> = kinds.iter().filter(is_null).collect();
                if rest.len() < kinds.len() {
                    out.insert("nullable".to_owned(), true.into());
                }
                match rest.as_slice() {
                    [one] => {
                        out.insert("type".to_owned(), (*one).clone());
                    }
                    several => {
                        let any = several.iter().map(|kind| json!({ "type": kind })).collect();
                        out.insert("anyOf".to_owned(), any);
                    }
                }
            }
            Some(kind) => {
                out.insert("type".to_owned(), kind.clone());
            }
            None => {}
        }
        for name in ["anyOf", "oneOf"] {
            let Some(branches) = members.get(name).and_then(Value::as_array) else { continue };
            let rest: Vec<&Value> = branches.iter().filter(|branch| branch["type"] != "null").collect();
            if rest.len() < branches.len() {
                out.insert("nullable".to_owned(), true.into());
            }
            let mut fitted = Vec::with_capacity(rest.len());
            for (at, branch) in rest.iter().enumerate() {
                fitted.push(self.schema(branch, &format!("{path}/{name}/{at}"), depth + 1));
            }
            match (fitted.len(), fitted.pop()) {
                (1, Some(Value::Object(only))) => out.extend(only),
                (_, Some(last)) => {
                    fitted.push(last);
                    out.insert("anyOf".to_owned(), fitted.into());
                }
                (_, None) => {}
            }
        }
        if !out.contains_key("type") && !out.contains_key("anyOf") {
            let kind = if members.contains_key("items") {
                "array"
            } else if members.contains_key("enum") || members.contains_key("const") {
                "string"
            } else {
                "object"
            };
            out.insert("type".to_owned(), kind.into());
        }
    }

    /// `enum` is for texts that are not empty.
    fn one_of_texts(&mut self, values: &[Value], name: &str, out: &mut Map<String, Value>, path: &str) {
        let texts: Vec<Value> = values
            .iter()
            .filter(|value| value.as_str().is_some_and(|text| !text.is_empty()))
            .cloned()
            .collect();
        if values.iter().any(Value::is_null) {
            out.insert("nullable".to_owned(), true.into());
        }
        if texts.len() < values.iter().filter(|value| !value.is_null()).count() {
            self.drop(path, name);
        }
        if !texts.is_empty() {
            out.insert("enum".to_owned(), texts.into());
        }
    }

    /// An object without properties says so by having none.
    fn properties(
        &mut self,
        value: &Value,
        members: &Map<String, Value>,
        out: &mut Map<String, Value>,
        path: &str,
        depth: usize,
    ) {
        let Some(properties) = value.as_object() else { return self.drop(path, "properties") };
        if properties.is_empty() {
            return;
        }
        let mut fitted = Map::with_capacity(properties.len());
        for (name, schema) in properties {
            let path = format!("{path}/properties/{name}");
            fitted.insert(name.clone(), self.schema(schema, &path, depth + 1));
        }
        out.insert("properties".to_owned(), Value::Object(fitted));
        if let Some(required) = members.get("required").filter(|required| required.is_array()) {
            out.insert("required".to_owned(), required.clone());
        }
    }

    /// Whether each of these definitions is referred to from somewhere.
    fn are_referred(&self, holder: &str, definitions: &Value) -> bool {
        let text = self.root.to_string();
        let is_referred = |name: &String| text.contains(&format!("\"#/{holder}/{name}\""));
        definitions.as_object().is_some_and(|definitions| definitions.keys().all(is_referred))
    }

    fn referred(&mut self, reference: &str, members: &Map<String, Value>, path: &str, depth: usize) -> Value {
        let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
        let Some(target) = target.filter(|_| depth < DEPTH) else {
            self.drop(path, "$ref");
            return json!({ "type": "object" });
        };
        let mut schema = self.schema(target, path, depth + 1);
        if let (Value::Object(schema), Some(description)) = (&mut schema, members.get("description")) {
            schema.insert("description".to_owned(), description.clone());
        }
        schema
    }
}

/// An object without properties says so by having none, and needs none of them.
fn has_properties(members: &Map<String, Value>) -> bool {
    let properties = members.get("properties").and_then(Value::as_object);
    properties.is_some_and(|properties| !properties.is_empty())
        || members.get("required").and_then(Value::as_array).is_some_and(Vec::is_empty)
}

/// A schema of the subset as JSON Schema: types in small letters, what is `nullable` may be `null`.
pub(crate) fn unfold(schema: Value) -> Value {
    let Value::Object(members) = schema else { return schema };
    let mut out = Map::with_capacity(members.len());
    let mut nullable = false;
    for (name, value) in members {
        let value = match (name.as_str(), value) {
            ("nullable", value) => {
                nullable = value == Value::Bool(true);
                continue;
            }
            ("type", Value::String(kind)) if kind == "TYPE_UNSPECIFIED" => continue,
            ("type", Value::String(kind)) => kind.to_ascii_lowercase().into(),
            ("properties" | "defs" | "$defs", Value::Object(properties)) => {
                properties.into_iter().map(|(name, schema)| (name, unfold(schema))).collect()
            }
            ("items" | "additionalProperties", schema) => unfold(schema),
            ("anyOf" | "prefixItems", Value::Array(schemas)) => schemas.into_iter().map(unfold).collect(),
            // Numbers of 64 bits are written as texts in Google's JSON.
            (
                "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties" | "maxProperties",
                Value::String(text),
            ) => text.parse::<i64>().map_or(Value::String(text), Value::from),
            (_, value) => value,
        };
        out.insert(name, value);
    }
    if nullable {
        if let Some(kind) = out.get_mut("type") {
            *kind = json!([kind.take(), "null"]);
        } else if let Some(Value::Array(branches)) = out.get_mut("anyOf") {
            branches.push(json!({ "type": "null" }));
        }
        // An enum of JSON Schema says of every value whether it may be, of `null` too.
        if let Some(Value::Array(values)) = out.get_mut("enum")
            && !values.contains(&Value::Null)
        {
            values.push(Value::Null);
        }
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_and_what_is_said_otherwise() {
        let fitted = fit(&json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "pet": {"$ref": "#/$defs/Pet", "description": "A pet."},
                "age": {"type": ["integer", "null"], "format": "int32", "exclusiveMinimum": 0},
                "kind": {"const": "cat"},
                "size": {"type": "integer", "enum": [1, 2]},
                "tags": {"type": "array"},
                "one": {"oneOf": [{"type": "string", "format": "uri"}, {"type": "null"}]},
                "many": {"type": ["string", "number"]},
                "empty": {"type": "object", "properties": {}, "required": []},
            },
            "required": ["pet"],
            "additionalProperties": false,
            "$defs": {"Pet": {"type": "object", "properties": {"name": {"type": "string", "minLength": 1}}}},
        }));
        assert_eq!(
            fitted.schema,
            json!({
                "type": "object",
                "properties": {
                    "pet": {
                        "type": "object",
                        "properties": {"name": {"type": "string", "minLength": 1}},
                        "description": "A pet.",
                    },
                    "age": {"nullable": true, "type": "integer", "format": "int32"},
                    "kind": {"type": "string", "enum": ["cat"]},
                    "size": {"type": "integer"},
                    "tags": {"type": "array", "items": {"type": "object"}},
                    "one": {"nullable": true, "type": "string"},
                    "many": {"anyOf": [{"type": "string"}, {"type": "number"}]},
                    "empty": {"type": "object"},
                },
                "required": ["pet"],
            })
        );
        assert_eq!(
            fitted.dropped,
            [
                "/$schema",
                "/properties/age/exclusiveMinimum",
                "/properties/size/enum",
                "/properties/one/oneOf/0/format",
                "/additionalProperties",
            ]
        );
    }

    #[test]
    fn what_may_be_null_may_be_so_in_an_enum() {
        let googles = json!({"type": "STRING", "nullable": true, "enum": ["a", "b"]});
        let unfolded = unfold(googles);
        assert_eq!(unfolded, json!({"type": ["string", "null"], "enum": ["a", "b", null]}));
        assert_eq!(fit(&unfolded).schema, json!({"type": "string", "nullable": true, "enum": ["a", "b"]}));
    }

    #[test]
    fn recursion_ends() {
        let fitted = fit(&json!({
            "$ref": "#/$defs/Node",
            "$defs": {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}},
        }));
        assert!(fitted.dropped.iter().any(|path| path.ends_with("/$ref")), "{:?}", fitted.dropped);
        assert_eq!(fit(&json!({"$ref": "#/nowhere"})).schema, json!({"type": "object"}));
        assert_eq!(fit(&json!(true)).schema, json!({"type": "object"}));
    }

    #[test]
    fn the_subset_as_json_schema() {
        let schema = json!({
            "type": "OBJECT", "nullable": true,
            "properties": {
                "type": {"type": "STRING", "maxLength": "7"},
                "list": {"type": "ARRAY", "items": {"anyOf": [{"type": "NUMBER"}], "nullable": true}},
            },
        });
        assert_eq!(
            unfold(schema),
            json!({
                "type": ["object", "null"],
                "properties": {
                    "type": {"type": "string", "maxLength": 7},
                    "list": {"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "null"}]}},
                },
            })
        );
    }
}
