//! What entries of `model_list` come down to.

use insta::assert_snapshot;
use serde_json::json;

use super::*;

/// `group → vendor/model` for each deployment that a request may go to.
fn goes_to(config: &Config, model: &str) -> String {
    let Some(route) = config.resolved.route(model) else { return "nowhere".to_owned() };
    let targets = route.deployments.iter().map(|deployment| match route.upstream(deployment) {
        Ok(upstream) => format!("{}/{}", upstream.vendor, upstream.model),
        Err(error) => error.to_string(),
    });
    format!("{} → {}", route.group, targets.collect::<Vec<_>>().join(" | "))
}

#[test]
fn names_lead_to_deployments() {
    let config = read(
        r#"
model_list:
  - {model_name: fast, litellm_params: {model: gpt-4o-mini}}
  - {model_name: fast, litellm_params: {model: groq/llama-3, api_key: k}, model_info: {id: groq-1}}
  - {model_name: "openai/*", litellm_params: {model: "openai/*"}}
  - {model_name: "openai/o*", litellm_params: {model: "openai/o*"}}
  - {model_name: "claude-*-eu", litellm_params: {model: "anthropic/claude-*"}}
  - {model_name: "*", litellm_params: {model: "*"}}
  - {model_name: local, litellm_params: {model: meta/llama, custom_llm_provider: hosted_vllm, api_base: "http://gpu:8000/v1"}}
  - {model_name: nested, litellm_params: {model: groq/openai/gpt-oss, api_key: k}}
router_settings:
  model_group_alias:
    gpt-3.5-turbo: fast
    secret-name: {model: local, hidden: true}
    by-pattern: openai/gpt-4o
"#,
    );
    let table = [
        "fast",
        "groq-1",
        "gpt-3.5-turbo",
        "secret-name",
        "by-pattern",
        "openai/gpt-4o",
        "openai/o3-mini",
        "claude-4-eu",
        "local",
        "nested",
        "anthropic/claude-4",
        "gpt-4.1",
        "bedrock/titan",
        "what",
        "",
    ]
    .map(|model| format!("{model:>18}: {}", goes_to(&config, model)))
    .join("\n");
    assert_snapshot!(table, @r#"
                  fast: fast → openai/gpt-4o-mini | groq/llama-3
                groq-1: fast → groq/llama-3
         gpt-3.5-turbo: fast → openai/gpt-4o-mini | groq/llama-3
           secret-name: local → hosted_vllm/meta/llama
            by-pattern: openai/* → openai/gpt-4o
         openai/gpt-4o: openai/* → openai/gpt-4o
        openai/o3-mini: openai/o* → openai/o3-mini
           claude-4-eu: claude-*-eu → anthropic/claude-4
                 local: local → hosted_vllm/meta/llama
                nested: nested → groq/openai/gpt-oss
    anthropic/claude-4: * → anthropic/claude-4
               gpt-4.1: * → openai/gpt-4.1
         bedrock/titan: * → this version has no vendor "bedrock"
                  what: * → cannot tell the vendor of "what"; write it as vendor/model, or set custom_llm_provider
                      : * → cannot tell the vendor of ""; write it as vendor/model, or set custom_llm_provider
    "#);
    assert_eq!(
        config.resolved.model_names().collect::<Vec<_>>(),
        ["fast", "local", "nested", "gpt-3.5-turbo", "by-pattern"]
    );
    assert_eq!(config.resolved.wildcards()[0].name, "claude-*-eu");
    assert_eq!(config.resolved.default_key("groq"), Some(SecretRef::env("GROQ_API_KEY")));
    assert_eq!(config.resolved.default_key("mock"), None);
}

#[test]
fn without_a_pattern_other_names_lead_nowhere() {
    let config = read("model_list: [{model_name: a, litellm_params: {model: gpt-4o}}]");
    assert_eq!(goes_to(&config, "b"), "nowhere");
}

#[test]
fn every_key_finds_its_place() {
    let config = read_with(
        r#"
model_list:
  - model_name: a
    litellm_params:
      model: openai/gpt-4o
      api_key: os.environ/KEY
      base_url: https://os.environ/HOST/v1
      api_version: 2024-10-21
      organization: org-1
      timeout: 30
      stream_timeout: 0.5
      drop_params: yes
      additional_drop_params: [user]
      allowed_openai_params: [tools]
      extra_headers: {X-Team: blue, Authorization: Bearer os.environ/KEY}
      extra_body: {provider: {order: [a, b]}}
      mock_response: hi
      http2: true
      weight: os.environ/WEIGHT
      order: 1
      rpm: 100
      tpm: 200000
      tags: [eu, free]
      temperature: 0.25
      aws_secret_access_key: sk-aws
      guided: {secret: os.environ/KEY}
      stop: null
    model_info: {id: one, mode: chat, base_model: gpt-4o, max_input_tokens: 128000, owner: {name: me}}
"#,
        &with_env(&[("KEY", "sk-key"), ("HOST", "example.org"), ("WEIGHT", "0.5")]),
    );
    let deployment = only(&config);
    assert_eq!(deployment.id.as_str(), "one");
    assert_eq!(deployment.vendor, VendorChoice::Named("openai".to_owned()));
    assert_eq!(deployment.upstream_model, "gpt-4o");
    assert_eq!(deployment.api_base.as_deref(), Some("https://example.org/v1"));
    assert_eq!(deployment.api_version.as_deref(), Some("2024-10-21"));
    assert_eq!(deployment.organization.as_deref(), Some("org-1"));
    assert_eq!((deployment.timeout_ms, deployment.stream_timeout_ms), (Some(30_000), Some(500)));
    assert!(deployment.drop_params && deployment.http2);
    assert_eq!(deployment.additional_drop_params, ["user"]);
    assert_eq!(deployment.allowed_openai_params, ["tools"]);
    assert_eq!(deployment.extra_body["provider"], json!({"order": ["a", "b"]}));
    assert_eq!(deployment.mock_response, Some(json!("hi")));
    let routing = &deployment.routing;
    assert_eq!(
        (routing.weight, routing.order, routing.rpm, routing.tpm),
        (Some(0.5), Some(1), Some(100), Some(200_000))
    );
    assert_eq!(routing.tags, ["eu", "free"]);
    // Vendor parameters go on as they are; keys of LiteLLM that we lack never reach a vendor.
    assert_eq!(
        serde_json::Value::Object(deployment.params.clone()),
        json!({"temperature": 0.25, "guided": {"secret": "sk-key"}, "stop": null})
    );
    let info = &deployment.model_info;
    assert_eq!((info.mode.as_deref(), info.base_model.as_deref()), (Some("chat"), Some("gpt-4o")));
    assert_eq!((info.max_input_tokens, info.max_output_tokens), (Some(128_000), None));
    assert_eq!(info.extra["owner"], json!({"name": "me"}));
    assert_eq!((deployment.origin.line, deployment.origin.column), (3, 5));
    assert_eq!(deployment.unusable, None);

    let headers: Vec<_> = deployment.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(headers, ["X-Team: ***", "Authorization: ***os.environ/KEY"]);
    let printed = format!("{config:?}");
    assert!(!printed.contains("sk-key") && !printed.contains("sk-aws"), "{printed}");
}

#[test]
fn deployments_inherit_from_credentials_and_defaults() {
    let config = read(
        r#"
litellm_settings: {drop_params: true, request_timeout: 100}
router_settings:
  stream_timeout: 50
  default_litellm_params: {api_base: https://default.example, temperature: 0.5, tags: [default]}
credential_list:
  - credential_name: eu
    credential_values: {api_key: sk-eu, api_base: https://eu.example}
    credential_info: {description: ours}
llm_gateway: {transport: {http2: true}}
model_list:
  - {model_name: a, litellm_params: {model: gpt-4o, litellm_credential_name: eu, temperature: 0.9}}
  - {model_name: b, litellm_params: {model: gpt-4o, timeout: 7, drop_params: false, http2: false, tags: []}}
"#,
    );
    let [a, b] = [0, 1].map(|place| config.resolved.deployments().nth(place).unwrap());
    assert_eq!(a.api_base.as_deref(), Some("https://eu.example"));
    assert_eq!(b.api_base.as_deref(), Some("https://default.example"));
    assert_eq!((&a.params["temperature"], &b.params["temperature"]), (&json!(0.9), &json!(0.5)));
    assert_eq!((a.routing.tags.len(), b.routing.tags.len()), (1, 0));
    assert_eq!((a.timeout_ms, a.stream_timeout_ms), (Some(100_000), Some(50_000)));
    assert_eq!((b.timeout_ms, b.stream_timeout_ms), (Some(7_000), Some(50_000)));
    assert_eq!((a.drop_params, b.drop_params), (true, false));
    assert_eq!((a.http2, b.http2), (true, false));
    assert_eq!(a.api_key.as_ref().unwrap().to_string(), "***");
}

#[test]
fn keys_are_the_entrys_own_or_the_vendors_usual_one() {
    let config = read_with(
        r#"
model_list:
  - {model_name: own, litellm_params: {model: gpt-4o, api_key: os.environ/OTHER}}
  - {model_name: usual, litellm_params: {model: gpt-4o}}
  - {model_name: none, litellm_params: {model: groq/llama}}
  - {model_name: elsewhere, litellm_params: {model: groq/llama, api_base: "http://localhost", api_key: ""}}
  - {model_name: keyless, litellm_params: {model: mock/mock}}
  - {model_name: canned, litellm_params: {model: groq/llama, mock_response: hi}}
  - {model_name: lost, litellm_params: {model: gpt-4o, api_key: os.environ/NOWHERE}}
  - {model_name: foreign, litellm_params: {model: bedrock/us.claude}}
"#,
        &with_env(&[("OPENAI_API_KEY", "sk-openai"), ("OTHER", "sk-other"), ("GROQ_API_KEY", "")]),
    );
    let table = config.resolved.deployments().map(|deployment| {
        let key = deployment.api_key.as_ref().map_or("no key".to_owned(), ToString::to_string);
        format!("{}: {key}; {}", deployment.model_name, deployment.unusable.as_deref().unwrap_or("usable"))
    });
    assert_snapshot!(table.collect::<Vec<_>>().join("\n"), @r#"
    own: os.environ/OTHER; usable
    usual: os.environ/OPENAI_API_KEY; usable
    none: no key; no api_key, and environment variable GROQ_API_KEY is not set
    elsewhere: no key; usable
    keyless: no key; usable
    canned: no key; usable
    lost: os.environ/NOWHERE; environment variable NOWHERE is not set
    foreign: no key; this version has no vendor "bedrock"
    "#);
}

#[test]
fn the_overlay_stands_before_the_environment() {
    let config = read_with(
        r#"
environment_variables: {HOST: overlay.example, COPY: os.environ/OUTER, PORT: 8080, EMPTY: null}
model_list:
  - {model_name: a, litellm_params: {model: gpt-4o, api_key: os.environ/COPY, api_base: "http://os.environ/HOST:os.environ/PORT/"}}
"#,
        &with_env(&[("HOST", "process.example"), ("OUTER", "sk-outer")]),
    );
    assert_eq!(only(&config).api_base.as_deref(), Some("http://overlay.example:8080/"));
    assert_eq!(config.environment.get("COPY").unwrap().expose(), "sk-outer");
    assert!(config.environment.get("EMPTY").is_none());
    assert!(!format!("{:?}", config.environment).contains("sk-outer"));
}

#[test]
fn ids_depend_on_content_and_on_nothing_else() {
    let id = |text: &str| only(&read(text)).id.clone();
    let one = id("model_list: [{model_name: a, litellm_params: {model: gpt-4o, rpm: 1}}]");
    let moved = id("\n\nmodel_list:\n- litellm_params: {rpm: 1, model: gpt-4o}\n  model_name: a\n");
    let other = id("model_list: [{model_name: a, litellm_params: {model: gpt-4o, rpm: 2}}]");
    assert_eq!(one, moved);
    assert_ne!(one, other);
    assert_eq!(one.as_str().len(), 16);

    let copies = read("model_list: [&a {model_name: a, litellm_params: {model: gpt-4o}}, *a, *a]");
    let ids: Vec<_> = copies.resolved.deployments().map(|d| d.id.as_str()).collect();
    assert_eq!(ids[1..], [format!("{}-2", ids[0]), format!("{}-3", ids[0])]);
}

#[test]
fn anchors_merges_and_json_are_read() {
    let config = read(
        r#"
model_list:
  - model_name: a
    litellm_params: &base {model: gpt-4o, api_base: https://a.example}
  - model_name: b
    litellm_params: {<<: *base, api_base: https://b.example}
"#,
    );
    let bases: Vec<_> = config
        .resolved
        .deployments()
        .map(|d| (d.upstream_model.as_str(), d.api_base.as_deref().unwrap()))
        .collect();
    assert_eq!(bases, [("gpt-4o", "https://a.example"), ("gpt-4o", "https://b.example")]);

    let config =
        read(r#"{"model_list": [{"model_name": "a", "litellm_params": {"model": "gpt-4o", "rpm": 5}}]}"#);
    assert_eq!(only(&config).routing.rpm, Some(5));
}

#[test]
fn vendors_of_the_config_are_vendors() {
    let config = read(
        r#"
llm_gateway: {providers: {acme: {base_url: https://acme.example/v1}}}
model_list: [{model_name: a, litellm_params: {model: acme/large}}]
"#,
    );
    assert_eq!(goes_to(&config, "a"), "a → acme/large");
    assert_eq!(config.settings.providers["acme"]["base_url"], "https://acme.example/v1");
}

#[test]
fn secrets_in_addresses_are_not_told() {
    let config = read(
        r#"
model_list: [{model_name: a, litellm_params: {model: gpt-4o, api_base: "http://me:secret@h:8/v1?key=secret"}}]
"#,
    );
    assert_eq!(config.check(UnixMs(0)).deployments[0].api_base.as_deref(), Some("http://h:8/v1"));
    let debug: String = config.resolved.deployments().map(|deployment| format!("{deployment:?}")).collect();
    assert!(debug.contains("h:8/v1") && !debug.contains("secret"), "{debug}");
}

#[test]
fn a_check_tells_what_a_person_wants_to_know() {
    let config = read(
        r#"
model_list:
  - {model_name: a, litellm_params: {model: gpt-4o, weight: 2}, model_info: {mode: chat, id: a1}}
  - {model_name: a, litellm_params: {model: claude-4, api_base: https://a.example}, model_info: {mode: chat, id: a2}}
  - {model_name: b, litellm_params: {model: groq/llama, api_key: sk-1}, model_info: {id: b1}}
  - {model_name: "*", litellm_params: {model: "*"}, model_info: {id: rest}}
router_settings: {model_group_alias: {c: a}}
"#,
    );
    insta::assert_yaml_snapshot!(config.check(UnixMs(0)), @r#"
    deployments:
      - model_name: a
        id: a1
        upstream: openai/gpt-4o
        api_base: ~
        api_key: os.environ/OPENAI_API_KEY
        weight: 2
        order: ~
        max_input_tokens: 128000
        usd_per_mtok:
          - "2.5"
          - "10"
        unusable: ~
        origin:
          file: config.yaml
          line: 3
          column: 5
      - model_name: a
        id: a2
        upstream: anthropic/claude-4
        api_base: "https://a.example"
        api_key: os.environ/ANTHROPIC_API_KEY
        weight: ~
        order: ~
        max_input_tokens: ~
        usd_per_mtok: ~
        unusable: ~
        origin:
          file: config.yaml
          line: 4
          column: 5
      - model_name: b
        id: b1
        upstream: groq/llama
        api_base: ~
        api_key: "***"
        weight: ~
        order: ~
        max_input_tokens: ~
        usd_per_mtok: ~
        unusable: ~
        origin:
          file: config.yaml
          line: 5
          column: 5
      - model_name: "*"
        id: rest
        upstream: "*"
        api_base: ~
        api_key: ~
        weight: ~
        order: ~
        max_input_tokens: ~
        usd_per_mtok: ~
        unusable: ~
        origin:
          file: config.yaml
          line: 6
          column: 5
    aliases:
      - - c
        - a
    without_model_info:
      - b
    without_price:
      - a
      - b
    without_second_deployment:
      - b
    warnings: []
    "#);
}

#[test]
fn prices_change_on_a_day_and_the_deployment_stays_the_same() {
    let with = |prices: &str, info: &str| {
        read(&format!(
            "model_list:\n  - {{model_name: m, litellm_params: {{model: openai/m, api_key: k{prices}}}, model_info: {{mode: chat{info}}}}}"
        ))
    };
    let plain = with("", "");
    let config = with(
        ", input_cost_per_token: 0.000001, output_cost_per_token: 0.000004",
        ", price_changes: [{from: 2027-01-01, output_cost_per_token: 0.000002},
           {from: \"2026-12-01T00:00:00Z\", input_cost_per_token: \"0.0000005\"}]",
    );
    let deployment = config.resolved.deployments().next().unwrap();
    assert_eq!(deployment.id, plain.resolved.deployments().next().unwrap().id);
    assert_ne!(deployment.fingerprint, plain.resolved.deployments().next().unwrap().fingerprint);
    let at = |text: &str| {
        let now = UnixMs::from_rfc3339(text).unwrap();
        let (read, written) = config.check(now).deployments[0].usd_per_mtok.clone().unwrap();
        format!("{read} {written}")
    };
    assert_eq!(at("2026-11-30T23:59:59.999Z"), "1 4");
    assert_eq!(at("2026-12-01T00:00:00Z"), "0.5 4");
    assert_eq!(at("2027-01-01T00:00:00Z"), "0.5 2");
    assert!(deployment.params.is_empty(), "nothing of it goes to the vendor");
    let beside = with(", price_changes: [{from: 2027-01-01, input_cost_per_token: 1}]", "");
    let deployment = beside.resolved.deployments().next().unwrap();
    assert!(deployment.params.is_empty() && deployment.prices.changes().count() == 1);
}

#[test]
fn a_change_of_a_models_price_is_read_strictly() {
    for (changes, expected) in [
        ("{from: 2026-12-01}", "model_list[0].price_changes: expected a list of changes"),
        ("[2026-12-01]", "model_list[0].price_changes[0]: expected a map of from and prices"),
        ("[{from: 2026-12-01}]", "model_list[0].price_changes[0]: sets no price"),
        ("[{input_cost_per_token: 1}]", "model_list[0].price_changes[0]: \"from\" is missing"),
        ("[{from: 2026-02-29, input_cost_per_token: 1}]", "price_changes[0].from: \"2026-02-29\" is no date"),
        ("[{from: 20261201, input_cost_per_token: 1}]", "price_changes[0].from: "),
        (
            "[{from: 2026-12-01, input_cost_per_token: -1}]",
            "price_changes[0]: input_cost_per_token: -1 is below zero",
        ),
        (
            "[{from: 2026-12-01, cost_discount: 5}]",
            "price_changes[0].cost_discount: 5 is more than the whole",
        ),
        (
            "[{from: 2026-12-01, input_cost: 1}]",
            "price_changes[0]: unknown key \"input_cost\"; no price has this name",
        ),
        (
            "[{from: 2026-12-01, input_cost_per_token: 1}, {from: \"2026-12-01T01:00:00+01:00\", input_cost_per_token: 2}]",
            "price_changes[1].from: another change is from 2026-12-01T00:00:00Z as well",
        ),
    ] {
        let context = ConfigContext::new(VENDORS, Arc::new(|_| None));
        let text = format!(
            "model_list: [{{model_name: m, litellm_params: {{model: openai/m, api_key: k}}, model_info: {{price_changes: {changes}}}}}]"
        );
        let error = Config::parse("config.yaml", &text, &context).unwrap_err().to_string();
        assert!(error.starts_with("config.yaml:1:") && error.contains(expected), "{changes}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn an_entry_has_its_own_discount_and_margin() {
    let config = read(
        "model_list:
  - {model_name: a, litellm_params: {model: openai/m, api_key: k, cost_discount: 0.2}, model_info: {cost_discount: 0.1, cost_margin: 0.3}}
  - {model_name: b, litellm_params: {model: openai/m, api_key: k}, model_info: {cost_discount: null, price_changes: [
      {from: 2027-01-01, cost_margin: {fixed_amount: 0.5}}, {from: 2027-02-01, cost_discount: 0.4, input_cost_per_token: 1}]}}
litellm_settings: {cost_discount_config: {openai: 0.05}, cost_margin_config: {global: 0.01}}
",
    );
    let terms = config.settings.price_terms.first();
    let at = |place: usize, text: &str| {
        let deployment = config.resolved.deployments().nth(place).unwrap();
        assert!(deployment.params.is_empty(), "nothing of it goes to the vendor");
        let own = deployment.terms.at(UnixMs::from_rfc3339(text).unwrap());
        let adjustment = terms.adjustment("openai", "m", *own);
        format!("{} {} {}", adjustment.discount, adjustment.margin.share, adjustment.margin.fixed)
    };
    assert_eq!(at(0, "2026-12-01T00:00:00Z"), "0.2 0.3 0");
    assert_eq!(at(1, "2026-12-01T00:00:00Z"), "0.05 0.01 0");
    assert_eq!(at(1, "2027-01-01T00:00:00Z"), "0.05 0 0.5");
    assert_eq!(at(1, "2027-02-01T00:00:00Z"), "0.4 0 0.5");
    for (what, expected) in [
        ("cost_discount: 1.5", "model_list[0].cost_discount: 1.5 is more than the whole"),
        ("cost_margin: {fixed_amount: -1}", "model_list[0].cost_margin: fixed_amount is below zero"),
        ("cost_discount: much", "model_list[0].cost_discount: "),
    ] {
        let context = ConfigContext::new(VENDORS, Arc::new(|_| None));
        let text = format!(
            "model_list: [{{model_name: m, litellm_params: {{model: openai/m, api_key: k}}, model_info: {{{what}}}}}]"
        );
        let error = Config::parse("config.yaml", &text, &context).unwrap_err().to_string();
        assert!(error.contains(expected), "{what}: {error}");
    }
}
