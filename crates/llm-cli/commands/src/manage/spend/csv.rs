//! Comma-separated values.
//!
//! Source: RFC 4180.

use std::borrow::Cow;
use std::io::Write as _;

use serde_json::Value;

/// Prints a line of names, and one for each entry.
pub(super) fn write<'a>(members: impl IntoIterator<Item = &'a str>, entries: &[Value]) -> anyhow::Result<()> {
    let members: Vec<&str> = members.into_iter().collect();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", members.join(","))?;
    for entry in entries {
        writeln!(out, "{}", line(&members, entry))?;
    }
    Ok(())
}

fn line(members: &[&str], entry: &Value) -> String {
    let cell = |name: &&str| match &entry[*name] {
        Value::Null => String::new(),
        Value::String(text) => quoted(text).into_owned(),
        other => quoted(&other.to_string()).into_owned(),
    };
    members.iter().map(cell).collect::<Vec<_>>().join(",")
}

/// A text that means itself, also to programs that take some beginnings for formulas.
fn quoted(text: &str) -> Cow<'_, str> {
    let number = text.parse::<f64>().is_ok();
    let is_formula = !number && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula || text.contains([',', '"', '\n', '\r']) {
        let shield = if is_formula { "'" } else { "" };
        return format!("\"{shield}{}\"", text.replace('"', "\"\"")).into();
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_mean_themselves() {
        let entry = json!({"a": "x,y", "b": "say \"hi\"", "c": null, "d": -0.5, "e": "=1+1", "f": "plain"});
        assert_eq!(
            line(&["a", "b", "c", "d", "e", "f"], &entry),
            r#""x,y","say ""hi""",,-0.5,"'=1+1",plain"#
        );
    }
}
