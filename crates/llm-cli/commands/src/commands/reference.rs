//! The page of the configuration's keys, from its JSON Schema.

use std::fmt::Write as _;

use serde_json::Value;

/// The page.
pub(crate) fn page() -> anyhow::Result<String> {
    let schema = llm_gateway::config::json_schema();
    let mut text = String::from(
        "# Configuration\n\nOne YAML file. Strings may refer to the environment as `os.environ/NAME`; secrets may be \
         `file:PATH`.\n",
    );
    section(&mut text, &schema, &schema, "", 0)?;
    Ok(text)
}

/// A map's keys, then the maps among them.
fn section(text: &mut String, root: &Value, map: &Value, path: &str, depth: usize) -> anyhow::Result<()> {
    let Some(members) = map["properties"].as_object() else { return Ok(()) };
    if !path.is_empty() {
        write!(text, "\n## `{path}`\n")?;
        if let Some(words) = map["description"].as_str() {
            write!(text, "\n{}\n", one_line(words))?;
        }
    }
    write!(text, "\n| key | type | meaning |\n| --- | --- | --- |\n")?;
    for (name, member) in members {
        let resolved = resolve(root, member);
        let words = member["description"].as_str().or(resolved["description"].as_str()).unwrap_or_default();
        writeln!(text, "| `{name}` | {} | {} |", kind(root, member), one_line(words).replace('|', "\\|"))?;
    }
    if depth > 4 {
        return Ok(());
    }
    for (name, member) in members {
        let inner = resolve(root, member);
        let (inner, suffix) = match inner["type"].as_str() {
            Some("array") => (resolve(root, &inner["items"]), "[]"),
            _ => (inner, ""),
        };
        if inner["properties"].is_object() {
            let dot = if path.is_empty() { "" } else { "." };
            section(text, root, inner, &format!("{path}{dot}{name}{suffix}"), depth + 1)?;
        }
    }
    Ok(())
}

/// Follows a reference, and takes the one alternative that is not `null`.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(pointer) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        return root.pointer(pointer).map_or(schema, |target| resolve(root, target));
    }
    let real: Vec<&Value> =
        schema["anyOf"].as_array().into_iter().flatten().filter(|option| option["type"] != "null").collect();
    match real[..] {
        [only] => resolve(root, only),
        _ => schema,
    }
}

fn kind(root: &Value, schema: &Value) -> String {
    let schema = resolve(root, schema);
    let choices = schema["enum"].as_array().cloned().or_else(|| {
        let options = schema["oneOf"].as_array()?;
        options.iter().map(|option| Some(option["const"].clone()).filter(|value| !value.is_null())).collect()
    });
    if let Some(choices) = choices {
        let names: Vec<String> =
            choices.iter().map(|choice| format!("`{}`", choice.as_str().unwrap_or("?"))).collect();
        return names.join(", ");
    }
    match &schema["type"] {
        Value::String(name) if name == "array" => format!("list of {}", kind(root, &schema["items"])),
        Value::String(name) if name == "object" => "map".to_owned(),
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            let names: Vec<&str> =
                names.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect();
            names.join(" or ")
        }
        _ => "any".to_owned(),
    }
}

fn one_line(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}
