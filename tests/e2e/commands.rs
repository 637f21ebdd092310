//! Commands that end by themselves: `check`, `chat`, `schema`, `models`, `completions`, `--help`.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::process::{command, output, run, write_text};

const GOOD: &str = "
model_list:
  - model_name: small
    litellm_params: {model: openai/gpt-4o-mini, api_key: os.environ/KEY_OF_MINE, weight: 2}
  - model_name: small
    litellm_params: {model: anthropic/claude-haiku-4-5, api_key: sk-in-the-file}
  - model_name: own
    litellm_params: {model: openai/x, api_base: http://127.0.0.1:9/v1}
router_settings:
  model_group_alias: {tiny: small}
";

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn check_runs_expressions_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    let rules = "  rules:\n    - {name: long, when: \"input_tokens > '100'\", model: own}\n";
    let drawn = "  routing_strategy: expression\n  routing_strategy_args: {expression: latency_ms * 2}\n";
    write_text(&file, &format!("{GOOD}{rules}{drawn}"));
    let checked = command().env("KEY_OF_MINE", "x").args(["check", file.to_str().unwrap()]).output().unwrap();
    let out = text(&checked.stdout);
    assert!(checked.status.success(), "{out}");
    for words in [
        "config.yaml:12:",
        "router_settings.rules[0].when: fails for a usual request",
        "router_settings.routing_strategy_args.expression: fails for a usual deployment",
        "3 deployments, 2 warnings",
    ] {
        assert!(out.contains(words), "no {words:?} in {out}");
    }
}

#[test]
fn check_prints_what_a_file_comes_down_to() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    write_text(&file, GOOD);
    let path = file.to_str().unwrap();
    let checked = command().env("KEY_OF_MINE", "sk-of-mine").args(["check", path]).output().unwrap();
    let out = text(&checked.stdout);
    assert!(checked.status.success(), "{out}");
    for words in [
        "openai/gpt-4o-mini",
        "anthropic/claude-haiku-4-5",
        "http://127.0.0.1:9/v1",
        "os.environ/KEY_OF_MINE",
        "alias tiny of small",
        "without a second deployment: own",
        "without model_info: own",
        "3 deployments, 0 warnings",
    ] {
        assert!(out.contains(words), "no {words:?} in {out}");
    }
    assert!(!out.contains("sk-of-mine") && !out.contains("sk-in-the-file"), "{out}");

    let json = command().env("KEY_OF_MINE", "x").args(["check", "--json", path]).output().unwrap();
    let report: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(report["deployments"].as_array().unwrap().len(), 3);
    assert_eq!(report["without_second_deployment"], serde_json::json!(["own"]));

    // Without the variable the deployment cannot be used; that is a warning, and an error where wanted.
    let missing = run(&["check", path]);
    assert!(missing.status.success() && text(&missing.stdout).contains("KEY_OF_MINE"));
    assert_eq!(run(&["check", "--strict", path]).status.code(), Some(1));
}

#[test]
fn check_tells_every_fault_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    write_text(&file, "model_lst: []\nllm_gateway:\n  on_disconnect: never\n");
    let checked = run(&["check", file.to_str().unwrap()]);
    let out = text(&checked.stdout);
    assert_eq!(checked.status.code(), Some(1));
    assert!(out.contains("config.yaml:1:1") && out.contains("model_list"), "{out}");
    assert!(out.contains("config.yaml:3:") && out.contains("cancel"), "{out}");
    let nowhere = folder.path().join("nowhere.yaml");
    let checked = run(&["check", nowhere.to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(2), "it could not do its work");
    assert!(text(&checked.stderr).contains("cannot read"), "{}", text(&checked.stderr));
}

#[test]
fn chat_streams_an_answer() {
    assert_eq!(output(&["chat", "mock/echo", "Grüße aus dem Terminal"]), "Grüße aus dem Terminal\n");
    assert!(output(&["chat", "mock", "Hello"]).contains("You said: Hello"));
    let told = output(&["chat", "mock/echo", "one two three", "--usage"]);
    assert!(told.starts_with("one two three\n") && told.contains("3 tokens read, 3 written"), "{told}");

    let mut child = command();
    child.args(["chat", "mock/echo", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = child.spawn().unwrap();
    child.stdin.take().unwrap().write_all("from a pipe".as_bytes()).unwrap();
    assert_eq!(text(&child.wait_with_output().unwrap().stdout), "from a pipe\n");

    for (model, words) in [
        ("mock/error-429", "429"),
        ("mock/cut-2", "broke off"),
        ("openai/gpt-4o", "OPENAI_API_KEY"),
        ("nobody/x", "nobody"),
    ] {
        let failed = run(&["chat", model, "Hello"]);
        assert_eq!(failed.status.code(), Some(2), "{model}");
        let said = text(&failed.stderr);
        assert!(said.contains(words), "{model}: {said}");
        assert!(!said.contains('\u{1b}'), "no colours but on a terminal: {said:?}");
    }
}

#[test]
fn schema_is_a_json_schema_of_the_configuration() {
    let schema: Value = serde_json::from_str(&output(&["schema"])).unwrap();
    assert!(schema["$schema"].as_str().unwrap().contains("json-schema.org"));
    for section in ["model_list", "general_settings", "router_settings", "litellm_settings", "llm_gateway"] {
        assert!(schema["properties"][section].is_object(), "{section}");
    }
}

#[test]
fn models_lists_models_and_vendors() {
    let models = output(&["models"]);
    assert!(models.contains("mock/*") && !models.contains("openai"), "{models}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    write_text(&file, GOOD);
    let models: Value =
        serde_json::from_str(&output(&["models", "--json", "--config", file.to_str().unwrap()])).unwrap();
    assert_eq!(models[1]["upstream"], "anthropic/claude-haiku-4-5");
    let vendors: Value = serde_json::from_str(&output(&["models", "--providers", "--json"])).unwrap();
    let vendors = vendors.as_array().unwrap();
    assert!(vendors.len() >= 28, "{}", vendors.len());
    assert!(
        vendors.iter().any(|vendor| vendor["id"] == "groq" && vendor["key_variables"][0] == "GROQ_API_KEY")
    );
    assert!(output(&["models", "--providers"]).contains("ANTHROPIC_API_KEY"));
}

#[test]
fn shells_get_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = output(&["completions", shell]);
        for word in ["translate", "completions", "llm-gateway"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn help_and_version() {
    let help = output(&["--help"]);
    for word in ["serve", "check", "chat", "translate", "mock", "schema", "models", "completions", "--config"]
    {
        assert!(help.contains(word), "{word}");
    }
    assert!(output(&["--version"]).starts_with("llm-gateway "));
    for command in ["serve", "check", "chat", "translate", "mock", "models"] {
        assert!(output(&[command, "--help"]).contains("Usage:"), "{command}");
    }
    let wrong = run(&["chatt"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("chat"), "the nearest command is named");
}

/// A reader such as `head` that goes away early is no error.
#[test]
fn a_closed_pipe_is_no_error() {
    for args in [&["schema"][..], &["completions", "bash"]] {
        let mut child = command();
        let mut child = child.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert_eq!((text(&ended.stderr).as_str(), ended.status.code()), ("", Some(0)), "{args:?}");
    }
}
