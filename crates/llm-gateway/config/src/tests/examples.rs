//! The files in `config-examples/`.

use std::path::PathBuf;

use super::*;

#[test]
fn every_example_is_read_and_says_only_what_it_should() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../config-examples");
    let mut seen = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // Whatever variable a file refers to is set.
        let value = |name: &str| match name {
            "LLM_GATEWAY_PORT" => "4000",
            _ if name.ends_with("_API_BASE") => "https://host",
            _ => "x",
        };
        let lookup = move |name: &str| Some(value(name).to_owned());
        let context = ConfigContext::new(VENDORS, Arc::new(lookup));
        let config = Config::load(&path, &context).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(config.resolved.deployments().next().is_some(), "{name} has no deployment");
        let warned = !config.warnings.is_empty();
        assert_eq!(warned, name == "from-litellm.yaml", "{name}: {:?}", config.warnings);
        seen.push(name);
    }
    seen.sort();
    let all = [
        "auto-routing",
        "from-litellm",
        "full-server",
        "minimal",
        "multi-vendor",
        "priorities",
        "routing",
        "secrets-and-tokens",
        "shared-state",
        "streams-and-copies",
    ];
    assert_eq!(seen, all.map(|name| format!("{name}.yaml")));
}

#[test]
fn examples_of_vendors_are_read_with_the_vendors_that_are_built_in() {
    let vendors: Vec<Vendor<'_>> = llm_providers::providers()
        .iter()
        .map(|provider| provider.info())
        .map(|info| Vendor {
            aliases: &info.aliases,
            key_optional: info.key_optional,
            parameters: &info.parameters,
            ..Vendor::new(&info.id, info.key_variables.first().map(|name| &**name))
        })
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../config-examples/vendors");
    let mut seen = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let context = ConfigContext::new(&vendors, Arc::new(|_| Some("x".to_owned())));
        let config = Config::load(&path, &context).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(config.warnings.is_empty(), "{}: {:?}", path.display(), config.warnings);
        assert!(config.resolved.deployments().all(|one| one.unusable.is_none()), "{}", path.display());
        seen.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    seen.sort();
    assert_eq!(seen, ["azure.yaml", "bedrock.yaml", "prices.yaml", "vertex-ai.yaml"]);
}
