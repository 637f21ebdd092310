//! Reports: each figure by hand.

use serde_json::{Value, json};

use super::ledger::{ALL, DAY, booked, hash};
use crate::office::{MASTER, Place};
use crate::people::key_of;

async fn get(place: &Place, path: &str) -> Value {
    place.master("GET", path, &Value::Null).await
}

#[tokio::test]
async fn records_are_listed_by_what_they_spent() {
    let place = booked().await;
    let keys = get(&place, "/spend/keys").await;
    let spent: Vec<_> =
        keys.as_array().unwrap().iter().map(|key| (&key["token"], &key["spend"])).take(4).collect();
    assert_eq!(
        spent,
        [
            (&json!(hash("nobody")), &json!(0.48)),
            (&json!(hash("igor")), &json!(0.08)),
            (&json!(hash("tess")), &json!(0.04)),
            (&json!(hash("ines")), &json!(0.03)),
        ]
    );
    assert_eq!(get(&place, "/spend/keys?page_size=1&page=2").await[0]["token"], json!(hash("igor")));
    let users = get(&place, "/spend/users").await;
    assert_eq!((&users[0]["user_id"], &users[0]["spend"]), (&json!("igor"), &json!(0.08)));
    assert_eq!(users[0]["teams"], json!(["south-team"]));
    let one = get(&place, "/spend/users?user_id=ines").await;
    assert_eq!((one.as_array().unwrap().len(), &one[0]["spend"]), (1, &json!(0.03)));
    assert_eq!(get(&place, "/spend/users?user_id=gone").await, json!([]));
    let tags = json!([
        {"individual_request_tag": "a", "log_count": 3, "total_spend": 0.11},
        {"individual_request_tag": "b", "log_count": 1, "total_spend": 0.01},
    ]);
    assert_eq!(get(&place, "/spend/tags").await, tags);
    let later = get(&place, "/spend/tags?start_date=2026-11-18").await;
    assert_eq!(later[0], json!({"individual_request_tag": "a", "log_count": 2, "total_spend": 0.03}));
}

#[tokio::test]
async fn all_of_it_is_summed_up() {
    let place = booked().await;
    assert_eq!(get(&place, "/global/spend").await, json!({"spend": 0.63, "max_budget": null}));
    let days = json!([
        {"date": "2026-11-16", "spend": 0.48},
        {"date": "2026-11-17", "spend": 0.12},
        {"date": "2026-11-18", "spend": 0.03},
    ]);
    assert_eq!(get(&place, "/global/spend/logs").await, days);
    let of_igor = json!([
        {"date": "2026-11-16", "spend": 0, "api_key": hash("igor")},
        {"date": "2026-11-17", "spend": 0.08, "api_key": hash("igor")},
    ]);
    assert_eq!(get(&place, &format!("/global/spend/logs?api_key={}", key_of("igor"))).await, of_igor);
    let keys = get(&place, "/global/spend/keys?limit=2").await;
    let most = json!([
        {"api_key": hash("nobody"), "key_alias": null, "key_name": "sk-...", "total_spend": 0.48},
        {"api_key": hash("igor"), "key_alias": null, "key_name": "sk-...", "total_spend": 0.08},
    ]);
    assert_eq!(keys, most);
    let teams = json!({
        "daily_spend": [
            {"date": "2026-11-16", "north-team": 0.48, "south-team": 0},
            {"date": "2026-11-17", "north-team": 0.04, "south-team": 0.08},
            {"date": "2026-11-18", "north-team": 0.03},
        ],
        "teams": ["north-team", "south-team"],
        "total_spend_per_team": [
            {"team_id": "north-team", "total_spend": 0.55},
            {"team_id": "south-team", "total_spend": 0.08},
        ],
    });
    assert_eq!(get(&place, "/global/spend/teams").await, teams);
    let models = json!([
        {"model": "sonnet", "total_spend": 0.58, "total_tokens": 440},
        {"model": "gpt-4o", "total_spend": 0.05, "total_tokens": 227},
    ]);
    assert_eq!(get(&place, "/global/spend/models").await, models);
    let vendors = json!([{"provider": "anthropic", "spend": 0.58}, {"provider": "openai", "spend": 0.05}]);
    assert_eq!(get(&place, &format!("/global/spend/provider?{ALL}")).await, vendors);
    let tags = json!({"spend_per_tag": [
        {"name": "a", "spend": 0.11, "log_count": 3}, {"name": "b", "spend": 0.01, "log_count": 1},
    ]});
    assert_eq!(get(&place, &format!("/global/spend/tags?{ALL}&tags=all-tags")).await, tags);
    let b = get(&place, &format!("/global/spend/tags?{ALL}&tags=b,c")).await;
    assert_eq!(b, json!({"spend_per_tag": [{"name": "b", "spend": 0.01, "log_count": 1}]}));
    assert_eq!(get(&place, "/global/spend/all_tag_names").await, json!({"tag_names": ["a", "b"]}));
    assert_eq!(get(&place, "/global/all_end_users").await, json!({"end_users": ["c1"]}));
    let of_c1 = json!([{"end_user": "c1", "total_count": 2, "total_spend": 0.05}]);
    assert_eq!(place.master("POST", "/global/spend/end_users", &Value::Null).await, of_c1);
    let body = json!({"api_key": key_of("tess"), "startTime": "2026-11-17T00:00:00Z", "endTime": "2026-11-18T00:00:00"});
    let of_tess = json!([{"end_user": "c1", "total_count": 1, "total_spend": 0.04}]);
    assert_eq!(place.master("POST", "/global/spend/end_users", &body).await, of_tess);

    place.pass(40 * DAY);
    assert_eq!(get(&place, "/global/spend").await["spend"], 0, "thirty days are over");
    assert_eq!(get(&place, "/global/spend/models").await, json!([]));
}

#[tokio::test]
async fn activity_is_counted() {
    let place = booked().await;
    let day = |date: &str, requests: u32, tokens: u32| json!({"date": date, "api_requests": requests, "total_tokens": tokens});
    let all = json!({
        "daily_data": [day("Nov 16", 3, 227), day("Nov 17", 2, 220), day("Nov 18", 2, 220)],
        "sum_api_requests": 7,
        "sum_total_tokens": 667,
    });
    assert_eq!(get(&place, &format!("/global/activity?{ALL}")).await, all);
    let models = get(&place, &format!("/global/activity/model?{ALL}")).await;
    assert_eq!((&models[0]["model"], &models[0]["sum_api_requests"]), (&json!("sonnet"), &json!(4)));
    assert_eq!(
        models[1]["daily_data"],
        json!([day("Nov 16", 1, 7), day("Nov 17", 1, 110), day("Nov 18", 1, 110)])
    );
    let cache = get(&place, &format!("/global/activity/cache_hits?{ALL}")).await;
    assert_eq!(
        cache["totals"],
        json!({"api_requests": 4, "cache_hits": 1, "failed_requests": 2, "cached_completion_tokens": 7, "cache_hit_ratio": 0.2})
    );
    assert_eq!(
        cache["groups"][0],
        json!({"model": "gpt-4o", "api_requests": 1, "cache_hits": 1, "failed_requests": 1, "cached_completion_tokens": 7, "generated_completion_tokens": 20})
    );
    assert_eq!(cache["filter_options"]["models"], json!(["gpt-4o", "sonnet"]));
    let sonnet = get(&place, &format!("/global/activity/cache_hits?{ALL}&models=sonnet")).await;
    assert_eq!((&sonnet["totals"]["cache_hits"], &sonnet["totals"]["api_requests"]), (&json!(0), &json!(3)));
    let none = get(&place, &format!("/global/activity/cache_hits?{ALL}&key_aliases=x")).await;
    assert_eq!(none["groups"], json!([]));
    let refused = json!([{"date": "Nov 17", "num_rate_limit_exceptions": 1}]);
    let exceptions = get(&place, &format!("/global/activity/exceptions?model_group=gpt-4o&{ALL}")).await;
    assert_eq!(exceptions, json!({"daily_data": refused, "sum_num_rate_limit_exceptions": 1}));
    let by = get(&place, &format!("/global/activity/exceptions/deployment?model_group=gpt-4o&{ALL}")).await;
    assert_eq!(by, json!([{"api_base": "d-gpt", "daily_data": refused, "sum_num_rate_limit_exceptions": 1}]));
    let none = get(&place, &format!("/global/activity/exceptions?model_group=sonnet&{ALL}")).await;
    assert_eq!(none, json!({"daily_data": [], "sum_num_rate_limit_exceptions": 0}));
}

#[tokio::test]
async fn days_are_shown_with_their_parts() {
    let place = booked().await;
    let all = get(&place, &format!("/user/daily/activity?{ALL}&page_size=2")).await;
    let dates: Vec<_> = all["results"].as_array().unwrap().iter().map(|day| &day["date"]).collect();
    assert_eq!(dates, ["2026-11-18", "2026-11-17"]);
    let (spend, page) = (&all["metadata"]["total_spend"], &all["metadata"]["page"]);
    assert_eq!(
        (spend, page, &all["metadata"]["total_pages"], &all["metadata"]["has_more"]),
        (&json!(0.15), &json!(1), &json!(2), &json!(true))
    );
    let metrics = json!({
        "spend": 0.12, "prompt_tokens": 200, "completion_tokens": 20, "total_tokens": 220,
        "cache_read_input_tokens": 80, "cache_creation_input_tokens": 40, "api_requests": 2,
        "successful_requests": 1, "failed_requests": 1, "total_response_time_ms": 200, "timed_requests": 2,
    });
    let day = &all["results"][1];
    assert_eq!(day["metrics"], metrics);
    let parts = &day["breakdown"];
    let names = |part: &str| parts[part].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names("models"), ["claude-sonnet-4-5", "gpt-4o-2024-11-20"]);
    assert_eq!(names("model_groups"), ["gpt-4o", "sonnet"]);
    assert_eq!(names("endpoints"), ["/v1/chat/completions"]);
    for (part, name) in [("models", "claude-sonnet-4-5"), ("model_groups", "sonnet")] {
        assert_eq!(parts[part][name]["metrics"]["spend"], 0.08);
        assert_eq!(parts[part][name]["api_key_breakdown"][hash("igor")]["metrics"]["spend"], 0.08);
    }
    let chat = &parts["endpoints"]["/v1/chat/completions"];
    assert_eq!(chat["metrics"], metrics);
    assert_eq!(chat["api_key_breakdown"][hash("tess")]["metrics"]["spend"], 0.04);
    assert_eq!(parts["providers"]["openai"]["metrics"]["failed_requests"], 1);
    assert_eq!(parts["api_keys"][hash("tess")]["metadata"]["user_id"], "tess");
    assert_eq!(parts["entities"]["igor"]["metrics"]["spend"], 0.08);
    let rest = get(&place, &format!("/user/daily/activity?{ALL}&page_size=2&page=2")).await;
    assert_eq!(
        (&rest["metadata"]["total_spend"], &rest["metadata"]["has_more"]),
        (&json!(0.48), &json!(false))
    );

    let one = get(&place, &format!("/user/daily/activity/aggregated?{ALL}")).await;
    assert_eq!(
        (&one["metadata"]["total_spend"], &one["metadata"]["total_api_requests"]),
        (&json!(0.63), &json!(7))
    );
    assert_eq!(one["results"].as_array().unwrap().len(), 3);
    for (path, spend) in [
        ("/user/daily/activity?user_id=ines", json!(0.03)),
        ("/user/daily/activity?model=gpt-4o", json!(0.05)),
        (&format!("/user/daily/activity?api_key={}", key_of("tess")), json!(0.04)),
        ("/team/daily/activity?team_ids=north-team", json!(0.55)),
        ("/team/daily/activity", json!(0.63)),
        ("/team/daily/activity?exclude_team_ids=north-team", json!(0.08)),
        ("/team/daily/activity?exclude_team_ids=north-team,south-team", json!(0)),
        ("/organization/daily/activity?organization_ids=south", json!(0.08)),
        ("/organization/daily/activity?exclude_organization_ids=south&model=sonnet", json!(0.5)),
        ("/customer/daily/activity", json!(0.05)),
        ("/end_user/daily/activity?end_user_ids=c1,c2", json!(0.05)),
        ("/tag/daily/activity?tags=a", json!(0.11)),
        ("/tag/daily/activity?tags=b", json!(0.01)),
    ] {
        let mark = if path.contains('?') { '&' } else { '?' };
        let shown = get(&place, &format!("{path}{mark}{ALL}")).await;
        assert_eq!(shown["metadata"]["total_spend"], spend, "{path}");
        // The same on one page.
        let path = path.replace("/activity", "/activity/aggregated");
        let whole = get(&place, &format!("{path}{mark}{ALL}")).await;
        assert_eq!(
            (&whole["results"], &whole["metadata"]["total_spend"]),
            (&shown["results"], &spend),
            "{path}"
        );
    }
    let teams = get(&place, &format!("/team/daily/activity?{ALL}")).await;
    let entity = &teams["results"][1]["breakdown"]["entities"]["south-team"];
    assert_eq!(
        (&entity["metrics"]["spend"], &entity["metadata"]),
        (&json!(0.08), &json!({"team_alias": null}))
    );
    let parts = |shown: &Value, day: usize, part: &str| {
        let parts = shown["results"][day]["breakdown"][part].as_object().unwrap();
        parts.iter().map(|(name, part)| (name.clone(), part["metrics"]["spend"].clone())).collect::<Vec<_>>()
    };
    let chat = |spend: Value| vec![("/v1/chat/completions".to_owned(), spend)];
    let gpt = get(&place, &format!("/user/daily/activity?{ALL}&model=gpt-4o&user_id=ines,tess")).await;
    assert_eq!(parts(&gpt, 0, "endpoints"), chat(json!(0.01)));
    assert_eq!(parts(&gpt, 1, "models"), [("gpt-4o-2024-11-20".to_owned(), json!(0.04))]);
    let south = get(&place, &format!("/team/daily/activity?{ALL}&exclude_team_ids=north-team")).await;
    assert_eq!(parts(&south, 0, "endpoints"), chat(json!(0.08)));
    // Whoever does not see everything sees the parts of what is his.
    let (_, own) =
        place.ask(&key_of("igor"), "GET", &format!("/user/daily/activity?{ALL}"), &Value::Null).await;
    assert_eq!(
        (parts(&own, 0, "endpoints"), own["results"][0]["date"].as_str()),
        (chat(json!(0.08)), Some("2026-11-17"))
    );
    for (path, spend) in
        [("/tag/daily/activity?tags=b", 0.01), ("/customer/daily/activity?end_user_ids=c1", 0.01)]
    {
        let shown = get(&place, &format!("{path}&{ALL}")).await;
        assert_eq!(
            (parts(&shown, 0, "models"), parts(&shown, 0, "endpoints")),
            (vec![("gpt-4o-2024-11-20".to_owned(), json!(spend))], chat(json!(spend))),
            "{path}"
        );
        let keys =
            &shown["results"][0]["breakdown"]["endpoints"]["/v1/chat/completions"]["api_key_breakdown"];
        assert_eq!(keys[hash("ines")]["metrics"]["spend"], spend, "{path}");
    }
    // A request with two labels is in the day once for each of them.
    let tags = get(&place, &format!("/tag/daily/activity?{ALL}&tags=a,b")).await;
    assert_eq!(parts(&tags, 0, "endpoints"), chat(json!(0.04)));
    assert_eq!(parts(&tags, 0, "entities"), [("a".to_owned(), json!(0.03)), ("b".to_owned(), json!(0.01))]);
    let nothing = get(&place, "/tag/daily/activity?start_date=2026-01-01&end_date=2026-01-02").await;
    assert_eq!((&nothing["results"], &nothing["metadata"]["total_pages"]), (&json!([]), &json!(1)));
}

#[tokio::test]
async fn reports_are_by_day_or_by_key() {
    let place = booked().await;
    let report = async |query: &str| get(&place, &format!("/global/spend/report?{ALL}&{query}")).await;
    let teams = report("").await;
    assert_eq!(
        teams[1],
        json!({"group_by_day": "2026-11-17", "teams": [
            {"team_name": "north-team", "team_id": "north-team", "total_spend": 0.04, "metadata": [
                {"model": "gpt-4o", "spend": 0.04, "total_tokens": 110},
            ]},
            {"team_name": "south-team", "team_id": "south-team", "total_spend": 0.08, "metadata": [
                {"model": "sonnet", "spend": 0.08, "total_tokens": 110},
            ]},
        ]})
    );
    let one = report("team_id=south-team&group_by=team").await;
    assert_eq!(one.as_array().unwrap().len(), 2);
    let customers = report("group_by=customer").await;
    assert_eq!(
        (&customers[0]["group_by_day"], &customers[0]["customers"][0]["customer"]),
        (&json!("2026-11-17"), &json!("c1"))
    );
    assert_eq!(report("group_by=customer&customer_id=c1&team_id=south-team").await, json!([]));
    let tags = report("group_by=tag").await;
    assert_eq!(
        tags[1]["tags"][1],
        json!({"tag": "b", "total_spend": 0.01, "metadata": [{"model": "gpt-4o", "spend": 0.01, "total_tokens": 110}]})
    );
    let keys = report("group_by=api_key").await;
    assert_eq!(
        keys[0],
        json!({"api_key": hash("nobody"), "total_cost": 0.48, "total_input_tokens": 200, "total_output_tokens": 20, "model_details": [
            {"model": "sonnet", "total_cost": 0.48, "total_input_tokens": 200, "total_output_tokens": 20},
        ]})
    );
    assert_eq!(keys.as_array().unwrap().len(), 4);
    let igor = json!([{"api_key": hash("igor"), "total_cost": 0.08, "total_input_tokens": 100, "total_output_tokens": 17, "model_details": [
        {"model": "gpt-4o", "total_cost": 0, "total_input_tokens": 0, "total_output_tokens": 7},
        {"model": "sonnet", "total_cost": 0.08, "total_input_tokens": 100, "total_output_tokens": 10},
    ]}]);
    assert_eq!(report(&format!("api_key={}", key_of("igor"))).await, igor);
    assert_eq!(report("internal_user_id=igor").await, igor);
    let own = async |path: &str| get(&place, &format!("{path}&{ALL}")).await;
    assert_eq!(own(&format!("/key/spend/report?api_key={}", hash("igor"))).await, igor);
    assert_eq!(own("/user/spend/report?internal_user_id=igor").await, igor);
    assert_eq!(own("/team/spend/report?team_id=south-team").await, igor);
    let organization = own("/organization/spend/report?organization_id=south").await;
    assert_eq!(organization[0]["model_details"][1]["team_id"], "south-team");
    assert_eq!(organization[0]["total_cost"], 0.08);
}

#[tokio::test]
async fn spending_is_summed_by_whatever_one_likes() {
    let place = booked().await;
    let summary = async |query: &str| get(&place, &format!("/spend/summary?{query}")).await;
    let total = summary("").await;
    assert_eq!(total["results"], json!([]));
    assert_eq!(
        total["total"],
        json!({
            "spend": 0.63, "list_cost": 1.26, "requests": 7, "successful_requests": 5, "failed_requests": 2,
            "estimated_requests": 1, "prompt_tokens": 600, "completion_tokens": 67, "cache_read_tokens": 240,
            "cache_write_tokens": 120, "reasoning_tokens": 30,
        })
    );
    let lines = async |query: &str| {
        let answer = summary(query).await;
        let lines = answer["results"].as_array().unwrap().iter();
        let by = query.split('&').next().unwrap().trim_start_matches("by=").to_owned();
        let line = |line: &Value| {
            let names: Vec<_> = by.split(',').map(|name| line[name].as_str().unwrap()).collect();
            format!("{}: {}", names.join(" "), line["spend"])
        };
        lines.map(line).collect::<Vec<_>>().join(", ")
    };
    for (query, expected) in [
        ("by=user", "igor: 0.08, tess: 0.04, ines: 0.03"),
        ("by=team", "north-team: 0.55, south-team: 0.08"),
        ("by=organization", "north: 0.55, south: 0.08"),
        ("by=customer", "c1: 0.05"),
        ("by=tag", "a: 0.11, b: 0.01"),
        ("by=model", "sonnet: 0.58, gpt-4o: 0.05"),
        ("by=provider", "anthropic: 0.58, openai: 0.05"),
        ("by=deployment&sort_by=by", "d-gpt: 0.05, d-sonnet: 0.58"),
        ("by=day", "2026-11-16: 0.48, 2026-11-17: 0.12, 2026-11-18: 0.03"),
        ("by=day&start_date=2026-11-17&end_date=2026-11-17", "2026-11-17: 0.12"),
        ("by=month", "2026-11: 0.63"),
        ("by=status&sort_by=requests&limit=1", "answered: 0.43"),
        ("by=month,team", "2026-11 north-team: 0.55, 2026-11 south-team: 0.08"),
        (
            "by=team,model",
            "north-team sonnet: 0.5, south-team sonnet: 0.08, north-team gpt-4o: 0.05, south-team gpt-4o: 0",
        ),
        ("by=model&user=ines,tess", "gpt-4o: 0.05, sonnet: 0.02"),
        (&format!("by=model&key={}", key_of("nobody")), "sonnet: 0.48"),
    ] {
        assert_eq!(lines(query).await, expected, "{query}");
    }
    let keys = summary("by=key&limit=1").await;
    assert_eq!(
        (&keys["results"][0]["key"], &keys["results"][0]["key_alias"], &keys["has_more"]),
        (&json!(hash("nobody")), &Value::Null, &json!(true))
    );
    for (query, param) in [
        ("by=colour", "by"),
        ("by=day,month", "by"),
        ("by=key,key", "by"),
        ("sort_by=x", "sort_by"),
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
        ("start_date=x", "start_date"),
    ] {
        let told = place.refusal(MASTER, "GET", &format!("/spend/summary?{query}"), &Value::Null).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{query}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_named() {
    let place = booked().await;
    let dated = [
        "/global/activity",
        "/global/activity/model",
        "/global/activity/cache_hits",
        "/global/spend/provider",
        "/global/spend/report",
        "/global/spend/tags",
        "/key/spend/report",
        "/user/spend/report",
        "/team/spend/report",
        "/organization/spend/report",
        "/user/daily/activity",
        "/user/daily/activity/aggregated",
        "/team/daily/activity",
        "/team/daily/activity/aggregated",
        "/organization/daily/activity",
        "/organization/daily/activity/aggregated",
        "/customer/daily/activity",
        "/customer/daily/activity/aggregated",
        "/end_user/daily/activity",
        "/end_user/daily/activity/aggregated",
        "/tag/daily/activity",
        "/tag/daily/activity/aggregated",
        "/global/activity/exceptions?model_group=m",
        "/global/activity/exceptions/deployment?model_group=m",
    ];
    for path in dated {
        let mark = if path.contains('?') { '&' } else { '?' };
        for (query, param) in [
            ("", "start_date"),
            ("start_date=2026-11-01", "end_date"),
            ("start_date=2026-11-01&end_date=2026-02-30", "end_date"),
            ("start_date=2026-11-02&end_date=2026-11-01", "end_date"),
        ] {
            let told = place.refusal(MASTER, "GET", &format!("{path}{mark}{query}"), &Value::Null).await;
            assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{path} {query}");
        }
    }
    for (path, param) in [
        (&format!("/global/activity/exceptions?{ALL}"), "model_group"),
        (&format!("/global/spend/report?{ALL}&group_by=colour"), "group_by"),
        (&format!("/key/spend/report?{ALL}"), "api_key"),
        (&format!("/user/spend/report?{ALL}"), "internal_user_id"),
        (&format!("/team/spend/report?{ALL}"), "team_id"),
        (&format!("/organization/spend/report?{ALL}"), "organization_id"),
        (&"/global/spend/keys?limit=0".to_owned(), "limit"),
        (&"/global/spend/models?limit=1001".to_owned(), "limit"),
        (&format!("/team/daily/activity?{ALL}&page=0"), "page"),
    ] {
        let told = place.refusal(MASTER, "GET", path, &Value::Null).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{path}");
    }
    let body = json!({"startTime": "2026-11-18T00:00:00Z", "endTime": "2026-11-17T00:00:00Z"});
    let told = place.refusal(MASTER, "POST", "/global/spend/end_users", &body).await;
    assert_eq!((told.0, told.2.as_deref()), (400, Some("endTime")));
}
