//! The files in `config-examples/`.

use std::path::PathBuf;

use super::*;

#[test]
fn every_example_is_read_and_says_only_what_it_should() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../config-examples");
    let mut seen = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // Whatever variable a file refers to is set.
        let lookup = |name: &str| Some(if name == "LLM_GATEWAY_PORT" { "4000" } else { "x" }.to_owned());
        let context = ConfigContext { vendors: VENDORS, lookup: Arc::new(lookup) };
        let config = Config::load(&path, &context).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(config.resolved.deployments().next().is_some(), "{name} has no deployment");
        let warned = !config.warnings.is_empty();
        assert_eq!(warned, name == "from-litellm.yaml", "{name}: {:?}", config.warnings);
        seen.push(name);
    }
    seen.sort();
    assert_eq!(seen, ["from-litellm.yaml", "full-server.yaml", "minimal.yaml", "multi-vendor.yaml"]);
}
