//! Requests of clients, read and encoded again.

use super::*;

/// What is said in the form that the translator writes comes out as it went in.
#[test]
fn reading_and_encoding_gives_the_same() {
    for body in [
        json!({"contents": [{"role": "user", "parts": [{"text": "Hi."}]}]}),
        json!({
            "contents": [
                {"role": "user", "parts": [{"text": "Hi."}, {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}]},
                {"role": "model", "parts": [{"text": "Hello."}]},
                {"role": "user", "parts": [
                    {"inlineData": {"mimeType": "audio/wav", "data": "AA"}},
                    {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0="}},
                    {"fileData": {"mimeType": "image/png", "fileUri": "gs://b/o"}},
                    {"fileData": {"mimeType": "video/mp4", "fileUri": "https://youtu.be/x"}, "videoMetadata": {"fps": 1}},
                    {"fileData": {"mimeType": "text/csv", "fileUri": "https://example.com/t.csv"}},
                    {"inlineData": {"mimeType": "image/gif", "data": "R0lGOD"}, "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"}},
                    {"fileData": {"mimeType": "text/plain", "fileUri": "gs://b/n", "displayName": "n"}},
                ]},
            ],
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
        }),
        json!({
            "contents": [
                {"role": "user", "parts": [{"text": "Weather?"}]},
                {"role": "model", "parts": [
                    {"functionCall": {"id": "a", "name": "f", "args": {"x": 1.5, "y": [null]}}, "thoughtSignature": "c2ln"},
                    {"functionCall": {"name": "g", "args": {}}},
                ]},
                {"role": "user", "parts": [
                    {"functionResponse": {"id": "a", "name": "f", "response": {"output": "21"}}},
                    {"functionResponse": {"name": "g", "response": {"a": {"b": 1}}}},
                ]},
                {"role": "model", "parts": [{"functionCall": {"name": "g", "args": {}}}]},
                {"role": "user", "parts": [
                    {"functionResponse": {"name": "g", "response": {"error": "no"}, "scheduling": "SILENT"}},
                ]},
            ],
            "tools": [{"functionDeclarations": [
                {"name": "f", "description": "F.", "parametersJsonSchema": {"type": "object", "properties": {"x": {"type": "number"}}}},
                {"name": "g", "behavior": "NON_BLOCKING"},
            ]}],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f", "g"]}},
        }),
        json!({
            "contents": [
                {"role": "user", "parts": [{"text": "Compute."}]},
                {"role": "model", "parts": [
                    {"text": "a"}, {"executableCode": {"language": "PYTHON", "code": "1"}},
                    {"codeExecutionResult": {"outcome": "OUTCOME_OK"}}, {"text": "b", "thoughtSignature": "c2ln"},
                ]},
                {"role": "user", "parts": [{"text": "Go on."}]},
            ],
            "tools": [{"codeExecution": {}}, {"googleSearch": {}}],
            "safetySettings": [{"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "OFF"}],
            "cachedContent": "cachedContents/x",
            "newMember": {"a": 1},
            "serviceTier": "flex",
        }),
        json!({
            "contents": [{"role": "user", "parts": [{"text": "Hi."}]}],
            "generationConfig": {
                "temperature": 0.5, "topP": 0.9, "topK": 40, "candidateCount": 2, "maxOutputTokens": 100,
                "stopSequences": ["x"], "presencePenalty": 0.1, "frequencyPenalty": 0.2, "seed": 7,
                "responseLogprobs": true, "logprobs": 3, "responseModalities": ["TEXT", "IMAGE"],
                "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}, "languageCode": "en-US"},
                "thinkingConfig": {"includeThoughts": true, "thinkingBudget": 2048},
                "mediaResolution": "MEDIA_RESOLUTION_LOW", "imageConfig": {"aspectRatio": "1:1"},
                "enableAffectiveDialog": true,
            },
        }),
        json!({
            "contents": [{"role": "user", "parts": [{"text": "Hi."}]}],
            "generationConfig": {
                "responseMimeType": "application/json",
                "responseJsonSchema": {"type": "object", "properties": {"a_b": {"type": "string"}}},
                "thinkingConfig": {"thinkingBudget": -1},
            },
            "toolConfig": {"retrievalConfig": {"languageCode": "fr"}},
        }),
        json!({
            "contents": [{"role": "user", "parts": [{"text": "Hi."}]}],
            "generationConfig": {"responseMimeType": "text/x.enum", "responseJsonSchema": {"enum": ["a", "b"]}},
        }),
        json!({
            "contents": [{"role": "user", "parts": [{"text": "Hi."}]}],
            "generationConfig": {"thinkingConfig": {"thinkingBudget": 0}, "responseMimeType": "application/json"},
        }),
    ] {
        assert_eq!(again(&body, "gemini-2.5-flash"), body);
    }
}

/// What other vendors are asked of it, whose words these are not.
#[test]
fn names_and_budgets_in_words_that_others_know() {
    let asked = |budget: i64| {
        read(&json!({
            "contents": [{"role": "user", "parts": [
                {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0=", "displayName": "log.pdf"}},
            ]}],
            "generationConfig": {"thinkingConfig": {"thinkingBudget": budget}},
            "toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}},
        }))
        .0
    };
    let off = asked(0);
    assert_eq!(off.thinking.get(), Some(&json!({"type": "disabled"})));
    assert!(off.reasoning_effort.is_absent(), "not every model that does not think knows the effort `none`");
    assert_eq!(asked(-1).thinking.get(), Some(&json!({"type": "adaptive"})));
    assert_eq!(json!(off.tool_choice), "auto");
    let part = &json!(off.messages)[0]["content"][0];
    assert_eq!(part["file"]["filename"], "log.pdf", "{part}");
}

#[test]
fn gemini_3_thinks_by_levels() {
    let body = json!({
        "contents": [{"role": "user", "parts": [{"text": "Hi."}]}],
        "generationConfig": {"thinkingConfig": {"includeThoughts": true, "thinkingLevel": "low"}},
    });
    assert_eq!(again(&body, "gemini-3-pro-preview"), body);
    assert_eq!(read(&body).0.reasoning_effort.get().unwrap().as_str(), "low");
}

/// A function's result refers to what is beside it by the names.
#[test]
fn names_of_what_is_beside_a_result() {
    let body = json!({
        "contents": [
            {"role": "user", "parts": [{"text": "Look."}]},
            {"role": "model", "parts": [{"functionCall": {"id": "z", "name": "h", "args": {}}, "thoughtSignature": "c2ln"}]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "z", "name": "h", "response": {"see": {"$ref": "dot"}}, "parts": [
                    {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo=", "displayName": "dot"}},
                    {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0=", "displayName": "log.pdf"}},
                    {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg==", "displayName": "sea"}},
                ]}},
            ]},
        ],
    });
    assert_eq!(again(&body, "gemini-3-pro-preview"), body);
}

/// As Google's SDKs and curl write it: names in snake case, nulls, upper-case schemas, no roles.
#[test]
fn other_spellings() {
    let (request, notes) = read(&json!({
        "system_instruction": {"parts": [{"text": "Be brief."}], "role": "user"},
        "contents": [
            {"parts": [{"text": "Weather?", "thought": false}]},
            {"role": "model", "parts": [{"function_call": {"name": "get_weather", "args": {"the_city": "Paris"}}, "thought_signature": "CiIB-_8="}]},
            {"role": "function", "parts": [{"function_response": {"name": "get_weather", "response": {"the_result": 1}}}]},
        ],
        "tools": [{"function_declarations": [{"name": "get_weather", "parameters": {
            "type": "OBJECT", "properties": {"the_city": {"type": "STRING", "nullable": true}}, "required": ["the_city"],
        }}]}, {"google_search": {}}],
        "tool_config": null, "safetySettings": null, "generation_config": {"max_output_tokens": 5, "temperature": null},
    }));
    assert_eq!(notes, [] as [&str; 0]);
    let request = serde_json::to_value(request).unwrap();
    assert_eq!(
        request,
        json!({
            "model": "",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Weather?"},
                {"role": "assistant", "content": null, "tool_calls": [{
                    "id": "gcall_c1_0", "type": "function",
                    "function": {"name": "get_weather", "arguments": "{\"the_city\":\"Paris\"}"},
                    "provider_specific_fields": {"thought_signature": "CiIB-_8="},
                    "extra_content": {"google": {"thought_signature": "CiIB-_8="}},
                }]},
                {"role": "tool", "tool_call_id": "gcall_c1_0", "content": "{\"the_result\":1}"},
            ],
            "tools": [{"type": "function", "function": {"name": "get_weather", "parameters": {
                "type": "object", "properties": {"the_city": {"type": ["string", "null"]}}, "required": ["the_city"],
            }}}],
            "web_search_options": {},
            "max_completion_tokens": 5,
        })
    );
}

#[test]
fn one_object_is_a_list_of_one() {
    let function =
        json!({"name": "f", "parameters": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}});
    let lists = json!({
        "contents": [{"role": "user", "parts": [{"text": "a"}]}],
        "systemInstruction": {"parts": [{"text": "b"}]},
        "tools": [{"functionDeclarations": [function]}],
        "safetySettings": [{"category": "c", "threshold": "t"}],
    });
    let objects = json!({
        "contents": {"role": "user", "parts": {"text": "a"}},
        "system_instruction": {"parts": {"text": "b"}},
        "tools": {"function_declarations": function},
        "safety_settings": {"category": "c", "threshold": "t"},
    });
    assert_eq!(read(&objects), read(&lists));
    assert_eq!(read(&objects).0.messages.len(), 2);
}

#[test]
fn what_openai_s_words_cannot_say_is_noted() {
    let (request, notes) = read(&json!({
        "contents": [{"role": "user", "parts": [
            {"text": "Hi."}, {"functionResponse": {"id": "z", "name": "f", "response": {}}},
        ]}],
        "messages": [], "user": "u",
        "toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}},
    }));
    assert_eq!(
        notes,
        [
            "dropped messages: Gemini's requests have no such member",
            "dropped user: Gemini's requests have no such member",
            "moved contents[0].parts[1].functionResponse: before what the user says",
            "converted toolConfig.functionCallingConfig: kept in Gemini's words only",
        ]
    );
    assert_eq!(request.messages[0].name.as_deref(), Some("f"));
    assert_eq!(request.extra["toolConfig"]["functionCallingConfig"]["mode"], "VALIDATED");
}

#[test]
fn what_cannot_be_read_is_named() {
    for (body, place) in [
        (json!({"contents": [{"parts": [{"text": 7}]}]}), "contents[0].parts[0].text"),
        (json!({"contents": {}}), "contents"),
        (json!({"contents": [{"role": "judge", "parts": []}]}), "contents[0].role"),
        (
            json!({"contents": [], "tools": [{"functionDeclarations": [{}]}]}),
            "tools[0].functionDeclarations[0].name",
        ),
        (
            json!({"contents": [{"parts": [{"functionResponse": {}}]}]}),
            "contents[0].parts[0].functionResponse.name",
        ),
        (json!([]), ""),
    ] {
        let error = ingress().read(body.to_string().as_bytes()).unwrap_err();
        assert_eq!(error.path, place, "{error}");
    }
    assert!(ingress().read(b"{").is_err());
}

/// Thinking that another vendor signed comes back to it, through a client that knows Gemini's signatures only.
#[test]
fn signatures_of_other_vendors_survive() {
    let mut answer: ChatResponse = llm_types::from_value(json!({"choices": [{"message": {
        "role": "assistant", "content": null,
        "thinking_blocks": [
            {"type": "thinking", "thinking": "Look.", "signature": "EqoB+/=="},
            {"type": "redacted_thinking", "data": "EmwK"},
        ],
        "tool_calls": [{"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
    }, "finish_reason": "tool_calls"}]}))
    .unwrap();
    let written: Value = serde_json::from_slice(&ingress().write(&answer, &Reply::default()).body).unwrap();
    let content = &written["candidates"][0]["content"];
    let (request, _) = read(&json!({"contents": [content, {"role": "user", "parts": [
        {"functionResponse": {"id": "toolu_1", "name": "f", "response": {}}},
    ]}]}));
    let message = &request.messages[0];
    let before = answer.choices.remove(0).message;
    assert_eq!(message.thinking_blocks, before.thinking_blocks);
    assert_eq!(message.tool_calls, before.tool_calls);
    assert_eq!(request.messages[1].tool_call_id.as_deref(), Some("toolu_1"));
}
