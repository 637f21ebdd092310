use serde_json::json;

use super::*;
use crate::{Candidate, DeploymentSettings, Facts, Hedged, Pace, Plan, SeededEntropy, Vitals};

/// Groups whose deployments are all well.
struct Groups {
    plan: Plan,
    settings: DeploymentSettings,
    groups: Vec<(Arc<str>, Vec<DeploymentId>)>,
}

fn groups(sizes: &[(&str, usize)], router: serde_json::Value) -> Groups {
    let settings = DeploymentSettings::default();
    let listed: Vec<_> = sizes.iter().map(|(name, len)| ((*name).into(), vec![&settings; *len])).collect();
    let router = serde_json::from_value(router).unwrap();
    let plan = Plan::new(&router, &listed, |name| sizes.iter().any(|(own, _)| *own == name)).unwrap();
    let ids = |name: &str, len| (0..len).map(|place| DeploymentId::new(format!("{name}{place}"))).collect();
    let groups = sizes.iter().map(|(name, len)| ((*name).into(), ids(name, *len))).collect();
    Groups { plan, settings, groups }
}

impl Sight for Groups {
    type Error = String;

    fn glance<T>(
        &self,
        group: Option<&Arc<str>>,
        _: UnixMs,
        see: impl FnOnce(&Snapshot<'_>) -> T,
    ) -> Result<T, String> {
        let name = group.map_or("a", |name| &**name);
        let found = self.groups.iter().find(|(own, _)| **own == *name);
        let (name, ids) = found.ok_or_else(|| format!("no group {name}"))?;
        let facts = Facts { provider: "p".into(), model: "m".into(), ..Facts::default() };
        let candidates: Vec<_> = ids
            .iter()
            .map(|id| Candidate { id, settings: &self.settings, facts: &facts, vitals: Vitals::default() })
            .collect();
        Ok(see(&Snapshot {
            group: name,
            policy: self.plan.policy(name),
            candidates: &candidates,
            pace: Pace::default(),
            turn: 0,
            hedging: Hedged::default(),
        }))
    }
}

fn seen(groups: &Groups, seed: u64) -> Foresight {
    let mut rng = SeededEntropy::new(seed);
    foresee(groups, Wishes::default(), &Inquiry::default(), UnixMs(1_000), &mut rng).unwrap()
}

#[test]
fn the_whole_way_is_seen_and_stays_the_same() {
    let router = json!({"num_retries": 1, "fallbacks": [{"a": ["gone", "b"]}]});
    let groups = groups(&[("a", 2), ("b", 1)], router);
    let told = seen(&groups, 3);
    let way: Vec<(&str, Reason)> =
        told.order.iter().map(|one| (&one.deployment.as_str()[..1], one.reason)).collect();
    assert_eq!(
        way,
        [("a", Reason::First), ("a", Reason::Retry), ("b", Reason::Fallback), ("b", Reason::Fallback)]
    );
    assert_eq!((told.order[0].after_ms, told.end), (0, Some(ErrorKind::Internal)));
    // The lone deployment of the second group is asked again after a while.
    assert!((500..=1_000).contains(&told.order[3].after_ms), "{:?}", told.order);
    assert!(
        told.events
            .iter()
            .any(|event| matches!(&event.what, Happening::PassedOver { group } if **group == *"gone"))
    );
    assert_eq!(told.decisions.len(), 4);
    assert_eq!(told.decisions[0].candidates.len(), 2);
    assert_eq!(seen(&groups, 3), told);
}

#[test]
fn a_group_that_does_not_exist_is_an_error() {
    let groups = groups(&[("b", 1)], json!({}));
    let mut rng = SeededEntropy::new(1);
    let missing = foresee(&groups, Wishes::default(), &Inquiry::default(), UnixMs(0), &mut rng);
    assert_eq!(missing.unwrap_err(), "no group a");
}
