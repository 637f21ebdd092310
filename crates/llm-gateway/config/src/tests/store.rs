//! Reloading.

use super::*;

const BASE: &str = "
model_list:
  - {model_name: a, litellm_params: {model: gpt-4o}}
  - {model_name: b, litellm_params: {model: gpt-4o}}
  - {model_name: 'c/*', litellm_params: {model: 'openai/*'}}
";

#[test]
fn a_reload_says_what_has_changed() {
    let store = ConfigStore::new(read(BASE));
    let held = store.load();
    let report = store.reload(read(
        "
# a remark moves every line
environment_variables: {X: y}
model_list:
  - {model_name: a, litellm_params: {model: gpt-4o}}
  - {model_name: b, litellm_params: {model: gpt-4o, rpm: 5}}
  - {model_name: d, litellm_params: {model: gpt-4o}}
llm_gateway: {server: {port: 5000, drain_timeout_ms: 5}, on_disconnect: drain}
",
    ));
    assert_eq!(report.version, 2);
    assert_eq!(
        report.changed,
        [
            "llm_gateway.server",
            "llm_gateway.on_disconnect",
            "environment_variables",
            "model b",
            "model d",
            "model c/*"
        ]
    );
    assert_eq!(report.needs_restart, ["llm_gateway.server.port", "llm_gateway.server.drain_timeout_ms"]);
    assert_eq!((held.version, store.load().version), (1, 2));
    assert!(held.resolved.route("c/x").is_some() && store.load().resolved.route("c/x").is_none());
}

#[test]
fn what_needs_a_restart_needs_it_until_there_is_one() {
    let tls = |text: &str| read(&format!("llm_gateway: {{server: {{{text}}}}}"));
    let store = ConfigStore::new(tls("tls: {cert: a.pem, key: a.key}"));
    assert_eq!(store.reload(tls("tls: {cert: b.pem, key: b.key}")).needs_restart, Vec::<String>::new());
    assert_eq!(
        store.reload(tls("worker_threads: 3")).needs_restart,
        ["llm_gateway.server.worker_threads", "llm_gateway.server.tls"]
    );
    let again = store.reload(tls("worker_threads: 3"));
    assert_eq!((again.changed.len(), again.needs_restart.len(), again.version), (0, 2, 4));
}

#[test]
fn a_bad_file_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    std::fs::write(&file, BASE).unwrap();
    let store = ConfigStore::new(Config::load(&file, &context()).unwrap());
    std::fs::write(&file, "modle_list: []").unwrap();
    let errors = store.reload_from(&file, &context()).unwrap_err();
    assert!(errors.to_string().ends_with(r#"unknown key "modle_list", did you mean "model_list"?"#));
    assert_eq!(store.load().version, 1);
    assert!(store.load().resolved.route("a").is_some());

    std::fs::write(&file, "model_list: []").unwrap();
    assert_eq!(store.reload_from(&file, &context()).unwrap().changed, ["model a", "model b", "model c/*"]);
}
