//! Who sees what was spent: every route, every role, what is one's own and what is not.

use llm_tenancy::management::{ManagementRoute, ROUTES, Resource, Verb};
use serde_json::{Value, json};

use super::ledger::{ALL, booked, hash, request};
use crate::office::Place;
use crate::people::{LOOKERS, TENANTS, key_of};

fn routes(looks: bool) -> impl Iterator<Item = &'static ManagementRoute> {
    ROUTES.iter().filter(move |route| route.resource == Resource::Spend && route.verb.acts() != looks)
}

/// What somebody is answered for what belongs to `who` there, or to nobody.
async fn ask(
    place: &Place,
    name: &str,
    route: &ManagementRoute,
    [key, user, team, organization]: [&str; 4],
) -> (u16, String) {
    let id = match key {
        "igor" => request(1, 3).to_string(),
        "ines" => request(0, 0).to_string(),
        _ => request(9, 9).to_string(),
    };
    let path = route.path.replace("{request_id}", &id);
    let (key, body) = (hash(key), json!({"api_key": hash(key)}));
    let query = [
        ALL.to_owned(),
        format!("api_key={key}&key={key}&user_id={user}&user={user}&internal_user_id={user}&request_id={id}"),
        format!(
            "team_id={team}&team_ids={team}&team={team}&organization_id={organization}&organization_ids={organization}&organization={organization}"
        ),
        "model_group=sonnet&session_id=x&by=key&summarize=false".to_owned(),
    ];
    let path = format!("{path}?{}", query.join("&"));
    let body = match route.path {
        "/spend/calculate" => json!({"model": "gpt-4o", "messages": []}),
        "/cost/estimate" => json!({"model": "gpt-4o", "input_tokens": 1, "output_tokens": 1}),
        _ if route.method == "POST" => body,
        _ => Value::Null,
    };
    let (status, answer) = place.ask(&key_of(name), route.method, &path, &body).await;
    (status.as_u16(), answer.to_string())
}

const SOUTH: [&str; 4] = ["igor", "igor", "south-team", "south"];
const NORTH: [&str; 4] = ["ines", "ines", "north-team", "north"];
const GONE: [&str; 4] = ["gone", "gone", "gone", "gone"];

#[tokio::test]
async fn what_is_foreign_is_answered_as_what_is_absent() {
    let place = booked().await;
    let names = |text: &str, who: [&str; 4]| {
        // What was asked for may be told again.
        who.iter().fold(text.replace(&hash(who[0]), "*"), |text, name| text.replace(name, "*"))
    };
    for route in routes(true) {
        for name in ["olga", "tess", "ines", "vera", "nobody"] {
            let (foreign, absent) =
                (ask(&place, name, route, SOUTH).await, ask(&place, name, route, GONE).await);
            assert_eq!(names(&foreign.1, SOUTH), names(&absent.1, GONE), "{name} {route:?}");
            assert_eq!(foreign.0, absent.0, "{name} {route:?}");
            assert!(
                !foreign.1.contains("0.08") && !foreign.1.contains("d-south"),
                "{name} {route:?}: {}",
                foreign.1
            );
        }
    }
}

#[tokio::test]
async fn everybody_sees_what_is_his() {
    let place = booked().await;
    // The cents of what each sees without any filter, of the entries: south has 8, north 1, 2, 4, 16 and 32.
    for (name, spend) in [
        ("paula", 0.63),
        ("peter", 0.63),
        ("olga", 0.55),
        ("tess", 0.55),
        ("ines", 0.03),
        ("vera", 0.0),
        ("otto", 0.08),
        ("theo", 0.08),
        ("igor", 0.08),
        ("viktor", 0.0),
    ] {
        let key = key_of(name);
        let get = async |path: &str| {
            let (status, answer) = place.ask(&key, "GET", path, &Value::Null).await;
            assert_eq!(status, 200, "{name} {path}: {answer}");
            answer
        };
        let number = |value: &Value| value.as_f64().unwrap();
        let sum = |list: &Value, member: &str| {
            let sum: f64 = list.as_array().unwrap().iter().map(|it| it[member].as_f64().unwrap()).sum();
            (sum * 100.0).round() / 100.0
        };
        assert_eq!(number(&get("/spend/summary").await["total"]["spend"]), spend, "{name}");
        assert_eq!(number(&get("/global/spend").await["spend"]), spend, "{name}");
        assert_eq!(sum(&get("/spend/logs/v2").await["data"], "spend"), spend, "{name}");
        assert_eq!(sum(&get("/spend/logs").await, "spend"), spend, "{name}");
        assert_eq!(sum(&get(&format!("/spend/logs?{ALL}")).await, "spend"), spend, "{name}");
        assert_eq!(sum(&get("/global/spend/logs").await, "spend"), spend, "{name}");
        assert_eq!(sum(&get("/global/spend/keys").await, "total_spend"), spend, "{name}");
        assert_eq!(sum(&get("/global/spend/models").await, "total_spend"), spend, "{name}");
        assert_eq!(sum(&get(&format!("/global/spend/provider?{ALL}")).await, "spend"), spend, "{name}");
        let days = get(&format!("/user/daily/activity?{ALL}")).await;
        assert_eq!(number(&days["metadata"]["total_spend"]), spend, "{name}");
        let teams = get(&format!("/team/daily/activity?{ALL}")).await;
        assert_eq!(number(&teams["metadata"]["total_spend"]), spend, "{name}");
        let keys = get(&format!("/global/spend/report?{ALL}&group_by=api_key")).await;
        assert_eq!(sum(&keys, "total_cost"), spend, "{name}");
        for path in [
            "/spend/keys",
            "/spend/users",
            "/spend/logs/v2",
            "/global/spend/teams",
            "/spend/summary?by=key,user,team,organization",
        ] {
            let text = get(path).await.to_string();
            let foreign: &[&str] = match name {
                "paula" | "peter" => &[],
                "otto" | "theo" | "igor" | "viktor" => &["ines", "tess", "olga", "vera", "north"],
                _ => &["igor", "theo", "otto", "viktor", "south"],
            };
            assert!(!foreign.iter().any(|word| text.contains(word)), "{name} {path}: {text}");
        }
    }
    // A key of nobody's looks at itself alone.
    let own =
        ask(&place, "nobody", ROUTES.iter().find(|it| it.path == "/key/spend/report").unwrap(), GONE).await;
    assert_eq!(own, (200, "[]".to_owned()));
    let (_, own) =
        place.ask(&key_of("nobody"), "GET", &format!("/key/spend/report?{ALL}"), &Value::Null).await;
    assert_eq!((&own[0]["api_key"], &own[0]["total_cost"]), (&json!(hash("nobody")), &json!(0.48)));
    let (status, shown) = place.ask(&key_of("nobody"), "GET", "/spend/logs/ui/call-5", &Value::Null).await;
    assert_eq!((status.as_u16(), &shown["spend"]), (200, &json!(0.16)));
}

/// A row for each route; `+` is done, `-` is refused, `?` is not there: of paula, peter, olga, tess, ines, vera and
/// nobody, with what is of the north.
#[tokio::test]
async fn everybody_does_what_he_may() {
    let place = booked().await;
    for route in ROUTES.iter().filter(|route| route.resource == Resource::Spend) {
        let mut line = String::new();
        for name in ["paula", "peter", "olga", "tess", "ines", "vera", "nobody"] {
            line.push(match ask(&place, name, route, NORTH).await.0 {
                200 => '+',
                403 => '-',
                404 => '?',
                // What lacks a date or names nothing was let in.
                400 => '+',
                other => panic!("{name} {route:?}: {other}"),
            });
        }
        let expected = match (route.verb, route.path) {
            (verb, _) if verb.acts() => "+------",
            (_, "/spend/logs/ui/{request_id}") => "+++++??",
            (Verb::Read, _) => "+++++++",
            _ => "++++++-",
        };
        assert_eq!(line, expected, "{route:?}");
    }
    for name in TENANTS.iter().chain(&LOOKERS) {
        for route in routes(false) {
            let answer = ask(&place, name, route, NORTH).await;
            assert_eq!(answer.0, 403, "{name} {route:?}");
        }
    }
}
