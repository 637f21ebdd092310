//! Rates that are guaranteed to a key: all keys of the team have no more together than the team.

use std::collections::BTreeMap;

use llm_store::{Field, Filter};
use llm_tenancy::management::Scope;
use llm_tenancy::{LimitKind, Limits, Team, VirtualKey};

use crate::desk::Desk;
use crate::fault::Fault;
use crate::paging::every;

/// A rate that may be guaranteed, and the same by model.
struct Rate {
    name: &'static str,
    by_model_name: &'static str,
    kind: fn(&Limits) -> Option<LimitKind>,
    whole: fn(&Limits) -> Option<u64>,
    by_model: fn(&Limits) -> &BTreeMap<String, u64>,
}

const RATES: [Rate; 2] = [
    Rate {
        name: "tpm_limit",
        by_model_name: "model_tpm_limit",
        kind: |limits| limits.tpm_limit_type,
        whole: |limits| limits.tpm_limit,
        by_model: |limits| &limits.model_tpm_limit,
    },
    Rate {
        name: "rpm_limit",
        by_model_name: "model_rpm_limit",
        kind: |limits| limits.rpm_limit_type,
        whole: |limits| limits.rpm_limit,
        by_model: |limits| &limits.model_rpm_limit,
    },
];

/// That what a key is guaranteed is left of what its team has.
///
/// # Errors
/// 400, with the first that is not.
pub(super) async fn check(
    desk: &Desk,
    key: &VirtualKey,
    before: Option<&VirtualKey>,
    team: Option<&Team>,
) -> Result<(), Fault> {
    let Some(team) = team else { return Ok(()) };
    let is_as_before =
        before.is_some_and(|before| before.limits == key.limits && before.team_id == key.team_id);
    let is_guaranteed = |rate: &&Rate| (rate.kind)(&key.limits) == Some(LimitKind::Guaranteed);
    let rates: Vec<_> = RATES.iter().filter(is_guaranteed).collect();
    if is_as_before || rates.is_empty() {
        return Ok(());
    }
    let of_team = vec![Filter::Is(Field::Team, team.team_id.as_str().to_owned())];
    let keys = every::<VirtualKey>(&desk.store, of_team, &Scope::everything()).await?;
    let old = before.map_or(key.hash, |before| before.hash);
    let others: Vec<_> = keys.iter().filter(|key| key.hash != old).collect();
    for rate in rates {
        let given = others.iter().filter_map(|key| (rate.whole)(&key.limits)).fold(0, u64::saturating_add);
        fits(rate.name, given, (rate.whole)(&key.limits), (rate.whole)(&team.limits))?;
        for (model, wanted) in (rate.by_model)(&key.limits) {
            let theirs = others.iter().filter_map(|key| (rate.by_model)(&key.limits).get(model));
            let given = theirs.copied().fold(0, u64::saturating_add);
            let most = (rate.by_model)(&team.limits).get(model).copied().or((rate.whole)(&team.limits));
            fits(rate.by_model_name, given, Some(*wanted), most)?;
        }
    }
    Ok(())
}

fn fits(name: &str, given: u64, wanted: Option<u64>, most: Option<u64>) -> Result<(), Fault> {
    match (wanted, most) {
        (Some(wanted), Some(most)) if given.saturating_add(wanted) > most => {
            let left = most.saturating_sub(given);
            Err(Fault::invalid(
                name,
                format!("{name} cannot be guaranteed: of the team's {most}, {left} are left"),
            ))
        }
        _ => Ok(()),
    }
}
