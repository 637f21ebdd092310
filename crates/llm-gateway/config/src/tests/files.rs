//! Files on disk, and files that include files.

use tempfile::TempDir;

use super::*;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn load(folder: &TempDir) -> Result<Config, ConfigErrors> {
    Config::load(&folder.path().join("config.yaml"), &context())
}

/// What was said, without the folder's own name.
fn said(folder: &TempDir) -> String {
    let diagnostics = load(folder).map_or_else(|errors| errors.diagnostics, |config| config.warnings);
    let said: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
    said.join("\n").replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn included_lists_are_appended_and_maps_merged() {
    let folder = folder(&[
        (
            "config.yaml",
            "include: [models/a.yaml, models/b.yaml]\nlitellm_settings: {drop_params: true}\nmodel_list: [{model_name: own, litellm_params: {model: gpt-4o}}]\n",
        ),
        (
            "models/a.yaml",
            "model_list: [{model_name: a, litellm_params: {model: gpt-4o}}]\ninclude: deeper/c.yaml\n",
        ),
        ("models/b.yaml", "litellm_settings: {request_timeout: 5}\ngeneral_settings: {master_key: k}\n"),
        ("models/deeper/c.yaml", "model_list: [{model_name: c, litellm_params: {model: gpt-4o}}]\n"),
    ]);
    let config = load(&folder).unwrap();
    assert_eq!(config.resolved.model_names().collect::<Vec<_>>(), ["own", "a", "c"]);
    assert!(config.resolved.deployments().all(|d| d.drop_params && d.timeout_ms == Some(5_000)));
    assert!(config.settings.master_key.is_some());
    let files: Vec<_> = config.files.iter().map(|f| f.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(files, ["config.yaml", "a.yaml", "c.yaml", "b.yaml"]);
    let origin = &config.resolved.route("c").unwrap().deployments[0].origin;
    assert!(origin.file.ends_with("models/deeper/c.yaml"), "{origin}");
    assert_eq!((config.hash.len(), config.warnings.len()), (64, 0));
}

#[test]
fn messages_name_the_file_that_is_at_fault() {
    let folder = folder(&[
        ("config.yaml", "include: [other.yaml, missing.yaml, 7]\nlitellm_settings: {drop_params: true}\n"),
        ("other.yaml", "modle_list: []\nlitellm_settings:\n  drop_params: false\n"),
    ]);
    insta::with_settings!({filters => vec![(r"missing.yaml: .*", "missing.yaml: [why]")]}, {
        insta::assert_snapshot!(said(&folder), @r#"
        config.yaml:1:23: cannot read missing.yaml: [why]
        config.yaml:1:37: include: expected the name of a file
        other.yaml:1:1: unknown key "modle_list", did you mean "model_list"?
        other.yaml:3:3: warning: "drop_params" is set at config.yaml:2:20 as well; the included file's value holds
        "#);
    });
}

#[test]
fn files_that_include_each_other_are_refused() {
    let folder = folder(&[
        ("config.yaml", "include: [a.yaml]\n"),
        ("a.yaml", "include: [b.yaml]\n"),
        ("b.yaml", "include: [config.yaml]\n"),
    ]);
    insta::assert_snapshot!(said(&folder), @"b.yaml:1:11: files include each other: config.yaml → a.yaml → b.yaml → config.yaml");
}

#[test]
fn one_file_may_be_included_twice() {
    let folder = folder(&[
        ("config.yaml", "include: [a.yaml, b.yaml]\n"),
        ("a.yaml", "include: [c.yaml]\n"),
        ("b.yaml", "include: [c.yaml]\n"),
        ("c.yaml", "litellm_settings: {drop_params: true}\n"),
    ]);
    assert_eq!(said(&folder), "");
    assert_eq!(load(&folder).unwrap().files.len(), 4);
}

#[test]
fn a_missing_file_and_a_text_that_includes_are_refused() {
    let errors = Config::load(Path::new("no/such/config.yaml"), &context()).unwrap_err();
    assert!(errors.to_string().starts_with("no/such/config.yaml: cannot be read: "), "{errors}");
    let errors = Config::parse("text", "include: [a.yaml]", &context()).unwrap_err();
    assert_eq!(errors.to_string(), "text:1:1: include: a text that is no file cannot include files");
}

#[test]
fn what_is_not_utf_8_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.yaml"), b"model_list:\n  - model_name: \xff\xfe\n").unwrap();
    assert_eq!(said(&folder), "config.yaml:2:17: not UTF-8");
}

/// What a shell puts in the place of `<(command)`.
#[cfg(unix)]
#[test]
fn a_pipe_is_refused() {
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;

    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"model_list: []\n").unwrap();
    drop(writer);
    let path = format!("/dev/fd/{}", reader.as_raw_fd());
    let errors = Config::load(Path::new(&path), &context()).unwrap_err();
    let said: Vec<_> = errors.diagnostics.iter().map(ToString::to_string).collect();
    let expected = "cannot be read: it is a pipe, which can be read only once, and must be a file";
    assert_eq!(said, [format!("{path}: {expected}")]);
}
