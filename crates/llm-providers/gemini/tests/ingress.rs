//! Clients that speak Gemini: requests read and encoded again, answers and streams written, errors.
//!
//! The bodies follow Google's documentation of the Gemini API, version v1beta, and what its SDK for Python sends, read
//! 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use bytes::BytesMut;
use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Chat, CountTokens, Decoded, Decoder, Embeddings, Ingress, Outgoing, Payload, Provider, Reply,
    TokenCount, Translator, WholeIngress,
};
use llm_provider_gemini::{
    BatchEmbedContentsIngress, EmbedContentIngress, Gemini, GeminiArrayIngress, GeminiIngress,
};
use llm_testkit::laws;
use llm_types::{ApiError, ChatChunk, ChatRequest, ChatResponse, ErrorKind, Layer, Nullable};
use serde_json::{Value, json};

fn chat() -> &'static dyn Translator<Chat> {
    static GEMINI: Gemini = Gemini;
    GEMINI.chat().unwrap()
}

fn ingress() -> &'static dyn Ingress {
    &GeminiIngress
}

fn read(body: &Value) -> (ChatRequest, Vec<String>) {
    let incoming =
        ingress().read(body.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}: {body}"));
    // What was read is sound: it survives being written and read in canonical form.
    let canonical = serde_json::to_vec(&incoming.request).unwrap();
    assert_eq!(llm_types::from_slice::<ChatRequest>(&canonical).unwrap(), incoming.request);
    (incoming.request, incoming.notes.iter().map(ToString::to_string).collect())
}

/// What the Gemini translator makes of a request that was read.
fn again(body: &Value, model: &str) -> Value {
    let (request, _) = read(body);
    let headers = HeaderMap::new();
    let encoded = chat().encode(&request, &Call::new(model, &headers)).unwrap();
    let Payload::Bytes(bytes) = encoded.request.body() else { panic!("no bytes") };
    serde_json::from_slice(bytes).unwrap()
}

mod requests {
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

    #[test]
    fn gemini_3_thinks_by_levels() {
        let body = json!({
            "contents": [{"role": "user", "parts": [{"text": "Hi."}]}],
            "generationConfig": {"thinkingConfig": {"includeThoughts": true, "thinkingLevel": "low"}},
        });
        assert_eq!(again(&body, "gemini-3-pro-preview"), body);
        assert_eq!(read(&body).0.reasoning_effort.get().unwrap().as_str(), "low");
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
        let written: Value =
            serde_json::from_slice(&ingress().write(&answer, &Reply::default()).body).unwrap();
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
}

fn decode(json: &str) -> ChatResponse {
    match chat().decode(Response::new(json.as_bytes())).unwrap() {
        Decoded::Answer(answer) => answer,
        Decoded::Again { .. } => panic!("no answer"),
    }
}

/// Names that were made for calls are no loss.
fn without_made_names(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, value| {
                name != "id" || !value.as_str().is_some_and(|id| id.starts_with("gcall_"))
            });
            members.values_mut().for_each(without_made_names);
        }
        Value::Array(items) => items.iter_mut().for_each(without_made_names),
        _ => {}
    }
}

mod answers {
    use super::*;

    fn written(answer: &ChatResponse, reply: &Reply) -> Value {
        let Outgoing { body, .. } = ingress().write(answer, reply);
        serde_json::from_slice(&body).unwrap()
    }

    /// Gemini's own answers, read into the canonical form and written again, are the same.
    #[test]
    fn gemini_s_own_come_out_as_they_went_in() {
        for json in [
            include_str!("fixtures/response/text.json"),
            include_str!("fixtures/response/thinking.json"),
            include_str!("fixtures/response/signed_text.json"),
            include_str!("fixtures/response/parallel_tools.json"),
            include_str!("fixtures/response/grounding.json"),
            include_str!("fixtures/response/code_execution.json"),
            include_str!("fixtures/response/image.json"),
            include_str!("fixtures/response/audio.json"),
            include_str!("fixtures/response/blocked.json"),
            include_str!("fixtures/response/two_candidates.json"),
            include_str!("fixtures/response/malformed_call.json"),
        ] {
            let wire: Value = serde_json::from_str(json).unwrap();
            let mut again = written(&decode(json), &Reply::default());
            without_made_names(&mut again);
            // A zero that was left out is told.
            if wire["usageMetadata"].get("candidatesTokenCount").is_none() {
                again["usageMetadata"].as_object_mut().unwrap().remove("candidatesTokenCount");
            }
            assert_eq!(again, wire);
        }
    }

    #[test]
    fn openai_s_answer() {
        let answer = llm_types::from_value(json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 7, "model": "gpt-x",
            "choices": [{
                "index": 0, "finish_reason": "tool_calls",
                "message": {
                    "role": "assistant", "content": "Hé, look.", "refusal": null,
                    "annotations": [{"type": "url_citation", "url_citation": {
                        "start_index": 0, "end_index": 2, "url": "https://a", "title": "A",
                    }}],
                    "tool_calls": [
                        {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
                        {"id": "call_2", "type": "function", "function": {"name": "g", "arguments": "oops"}},
                    ],
                },
            }],
            "usage": {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17,
                "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 5}},
            "system_fingerprint": "fp",
        }))
        .unwrap();
        let Outgoing { body, notes } = ingress().write(&answer, &Reply::default());
        assert_eq!(
            serde_json::from_slice::<Value>(&body).unwrap(),
            json!({
                "candidates": [{
                    "content": {"role": "model", "parts": [
                        {"text": "Hé, look."},
                        {"functionCall": {"id": "call_1", "name": "f", "args": {"a": 1}}},
                        {"functionCall": {"id": "call_2", "name": "g", "args": {"arguments": "oops"}}},
                    ]},
                    "finishReason": "STOP", "index": 0,
                    "groundingMetadata": {
                        "groundingChunks": [{"web": {"uri": "https://a", "title": "A"}}],
                        "groundingSupports": [{
                            "segment": {"startIndex": 0, "endIndex": 3, "text": "Hé"}, "groundingChunkIndices": [0],
                        }],
                    },
                }],
                "usageMetadata": {
                    "promptTokenCount": 10, "cachedContentTokenCount": 4, "candidatesTokenCount": 2,
                    "thoughtsTokenCount": 5, "totalTokenCount": 17,
                },
                "modelVersion": "gpt-x", "responseId": "chatcmpl-1",
                "provider_specific_fields": {"system_fingerprint": "fp"},
            })
        );
        let notes: Vec<_> = notes.iter().map(ToString::to_string).collect();
        assert_eq!(
            notes,
            [
                "converted choices.message.tool_calls[1].arguments: no JSON object; kept as the text `arguments` of one",
            ]
        );
    }

    #[test]
    fn what_nobody_named() {
        let answer =
            llm_types::from_value(json!({"choices": [{"message": {"role": "assistant", "content": "a"}}]}));
        let reply = Reply { request_id: "r".to_owned(), model: "m".to_owned(), ..Reply::default() };
        let written = written(&answer.unwrap(), &reply);
        assert_eq!(
            (written["responseId"].as_str(), written["modelVersion"].as_str()),
            (Some("r"), Some("m"))
        );
        assert_eq!(written["candidates"][0]["finishReason"], "STOP");
    }
}

mod streams {
    use super::*;

    fn decoder() -> Box<dyn Decoder<Chat>> {
        chat().decoder()
    }

    fn written(ingress: &dyn Ingress, chunks: &[ChatChunk]) -> String {
        let mut writer = ingress.writer(&Reply::default());
        let mut out = BytesMut::new();
        for chunk in chunks {
            writer.chunk(chunk, &mut out);
        }
        writer.end(&mut out);
        writer.end(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    /// Gemini's own streams, written again as Gemini's, tell the same answer; the array has the same pieces.
    #[test]
    fn gemini_s_own_tell_the_same() {
        for stream in [
            &include_bytes!("fixtures/stream/text.sse")[..],
            include_bytes!("fixtures/stream/finish_in_every_event.sse"),
            include_bytes!("fixtures/stream/thinking.sse"),
            include_bytes!("fixtures/stream/parallel_tools.sse"),
            include_bytes!("fixtures/stream/grounding.sse"),
            include_bytes!("fixtures/stream/code_execution.sse"),
            include_bytes!("fixtures/stream/image.sse"),
            include_bytes!("fixtures/stream/audio.sse"),
            include_bytes!("fixtures/stream/blocked.sse"),
            include_bytes!("fixtures/stream/two_candidates.sse"),
            include_bytes!("fixtures/stream/logprobs.sse"),
            include_bytes!("fixtures/stream/signed_end.sse"),
            include_bytes!("fixtures/stream/streamed_arguments.sse"),
        ] {
            let chunks = laws::chunks(decoder, stream);
            let events = written(&GeminiIngress, &chunks);
            let again = laws::chunks(decoder, events.as_bytes());
            let essence = |chunks: &[ChatChunk]| {
                let mut whole = llm_testkit::assemble(chunks);
                for choice in &mut whole.choices {
                    // An empty text that closes the stream is none.
                    if let Nullable::Null = choice.message.content {
                        choice.message.content = Nullable::Absent;
                    }
                }
                serde_json::to_value(whole).unwrap()
            };
            assert_eq!(essence(&again), essence(&chunks), "{events}");

            let array: Vec<Value> = serde_json::from_str(&written(&GeminiArrayIngress, &chunks)).unwrap();
            let events: Vec<Value> = events
                .split_terminator("\r\n\r\n")
                .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
                .collect();
            assert_eq!(array, events);
            let last = array.last().unwrap();
            assert!(last["usageMetadata"]["totalTokenCount"].is_number());
            let early = array[..array.len() - 1].iter().filter(|piece| {
                piece.get("usageMetadata").is_some() || piece["candidates"][0].get("finishReason").is_some()
            });
            assert_eq!(early.count(), 0, "the end comes at the end");
        }
    }

    /// Calls in pieces, mixed, with usage behind the end, as OpenAI streams them.
    #[test]
    fn openai_s_stream() {
        let chunk = |delta: Value, finish: Value| -> ChatChunk {
            llm_types::from_value(json!({
                "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-x",
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
            }))
            .unwrap()
        };
        let none = Value::Null;
        let chunks = [
            chunk(json!({"role": "assistant", "content": ""}), none.clone()),
            chunk(json!({"reasoning_content": "Think."}), none.clone()),
            chunk(json!({"content": "Let me see."}), none.clone()),
            chunk(json!({"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]}), none.clone()),
            chunk(json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"x\""}}]}), none.clone()),
            chunk(json!({"tool_calls": [{"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": "{"}}]}), none.clone()),
            chunk(json!({"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}, {"index": 1, "function": {"arguments": "}"}}]}), none),
            chunk(json!({}), json!("tool_calls")),
            llm_types::from_value(json!({"id": "c", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}})).unwrap(),
        ];
        let array: Vec<Value> = serde_json::from_str(&written(&GeminiArrayIngress, &chunks)).unwrap();
        let part = |part: Value| {
            json!({
                "candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}],
                "modelVersion": "gpt-x", "responseId": "c",
            })
        };
        assert_eq!(
            array,
            [
                part(json!({"text": "Think.", "thought": true})),
                part(json!({"text": "Let me see."})),
                json!({
                    "candidates": [{
                        "content": {"role": "model", "parts": [
                            {"functionCall": {"id": "a", "name": "f", "args": {"x": 1}}},
                            {"functionCall": {"id": "b", "name": "g", "args": {}}},
                        ]},
                        "finishReason": "STOP", "index": 0,
                    }],
                    "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3},
                    "modelVersion": "gpt-x", "responseId": "c",
                }),
            ]
        );
    }

    #[test]
    fn streams_that_break_and_streams_of_nothing() {
        let error = ApiError::new(ErrorKind::Unavailable, Layer::Provider, "Overloaded.");
        let chunk: ChatChunk =
            llm_types::from_value(json!({"choices": [{"index": 0, "delta": {"content": "a"}}]})).unwrap();
        for (ingress, first) in [
            (&GeminiIngress as &dyn Ingress, true),
            (&GeminiArrayIngress, true),
            (&GeminiIngress, false),
            (&GeminiArrayIngress, false),
        ] {
            let mut writer = ingress.writer(&Reply::default());
            let mut out = BytesMut::new();
            if !first {
                writer.chunk(&chunk, &mut out);
            }
            writer.error(&error, &mut out);
            writer.end(&mut out);
            let text = String::from_utf8(out.to_vec()).unwrap();
            let pieces: Vec<Value> = if text.starts_with('[') {
                serde_json::from_str(&text).unwrap()
            } else {
                let events =
                    text.split_terminator("\r\n\r\n").map(|event| event.strip_prefix("data: ").unwrap());
                events.map(|event| serde_json::from_str(event).unwrap()).collect()
            };
            assert_eq!(pieces.last().unwrap()["error"]["status"], "UNAVAILABLE");
            assert_eq!(pieces.len(), if first { 1 } else { 2 });
        }
        let nothing: Vec<Value> = serde_json::from_str(&written(&GeminiArrayIngress, &[])).unwrap();
        assert_eq!(nothing, [json!({})]);
        assert_eq!(GeminiArrayIngress.stream_content_type(), "application/json; charset=utf-8");
        assert_eq!(GeminiArrayIngress.keepalive(), Some(&b"\n"[..]));
    }
}

#[test]
fn errors_are_status_objects() {
    let error = ApiError::new(ErrorKind::RateLimit, Layer::Provider, "Slow down.")
        .with_code("rateLimitExceeded")
        .with_param("contents[0]")
        .with_retry_after_ms(1500);
    let body: Value = serde_json::from_slice(&ingress().error(&error, &Reply::default())).unwrap();
    assert_eq!(
        body,
        json!({"error": {
            "code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED",
            "details": [
                {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "rateLimitExceeded", "domain": "provider"},
                {"@type": "type.googleapis.com/google.rpc.BadRequest",
                    "fieldViolations": [{"field": "contents[0]", "description": "Slow down."}]},
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.500s"},
            ],
        }})
    );
    for (kind, vendor_type, status) in [
        (ErrorKind::InvalidRequest, Some("FAILED_PRECONDITION"), "FAILED_PRECONDITION"),
        (ErrorKind::InvalidRequest, Some("invalid_request_error"), "INVALID_ARGUMENT"),
        (ErrorKind::Authentication, None, "UNAUTHENTICATED"),
        (ErrorKind::NotFound, None, "NOT_FOUND"),
        (ErrorKind::GatewayTimeout, None, "DEADLINE_EXCEEDED"),
        (ErrorKind::BadGateway, None, "UNAVAILABLE"),
        (ErrorKind::Internal, None, "INTERNAL"),
    ] {
        let error = ApiError {
            vendor_type: vendor_type.map(str::to_owned),
            ..ApiError::new(kind, Layer::Gateway, "No.")
        };
        let body: Value = serde_json::from_slice(&ingress().error(&error, &Reply::default())).unwrap();
        assert_eq!(body["error"]["status"], status);
    }
    let array: Vec<Value> =
        serde_json::from_slice(&GeminiArrayIngress.error(&error, &Reply::default())).unwrap();
    assert_eq!(array[0]["error"]["code"], 429);
}

#[test]
fn counts() {
    let count: &dyn WholeIngress<CountTokens> = &GeminiIngress;
    for body in [
        json!({"contents": [{"parts": [{"text": "Hi."}]}], "systemInstruction": {"parts": [{"text": "S."}]}}),
        json!({"generateContentRequest": {
            "model": "models/x", "contents": [{"parts": [{"text": "Hi."}]}],
            "systemInstruction": {"parts": [{"text": "S."}]},
        }}),
    ] {
        let incoming = count.read(body.to_string().as_bytes()).unwrap();
        let texts: Vec<_> =
            incoming.request.messages.iter().map(|message| message.content.get().unwrap().text()).collect();
        assert_eq!(texts, ["S.", "Hi."]);
        assert!(incoming.notes.is_empty(), "{:?}", incoming.notes);
        let written = count.write(&incoming.request, &TokenCount::new(31), &Reply::default());
        assert_eq!(written.body, r#"{"totalTokens":31}"#);
    }
}

#[test]
fn vectors() {
    let one: &dyn WholeIngress<Embeddings> = &EmbedContentIngress;
    let incoming = one
        .read(br#"{"model":"models/x","content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","title":"t","output_dimensionality":8}"#)
        .unwrap();
    assert_eq!(
        serde_json::to_value(&incoming.request).unwrap(),
        json!({"model": "", "input": "a", "dimensions": 8, "input_type": "search_query", "title": "t"})
    );
    let answer = llm_types::from_value(json!({
        "data": [{"index": 1, "embedding": [2.5]}, {"index": 0, "embedding": "AACAPw=="}],
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    }))
    .unwrap();
    let body: Value =
        serde_json::from_slice(&one.write(&incoming.request, &answer, &Reply::default()).body).unwrap();
    let usage = json!({"promptTokenCount": 3, "totalTokenCount": 3});
    assert_eq!(body, json!({"embedding": {"values": [1.0]}, "usageMetadata": usage}));

    let batch: &dyn WholeIngress<Embeddings> = &BatchEmbedContentsIngress;
    let incoming = batch
        .read(br#"{"requests":[{"model":"models/x","content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"b"},{"text":"c"}]},"taskType":"CLUSTERING"}]}"#)
        .unwrap();
    assert_eq!(
        serde_json::to_value(&incoming.request).unwrap(),
        json!({"model": "", "input": ["a", "b\nc"]})
    );
    let notes: Vec<_> = incoming.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "converted requests[1].content.parts: to one text",
            "dropped requests[1]: the first text's settings hold for all of them",
        ]
    );
    let body: Value =
        serde_json::from_slice(&batch.write(&incoming.request, &answer, &Reply::default()).body).unwrap();
    assert_eq!(body["embeddings"], json!([{"values": [1.0]}, {"values": [2.5]}]));

    let picture =
        br#"{"requests":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"AA"}}]}}]}"#;
    let input = serde_json::to_value(batch.read(picture).unwrap().request.input).unwrap();
    assert_eq!(input, json!([{"parts": [{"inlineData": {"mimeType": "image/png", "data": "AA"}}]}]));
    for (body, place) in [(r#"{"requests":[]}"#, "requests"), (r#"{"requests":[{}]}"#, "requests[0].content")]
    {
        assert_eq!(batch.read(body.as_bytes()).unwrap_err().path, place);
    }
}

/// What other vendors sign comes back from a client that knows nothing of it.
#[test]
fn signatures_come_back() {
    let next = |parts: Vec<Value>| {
        let user = json!({ "role": "user", "parts": [{ "text": "a" }] });
        json!({ "contents": [user, { "role": "model", "parts": parts }] })
    };
    let parts = |answer: &Value| {
        let content = &answer["candidates"][0]["content"];
        content["parts"].as_array().cloned().unwrap_or_default()
    };
    laws::comes_back(
        ingress(),
        &["parts"],
        |body| next(parts(&serde_json::from_slice(body).unwrap())),
        |stream| {
            let frames = llm_provider_core::Frames::new(stream);
            let answers = frames.map(|frame| {
                serde_json::from_slice::<Value>(&llm_provider_core::SseEvent::parse(frame).data).unwrap()
            });
            next(answers.flat_map(|answer| parts(&answer)).collect())
        },
    );
}
