//! What is printed: tables for people, names for scripts, the API's answers for programs.

use std::io::{Stdout, Write as _, stderr, stdout};

use comfy_table::{Attribute, Cell, ContentArrangement};
use serde_json::Value;

use crate::commands::models::table;
use crate::manage::api::{Gateway, Refusal};
use crate::manage::fields::Object;
use crate::manage::lists::Page;
use crate::on_terminal;

/// A column of a table: its name, and what stands in it for an entry.
pub(crate) type Column = (&'static str, fn(&Value) -> String);

/// Where answers are printed, and how.
pub(crate) struct Out {
    json: bool,
    quiet: bool,
    out: Stdout,
}

impl Out {
    pub(crate) fn new(gateway: &Gateway) -> Self {
        Self { json: gateway.json, quiet: gateway.quiet, out: stdout() }
    }

    /// A list: a table, or the names of the entries.
    pub(crate) fn list<const N: usize>(
        &mut self,
        page: Page,
        columns: [Column; N],
        name: fn(&Value) -> String,
    ) -> anyhow::Result<()> {
        if self.json {
            return self.answer(&page.into_answer());
        }
        let rest = page.rest();
        if self.quiet {
            for entry in &page.entries {
                writeln!(self.out, "{}", name(entry))?;
            }
        } else {
            self.table(&page.entries, columns)?;
        }
        if rest > 0 {
            let shown = page.entries.len();
            writeln!(stderr(), "{shown} of {}; `--page N` shows others, `--all` all", rest + shown as u64)?;
        }
        Ok(())
    }

    /// A table of entries.
    pub(crate) fn table<const N: usize>(
        &mut self,
        entries: &[Value],
        columns: [Column; N],
    ) -> anyhow::Result<()> {
        let mut table = table(columns.map(|(title, _)| title));
        if on_terminal() {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_header(columns.map(|(title, _)| Cell::new(title).add_attribute(Attribute::Bold)));
        }
        for entry in entries {
            table.add_row(columns.map(|(_, show)| show(entry)));
        }
        writeln!(self.out, "{table}")?;
        Ok(())
    }

    /// Entries that are no page of a list: a table, or their names. Tells how many there are, if they are more.
    pub(crate) fn entries<const N: usize>(
        &mut self,
        answer: &Value,
        entries: &[Value],
        columns: [Column; N],
        name: fn(&Value) -> String,
        total: u64,
    ) -> anyhow::Result<()> {
        if self.json {
            return self.answer(answer);
        }
        if self.quiet {
            for entry in entries {
                writeln!(self.out, "{}", name(entry))?;
            }
        } else {
            self.table(entries, columns)?;
        }
        let shown = entries.len() as u64;
        if total > shown {
            writeln!(stderr(), "{shown} of {total}")?;
        }
        Ok(())
    }

    /// Sums by some members, and what all come to.
    pub(crate) fn sums(&mut self, answer: &Value, lines: &[Value], by: &[&str]) -> anyhow::Result<()> {
        const SUMS: [Column; 6] = [
            ("SPEND", |it| dollars(&it["spend"])),
            ("REQUESTS", |it| words(&it["requests"])),
            ("FAILED", |it| words(&it["failed_requests"])),
            ("ESTIMATED", |it| words(&it["estimated_requests"])),
            ("READ", |it| words(&it["prompt_tokens"])),
            ("WRITTEN", |it| words(&it["completion_tokens"])),
        ];
        if self.json {
            return self.answer(answer);
        }
        let name = |line: &Value, by: &str| first(&[&line[format!("{by}_alias")], &line[by]]);
        if self.quiet {
            for line in lines {
                let names: Vec<String> = by.iter().map(|by| words(&line[*by])).collect();
                writeln!(self.out, "{}", names.join(" "))?;
            }
            return Ok(());
        }
        let titles: Vec<String> = by.iter().map(|by| by.to_uppercase()).collect();
        let header = titles.iter().map(String::as_str).chain(SUMS.map(|(title, _)| title));
        let mut table = table(header);
        if on_terminal() {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        for line in lines {
            let names = by.iter().map(|by| name(line, by));
            table.add_row(names.chain(SUMS.map(|(_, show)| show(line))).collect::<Vec<_>>());
        }
        let all = by.iter().enumerate().map(|(at, _)| if at == 0 { "all".to_owned() } else { String::new() });
        table.add_row(all.chain(SUMS.map(|(_, show)| show(&answer["total"]))).collect::<Vec<_>>());
        writeln!(self.out, "{table}")?;
        if answer["has_more"] == true {
            writeln!(stderr(), "there are more; `--limit N` shows them")?;
        }
        Ok(())
    }

    /// One thing: a line for each member that says something.
    pub(crate) fn record(&mut self, answer: &Value, record: &Object, name: &str) -> anyhow::Result<()> {
        if self.json {
            return self.answer(answer);
        }
        if self.quiet {
            writeln!(self.out, "{name}")?;
            return Ok(());
        }
        self.members(record)
    }

    /// What has a new key: that is told once.
    pub(crate) fn new_key(&mut self, answer: &Value, record: &Object, key: &str) -> anyhow::Result<()> {
        if self.json {
            self.answer(answer)?;
        } else if self.quiet {
            writeln!(self.out, "{key}")?;
        } else {
            self.members(record)?;
            writeln!(self.out, "\n{key}")?;
        }
        self.out.flush()?;
        writeln!(stderr(), "The key is not shown again: keep it now.")?;
        Ok(())
    }

    /// What was done, with what.
    pub(crate) fn done(&mut self, answer: &Value, told: &str, name: &str) -> anyhow::Result<()> {
        if self.json {
            return self.answer(answer);
        }
        writeln!(self.out, "{}", if self.quiet { name } else { told })?;
        Ok(())
    }

    /// What the gateway refused, for programs.
    pub(crate) fn refusal(&mut self, refusal: &Refusal) -> anyhow::Result<()> {
        if self.json && !refusal.answer.is_null() { self.answer(&refusal.answer) } else { Ok(()) }
    }

    fn answer(&mut self, answer: &Value) -> anyhow::Result<()> {
        writeln!(self.out, "{}", serde_json::to_string_pretty(answer)?)?;
        Ok(())
    }

    fn members(&mut self, record: &Object) -> anyhow::Result<()> {
        let said = record.iter().filter(|(_, value)| says_something(value));
        let members: Vec<(&String, String)> = said.map(|(name, value)| (name, words(value))).collect();
        let width = members.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, words) in members {
            writeln!(self.out, "{name:width$}  {words}")?;
        }
        Ok(())
    }
}

/// A part of an answer that is an object; an empty one if it is none.
pub(crate) fn part(answer: &Value, name: &str) -> Object {
    answer[name].as_object().cloned().unwrap_or_default()
}

/// What a change answers: the record, or an object with it.
pub(crate) fn changed(answer: &Value) -> Object {
    let record = if answer["data"].is_object() { &answer["data"] } else { answer };
    record.as_object().cloned().unwrap_or_default()
}

/// Whether a value is more than the absence of one.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => members.values().any(says_something),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// A value as a person writes it.
pub(crate) fn words(value: &Value) -> String {
    let plain = |one: &Value| one.is_string() || one.is_number();
    match value {
        Value::Null => "-".to_owned(),
        // What others have written does nothing to a terminal.
        Value::String(text) => text.replace(char::is_control, " "),
        Value::Array(list) if list.iter().all(plain) => list.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Array(list) => {
            let objects: Vec<String> = list.iter().map(words).collect();
            objects.join("; ")
        }
        Value::Object(members) => {
            let said = members.iter().filter(|(_, value)| says_something(value));
            said.map(|(name, value)| format!("{name} {}", words(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// The first of some values that says something, for a table.
pub(crate) fn first(values: &[&Value]) -> String {
    values.iter().find(|value| says_something(value)).map_or_else(|| "-".to_owned(), |value| words(value))
}

/// Names, as long as they are few.
pub(crate) fn names(value: &Value) -> String {
    let all: Vec<String> = value.as_array().into_iter().flatten().map(words).collect();
    match &all[..] {
        [] => "-".to_owned(),
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} +{}", rest.len())
        }
        few => few.join(", "),
    }
}

/// Dollars.
pub(crate) fn dollars(value: &Value) -> String {
    if value.is_number() { format!("${value}") } else { "-".to_owned() }
}

/// A time, to the minute.
pub(crate) fn when(value: &Value) -> String {
    let minute = value.as_str().and_then(|text| text.get(..16));
    minute.map_or_else(|| "-".to_owned(), |text| text.replace('T', " "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_read_well() {
        assert_eq!(words(&json!(["a", "b"])), "a, b");
        let members =
            json!([{"role": "admin", "user_id": "anna", "email": null}, {"role": "user", "user_id": "bob"}]);
        assert_eq!(words(&members), "role admin, user_id anna; role user, user_id bob");
        assert_eq!(words(&json!("\u{1b}[2J\nx")), " [2J x");
        assert_eq!(names(&json!(["a", "b", "c"])), "a, b, c");
        assert_eq!(names(&json!(["a", "b", "c", "d", "e"])), "a, b, c +2");
        assert_eq!((names(&json!([])), names(&Value::Null)), ("-".to_owned(), "-".to_owned()));
        assert_eq!((dollars(&json!(0.25)), dollars(&Value::Null)), ("$0.25".to_owned(), "-".to_owned()));
        assert_eq!(when(&json!("2026-11-21T08:15:59.123Z")), "2026-11-21 08:15");
        assert_eq!(when(&json!("soon")), "-");
    }

    #[test]
    fn what_says_nothing_is_left_out() {
        for nothing in [json!(null), json!(false), json!(""), json!([]), json!({}), json!({"a": {"b": []}})] {
            assert!(!says_something(&nothing), "{nothing}");
        }
        for something in [json!(0), json!(true), json!("a"), json!({"a": 1})] {
            assert!(says_something(&something), "{something}");
        }
    }
}
