//! Unions: objects of which exactly one member is meant. Where there are several nobody could say which one it is, so they
//! are refused here as by Amazon.
//!
//! Source: Smithy 2.0, "Union", and the protocol tests of restJson1 on malformed unions, read 2026-11.

use llm_provider_core::IngressError;
use llm_types::Extra;

use super::at;
use crate::wire::{ContentBlock, ConverseRequest, SystemBlock, Tool, ToolChoice, ToolResultContent};

/// Refuses unions with more than one member.
///
/// # Errors
/// The first one, by its place.
pub(super) fn check(wire: &ConverseRequest) -> Result<(), IngressError> {
    for (number, block) in wire.system.get().into_iter().flatten().enumerate() {
        if let SystemBlock::Unknown(map) = block {
            one_member(map, format!("system[{number}]"))?;
        }
    }
    for (index, message) in wire.messages.get().into_iter().flatten().enumerate() {
        for (number, block) in message.content.iter().enumerate() {
            check_block(block, &format!("messages[{index}].content[{number}]"))?;
        }
    }
    let Some(config) = wire.tool_config.get() else { return Ok(()) };
    for (number, tool) in config.tools.iter().enumerate() {
        if let Tool::Unknown(map) = tool {
            one_member(map, format!("toolConfig.tools[{number}]"))?;
        }
    }
    match config.tool_choice.get() {
        Some(ToolChoice::Unknown(map)) => one_member(map, "toolConfig.toolChoice".to_owned()),
        _ => Ok(()),
    }
}

fn check_block(block: &ContentBlock, path: &str) -> Result<(), IngressError> {
    match block {
        ContentBlock::Unknown(map) => one_member(map, path.to_owned()),
        ContentBlock::ToolResult(result) => {
            for (number, piece) in result.content.iter().enumerate() {
                if let ToolResultContent::Unknown(map) = piece {
                    one_member(map, format!("{path}.toolResult.content[{number}]"))?;
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn one_member(map: &Extra, path: String) -> Result<(), IngressError> {
    if map.len() < 2 {
        return Ok(());
    }
    let names: Vec<String> = map.keys().map(|name| format!("`{name}`")).collect();
    Err(at(path, format!("takes one member, and has {}", names.join(", "))))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refused(body: &Value) -> Option<String> {
        check(&llm_types::from_value(body.clone()).unwrap()).err().map(|error| error.path)
    }

    #[test]
    fn several_members_are_refused_with_their_place() {
        let asked = json!({ "system": [{ "text": "s" }], "messages": [{ "role": "user", "content": [
            { "text": "t", "image": null }, { "later": 1 },
            { "toolResult": { "toolUseId": "c", "content": [{ "text": "r" }] } }] }],
            "toolConfig": { "tools": [{ "toolSpec": { "name": "f", "inputSchema": { "json": {} } } }],
                "toolChoice": { "auto": {} } } });
        assert_eq!(refused(&asked), None);
        for (place, path) in [
            ("/system/0", "system[0]"),
            ("/messages/0/content/0", "messages[0].content[0]"),
            ("/messages/0/content/1", "messages[0].content[1]"),
            ("/messages/0/content/2/toolResult/content/0", "messages[0].content[2].toolResult.content[0]"),
            ("/toolConfig/tools/0", "toolConfig.tools[0]"),
            ("/toolConfig/toolChoice", "toolConfig.toolChoice"),
        ] {
            let mut asked = asked.clone();
            asked.pointer_mut(place).unwrap()["novelty"] = 1.into();
            assert_eq!(refused(&asked).as_deref(), Some(path));
        }
    }
}
