use super::*;
use crate::{Grants, Stamp, groups_of};

fn key() -> VirtualKey {
    VirtualKey::new(KeyHash::of("sk-test"), "sk-...", Stamp::default())
}

fn team(id: &str) -> Team {
    Team::new(id.into(), Stamp::default())
}

fn organization(id: &str) -> Organization {
    serde_json::from_value(serde_json::json!({"organization_id": id})).unwrap()
}

fn models(names: &[&str]) -> Grants {
    Grants { models: names.iter().map(|name| (*name).to_owned()).collect(), ..Grants::default() }
}

/// What becomes of a model that the gateway has: `yes`, or LiteLLM's word for the refusal.
fn asked_of(access: &Access, name: &str, view: ModelView<'_>) -> String {
    match access.check_model(&Wanted { name, view: Some(view) }) {
        Ok(_) => "yes".to_owned(),
        Err(refusal) => refusal.code().to_owned(),
    }
}

fn asked(access: &Access, name: &str) -> String {
    asked_of(access, name, ModelView::default())
}

const DENIED: &str = "key_model_access_denied";

#[test]
fn lists_of_models() {
    let groups = ["beta".to_owned()];
    let beta = ModelView { access_groups: &groups, ..ModelView::default() };
    let vendors = ["openai"];
    let of_openai = ModelView { vendors: &vendors, ..ModelView::default() };
    let both = ["openai", "azure"];
    let of_both = ModelView { vendors: &both, ..ModelView::default() };
    let none = ModelView::default();
    for (list, name, view, expected) in [
        (&[][..], "gpt-4o", none, "yes"),
        (&["gpt-4o"], "gpt-4o", none, "yes"),
        (&["gpt-4o"], "gpt-4o-mini", none, DENIED),
        (&["gpt-4o"], "GPT-4o", none, DENIED),
        (&["openai/*"], "openai/gpt-4o", none, "yes"),
        (&["openai/*"], "azure/gpt-4o", none, DENIED),
        (&["openai/*"], "gpt-4o", none, DENIED),
        (&["openai/*"], "gpt-4o", of_openai, "yes"),
        (&["openai/*"], "gpt-4o", of_both, DENIED),
        (&["openai/gpt-*"], "o3", of_openai, DENIED),
        (&["*"], "anything", none, "yes"),
        (&["all-proxy-models"], "anything", none, "yes"),
        (&["no-default-models"], "no-default-models", none, DENIED),
        (&["no-default-models", "o3"], "o3", none, "yes"),
        (&["all-team-models"], "gpt-4o", none, DENIED),
        (&["beta"], "o3", beta, "yes"),
        (&["beta"], "o3", none, DENIED),
        (&["be*"], "o3", beta, DENIED),
    ] {
        let mut key = key();
        key.grants = models(list);
        let access = Access::compile(&Records::of(&key));
        assert_eq!(asked_of(&access, name, view), expected, "{list:?} and {name}");
    }
}

#[test]
fn everybody_above_must_allow_it_too() {
    let (mut key, mut team, mut organization) = (key(), team("t"), organization("o"));
    key.team_id = Some("t".into());
    team.organization_id = Some("o".into());
    key.grants = models(&["all-team-models"]);
    team.grants = models(&["gpt-*", "o3"]);
    organization.grants = models(&["gpt-*"]);
    let member: TeamMember = serde_json::from_value(
        serde_json::json!({"team_id": "t", "user_id": "u", "models": ["gpt-4o", "o3", "x"]}),
    )
    .unwrap();
    let records = Records { team: Some(&team), organization: Some(&organization), ..Records::of(&key) };
    let access = Access::compile(&records);
    assert_eq!(asked(&access, "gpt-4"), "yes");
    assert_eq!(asked(&access, "o3"), "org_model_access_denied");
    assert_eq!(asked(&access, "claude"), "team_model_access_denied");
    let access = Access::compile(&Records { member: Some(&member), ..records });
    assert_eq!(
        (asked(&access, "gpt-4o"), asked(&access, "gpt-4")),
        ("yes".into(), "team_model_access_denied".into())
    );
}

#[test]
fn a_users_models_are_for_the_users_own_keys() {
    let user: User = serde_json::from_value(
        serde_json::json!({"user_id": "u", "grants": {"models": ["no-default-models"], "allowed_ips": ["10.0.0.0/8"]}}),
    )
    .unwrap();
    let mut key = key();
    key.user_id = Some("u".into());
    let own = Access::compile(&Records { user: Some(&user), ..Records::of(&key) });
    assert_eq!(asked(&own, "gpt-4o"), "user_model_access_denied");
    key.team_id = Some("t".into());
    let team = team("t");
    let of_team = Access::compile(&Records { user: Some(&user), team: Some(&team), ..Records::of(&key) });
    assert_eq!(asked(&of_team, "gpt-4o"), "yes");
    assert!(of_team.check_client("11.0.0.1".parse().ok()).is_err(), "but the user's addresses count");
}

#[test]
fn access_groups_hold_models() {
    let group = |name: &str, extra: serde_json::Value| -> AccessGroup {
        let mut json = serde_json::json!({"access_group_id": name, "access_group_name": name, "models": ["claude-*", "*-turbo", "all-proxy-models"]});
        json.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        serde_json::from_value(json).unwrap()
    };
    let mut key = key();
    key.grants = models(&["gpt-4o"]);
    for (extra, in_models, in_ids, expected) in [
        (serde_json::json!({}), false, false, DENIED),
        (serde_json::json!({}), true, false, "yes"),
        (serde_json::json!({}), false, true, "yes"),
        (serde_json::json!({"assigned_keys": [key.hash]}), false, false, "yes"),
        (serde_json::json!({"assigned_team_ids": ["t"]}), false, false, DENIED),
    ] {
        let mut key = key.clone();
        if in_models {
            key.grants.models.push("premium".to_owned());
        }
        if in_ids {
            key.grants.access_group_ids.push("premium".into());
        }
        let groups = [group("premium", extra)];
        let access = Access::compile(&Records { access_groups: &groups, ..Records::of(&key) });
        assert_eq!(asked(&access, "claude-opus"), expected);
        assert_eq!(asked(&access, "o3"), DENIED, "a group cannot stand for all models by a word");
        assert_eq!(asked(&access, "gpt-4o"), "yes");
    }
    // A key that names groups alone has those alone.
    key.grants = Grants { access_group_ids: vec!["premium".into()], ..Grants::default() };
    let access = Access::compile(&Records::of(&key));
    assert_eq!(asked(&access, "gpt-4o"), DENIED, "a group that is gone holds nothing");
}

#[test]
fn aliases_do_not_reach_beyond_whoever_wrote_them() {
    let (mut key, mut team) = (key(), team("t"));
    key.team_id = Some("t".into());
    key.grants = models(&["fast"]);
    key.grants.aliases.insert("fast".to_owned(), "gpt-4o-mini".to_owned());
    key.grants.aliases.insert("best".to_owned(), "o3".to_owned());
    team.grants = models(&["gpt-4o-mini"]);
    let access = Access::compile(&Records { team: Some(&team), ..Records::of(&key) });
    assert_eq!(access.meant_by("fast"), "gpt-4o-mini");
    assert_eq!(
        access.check_model(&Wanted { name: "fast", view: Some(ModelView::default()) }),
        Ok("gpt-4o-mini")
    );
    assert_eq!(asked(&access, "best"), DENIED);
    team.grants = models(&["fast"]);
    let access = Access::compile(&Records { team: Some(&team), ..Records::of(&key) });
    assert_eq!(
        asked(&access, "fast"),
        "team_model_access_denied",
        "the team allows a model of this name, not another's alias"
    );
    // A team's alias is allowed by the team, and by keys of it that name it.
    let mut organization = organization("o");
    organization.grants = models(&["gpt-4o-mini"]);
    team.organization_id = Some("o".into());
    key.grants.aliases.clear();
    team.grants.aliases.insert("fast".to_owned(), "gpt-4o-mini".to_owned());
    let records = Records { team: Some(&team), organization: Some(&organization), ..Records::of(&key) };
    assert_eq!(asked(&Access::compile(&records), "fast"), "yes");
}

#[test]
fn foreign_models_are_absent_models() {
    let foreign = Owner::Team("other".into());
    let own = Owner::Organization("o".into());
    let groups = ["beta".to_owned()];
    let organization = organization("o");
    for list in [&[][..], &["gpt-4o"], &["tenant2/*"], &["beta"], &["tenant2/gpt-4o"]] {
        let mut key = key();
        key.organization_id = Some("o".into());
        key.grants = models(list);
        let access = Access::compile(&Records { organization: Some(&organization), ..Records::of(&key) });
        let view = ModelView { owner: Some(&foreign), access_groups: &groups, vendors: &[] };
        let to_foreign = access.check_model(&Wanted { name: "tenant2/gpt-4o", view: Some(view) });
        let to_absent = access.check_model(&Wanted { name: "tenant2/gpt-4o", view: None });
        assert_eq!(to_foreign, to_absent, "{list:?}");
        assert!(to_foreign.is_err());
        assert!(!access.sees("tenant2/gpt-4o", view));
    }
    let mut key = key();
    key.organization_id = Some("o".into());
    let access = Access::compile(&Records { organization: Some(&organization), ..Records::of(&key) });
    assert!(access.sees("tenant1/gpt-4o", ModelView { owner: Some(&own), ..ModelView::default() }));
    assert!(access.sees("gpt-4o", ModelView::default()));
}

#[test]
fn tokens_bound_more() {
    let mut key = key();
    key.grants = models(&["gpt-*"]);
    let mut access = Access::compile(&Records::of(&key));
    access.narrow(&Grants::default(), &[]);
    assert_eq!(asked(&access, "gpt-4o"), "yes");
    access.narrow(&models(&["gpt-4o", "claude"]), &[]);
    access.narrow(&Grants { allowed_routes: vec!["llm_api_routes".to_owned()], ..Grants::default() }, &[]);
    assert_eq!(asked(&access, "gpt-4o"), "yes");
    assert_eq!((asked(&access, "gpt-4"), asked(&access, "claude")), (DENIED.to_owned(), DENIED.to_owned()));
    let generate = Route {
        template: "/key/generate",
        path: "/key/generate",
        groups: groups_of("POST", "/key/generate"),
    };
    assert_eq!(access.check_route(&generate), Err(Refusal::Route { level: Level::Token }));
}

#[test]
fn vendors() {
    let mut key = key();
    key.grants.allowed_vendors = vec!["azure".to_owned(), "openai".to_owned()];
    let mut team = team("t");
    key.team_id = Some("t".into());
    team.grants.allowed_vendors = vec!["azure".to_owned()];
    let access = Access::compile(&Records { team: Some(&team), ..Records::of(&key) });
    assert!(access.allows_vendor("azure"));
    assert!(!access.allows_vendor("openai"));
    let view = |vendors| asked_of(&access, "m", ModelView { vendors, ..ModelView::default() });
    assert_eq!(view(&["openai", "azure"]), "yes");
    assert_eq!(
        access.check_model(&Wanted {
            name: "m",
            view: Some(ModelView { vendors: &["openai"], ..ModelView::default() })
        }),
        Err(Refusal::Vendor { model: "m".to_owned() })
    );
}

#[test]
fn blocked_expired_and_gone() {
    let (key, team, organization) = (key(), team("t"), organization("o"));
    let now = UnixMs(1_000);
    let standing =
        |records: &Records<'_>| Access::compile(records).check_standing(now).map_err(|it| it.to_string());
    assert_eq!(standing(&Records::of(&key)), Ok(()));
    let with = |change: fn(&mut VirtualKey)| {
        let mut key = key.clone();
        change(&mut key);
        key
    };
    let expired = with(|key| key.expires_at = Some(UnixMs(1_000)));
    assert_eq!(standing(&Records::of(&expired)), Err("the key expired at 1970-01-01T00:00:01Z".to_owned()));
    assert_eq!(standing(&Records::of(&with(|key| key.expires_at = Some(UnixMs(1_001))))), Ok(()));
    let blocked = with(|key| key.blocked = true);
    assert_eq!(standing(&Records::of(&blocked)), Err("this key is blocked".to_owned()));
    let deleted = with(|key| key.deleted = Some(crate::Deletion { at: UnixMs(1), by: None }));
    assert_eq!(standing(&Records::of(&deleted)), Err("the key is not known here".to_owned()));
    // An old text works until its time is over, and never longer than the key.
    let former =
        |until| FormerKey { hash: KeyHash::of("old"), current: key.hash, valid_until: UnixMs(until) };
    let old = former(1_001);
    assert_eq!(standing(&Records { former: Some(&old), ..Records::of(&key) }), Ok(()));
    assert!(standing(&Records { former: Some(&old), ..Records::of(&expired) }).is_err());
    let over = former(1_000);
    assert!(standing(&Records { former: Some(&over), ..Records::of(&key) }).is_err());

    let of_team = with(|key| key.team_id = Some("t".into()));
    assert_eq!(standing(&Records { team: Some(&team), ..Records::of(&of_team) }), Ok(()));
    assert_eq!(
        standing(&Records::of(&of_team)),
        Err("the team of this key is not there any more".to_owned())
    );
    let other = Team { team_id: "other".into(), ..team.clone() };
    assert!(standing(&Records { team: Some(&other), ..Records::of(&of_team) }).is_err());
    let blocked = Team { blocked: true, ..team.clone() };
    assert_eq!(
        standing(&Records { team: Some(&blocked), ..Records::of(&of_team) }),
        Err("the team of this key is blocked".to_owned())
    );
    // A team's organisation is the key's.
    let team = Team { organization_id: Some("o".into()), ..team };
    let records = Records { team: Some(&team), organization: Some(&organization), ..Records::of(&of_team) };
    assert_eq!(standing(&records), Ok(()));
    assert!(standing(&Records { organization: None, ..records }).is_err());
    let organization = Organization { blocked: true, ..organization.clone() };
    assert!(standing(&Records { organization: Some(&organization), ..records }).is_err());
    let torn = with(|key| {
        key.team_id = Some("t".into());
        key.organization_id = Some("rich".into());
    });
    let rich = Organization { organization_id: "rich".into(), blocked: false, ..organization.clone() };
    assert!(
        standing(&Records { organization: Some(&rich), team: Some(&team), ..Records::of(&torn) }).is_err()
    );
    let user: User = serde_json::from_str(r#"{"user_id": "u", "blocked": true}"#).unwrap();
    assert_eq!(
        standing(&Records { user: Some(&user), ..Records::of(&key) }),
        Err("the user of this key is blocked".to_owned())
    );
    let project = with(|key| key.project_id = Some("p".into()));
    assert!(standing(&Records::of(&project)).is_err());
}

#[test]
fn addresses_and_routes() {
    let mut key = key();
    key.grants.allowed_ips = vec!["10.0.0.0/8".parse().unwrap()];
    key.grants.allowed_routes = vec!["llm_api_routes".to_owned()];
    key.grants.denied_passthrough_routes = vec!["/openai/v1/files*".to_owned()];
    let access = Access::compile(&Records::of(&key));
    let call = |ip: Option<&str>, method, template: &'static str, path: &'static str| Call {
        now: UnixMs(0),
        client_ip: ip.map(|ip| ip.parse().unwrap()),
        route: Route { template, path, groups: groups_of(method, template) },
        model: Some(Wanted { name: "gpt-4o", view: Some(ModelView::default()) }),
    };
    let chat = "/v1/chat/completions";
    assert_eq!(access.admit(&call(Some("10.1.1.1"), "POST", chat, chat)), Ok(Some("gpt-4o")));
    assert!(matches!(access.admit(&call(Some("11.1.1.1"), "POST", chat, chat)), Err(Refusal::Client { .. })));
    assert!(matches!(access.admit(&call(None, "POST", chat, chat)), Err(Refusal::Client { .. })));
    for (template, path, expected) in [
        ("/key/generate", "/key/generate", false),
        ("/openai/{*rest}", "/openai/v1/images", true),
        ("/openai/{*rest}", "/openai/v1/files/x", false),
        ("/openai/{*rest}", "/openai/v1/%66iles/x", false),
        ("/openai/{*rest}", "/openai/v1/x/../files", false),
    ] {
        let admitted = access.admit(&call(Some("10.1.1.1"), "POST", template, path));
        assert_eq!(admitted.is_ok(), expected, "{path}: {admitted:?}");
    }
}

#[test]
fn clients_are_told_in_litellms_words() {
    let model = |level| Refusal::Model { level, model: "m".to_owned() };
    for (refusal, status, code) in [
        (Refusal::Unknown, 401, "token_not_found_in_db"),
        (Refusal::Expired { expired_at: UnixMs(0) }, 401, "expired_key"),
        (Refusal::Blocked { level: Level::Key }, 401, "auth_error"),
        (Refusal::Client { level: Level::Key, client: None }, 403, "auth_error"),
        (Refusal::Route { level: Level::Key }, 403, "auth_error"),
        (model(Level::Key), 403, "key_model_access_denied"),
        (model(Level::Team), 403, "team_model_access_denied"),
        (model(Level::User), 403, "user_model_access_denied"),
        (model(Level::Organization), 403, "org_model_access_denied"),
        (model(Level::Project), 403, "project_model_access_denied"),
        (Refusal::NoSuchModel { model: "m".to_owned() }, 404, "model_not_found"),
    ] {
        let error = llm_types::ApiError::from(refusal);
        assert_eq!((error.status(), error.code.as_deref()), (status, Some(code)));
    }
}

proptest::proptest! {
    /// Whatever else is said above a key, it never may more for it.
    #[test]
    fn a_level_more_never_allows_more(
        own in proptest::collection::vec("[ab*]{1,3}", 0..4),
        above in proptest::collection::vec("[ab*]{1,3}", 0..4),
        name in "[ab]{1,4}",
    ) {
        let mut key = key();
        key.grants.models = own;
        let alone = Access::compile(&Records::of(&key));
        let mut team = team("t");
        team.grants.models = above;
        let mut in_team = key.clone();
        in_team.team_id = Some("t".into());
        let both = Access::compile(&Records { team: Some(&team), ..Records::of(&in_team) });
        if asked(&both, &name) == "yes" {
            proptest::prop_assert_eq!(asked(&alone, &name), "yes");
        }
    }
}
