//! Each published library alone, feature by feature: a workspace build hides what one crate forgot,
//! because another one turns it on.

use anyhow::Context as _;

use crate::{
    layers::Table,
    shell::Cmd,
    workspace::{Package, Workspace},
};

const WASM: &str = "wasm32-unknown-unknown";

/// Compiles every selection; fails at the first that does not.
pub(crate) fn run() -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    for package in workspace.members().filter(|package| package.is_published() && package.is_library()) {
        for selection in selections(package) {
            check(&selection, "")?;
        }
    }
    if !has_wasm()? {
        println!(
            "{WASM} is not installed (rustup target add {WASM}): the pure crates are not compiled for it"
        );
        return Ok(());
    }
    let table = Table::load(&workspace.workspace_root)?;
    table.pure.trees.iter().try_for_each(|tree| check(tree, &format!("--target {WASM}")))
}

fn check(selection: &str, more: &str) -> anyhow::Result<()> {
    Cmd::cargo("check --quiet --lib").args(selection.split_whitespace()).args(more.split_whitespace()).run()
}

/// No feature, then each one by itself.
fn selections(package: &Package) -> Vec<String> {
    let bare = format!("-p {} --no-default-features", package.name);
    let default = package.features.get("default").filter(|features| !features.is_empty());
    let each = package.features.keys().filter(|name| *name != "default");
    let each = each.map(|feature| format!("{bare} --features {feature}"));
    [bare.clone()].into_iter().chain(default.map(|_| format!("-p {}", package.name))).chain(each).collect()
}

fn has_wasm() -> anyhow::Result<bool> {
    let folder = Cmd::new("rustc").args(["--print", "target-libdir", "--target", WASM]).output();
    Ok(std::path::Path::new(folder.context("asking rustc for its targets")?.trim()).is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(features: &serde_json::Value) -> Package {
        serde_json::from_value(serde_json::json!({
            "id": "a", "name": "a", "version": "1.0.0", "license": null, "source": null, "publish": null,
            "dependencies": [], "targets": [], "features": features
        }))
        .expect("a package")
    }

    #[test]
    fn every_feature_is_built_by_itself() {
        let found = selections(&package(&serde_json::json!({ "default": ["x"], "x": [], "y": ["dep:b"] })));
        assert_eq!(
            found,
            [
                "-p a --no-default-features",
                "-p a",
                "-p a --no-default-features --features x",
                "-p a --no-default-features --features y",
            ]
        );
    }

    #[test]
    fn a_crate_without_features_is_built_once() {
        assert_eq!(
            selections(&package(&serde_json::json!({ "default": [] }))),
            ["-p a --no-default-features"]
        );
    }
}
