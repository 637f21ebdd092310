//! Five lanes, each with a budget at another level: of a key, a user, a team, an organisation, a tag.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Runner;
use crate::scene::Scene;

/// Where the budget of a lane is.
pub(super) const LEVELS: [&str; 5] = ["key", "user", "team", "organization", "tag"];

/// A lane: whoever runs in it takes from one budget.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    pub(super) level: &'static str,
    pub(super) budget_nanos: i64,
    pub(super) keys: Vec<String>,
    pub(super) tag: Option<String>,
}

/// Makes keys, and whom they belong to. A budget is half of what its lane would cost.
pub(super) async fn open(scene: &Scene, demands: &[i64]) -> anyhow::Result<Vec<Lane>> {
    let mut lanes = Vec::new();
    for (level, demand) in LEVELS.into_iter().zip(demands) {
        // A whole number of micro-dollars, so that no float of a client's says another amount.
        let budget_nanos = (demand / 2).max(1_000_000) / 1_000 * 1_000;
        lanes.push(lane(scene, level, budget_nanos).await?);
    }
    Ok(lanes)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn usd(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

async fn lane(scene: &Scene, level: &'static str, budget_nanos: i64) -> anyhow::Result<Lane> {
    let budget = usd(budget_nanos);
    let id = |answer: &Value, field: &str| -> anyhow::Result<String> {
        Ok(answer[field].as_str().with_context(|| format!("no {field} in {answer}"))?.to_owned())
    };
    let (owner, keys, tag) = match level {
        "key" => (json!({"max_budget": budget}), 1, None),
        "user" => {
            let user = json!({"user_id": "lane-user", "max_budget": budget, "auto_create_key": false});
            let user = id(&scene.manage("/user/new", user).await?, "user_id")?;
            (json!({"user_id": user}), 3, None)
        }
        "team" => {
            let team = scene.manage("/team/new", json!({"team_alias": "lane", "max_budget": budget})).await?;
            (json!({"team_id": id(&team, "team_id")?}), 3, None)
        }
        "organization" => {
            let organization = json!({"organization_alias": "lane", "max_budget": budget});
            let organization =
                id(&scene.manage("/organization/new", organization).await?, "organization_id")?;
            let team = json!({"team_alias": "of-lane", "organization_id": organization});
            (json!({"team_id": id(&scene.manage("/team/new", team).await?, "team_id")?}), 3, None)
        }
        _ => {
            scene.manage("/tag/new", json!({"name": "lane", "max_budget": budget})).await?;
            (json!({}), 3, Some("lane".to_owned()))
        }
    };
    let mut made = Vec::new();
    for _ in 0..keys {
        made.push(id(&scene.manage("/key/generate", owner.clone()).await?, "key")?);
    }
    Ok(Lane { level, budget_nanos, keys: made, tag })
}

/// Puts a runner into its lane.
pub(super) fn enter(lanes: &[Lane], number: usize, runner: Runner) -> Runner {
    let lane = &lanes[number % lanes.len()];
    let key = lane.keys[(number / lanes.len()) % lane.keys.len()].clone();
    Runner { name: format!("race-{}-{number}", lane.level), key, tag: lane.tag.clone(), ..runner }
}
