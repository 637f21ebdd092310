//! Access groups: models, tool servers and agents under one name. LiteLLM has three families of routes for them.

mod by_id;
mod by_name;

use llm_tenancy::{AccessGroup, Limits, Spending};

use crate::desk::Desk;
use crate::endpoint::Endpoint;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    [
        by_id::endpoints("/v1/access_group", "/v1/access_group/{access_group_id}"),
        by_id::endpoints("/v1/unified_access_group", "/v1/unified_access_group/{access_group_id}"),
        by_name::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A new group of this name, with nothing in it.
fn empty(desk: &Desk, name: String) -> AccessGroup {
    AccessGroup {
        access_group_id: desk.new_id().into(),
        access_group_name: name,
        description: None,
        models: Vec::new(),
        mcp_server_ids: Vec::new(),
        agent_ids: Vec::new(),
        assigned_team_ids: Vec::new(),
        assigned_keys: Vec::new(),
        limits: Limits::default(),
        spending: Spending::default(),
        stamp: desk.stamp(),
    }
}
