use super::*;

fn route<'a>(method: &str, template: &'a str, path: &'a str) -> Route<'a> {
    Route { template, path, groups: groups_of(method, template) }
}

fn allows(rules: &[&str], route: &Route<'_>) -> bool {
    RouteRules::new(rules.iter().copied()).allow(route)
}

#[test]
fn groups_of_routes() {
    for (method, template, expected) in [
        ("POST", "/v1/chat/completions", "openai_routes llm_api_routes"),
        ("POST", "/chat/completions", "openai_routes llm_api_routes"),
        ("POST", "/v1/messages/count_tokens", "anthropic_routes llm_api_routes"),
        ("POST", "/v1beta/models/{*call}", "google_routes llm_api_routes"),
        ("POST", "/v1beta1/{*call}", "google_routes llm_api_routes"),
        ("POST", "/openai/deployments/{*call}", "openai_routes llm_api_routes"),
        ("POST", "/openai/{*rest}", "llm_api_routes mapped_pass_through_routes"),
        ("POST", "/model/{model}/converse", "llm_api_routes"),
        ("POST", "/bedrock/model/{model}/converse", "llm_api_routes mapped_pass_through_routes"),
        ("GET", "/v1/models", "openai_routes llm_api_routes info_routes"),
        ("GET", "/models/{*id}", "openai_routes llm_api_routes info_routes"),
        ("POST", "/mcp", "llm_api_routes mcp_routes"),
        ("POST", "/key/generate", "key_management_routes management_routes"),
        ("GET", "/key/info", "info_routes key_management_routes management_routes"),
        ("GET", "/model/info", "info_routes management_routes"),
        ("POST", "/model/new", "management_routes"),
        ("GET", "/health/liveliness", "public_routes"),
        ("GET", "/health", ""),
        ("GET", "/health/latest", "info_routes"),
        ("POST", "/modelling", ""),
        ("POST", "/config/reload", ""),
        ("GET", "/nothing", ""),
    ] {
        let names: Vec<_> = groups_of(method, template).names().collect();
        assert_eq!(names.join(" "), expected, "{method} {template}");
    }
}

#[test]
fn rules_name_groups_routes_and_folders() {
    let chat = route("POST", "/v1/chat/completions", "/v1/chat/completions");
    let model = route("GET", "/v1/models/{*id}", "/v1/models/gpt-4o");
    let generate = route("POST", "/key/generate", "/key/generate");
    for (rules, on, expected) in [
        (&["llm_api_routes"][..], &chat, true),
        (&["llm_api_routes"], &generate, false),
        (&["management_routes"], &generate, true),
        (&["management_routes"], &chat, false),
        (&["/v1/chat/completions"], &chat, true),
        (&["/v1/chat"], &chat, true),
        (&["/v1/chat/comp"], &chat, false),
        (&["/"], &chat, false),
        (&["/v1/*"], &chat, true),
        (&["/v1/*"], &generate, false),
        (&["/v1/models/gpt-4o"], &model, true),
        (&["/v1/models/gpt-4"], &model, false),
        (&["/v1/models/{*id}"], &model, true),
        (&["/v1/models/{model_id}"], &model, true),
        (&["*"], &generate, true),
        (&["no_such_group"], &chat, false),
        (&[], &chat, false),
    ] {
        assert_eq!(allows(rules, on), expected, "{rules:?} on {}", on.path);
    }
}

/// Whatever a path looks like, the route that serves it is what is judged, and nothing is let in that others could read
/// as another route.
#[test]
fn paths_do_not_confuse() {
    let rules = ["/v1/models", "/v1/models/*"];
    for path in [
        "/v1/models/../key/generate",
        "/v1/models/..%2fkey%2fgenerate",
        "/v1/models/%2e%2e/key/generate",
        "/v1/models/..;/key/generate",
        "/v1/models//key/generate",
        "/v1/models/%252e%252e/key/generate",
        "/v1/models\\..\\key\\generate",
    ] {
        // Served as a model's name, and as what a lenient router would make of it.
        assert!(!allows(&rules, &route("GET", "/v1/models/{*id}", path)), "{path}");
        assert!(!allows(&rules, &route("POST", "/key/generate", path)), "{path}");
    }
    for (template, path) in [
        ("/key/generate", "/key/generate"),
        ("/v1/modelsx", "/v1/modelsx"),
        ("/v10/models", "/v10/models"),
        ("/x/v1/models", "/x/v1/models"),
        ("/key/generate", "/key/generate?x=/v1/models/"),
        ("/V1/models/x", "/V1/models/x"),
    ] {
        assert!(!allows(&rules, &route("GET", template, path)), "{path}");
    }
    assert!(
        allows(&rules, &route("GET", "/v1/models/{*id}", "/v1/models/a%2Fb")),
        "an encoded slash is data"
    );
}

#[test]
fn rules_are_checked_when_they_are_set() {
    for rule in
        ["llm_api_routes", "info_routes", "/v1/chat/completions", "/v1/*", "/*", "*", "/threads/{thread_id}"]
    {
        assert_eq!(check_rule(rule), Ok(()), "{rule}");
    }
    for rule in ["", "admin", "v1/models", "/v1/*/x", "/v1*", "/v1/../key/*", "/v1//x", "/v1/%2e", "/v1/;"] {
        assert!(check_rule(rule).is_err(), "{rule}");
        assert!(!allows(&[rule], &route("POST", "/v1/chat/completions", "/v1/chat/completions")), "{rule}");
    }
}

#[test]
fn looking_models_up_is_not_asking_them() {
    for template in ["/v1/models/{*id}", "/models/{*id}"] {
        assert!(groups_of("GET", template).meets(RouteGroups::INFO), "{template}");
        let asking = groups_of("POST", template);
        assert!(!asking.meets(RouteGroups::INFO) && asking.meets(RouteGroups::LLM_API), "{template}");
    }
}
