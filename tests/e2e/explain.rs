//! What would become of a request: the command without a network, and the route of a gateway that runs.

use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::client::{connect, send};
use crate::faults::upstreams::well;
use crate::process::{Gateway, command, write_text};

const CONFIG: &str = "
model_list:
  - model_name: main
    litellm_params: {model: anthropic/claude-sonnet-4-5, api_key: sk-very-secret, order: 1}
    model_info: {id: first}
  - model_name: main
    litellm_params: {model: openai/gpt-4o, api_key: os.environ/KEY_OF_MINE, order: 2}
    model_info: {id: second}
  - model_name: spare
    litellm_params: {model: openai/gpt-4o-mini, api_key: k, region_name: us}
    model_info: {id: third}
router_settings:
  num_retries: 0
  enable_pre_call_checks: true
  fallbacks: [{main: [spare]}]
  rules: [{name: long talk, when: 'input_tokens > 1000', model: spare}]
  virtual_models:
    smart: {by_complexity: {simple: spare, reasoning: main}}
general_settings: {master_key: sk-master}
";

fn explain(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    write_text(&file, CONFIG);
    let mut command = command();
    command.env("KEY_OF_MINE", "sk-of-mine").args(["explain", "--config"]).arg(&file).args(arguments);
    command.output().unwrap()
}

fn told(arguments: &[&str]) -> (Value, i32) {
    let output = explain(&[arguments, &["--json"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let told = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    (told, output.status.code().unwrap())
}

fn request(model: &str, prompt: &str) -> String {
    json!({"model": model, "messages": [{"role": "user", "content": prompt}], "max_tokens": 100, "seed": 5})
        .to_string()
}

fn order(told: &Value) -> Vec<&str> {
    told["order"].as_array().unwrap().iter().map(|one| one["deployment"].as_str().unwrap()).collect()
}

#[test]
fn every_candidate_the_order_the_request_and_the_cost() {
    let (told, code) = told(&["--now", "1763700000000", "--seed", "7", &request("main", "Hello")]);
    assert_eq!(code, 0, "{told:#}");
    assert_eq!(
        (&told["at"], &told["seed"], &told["key"]),
        (&json!(1_763_700_000_000_i64), &json!(7), &json!("master"))
    );
    assert_eq!(order(&told), ["first", "second", "third"]);
    let candidates = &told["decisions"][0]["candidates"];
    assert_eq!((&candidates[0]["verdict"], &candidates[1]["verdict"]), (&json!("chosen"), &json!("refused")));
    assert_eq!(candidates[1]["because"], "others go before it by their order");
    let upstream = &told["upstream"];
    assert_eq!(upstream["url"], "https://api.anthropic.com/v1/messages");
    assert!(upstream["headers"].as_array().unwrap().contains(&json!(["x-api-key", "***"])), "{upstream:#}");
    assert_eq!(
        (&upstream["body"]["model"], &upstream["body"]["max_tokens"]),
        (&json!("claude-sonnet-4-5"), &json!(100))
    );
    assert_eq!(told["notes"][0]["path"], "seed");
    let cost = &told["estimated_cost"];
    let usd = |name: &str| cost[name].as_str().unwrap().parse::<f64>().unwrap();
    assert!(0.0 < usd("usd_at_least") && usd("usd_at_least") < usd("usd_at_most"), "{cost}");
    assert!(
        !told.to_string().contains("sk-very-secret") && !told.to_string().contains("sk-of-mine"),
        "{told}"
    );
}

#[test]
fn the_same_seed_and_time_say_the_same() {
    let ask = || told(&["--now", "1763700000000", "--seed", "7", &request("main", "Hello")]).0;
    assert_eq!(ask(), ask());
}

#[test]
fn rules_classes_and_regions_are_told() {
    let (rule, _) = told(&[&request("main", &"long ".repeat(2_000))]);
    assert_eq!((&rule["rule"], &rule["group"]), (&json!("long talk"), &json!("spare")));
    let (class, _) = told(&[&request("smart", "Hi")]);
    assert_eq!((&class["class"]["complexity"]["tier"], &class["group"]), (&json!("simple"), &json!("spare")));

    let mut bound: Value = serde_json::from_str(&request("spare", "Hello")).unwrap();
    bound["allowed_model_region"] = json!("eu");
    let (nobody, code) = told(&[&bound.to_string()]);
    assert_eq!((code, order(&nobody).len(), &nobody["upstream"]), (1, 0, &Value::Null));
    assert_eq!(nobody["decisions"][0]["candidates"][0]["because"], "it is not in eu");
}

#[test]
fn people_read_it_too() {
    let output = explain(&["--seed", "7", &request("main", "Hello")]);
    let text = String::from_utf8(output.stdout).unwrap();
    for words in [
        "main -> main, key master",
        "seed 7",
        "others go before it",
        "x-api-key: ***",
        "note: dropped seed",
        "cost: ",
    ] {
        assert!(text.contains(words), "no {words:?} in {text}");
    }
    assert!(!text.contains("sk-"), "{text}");
}

#[test]
fn what_is_not_well_shows_in_the_exit_code() {
    let said = |arguments: &[&str]| {
        let output = explain(arguments);
        (
            output.status.code().unwrap(),
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        )
    };
    let (code, text) = said(&[&request("nothing", "Hello")]);
    assert!(code == 1 && text.contains("no model \"nothing\""), "{code} {text}");
    let (code, text) = said(&["--key", "sk-wrong", &request("main", "Hello")]);
    assert!(code == 1 && text.contains("the key is not known"), "{code} {text}");
    assert_eq!(said(&["--key", "sk-master", &request("main", "Hello")]).0, 0);
    let (code, text) = said(&["--route", "/v1/models", &request("main", "Hello")]);
    assert!(code == 2 && text.contains("no route that asks a model"), "{code} {text}");
    let (code, text) = said(&["/no/such/file"]);
    assert!(code == 2 && text.contains("/no/such/file"), "{code} {text}");
}

#[test]
fn the_request_may_come_by_standard_input_in_any_dialect() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    write_text(&file, CONFIG);
    let mut child = command()
        .env("KEY_OF_MINE", "k")
        .args(["explain", "--json", "--route", "/v1beta/models/main:generateContent", "-"])
        .arg("--config")
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(br#"{"contents":[{"parts":[{"text":"Hello"}]}]}"#).unwrap();
    let output = child.wait_with_output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["dialect"], &told["model"]), (&json!("gemini"), &json!("main")), "{told:#}");
    assert_eq!(told["upstream"]["body"]["messages"][0]["content"], "Hello");
}

#[tokio::test]
async fn a_gateway_that_runs_says_the_same_and_asks_nobody() {
    let vendor = well().await;
    let base = format!("{}/v1", vendor.url());
    let params = json!({"model": "openai/gpt-4o", "api_base": base, "api_key": "vendor-key"});
    let gateway = Gateway::start(&json!({"model_list": [
        {"model_name": "m", "litellm_params": params, "model_info": {"id": "a"}},
        {"model_name": "m", "litellm_params": params, "model_info": {"id": "b"}},
    ]}));
    let body: Value = serde_json::from_str(&request("m", "Hello")).unwrap();
    let socket = connect(gateway.address).await;
    let mut answer = send(socket, "POST", "/v1/explain", &[], &body).await;
    let told: Value = serde_json::from_str(&answer.body().await).unwrap();
    assert_eq!(answer.status, 200, "{told}");
    let verdicts = told["decisions"][0]["candidates"].as_array().unwrap();
    let said: Vec<&str> = verdicts.iter().map(|one| one["verdict"].as_str().unwrap()).collect();
    assert!(said.contains(&"chosen") && said.contains(&"outranked"), "{told:#}");
    assert!(
        verdicts.iter().all(|one| one["score"] == 1.0 && one["vitals"]["health"].is_object()),
        "{told:#}"
    );
    assert_eq!(told["decisions"][0]["strategy"], "simple-shuffle");
    assert!(told["seed"].is_u64() && told["at"].is_i64(), "{told}");
    assert!(!told.to_string().contains("vendor-key"), "{told}");
    assert_eq!(vendor.records().len(), 0);
}

#[tokio::test]
async fn the_command_tells_the_limits_of_a_key_as_the_gateway_does() {
    let gateway = Gateway::start(&json!({
        "model_list": [{"model_name": "m", "litellm_params": {"model": "mock/any",
            "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}}],
        "general_settings": {"master_key": "sk-master"},
        "llm_gateway": {"database": {"data_dir": "data"}},
    }));
    let post = async |path: &str, key: &str, body: &Value| {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let mut answer = send(connect(gateway.address).await, "POST", path, &headers, body).await;
        serde_json::from_str::<Value>(&answer.body().await).unwrap()
    };
    let bounded = json!({"team_alias": "t", "max_budget": 1, "rpm_limit": 0});
    let team = post("/team/new", "sk-master", &bounded).await["team_id"].as_str().unwrap().to_owned();
    let bounded = json!({"team_id": team, "max_budget": 0.5, "budget_duration": "30d"});
    let key = post("/key/generate", "sk-master", &bounded).await["key"].as_str().unwrap().to_owned();
    let asked = request("m", "Hello");
    let of_gateway = post("/v1/explain", &key, &serde_json::from_str(&asked).unwrap()).await;
    let config = gateway.file("config.yaml");
    let explain = |more: &[&str]| {
        let mut command = command();
        command.args(["explain", "--config"]).arg(&config).args(["--key", &key]).args(more).arg(&asked);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let told: Value = serde_json::from_str(&explain(&["--json"])).unwrap();
    assert!(told["limits"].as_array().unwrap().len() >= 3, "{told:#}");
    assert_eq!(told["limits"], of_gateway["limits"]);
    let text = explain(&[]);
    let line = |words: &[&str]| text.lines().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(line(&["key ", "budget", "30d", "0.5"]), "{text}");
    assert!(line(&["team ", &team, "requests", "1m", "refuses"]), "{text}");
}
