//! Models of tenants, and what they make the gateway read.

use super::*;

#[test]
fn tenants_make_the_gateway_read_nothing_of_its_own() {
    let admin =
        Manager { teams: vec![membership("own", TeamRole::Admin, None)], ..somebody(Role::InternalUser) };
    let model = |params: serde_json::Value, secrets: &[&str], team: Option<&str>| -> crate::StoredModel {
        let secrets: serde_json::Map<String, serde_json::Value> = secrets
            .iter()
            .map(|name| ((*name).to_owned(), serde_json::json!({"key_id": "1", "text": "x"})))
            .collect();
        let mut model = serde_json::json!({"model_id": "m", "model_name": "own/gpt", "params": params, "secrets": secrets});
        if let Some(team) = team {
            model["owner"] = serde_json::json!({ "team": team });
        }
        serde_json::from_value(model).unwrap()
    };
    let good = serde_json::json!({"model": "openai/gpt-4o", "api_base": "https://example.com"});
    let check = |manager: &Manager, model: &crate::StoredModel| {
        let team = match &model.owner {
            Some(crate::Owner::Team(team)) => Some(team),
            _ => None,
        };
        manager.check_model(model, &Place { team, ..Place::default() })
    };
    assert_eq!(check(&admin, &model(good.clone(), &["api_key"], Some("own"))), Ok(()));
    let mut by_credential = model(good.clone(), &[], Some("own"));
    by_credential.credential_id = Some("c1".into());
    assert_eq!(check(&admin, &by_credential), Ok(()));
    let elsewhere = Place { team: Some(&"other".into()), ..Place::default() };
    assert!(Manager::master().check_model(&by_credential, &elsewhere).is_err());
    for (params, secrets, team) in [
        (good.clone(), &["api_key"][..], Some("foreign")),
        (good.clone(), &["api_key"], None),
        (good.clone(), &[], Some("own")),
        (
            serde_json::json!({"model": "openai/x", "api_base": "https://x/os.environ/OPENAI_API_KEY"}),
            &["api_key"],
            Some("own"),
        ),
        (
            serde_json::json!({"model": "x", "extra_headers": {"a": "Bearer os.environ/X"}}),
            &["api_key"],
            Some("own"),
        ),
        (serde_json::json!({"model": "x", "organization": "file:/etc/passwd"}), &["api_key"], Some("own")),
        (
            serde_json::json!({"model": "vertex_ai/x", "vertex_credentials": "/etc/key.json"}),
            &["api_key"],
            Some("own"),
        ),
        (serde_json::json!({"model": "bedrock/x", "aws_profile_name": "admin"}), &["api_key"], Some("own")),
        (good.clone(), &["api_key", "aws_web_identity_token"], Some("own")),
    ] {
        let refused = check(&admin, &model(params.clone(), secrets, team));
        assert!(refused.is_err(), "{params} {secrets:?} {team:?}");
        assert_eq!(check(&Manager::master(), &model(params, secrets, team)), Ok(()));
    }
    let logging = key(|key| {
        key.team_id = Some("own".into());
        let vars =
            serde_json::json!([{"callback_vars": {"langfuse_secret": "os.environ/LLM_GATEWAY_MASTER_KEY"}}]);
        key.metadata.insert("logging".to_owned(), vars);
    });
    let team = Team::new("own".into(), Stamp::default());
    let ceiling = Ceiling { team: Some(&team), ..Ceiling::default() };
    assert!(admin.check_key(&logging, None, &ceiling).is_err());
    let renamed = VirtualKey { key_alias: Some("ci".to_owned()), ..logging.clone() };
    assert_eq!(admin.check_key(&renamed, Some(&logging), &ceiling), Ok(()), "a proxy admin has put it there");
    let quiet = key(|key| key.team_id = Some("own".into()));
    assert_eq!(admin.check_key(&quiet, None, &ceiling), Ok(()));
    assert!(Manager::master().check_key(&logging, None, &Ceiling::default()).is_ok());
}

#[test]
fn admins_of_organizations_make_the_gateway_read_nothing() {
    let json = serde_json::json!({"organization_id": "own", "metadata": {"a": "file:/etc/passwd"}});
    let organization: Organization = serde_json::from_value(json).unwrap();
    let mut admin = somebody(Role::InternalUser);
    admin.organizations = vec![("own".into(), Role::OrgAdmin)];
    assert!(matches!(admin.check_organization(&organization), Err(Forbidden::Field { .. })));
    assert_eq!(Manager::master().check_organization(&organization), Ok(()));
    let clean = Organization { metadata: crate::Document::new(), ..organization };
    assert_eq!(admin.check_organization(&clean), Ok(()));
}
