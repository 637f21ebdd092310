//! Each rule can fail: small made-up workspaces that break one each.
#![expect(clippy::needless_pass_by_value, reason = "made-up values read best unborrowed")]

use serde_json::{Value, json};

use super::{first_words, rules, table::Table};
use crate::workspace::Workspace;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// A package of the workspace, with its manifest's dependencies.
fn member(name: &str, dependencies: Value) -> Value {
    json!({
        "id": name, "name": name, "version": "0.1.0", "license": "MIT", "source": null, "publish": null,
        "dependencies": dependencies, "features": {}, "targets": []
    })
}

/// A third-party package.
fn third_party(name: &str, version: &str, licence: Value) -> Value {
    json!({
        "id": format!("{name}@{version}"), "name": name, "version": version, "license": licence,
        "source": CRATES_IO, "publish": null, "dependencies": [], "features": {}, "targets": []
    })
}

fn normal(name: &str) -> Value {
    json!({ "name": name, "kind": null, "optional": false })
}

fn of_kind(name: &str, kind: &str) -> Value {
    json!({ "name": name, "kind": kind, "optional": false })
}

fn workspace(packages: Vec<Value>, nodes: Value) -> Workspace {
    let members: Vec<Value> =
        packages.iter().filter(|found| found["source"].is_null()).map(|found| found["id"].clone()).collect();
    serde_json::from_value(json!({
        "packages": packages, "workspace_members": members, "workspace_root": "/", "target_directory": "/t",
        "resolve": { "nodes": nodes }
    }))
    .expect("a workspace")
}

fn table() -> Table {
    toml::from_str(
        r#"
        [crates]
        base = {}
        upper = { uses = ["base"], optional = ["side"] }
        side = { uses = ["base"] }
        [sole-parents]
        reqwest = ["side"]
        openssl-sys = []
        [pure]
        without = ["tokio"]
        trees = []
        [single-version]
        crates = ["hyper"]
        [licences]
        allow = ["MIT"]
        [sources]
        allow = ["registry+https://github.com/rust-lang/crates.io-index"]
        "#,
    )
    .expect("a table")
}

/// Three crates that keep every rule, `upper` with the given dependencies.
fn three(upper: Value) -> Workspace {
    let packages = vec![
        member("base", json!([])),
        member("side", json!([normal("base"), normal("reqwest")])),
        member("upper", upper),
        third_party("reqwest", "1.0.0", json!("MIT")),
        third_party("hyper", "1.0.0", json!("MIT OR GPL-3.0-only")),
    ];
    workspace(packages, json!([{ "id": "side", "dependencies": ["base", "reqwest@1.0.0"] }]))
}

#[test]
fn a_workspace_that_keeps_the_table_breaks_nothing() {
    let kept = three(json!([normal("base"), { "name": "side", "kind": null, "optional": true }]));
    assert_eq!(rules::all(&kept, &table()), Vec::<String>::new());
}

#[test]
fn a_crate_without_row_and_a_row_without_crate_are_found() {
    let found = workspace(vec![member("base", json!([])), member("new", json!([]))], json!([]));
    assert_eq!(
        rules::missing_rows(&found, &table()),
        [
            "new: no row in xtask/layers.toml",
            "side: a row in xtask/layers.toml, but no crate",
            "upper: a row in xtask/layers.toml, but no crate",
        ]
    );
}

#[test]
fn an_edge_that_the_row_lacks_is_found() {
    let mut packages = vec![member("base", json!([normal("side")])), member("side", json!([]))];
    let found = workspace(packages.clone(), json!([]));
    assert_eq!(rules::edges(&found, &table()), ["base -> side: not in its row of xtask/layers.toml"]);
    packages[0] = member("base", json!([of_kind("side", "build")]));
    assert_eq!(rules::edges(&workspace(packages.clone(), json!([])), &table()).len(), 1);
    packages[0] = member("base", json!([of_kind("side", "dev")]));
    assert_eq!(rules::edges(&workspace(packages, json!([])), &table()), Vec::<String>::new());
}

#[test]
fn an_edge_that_must_be_optional_is_found() {
    let found = three(json!([normal("base"), normal("side")]));
    assert_eq!(rules::edges(&found, &table()), ["upper -> side: must be an optional dependency"]);
}

#[test]
fn a_cycle_through_a_dev_dependency_is_found() {
    let packages = vec![
        member("base", json!([of_kind("upper", "dev")])),
        member("side", json!([normal("base")])),
        member("upper", json!([normal("side")])),
    ];
    let found = rules::dev_cycles(&workspace(packages, json!([])));
    assert_eq!(found, ["base -> upper: a dev-dependency that leads back to it"]);
}

#[test]
fn a_second_parent_is_found() {
    let mut found = three(json!([]));
    found.resolve.nodes = serde_json::from_value(json!([
        { "id": "upper", "dependencies": ["reqwest@1.0.0"] },
        { "id": "side", "dependencies": ["reqwest@1.0.0"] },
    ]))
    .expect("nodes");
    assert_eq!(rules::parents(&found, &table()), ["upper -> reqwest: side may depend on it"]);
}

#[test]
fn a_crate_that_nobody_may_use_is_found() {
    let packages = vec![member("side", json!([])), third_party("openssl-sys", "1.0.0", json!("MIT"))];
    let found = workspace(packages, json!([{ "id": "side", "dependencies": ["openssl-sys@1.0.0"] }]));
    assert_eq!(rules::parents(&found, &table()), ["side -> openssl-sys: nobody may depend on it"]);
}

#[test]
fn a_second_version_is_found_only_of_named_crates() {
    let packages = ["hyper", "syn"].iter().flat_map(|name| {
        ["1.0.0", "2.0.0"].iter().map(move |version| third_party(name, version, json!("MIT")))
    });
    let found = workspace(packages.collect(), json!([]));
    assert_eq!(rules::duplicates(&found, &table()), ["hyper: 1.0.0 and 2.0.0 at once"]);
}

#[test]
fn a_refused_a_missing_and_an_unreadable_licence_are_found() {
    let packages = vec![
        third_party("a", "1.0.0", json!("GPL-3.0-only")),
        third_party("b", "1.0.0", Value::Null),
        third_party("c", "1.0.0", json!("MIT OR")),
        third_party("d", "1.0.0", json!("MIT")),
    ];
    let found = rules::licences(&workspace(packages, json!([])), &table());
    assert_eq!(found[..2], ["a 1.0.0: licensed under GPL-3.0-only", "b 1.0.0: names no licence"]);
    assert!(found[2].starts_with("c 1.0.0: licence \"MIT OR\" cannot be read"), "{}", found[2]);
    assert_eq!(found.len(), 3);
}

#[test]
fn a_foreign_source_and_a_path_outside_are_found() {
    let mut git = third_party("a", "1.0.0", json!("MIT"));
    git["source"] = json!("git+https://example.com/a");
    let mut found = workspace(vec![git, member("b", json!([]))], json!([]));
    found.workspace_members.clear();
    assert_eq!(
        rules::sources(&found, &table()),
        ["a 1.0.0: comes from git+https://example.com/a", "b 0.1.0: a path outside the workspace"]
    );
}

#[test]
fn a_runtime_in_a_pure_tree_is_found() {
    let names = first_words("base v0.1.0 (/w/base)\nserde v1.0.0\ntokio v1.0.0 (*)\n\n");
    assert_eq!(
        rules::impure("-p base", &names, &table().pure.without),
        ["tokio is in a tree that must not have it: cargo tree -p base -e normal -i tokio"]
    );
    assert_eq!(rules::impure("-p base", &names[..2], &table().pure.without), Vec::<String>::new());
}
