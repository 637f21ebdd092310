//! Which setting holds where several speak.

use std::net::IpAddr;

use llm_oidc::RoleName;
use llm_tenancy::{Role, Usd};

use super::*;

fn settings(text: &str) -> Settings {
    read(text).settings
}

#[test]
fn defaults_are_as_documented() {
    let Settings { server, transport, translation, on_disconnect, access_log, .. } = settings("");
    assert_eq!(server.address().to_string(), "127.0.0.1:4000");
    assert_eq!((server.max_body_bytes.get(), server.max_json_depth), (67_108_864, 100));
    assert_eq!((server.max_held_bytes.get(), server.keepalive_comment_ms), (1_073_741_824, 15_000));
    assert_eq!((server.max_connections.get(), server.max_in_flight_requests.get()), (16_384, 8_192));
    assert_eq!((server.header_read_timeout_ms.get(), server.drain_timeout_ms), (10_000, 30_000));
    assert_eq!((transport.connect_timeout_ms.get(), transport.total_timeout_ms.get()), (10_000, 600_000));
    assert_eq!((transport.first_byte_timeout_ms.get(), transport.idle_timeout_ms.get()), (600_000, 300_000));
    assert_eq!(translation.on_loss, OnLoss::Report);
    assert_eq!(translation.effort_budgets.high.get(), 4_096);
    assert_eq!((on_disconnect, access_log.format), (OnDisconnect::Cancel, LogFormat::Auto));
}

#[test]
fn litellms_keys_hold_over_our_defaults_and_under_our_keys() {
    const LITELLM: &str = "
general_settings:
  max_request_size_mb: 1.5
  sse_keepalive_ping_interval_seconds: 5
  cancel_on_disconnect: false
  use_x_forwarded_for: true
  trusted_proxy_ranges: [10.0.0.0/8]
litellm_settings: {json_logs: true, sse_keepalive_ping_interval_seconds: 7}
";
    let theirs = settings(LITELLM);
    assert_eq!(theirs.server.max_body_bytes.get(), 1_572_864);
    assert_eq!(theirs.server.keepalive_comment_ms, 5_000);
    assert_eq!(theirs.server.trusted_proxies, ["10.0.0.0/8".parse().unwrap()]);
    assert_eq!((theirs.on_disconnect, theirs.access_log.format), (OnDisconnect::Finish, LogFormat::Json));

    let ours = settings(&format!(
        "{LITELLM}
llm_gateway:
  on_disconnect: drain
  access_log: {{format: human}}
  server: {{max_body_bytes: 1000, keepalive_comment_ms: 0, trusted_proxies: []}}
"
    ));
    assert_eq!((ours.server.max_body_bytes.get(), ours.server.keepalive_comment_ms), (1_000, 0));
    assert!(ours.server.trusted_proxies.is_empty());
    assert_eq!((ours.on_disconnect, ours.access_log.format), (OnDisconnect::Drain, LogFormat::Human));
}

#[test]
fn checks_go_by_the_nearest_word() {
    let health = settings("").health;
    assert!(!health.in_background && health.tells_details && health.routes);
    assert_eq!((health.interval_ms, health.concurrency, health.max_usd_per_day), (300_000, 8, 1.0));
    let text = "
general_settings:
  background_health_checks: true
  health_check_interval: 60
  health_check_concurrency: 3
  enable_health_check_routing: true
  health_check_staleness_threshold: 45
router_settings:
  enable_health_check_routing: false
  background_health_check_model_groups: [a]
llm_gateway: {health_checks: {max_usd_per_day: 2.5}}
model_list:
  - model_name: a
    litellm_params: {model: mock/a}
    model_info:
      health_check_model: mock/b
      health_check_interval: 10
      health_check_voice: alloy
  - model_name: b
    litellm_params: {model: mock/b}
    model_info: {disable_background_health_check: true}
";
    let config = read(text);
    let health = &config.settings.health;
    assert_eq!((health.interval_ms, health.concurrency, health.max_usd_per_day), (60_000, 3, 2.5));
    assert!(!health.routes, "the router's own word counts first");
    assert_eq!(health.stale_ms, Some(45_000));
    let infos: Vec<_> = config.resolved.deployments().map(|one| &one.model_info.health).collect();
    assert_eq!(infos[0].health_check_model.as_deref(), Some("mock/b"));
    assert_eq!((health.interval_of(infos[0]), health.interval_of(infos[1])), (10_000, 60_000));
    assert!(health.covers("a", infos[0]) && !health.covers("b", infos[0]) && !health.covers("a", infos[1]));
    let unset =
        settings("general_settings: {background_health_checks: true, health_check_interval: 60}").health;
    assert_eq!(unset.stale_of(infos[1]), 120_000);
}

#[test]
fn budgets_that_bound_nothing_are_told() {
    let budget = "{budget_limit: 1, time_period: 1d}";
    let config =
        read(&format!("router_settings: {{provider_budget_config: {{opnai: {budget}, openai: {budget}}}}}"));
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("opnai") && warnings[0].contains("did you mean \"openai\"?"),
        "{warnings:?}"
    );
}

#[test]
fn clients_headers_are_handed_on_for_whom_it_is_said() {
    assert_eq!(settings("").forwards_headers, Some(vec![]));
    let some = "litellm_settings: {model_group_settings: {forward_client_headers_to_llm_api: [a]}}";
    assert_eq!(settings(some).forwards_headers, Some(vec!["a".to_owned()]));
    assert_eq!(
        settings("general_settings: {forward_client_headers_to_llm_api: true}").forwards_headers,
        None
    );
}

#[test]
fn proxies_are_trusted_only_on_request() {
    let settings = settings("general_settings: {trusted_proxy_ranges: [10.0.0.0/8]}");
    assert!(settings.server.trusted_proxies.is_empty());
}

#[test]
fn an_open_door_needs_a_key_or_a_word() {
    let exposure = |text: &str| settings(text).check_exposure();
    let wide = IpAddr::from([0, 0, 0, 0]);
    assert_eq!(exposure(""), Ok(()));
    assert_eq!(exposure("llm_gateway: {server: {host: '::1'}}"), Ok(()));
    assert_eq!(exposure("llm_gateway: {server: {host: 0.0.0.0}}"), Err(Exposed(wide)));
    assert_eq!(
        exposure("{llm_gateway: {server: {host: 0.0.0.0}}, general_settings: {master_key: k}}"),
        Ok(())
    );
    assert_eq!(exposure("llm_gateway: {server: {host: 0.0.0.0, allow_public_without_key: true}}"), Ok(()));
    let theirs = "general_settings: {dangerously_permit_weak_or_unset_master_key: true}";
    assert_eq!(exposure(&format!("{{llm_gateway: {{server: {{host: 0.0.0.0}}}}, {theirs}}}")), Ok(()));
}

/// Where a schema node says what its members are.
#[cfg(feature = "schemars")]
fn members<'s>(
    schema: &'s serde_json::Value,
    root: &'s serde_json::Value,
) -> Option<&'s serde_json::Map<String, serde_json::Value>> {
    let target = schema["$ref"].as_str().or_else(|| schema["anyOf"][0]["$ref"].as_str());
    let schema = target.and_then(|target| root.pointer(target.trim_start_matches('#'))).unwrap_or(schema);
    schema["properties"].as_object()
}

#[cfg(feature = "schemars")]
#[test]
fn the_schema_describes_every_key() {
    let schema = json_schema();
    let mut undocumented = Vec::new();
    let definitions = schema["$defs"].as_object().unwrap();
    for (name, definition) in definitions.iter().chain([(&"file".to_owned(), &schema)]) {
        for (key, member) in definition["properties"].as_object().into_iter().flatten() {
            if member.get("description").is_none() {
                undocumented.push(format!("{name}.{key}"));
            }
        }
    }
    assert_eq!(undocumented, Vec::<String>::new());

    let top = members(&schema, &schema).unwrap();
    let entry = &schema["$defs"]["ModelEntry"];
    let params = members(&entry["properties"]["litellm_params"], &schema).unwrap();
    for key in ["model", "api_key", "weight", "order", "rpm", "tpm", "tags", "timeout", "extra_headers"] {
        assert!(params.contains_key(key), "{key}");
    }
    assert!(schema["$defs"]["LitellmParams"].get("additionalProperties").is_none());
    assert_eq!(schema["$defs"]["ServerSettings"]["additionalProperties"], false);
    assert_eq!(schema["additionalProperties"], false);
    assert!(top.contains_key("llm_gateway") && top.contains_key("environment_variables"));
}

#[cfg(feature = "schemars")]
#[test]
fn the_documented_defaults_are_the_real_ones() {
    let schema = json_schema();
    let defaults = [
        (
            "ServerSettings",
            serde_json::json!({"port": 4000, "max_json_depth": 100, "drain_timeout_ms": 30000}),
        ),
        ("TransportSettings", serde_json::json!({"connect_timeout_ms": 10000, "idle_timeout_ms": 300000})),
    ];
    for (name, expected) in defaults {
        for (key, value) in expected.as_object().unwrap() {
            let description = schema["$defs"][name]["properties"][key]["description"].as_str().unwrap();
            assert!(description.contains(&format!("Default: {value}")), "{name}.{key}: {description}");
        }
    }
}

/// The addresses of shared state with these variables set, and what was said besides.
fn redis(text: &str, variables: &'static [(&str, &str)]) -> Option<SharedStateSettings> {
    let lookup =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let context = ConfigContext::new(VENDORS, Arc::new(lookup));
    let config = Config::parse("config.yaml", text, &context).unwrap();
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    config.settings.shared_state
}

#[test]
fn the_redis_of_shared_state_is_named_by_our_keys_litellms_or_the_environment() {
    const URL: &[(&str, &str)] = &[("REDIS_URL", "redis://of-env"), ("REDIS_PASSWORD", "p")];
    const HOST: &[(&str, &str)] =
        &[("REDIS_HOST", "::1"), ("REDIS_PORT", "7"), ("REDIS_DB", "2"), ("REDIS_SSL", "true")];
    const LITELLM: &str = "router_settings: {redis_host: h, redis_port: 5, redis_password: p, redis_db: 3}";
    let urls = |settings: &Option<SharedStateSettings>| -> Vec<SecretRef> {
        settings.iter().flat_map(|settings| settings.urls.clone()).collect()
    };
    let text = |text: &str| vec![SecretRef::parse(text)];
    assert_eq!(redis("", &[]), None);
    assert_eq!(redis("llm_gateway: {shared_state: {namespace: other}}", &[]), None, "no address");
    assert_eq!(urls(&redis("", URL)), [SecretRef::env("REDIS_URL")]);
    assert_eq!(redis("llm_gateway: {shared_state: {enabled: false}}", URL), None);
    let host = redis("", HOST);
    assert_eq!((urls(&host), host.unwrap().db), (text("rediss://[::1]:7"), Some(2)));
    let litellm = redis(LITELLM, URL);
    assert_eq!(urls(&litellm), text("redis://h:5"), "the configuration goes before the environment");
    let litellm = litellm.unwrap();
    assert_eq!((litellm.db, litellm.password), (Some(3), Some(SecretRef::parse("p"))));
    assert_eq!(urls(&redis("router_settings: {redis_url: redis://u/4}", HOST)), text("redis://u/4"));
    let ours =
        format!("{LITELLM}\nllm_gateway: {{shared_state: {{kind: cluster, urls: [redis://a, redis://b]}}}}");
    let ours = redis(&ours, URL).unwrap();
    assert_eq!((ours.urls.len(), ours.kind, ours.db, ours.interval_ms), (2, RedisKind::Cluster, None, 100));
}

#[test]
fn a_redis_for_coordination_or_for_answers_is_shared_too() {
    let read = |text: &str| {
        let lookup = |name: &str| (name == "SOME_HOST").then(|| "of-env".to_owned());
        let config =
            Config::parse("config.yaml", text, &ConfigContext::new(VENDORS, Arc::new(lookup))).unwrap();
        let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
        (config.settings.shared_state, warnings)
    };
    let urls = |settings: &Option<SharedStateSettings>| -> Vec<SecretRef> {
        settings.iter().flat_map(|settings| settings.urls.clone()).collect()
    };
    let text = |text: &str| vec![SecretRef::parse(text)];
    const CACHE: &str = "litellm_settings:
  cache: true
  cache_params: {type: redis, host: os.environ/SOME_HOST, port: 5, password: p, ttl: 600, ssl: true}
";
    const ROUTER: &str = "router_settings: {redis_host: of-router}\n";
    const COORDINATION: &str = "general_settings:
  coordination_redis: {host: of-coordination, username: u, db: 2}
";
    let (cache, warnings) = read(CACHE);
    assert_eq!(urls(&cache), text("rediss://of-env:5"));
    assert_eq!(cache.unwrap().password, Some(SecretRef::parse("p")));
    assert!(
        warnings
            .iter()
            .any(|said| said.starts_with("config.yaml:3:") && said.contains("answers are not kept"))
    );
    assert!(warnings.iter().any(|said| said.contains("\"cache\" is a LiteLLM setting")), "{warnings:?}");
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert_eq!(urls(&read(&format!("{CACHE}{ROUTER}")).0), text("redis://of-router:6379"));
    let (coordination, warnings) = read(&format!("{CACHE}{ROUTER}{COORDINATION}"));
    assert_eq!(urls(&coordination), text("redis://of-coordination:6379"));
    let coordination = coordination.unwrap();
    assert_eq!((coordination.username.as_deref(), coordination.db), (Some("u"), Some(2)));
    assert!(warnings.iter().all(|said| !said.contains("coordination")), "{warnings:?}");
    let ours = format!("{COORDINATION}llm_gateway: {{shared_state: {{url: redis://ours}}}}");
    assert_eq!(urls(&read(&ours).0), text("redis://ours"), "our own key goes before all others");
    let nodes = "[{host: a, port: 1}, {host: b, port: 2}]";
    let (cluster, _) = read(&format!("general_settings: {{coordination_redis: {{startup_nodes: {nodes}}}}}"));
    assert_eq!(cluster.as_ref().map(|settings| settings.kind), Some(RedisKind::Cluster));
    assert_eq!(urls(&cluster), [SecretRef::parse("redis://a:1"), SecretRef::parse("redis://b:2")]);
    // Answers kept elsewhere, or not at all, and a host that nobody knows.
    for (text, said) in [
        (CACHE.replace("type: redis", "type: local"), "\"cache_params\" is a LiteLLM setting"),
        (CACHE.replace("cache: true", "cache: false"), "\"cache_params\" is a LiteLLM setting"),
        (
            CACHE.replace("SOME_HOST", "NO_HOST"),
            "environment variable NO_HOST is not set; this Redis is not used",
        ),
    ] {
        let (settings, warnings) = read(&text);
        assert_eq!(settings, None, "{text}");
        assert!(warnings.iter().any(|warning| warning.contains(said)), "{warnings:?}");
    }
}

#[test]
fn a_redis_that_makes_no_sense_is_told_with_its_place() {
    for (setting, said) in [
        ("interval_ms: 9", "llm_gateway.shared_state.interval_ms: expected 10 to 250"),
        ("interval_ms: 251", "llm_gateway.shared_state.interval_ms: expected 10 to 250"),
        ("namespace: 'a{b}'", "llm_gateway.shared_state.namespace: expected a name without braces"),
    ] {
        let context = ConfigContext::new(VENDORS, Arc::new(|_| None));
        let text = format!("llm_gateway: {{shared_state: {{{setting}}}}}");
        let error = Config::parse("config.yaml", &text, &context).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn tokens_and_secret_managers_are_checked_where_they_stand() {
    let general = |text: &str| format!("model_list: []\ngeneral_settings:\n{text}\n");
    for (text, expected) in [
        (
            "  enable_jwt_auth: true\n  litellm_jwtauth: {issuers: [{issuer: x}]}",
            "general_settings.litellm_jwtauth.issuers[0].audience: is needed",
        ),
        ("  enable_jwt_auth: true\n  litellm_jwtauth: {user_id_jwt_feild: sub}", "user_id_jwt_feild"),
        (
            "  enable_jwt_auth: true\n  litellm_jwtauth: {role_mappings: [{role: x, internal_role: king}], roles_jwt_field: r}",
            "\"king\" is no role",
        ),
        ("  key_management_system: cyberark", "key_management_system"),
        (
            "  key_management_system: azure_key_vault\n  key_management_settings: {store_virtual_keys: true}",
            "key_management_settings.store_virtual_keys: is for aws_secret_manager and hashicorp_vault",
        ),
    ] {
        let context = ConfigContext::new(VENDORS, Arc::new(|_| None));
        let error = Config::parse("config.yaml", &general(text), &context).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let context = ConfigContext::new(VENDORS, Arc::new(|_| None));
    let text = general("  litellm_jwtauth: {user_id_jwt_field: sub}");
    let config = Config::parse("config.yaml", &text, &context).unwrap();
    assert_eq!(config.settings.jwt, None, "tokens are taken only where that is said");
}

#[test]
fn teams_have_prices_by_their_ids() {
    let settings = settings(
        "llm_gateway: {team_prices: {search: {discount: 0.1}, partners: {margin: {percentage: 0.2, fixed_amount: 0.001}}}}",
    );
    let of = |team: &str| {
        settings.price_terms.first().team_prices[team]
            .adjustment()
            .of(Usd::from_nanos(1_000_000))
            .unwrap()
            .nanos()
    };
    assert_eq!((of("search"), of("partners")), (900_000, 2_200_000));
}

#[test]
fn discounts_margins_and_teams_change_on_a_day() {
    let at = |text: &str| UnixMs::from_rfc3339(text).unwrap();
    let settings = settings(
        "litellm_settings: {cost_discount_config: {openai: 0.1, azure: 0.3}, cost_margin_config: {global: 0.5}}
llm_gateway:
  team_prices: {search: {discount: 0.1}, ads: {discount: 0.2}}
  price_changes:
    - {from: 2027-01-01T08:00:00+01:00, team_prices: {search: {discount: 0.4}}}
    - {from: 2026-12-01, cost_discount_config: {openai: 0.2}, cost_margin_config: {openai: 0.25}}
",
    );
    let of = |text: &str| {
        let terms = settings.price_terms.at(at(text));
        let discounts = ["openai", "azure"].map(|vendor| terms.discounts.find(vendor, "m").to_string());
        let margins = ["openai", "azure"].map(|vendor| terms.margins.find(vendor).share.to_string());
        let teams = ["search", "ads"].map(|team| terms.team_prices[team].discount.0.to_string());
        [discounts, margins, teams].map(|[one, other]| format!("{one} {other}")).join(", ")
    };
    assert_eq!(of("2026-11-30T23:59:59Z"), "0.1 0.3, 0.5 0.5, 0.1 0.2");
    assert_eq!(of("2026-12-01T00:00:00Z"), "0.2 0.3, 0.25 0.5, 0.1 0.2");
    assert_eq!(of("2027-01-01T06:59:59Z"), "0.2 0.3, 0.25 0.5, 0.1 0.2");
    assert_eq!(of("2027-01-01T07:00:00Z"), "0.2 0.3, 0.25 0.5, 0.4 0.2");
}

#[test]
fn a_change_of_prices_needs_a_date_and_amounts() {
    for (text, expected) in [
        (
            "{from: 2026-02-30}",
            "llm_gateway.price_changes[0].from: \"2026-02-30\" is no date: expected a day",
        ),
        ("{from: 2026-12-01T08:00:00}", "is no date"),
        ("{cost_margin_config: {global: 0.1}}", "llm_gateway.price_changes[0]: \"from\" is missing"),
        (
            "{from: 2026-12-01, cost_discount_config: {openai: 5}}",
            "cost_discount_config.openai: 5 is more than the whole",
        ),
        ("{from: 2026-12-01, discount: 5}", "llm_gateway.price_changes[0]: unknown key \"discount\""),
    ] {
        let context = ConfigContext::new(VENDORS, Arc::new(|_| None));
        let text = format!("llm_gateway: {{price_changes: [{text}]}}");
        let error = Config::parse("config.yaml", &text, &context).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn tenants_have_settings() {
    let parse = |text: &str| {
        Config::parse("config.yaml", text, &ConfigContext::new(VENDORS, Arc::new(|_| None))).unwrap()
    };
    let usual = parse("model_list: []").settings;
    assert!(!usual.tenants.allow_private && usual.tenants.private_hosts.is_empty());
    assert_eq!(usual.tenants.rotation_grace_period, "1d".parse().unwrap());
    assert!(usual.available_teams.is_empty());
    let config = parse(
        "litellm_settings: {default_internal_user_params: {available_teams: [a, b], max_budget: 5,
         budget_duration: 30d, user_role: internal_user_viewer, models: [main], teams: [a]}}\n\
         llm_gateway: {tenants: {private_hosts: [vllm.internal], rotation_grace_period: 2h}}",
    );
    assert_eq!(config.settings.available_teams, ["a", "b"]);
    assert_eq!(config.settings.tenants.private_hosts, ["vllm.internal"]);
    assert_eq!(config.settings.tenants.rotation_grace_period, "2h".parse().unwrap());
    let warnings: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
    let users = &config.settings.internal_users;
    assert_eq!(
        (users.max_budget, &*users.models),
        (Some(Usd::from_nanos(5_000_000_000)), &["main".to_owned()][..])
    );
    assert_eq!(
        (users.budget_duration, users.user_role),
        ("30d".parse().ok(), Some(RoleName(Role::InternalUserViewer)))
    );
    let expected = "litellm_settings.default_internal_user_params.teams: is not supported";
    assert!(warnings.len() == 1 && warnings[0].contains(expected), "{warnings:?}");
}

#[test]
fn keys_begin_with_something_and_have_bounds() {
    let config = read(
        r#"
litellm_settings:
  default_key_generate_params:
    max_budget: 1.5000
    models: ["azure-gpt-3.5"]
    duration:     # blank means `null`
    metadata: {"setting":"default"}
    team_id: "core-infra"
    guardrails: [a]
  upperbound_key_generate_params:
    max_budget: 100
    budget_duration: "10d"
    tpm_limit: 1000
"#,
    );
    let (defaults, bounds) = (&config.settings.key_defaults, config.settings.key_bounds);
    assert_eq!(
        (defaults.max_budget, &*defaults.models, defaults.duration, defaults.team_id.as_deref()),
        (Some(Usd::from_nanos(1_500_000_000)), &["azure-gpt-3.5".to_owned()][..], None, Some("core-infra"))
    );
    assert_eq!(defaults.metadata.get("setting"), Some(&"default".into()));
    assert_eq!(
        (bounds.max_budget, bounds.budget_duration, bounds.tpm_limit, bounds.rpm_limit),
        (Some(Usd::from_nanos(100_000_000_000)), "10d".parse().ok(), Some(1_000), None)
    );
    let warnings: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
    let expected = "litellm_settings.default_key_generate_params.guardrails: is not supported";
    assert!(warnings.len() == 1 && warnings[0].contains(expected), "{warnings:?}");
    let unread = |said: &str| {
        let text = format!("litellm_settings: {{upperbound_key_generate_params: {{{said}}}}}");
        Config::parse("config.yaml", &text, &ConfigContext::new(VENDORS, Arc::new(|_| None))).unwrap_err()
    };
    assert!(unread("duration: soon").to_string().contains("config.yaml:1:"), "{}", unread("duration: soon"));
    assert!(unread("rpm_limits: 1").to_string().contains("rpm_limit"), "{}", unread("rpm_limits: 1"));
}

#[test]
fn numbers_and_flags_may_stand_in_quotes() {
    let config = read(
        r#"
model_list:
  - model_name: a
    litellm_params: {model: gpt-4o, timeout: "30", drop_params: "True", rpm: " 5 "}
router_settings: {num_retries: "3", redis_port: "6379"}
"#,
    );
    let deployment = config.resolved.deployments().next().unwrap();
    assert_eq!(deployment.timeout_ms, Some(30_000));
    assert!(deployment.drop_params);
    assert_eq!(deployment.routing.rpm, Some(5));
}

#[test]
fn single_letters_are_text() {
    let config = read(
        r#"
model_list:
  - {model_name: y, litellm_params: {model: gpt-4o, drop_params: yes}}
  - {model_name: N, litellm_params: {model: gpt-4o, drop_params: off}}
"#,
    );
    let names: Vec<_> =
        config.resolved.deployments().map(|it| (it.model_name.as_str(), it.drop_params)).collect();
    assert_eq!(names, [("y", true), ("N", false)]);
}

#[test]
fn ids_may_be_numbers() {
    let config = read("model_list: [{model_name: a, litellm_params: {model: gpt-4o}, model_info: {id: 7}}]");
    assert_eq!(config.resolved.deployments().next().unwrap().id.as_str(), "7");
}

#[test]
fn settings_of_keys_and_teams_are_known_to_be_litellms() {
    // LiteLLM docs, "All settings", read 2026-11-22.
    let names = [
        "key_generation_settings",
        "default_team_params",
        "default_team_settings",
        "key_alias_pattern",
        "enable_key_alias_format_validation",
        "default_key_max_budget_alert_emails",
        "personal_key_model_access_from_teams",
        "overwrite_user_with_key_hash",
        "add_user_information_to_llm_headers",
        "store_audit_logs",
    ];
    for name in names {
        let config = read(&format!("litellm_settings: {{{name}: {{}}}}"));
        let said: Vec<_> = config.warnings.iter().map(|warning| warning.message.as_str()).collect();
        assert!(matches!(said[..], [one] if one.contains("this version does not have")), "{name}: {said:?}");
    }
}

#[test]
fn each_organisation_of_a_list_is_a_deployment() {
    let config =
        read("model_list: [{model_name: a, litellm_params: {model: gpt-4o, organization: [org-1, org-2]}}]");
    let found: Vec<_> =
        config.resolved.deployments().map(|it| it.organization.as_deref().unwrap().to_owned()).collect();
    assert_eq!(found, ["org-1", "org-2"]);
}
