//! The words, the lines and the columns.

use insta::assert_snapshot;

use super::{read, said, said_with, with_env};

#[test]
fn unknown_keys_get_the_nearest_right_name() {
    let text = r#"
modle_list: []
general_settings:
  master_kee: sk-1
  fallbacks: []
router_settings:
  routing_stratgy: simple-shuffle
llm_gateway:
  server:
    prot: 4000
    tls: {cert: a.pem, key: b.pem, kye: c.pem}
  quux: 1
"#;
    assert_snapshot!(said(text), @r#"
    config.yaml:2:1: unknown key "modle_list", did you mean "model_list"?
    config.yaml:4:3: general_settings: unknown key "master_kee", did you mean "master_key"?
    config.yaml:5:3: general_settings: unknown key "fallbacks", it belongs under "litellm_settings"
    config.yaml:7:3: router_settings: unknown key "routing_stratgy", did you mean "routing_strategy"?
    config.yaml:10:5: llm_gateway.server: unknown key "prot", did you mean "port"?
    config.yaml:11:36: llm_gateway.server.tls: unknown key "kye", did you mean "key"?
    config.yaml:12:3: llm_gateway: unknown key "quux"
    "#);
}

#[test]
fn keys_of_an_entry_are_looked_at_too() {
    let text = r#"
model_list:
  - model_name: a
    api_key: sk-1
    litelm_params: {model: gpt-4o}
  - litellm_params: {model: gpt-4o}
  - model_name: b
    litellm_params: {api_key: sk-1}
  - model_name: c
    litellm_params: gpt-4o
  - gpt-4o
"#;
    assert_snapshot!(said(text), @r#"
    config.yaml:3:5: model_list[0]: "litellm_params" is missing
    config.yaml:4:5: model_list[0]: unknown key "api_key", it belongs under "litellm_params"
    config.yaml:5:5: model_list[0]: unknown key "litelm_params", did you mean "litellm_params"?
    config.yaml:6:5: model_list[1]: "model_name" is missing
    config.yaml:8:21: model_list[2].litellm_params: "model" is missing
    config.yaml:10:21: model_list[3].litellm_params: expected a map of keys such as model
    config.yaml:11:5: model_list[4]: expected a map with model_name and litellm_params
    "#);
}

#[test]
fn what_litellm_has_and_we_lack_is_a_warning() {
    let text = r#"
guardrails: []
litellm_settings:
  callbacks: [langfuse]
  num_retries: 3
router_settings:
  fallbacks: [{a: [b]}]
general_settings:
  custom_auth: module.auth
model_list:
  - model_name: a
    litellm_params:
      model: gpt-4o
      num_retries: 3
      max_budget: 3
      aws_region_name: eu-central-1
    model_info: {blocked: true, owner: me}
"#;
    assert_snapshot!(said(text), @r#"
    config.yaml:2:1: warning: "guardrails" is a LiteLLM setting that this version does not have; it is ignored
    config.yaml:4:3: warning: litellm_settings: "callbacks" is a LiteLLM setting that this version does not have; it is ignored
    config.yaml:7:20: warning: router_settings.fallbacks[0].a[0]: no model has the name `b`, so it is passed over, did you mean "a"?
    config.yaml:9:3: warning: general_settings: "custom_auth" is a LiteLLM setting that this version does not have; it is ignored
    config.yaml:16:7: warning: model_list[0].litellm_params: "aws_region_name" is a LiteLLM setting that this version does not have; it is ignored
    config.yaml:17:18: warning: model_list[0].model_info: "blocked" is kept, but this version does not act on it
    "#);
}

#[test]
fn values_of_the_wrong_type_say_what_was_expected() {
    let text = r#"
model_list:
  - model_name: a
    litellm_params:
      model: gpt-4o
      rpm: many
      tpm: -5
      weight: true
      tags: eu
      timeout: 0
      extra_headers: [x]
      additional_drop_params: [1, user, 2]
  - model_name: [b]
    litellm_params: {model: 4.1}
router_settings:
  routing_strategy: busiest
  model_group_alias: {x: 3, y: {modle: z}}
llm_gateway:
  on_disconnect: cancle
  server:
    host: localhost
    port: 70000
    max_connections: 0
    max_json_depth: 200
    trusted_proxies: [10.0.0.0/8, 10.0.0.0/40]
    tls: {cert: a.pem}
  transport: 5
general_settings:
  master_key: {a: b}
  max_request_size_mb: 0
"#;
    assert_snapshot!(said(text), @r#"
    config.yaml:6:12: model_list[0].litellm_params.rpm: expected a whole number, 0 or more, found the text "many"
    config.yaml:7:12: model_list[0].litellm_params.tpm: expected a whole number, 0 or more, found -5
    config.yaml:8:15: model_list[0].litellm_params.weight: expected a number, found true
    config.yaml:9:13: model_list[0].litellm_params.tags: expected a list, found the text "eu"
    config.yaml:10:16: model_list[0].litellm_params.timeout: expected a number of seconds above zero
    config.yaml:11:22: model_list[0].litellm_params.extra_headers: expected a map of keys, found a list
    config.yaml:12:32: model_list[0].litellm_params.additional_drop_params[0]: expected text, found 1
    config.yaml:12:41: model_list[0].litellm_params.additional_drop_params[2]: expected text, found 2
    config.yaml:13:17: model_list[1].model_name: expected text, found a list
    config.yaml:16:21: router_settings.routing_strategy: unknown value "busiest" (one of "simple-shuffle", "round-robin", "least-busy", "usage-based-routing", "usage-based-routing-v2", "latency-based-routing", "power-of-two", "cost-based-routing", "success-rate", "priority", "expression")
    config.yaml:17:26: router_settings.model_group_alias.x: expected a model's name, or {model, hidden}, found 3
    config.yaml:17:32: router_settings.model_group_alias.y: unknown key "modle", did you mean "model"?
    config.yaml:19:18: llm_gateway.on_disconnect: unknown value "cancle", did you mean "cancel"? (one of "cancel", "drain", "finish")
    config.yaml:21:11: llm_gateway.server.host: invalid IP address syntax: "localhost"
    config.yaml:22:11: llm_gateway.server.port: expected a whole number from 0 to 65535, found 70000
    config.yaml:23:22: llm_gateway.server.max_connections: expected a whole number, 1 or more, found 0
    config.yaml:24:21: llm_gateway.server.max_json_depth: expected 1 to 128, found 200
    config.yaml:25:35: llm_gateway.server.trusted_proxies[1]: invalid IP address syntax: "10.0.0.0/40"
    config.yaml:26:10: llm_gateway.server.tls: "key" is missing
    config.yaml:27:14: llm_gateway.transport: expected a map of keys, found 5
    config.yaml:29:15: general_settings.master_key: expected a secret, os.environ/NAME or file:PATH
    config.yaml:30:24: general_settings.max_request_size_mb: expected a number above zero
    "#);
}

#[test]
fn duplicate_keys_name_both_places() {
    let text = "general_settings:\n  master_key: a\n  use_x_forwarded_for: no\n  master_key: b\ngeneral_settings: {}\n";
    assert_snapshot!(said(text), @r#"
    config.yaml:4:3: key "master_key" is set twice; it is first set in line 2, column 3
    config.yaml:5:1: key "general_settings" is set twice; it is first set in line 1, column 1
    "#);
}

#[test]
fn what_is_no_yaml_is_told_with_its_place() {
    assert_snapshot!(said("model_list:\n  - a: b\n c: d\n"), @r"config.yaml:3:2: not YAML: while parsing a block mapping, did not find expected key");
    assert_snapshot!(said("a: [1, 2\nb: 3\n"), @"config.yaml:2:2: not YAML: illegal placement of ':' indicator");
    assert_snapshot!(said("model_list: *nowhere\n"), @"config.yaml:1:13: not YAML: alias references unknown anchor");
    assert_snapshot!(said("- 1\n"), @"config.yaml:1:1: expected a map of keys such as model_list");
    assert_snapshot!(said("a: .nan\n"), @"config.yaml:1:4: not YAML: non-finite float `.nan` rejected by the configured policy");
}

#[test]
fn nothing_is_a_config() {
    for text in ["", "# only a remark\n", "{}", "model_list:\n"] {
        assert_eq!(said(text), "", "{text:?}");
    }
}

#[test]
fn vendors_get_the_nearest_right_name() {
    let text = r#"
model_list:
  - {model_name: a, litellm_params: {model: opnai/gpt-4o}}
  - {model_name: b, litellm_params: {model: bedrock/claude}}
  - {model_name: c, litellm_params: {model: my-model}}
  - {model_name: d, litellm_params: {model: my-model, custom_llm_provider: antropic}}
  - {model_name: e, litellm_params: {model: openai/*}}
  - {model_name: f, litellm_params: {model: gpt-4o, litellm_credential_name: eu}}
credential_list:
  - {credential_name: us, credential_values: {api_key: sk-1}}
  - {credential_nam: eu, credential_values: {}}
"#;
    assert_snapshot!(said(text), @r#"
    config.yaml:3:45: model_list[0].litellm_params.model: unknown vendor "opnai", did you mean "openai"?
    config.yaml:4:45: warning: model_list[1].litellm_params.model: this version has no vendor "bedrock"; this deployment cannot be used
    config.yaml:5:45: model_list[2].litellm_params.model: cannot tell the vendor of "my-model"; write it as vendor/model, or set custom_llm_provider
    config.yaml:6:45: model_list[3].litellm_params.model: unknown vendor "antropic", did you mean "anthropic"?
    config.yaml:7:45: model_list[4].litellm_params.model: holds "*", but model_name does not
    config.yaml:8:78: model_list[5].litellm_params.litellm_credential_name: no "eu" in credential_list
    config.yaml:11:5: credential_list[1]: "credential_name" is missing
    config.yaml:11:6: credential_list[1]: unknown key "credential_nam", did you mean "credential_name"?
    "#);
}

#[test]
fn slips_among_vendor_parameters_are_warned_of() {
    let text = r#"
model_list:
  - model_name: a
    litellm_params:
      model: gpt-4o
      temperature: 0.2
      top_k: 5
      user: me
      api_kye: sk-1
      tag: [eu]
      guided_json: {}
"#;
    assert_snapshot!(said(text), @r#"
    config.yaml:9:7: warning: model_list[0].litellm_params: "api_kye" is passed on to the vendor; did you mean "api_key"?
    config.yaml:10:7: warning: model_list[0].litellm_params: "tag" is passed on to the vendor; did you mean "tags"?
    "#);
}

#[test]
fn no_parameter_of_a_request_is_taken_for_a_slip() {
    for parameter in crate::names::REQUEST_PARAMETERS {
        let params = format!("{{model: gpt-4o, {parameter}: 1}}");
        let said = said(&format!("model_list: [{{model_name: a, litellm_params: {params}}}]"));
        assert_eq!(said, "", "{parameter}");
    }
}

#[test]
fn variables_that_are_not_set_are_named_with_their_place() {
    let text = r#"
environment_variables:
  REGION: os.environ/NOWHERE
model_list:
  - model_name: a
    litellm_params:
      model: gpt-4o
      api_key: os.environ/MISSING_KEY
      api_base: https://os.environ/HOST/v1
      rpm: os.environ/RPM
  - model_name: b
    litellm_params: {model: groq/llama}
  - model_name: c
    litellm_params: {model: gpt-4o, api_key: oidc/google/x}
"#;
    assert_snapshot!(said(text), @r"
    config.yaml:3:11: warning: environment_variables.REGION: environment variable NOWHERE is not set
    config.yaml:8:16: warning: model_list[0].litellm_params.api_key: environment variable MISSING_KEY is not set; this deployment cannot be used
    config.yaml:9:17: warning: model_list[0].litellm_params.api_base: environment variable HOST is not set; this deployment cannot be used
    config.yaml:10:12: warning: model_list[0].litellm_params.rpm: environment variable RPM is not set; this deployment cannot be used
    config.yaml:11:5: warning: model_list[1]: no api_key, and environment variable GROQ_API_KEY is not set; this deployment cannot be used
    config.yaml:14:46: warning: model_list[2].litellm_params.api_key: this version cannot mint OIDC tokens; this deployment cannot be used
    ");
    let text =
        "general_settings: {master_key: os.environ/KEY}\nllm_gateway: {server: {port: os.environ/PORT}}\n";
    assert_snapshot!(said(text), @"
    config.yaml:1:32: general_settings.master_key: environment variable KEY is not set
    config.yaml:2:30: llm_gateway.server.port: environment variable PORT is not set
    ");
    let text = "llm_gateway: {server: {port: os.environ/PORT}}";
    assert_snapshot!(said_with(text, &with_env(&[("PORT", "many")])), @"config.yaml:1:30: llm_gateway.server.port: expected a whole number from 0 to 65535, found what the variable holds");
}

#[test]
fn an_empty_master_key_is_no_key() {
    assert_snapshot!(said("general_settings: {master_key: ''}"), @"config.yaml:1:32: general_settings.master_key: is empty; leave it out to run without a key");
}

#[test]
fn ids_are_taken_once_and_copies_are_noticed() {
    let text = r#"
model_list:
  - {model_name: a, litellm_params: {model: gpt-4o}, model_info: {id: one}}
  - {model_name: b, litellm_params: {model: gpt-4o}, model_info: {id: one}}
  - {model_name: c, litellm_params: {model: gpt-4o}}
  - {model_name: c, litellm_params: {model: gpt-4o}}
  - {model_name: c, litellm_params: {model: gpt-4o, extra_headers: {"x y": z}}}
"#;
    assert_snapshot!(said(text), @r#"
    config.yaml:4:5: model_info.id "one" is taken by the deployment at config.yaml:3:5
    config.yaml:6:5: warning: the same deployment stands at config.yaml:5:5 as well
    config.yaml:7:5: warning: model_list[4].litellm_params.extra_headers: "x y" is no name of a header; it is not sent
    "#);
}

#[test]
fn aliases_that_lead_nowhere_are_warned_of() {
    let text = r#"
model_list:
  - {model_name: gpt-4o, litellm_params: {model: gpt-4o}}
router_settings:
  model_group_alias:
    good: gpt-4o
    bad: gpt-4
"#;
    assert_snapshot!(said(text), @r#"config.yaml:7:5: warning: router_settings.model_group_alias: no model "gpt-4" in model_list, did you mean "gpt-4o"?"#);
}

#[test]
fn no_message_holds_a_secret() {
    let text = r#"
model_list:
  - model_name: a
    litellm_params: {model: gpt-4o, api_key: [sk-secret], rpm: x}
  - model_name: b
    litellm_params: {model: gpt-4o, api_key: sk-secret, apikey: sk-secret, extra_headers: {a: {b: sk-secret}}}
general_settings: {master_key: [sk-secret]}
"#;
    let said = said(text);
    assert!(!said.contains("sk-secret"), "{said}");
    assert!(said.lines().count() >= 4, "{said}");
}

#[test]
fn addresses_that_nobody_can_be_asked_at_are_told() {
    let text = r#"
model_list:
  - {model_name: a, litellm_params: {model: gpt-4o, api_base: "not a url"}}
  - {model_name: b, litellm_params: {model: gpt-4o, api_base: "localhost:8000/v1"}}
  - {model_name: c, litellm_params: {model: gpt-4o, api_base: "http://[::1"}}
  - {model_name: d, litellm_params: {model: gpt-4o, api_base: "https://me:pass@/v1?key=k"}}
  - {model_name: e, litellm_params: {model: gpt-4o, api_base: "http://host:port/v1"}}
  - {model_name: f, litellm_params: {model: gpt-4o, api_base: "http://[::1]:8000/v1"}}
  - {model_name: g, litellm_params: {model: gpt-4o, api_base: "https://{region}.host/v1"}}
"#;
    assert_snapshot!(said(text), @r#"
    config.yaml:3:63: warning: model_list[0].litellm_params.api_base: "not a url" is no address such as https://host/v1; this deployment cannot be used
    config.yaml:4:63: warning: model_list[1].litellm_params.api_base: "localhost:8000/v1" is no address such as https://host/v1; this deployment cannot be used
    config.yaml:5:63: warning: model_list[2].litellm_params.api_base: "http://[::1" is no address such as https://host/v1; this deployment cannot be used
    config.yaml:6:63: warning: model_list[3].litellm_params.api_base: "https:///v1" is no address such as https://host/v1; this deployment cannot be used
    config.yaml:7:63: warning: model_list[4].litellm_params.api_base: "http://host:port/v1" is no address such as https://host/v1; this deployment cannot be used
    "#);
}

#[test]
fn an_empty_address_is_none() {
    let config = read("model_list: [{model_name: a, litellm_params: {model: gpt-4o, api_base: ''}}]");
    assert_eq!(config.resolved.deployments().next().unwrap().api_base, None);
}

#[test]
fn what_is_no_yaml_is_told_in_words_for_people() {
    assert_snapshot!(said("model_list: []\n---\nmodel_list: []\n"), @"config.yaml:3:1: not YAML: a second document begins here; a file is one");
    assert_snapshot!(said("model_list: &all [*all]\n"), @"config.yaml:1:19: not YAML: an alias stands within what it stands for");
}

#[test]
fn a_model_whose_variable_is_not_set_is_told_once() {
    let text = "model_list: [{model_name: a, litellm_params: {model: os.environ/NOBODY}}]";
    assert_snapshot!(said(text), @"config.yaml:1:54: warning: model_list[0].litellm_params.model: environment variable NOBODY is not set; this deployment cannot be used");
}
