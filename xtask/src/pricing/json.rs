//! JSON whose numbers stay text: prices never become floats on their way into the table.

use std::collections::BTreeMap;

use anyhow::Context as _;
use llm_pricing::PriceValue;
use serde_json::value::RawValue;

/// The members of an object, by name.
pub(super) type Fields = BTreeMap<String, PriceValue>;

/// The members of an object, not yet read.
pub(super) fn members(text: &str) -> anyhow::Result<BTreeMap<String, &RawValue>> {
    serde_json::from_str(text).context("expected a JSON object")
}

/// The members of an object, read.
pub(super) fn fields(text: &str) -> anyhow::Result<Fields> {
    members(text)?.into_iter().map(|(name, raw)| Ok((name, tree(raw.get())?))).collect()
}

fn tree(text: &str) -> anyhow::Result<PriceValue> {
    Ok(match text.trim_start().chars().next() {
        Some('{') => PriceValue::Map(fields(text)?.into_iter().collect()),
        Some('[') => {
            let list: Vec<&RawValue> = serde_json::from_str(text)?;
            PriceValue::List(list.into_iter().map(|raw| tree(raw.get())).collect::<Result<_, _>>()?)
        }
        Some('"') => PriceValue::Text(serde_json::from_str(text)?),
        Some('t' | 'f') => PriceValue::Bool(serde_json::from_str(text)?),
        Some('n') => PriceValue::Null,
        _ => PriceValue::Number(text.trim().to_owned()),
    })
}

/// Writes a value without spaces.
pub(super) fn write(value: &PriceValue, out: &mut String) -> anyhow::Result<()> {
    match value {
        PriceValue::Null => out.push_str("null"),
        PriceValue::Bool(yes) => out.push_str(if *yes { "true" } else { "false" }),
        PriceValue::Number(text) => out.push_str(text),
        PriceValue::Text(text) => out.push_str(&serde_json::to_string(text)?),
        PriceValue::List(list) => {
            out.push('[');
            for (index, value) in list.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(value, out)?;
            }
            out.push(']');
        }
        PriceValue::Map(map) => write_members(map.iter().map(|(name, value)| (name.as_str(), value)), out)?,
    }
    Ok(())
}

/// Writes an object without spaces.
pub(super) fn write_members<'a>(
    members: impl Iterator<Item = (&'a str, &'a PriceValue)>,
    out: &mut String,
) -> anyhow::Result<()> {
    out.push('{');
    for (index, (name, value)) in members.enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&serde_json::to_string(name)?);
        out.push(':');
        write(value, out)?;
    }
    out.push('}');
    Ok(())
}
