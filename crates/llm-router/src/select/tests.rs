use std::sync::Arc;

use super::*;
use crate::settings::RouterSettings;
use crate::{
    Affinity, Bond, Candidate, DeploymentId, DeploymentSettings, Facts, Outcome, Pace, Pin, Policy, Refusal,
    Selection,
};

pub(crate) const NOW: UnixMs = UnixMs(1_700_000_000_000);

/// Deployments for tests, named `0`, `1`, ... by their place.
pub(crate) struct Group {
    pub(crate) policy: Policy,
    pub(crate) ids: Vec<DeploymentId>,
    pub(crate) settings: Vec<DeploymentSettings>,
    pub(crate) facts: Vec<Facts>,
    pub(crate) vitals: Vec<crate::Vitals>,
    pub(crate) turn: u64,
    pub(crate) past: Vec<Attempt>,
}

impl Group {
    pub(crate) fn of(settings: impl IntoIterator<Item = DeploymentSettings>) -> Self {
        let settings: Vec<_> = settings.into_iter().collect();
        Self {
            policy: Policy { group: "group".into(), ..Policy::default() },
            ids: (0..settings.len()).map(|place| DeploymentId::new(place.to_string())).collect(),
            facts: vec![Facts::default(); settings.len()],
            vitals: vec![crate::Vitals::default(); settings.len()],
            settings,
            turn: 0,
            past: Vec::new(),
        }
    }

    pub(crate) fn plain(len: usize) -> Self {
        Self::of(vec![DeploymentSettings::default(); len])
    }

    /// With what these settings say of the group.
    pub(crate) fn with(mut self, settings: serde_json::Value) -> Self {
        let settings: RouterSettings = serde_json::from_value(settings).unwrap();
        let deployments: Vec<_> = self.settings.iter().collect();
        self.policy.selection = Selection::new(&settings, "group", &deployments).unwrap();
        self
    }

    pub(crate) fn tried(mut self, place: usize, kind: llm_types::ErrorKind) -> Self {
        let deployment = self.ids[place].clone();
        let outcome = Outcome::Failed { deployment: deployment.clone(), kind, retry_after_ms: None };
        self.past.push(Attempt { deployment, started: NOW, ended: Some((NOW, outcome)) });
        self
    }

    pub(crate) fn view<T>(&self, look: impl FnOnce(&Snapshot<'_>) -> T) -> T {
        let candidates: Vec<_> = (0..self.ids.len())
            .map(|place| Candidate {
                id: &self.ids[place],
                settings: &self.settings[place],
                facts: &self.facts[place],
                vitals: self.vitals[place],
            })
            .collect();
        look(&Snapshot {
            group: "group",
            policy: &self.policy,
            candidates: &candidates,
            pace: Pace::default(),
            turn: self.turn,
            hedging: crate::Hedged::default(),
        })
    }

    pub(crate) fn decide(&self, inquiry: &Inquiry<'_>, seed: u64) -> Decision {
        self.view(|view| select(view, inquiry, &self.past, NOW, seed))
    }

    /// How often each was chosen, over so many decisions; turns go on.
    pub(crate) fn shares(&mut self, inquiry: &Inquiry<'_>, decisions: u32) -> Vec<f64> {
        let mut counts = vec![0_u32; self.ids.len()];
        for seed in 0..decisions {
            counts[self.decide(inquiry, u64::from(seed)).chosen.unwrap()] += 1;
            self.turn += 1;
        }
        counts.into_iter().map(|count| f64::from(count) / f64::from(decisions)).collect()
    }

    /// Those who may be chosen, whatever the seed.
    pub(crate) fn left(&self, inquiry: &Inquiry<'_>) -> Vec<usize> {
        let decision = self.decide(inquiry, 0);
        let left = decision.verdicts.iter().enumerate().filter(|(_, verdict)| verdict.refusal().is_none());
        left.map(|(place, _)| place).collect()
    }

    pub(crate) fn refusal(&self, inquiry: &Inquiry<'_>, place: usize) -> Option<Refusal> {
        self.decide(inquiry, 0).verdicts[place].refusal()
    }
}

#[test]
fn an_empty_group_has_nobody() {
    let decision = Group::plain(0).decide(&Inquiry::default(), 1);
    assert_eq!((decision.chosen, decision.verdicts.len(), decision.bond), (None, 0, None));
}

#[test]
fn a_decision_tells_all_of_it() {
    let mut group = Group::plain(3);
    group.vitals[1].health.cooling_until = Some(NOW.plus(500));
    group.vitals[1].health.cause = Some(llm_types::ErrorKind::RateLimit);
    let decision = group.decide(&Inquiry::default(), 7);
    assert_eq!((decision.at, decision.seed, &*decision.group), (NOW, 7, "group"));
    let chosen = decision.chosen.unwrap();
    assert_eq!(decision.verdicts[chosen], Verdict::Chosen(1.0));
    assert_eq!(decision.verdicts[2 - chosen], Verdict::Outranked(1.0));
    let record = serde_json::to_value(&decision).unwrap();
    assert_eq!(
        record["verdicts"][1],
        serde_json::json!({"refused": {"cooling_down": {"until": 1_700_000_000_500_i64, "cause": "rate_limit"}}})
    );
    group.view(|view| {
        let named: Vec<_> = decision.explain(view).map(|(id, _)| id.as_str()).collect();
        assert_eq!(named, ["0", "1", "2"]);
    });
}

#[test]
fn a_record_survives_the_group() {
    let group = Group::plain(2);
    let decision = group.decide(&Inquiry::default(), 3);
    let policy: Arc<str> = group.policy.group.clone();
    drop(group);
    assert_eq!(decision.group, policy);
}

#[test]
fn filters_come_in_their_order() {
    // Each deployment has everything wrong with it that comes after what refuses it.
    let mut group = Group::of((0..4).map(|place| DeploymentSettings {
        order: Some(i64::from(place != 3)),
        ..DeploymentSettings::default()
    }));
    group.vitals[0].health.cooling_until = Some(NOW.plus(1));
    group.vitals[0].budget_used = Some(2.0);
    group.vitals[1].budget_used = Some(1.0);
    group = group.tried(1, llm_types::ErrorKind::Internal).tried(2, llm_types::ErrorKind::Internal);
    let why = |place| group.refusal(&Inquiry::default(), place).unwrap();
    assert_eq!(why(0), Refusal::CoolingDown { until: NOW.plus(1), cause: None });
    assert_eq!(why(1), Refusal::Budget);
    assert_eq!(why(2), Refusal::Tried);
    assert_eq!(group.decide(&Inquiry::default(), 0).chosen, Some(3));
}

#[test]
fn the_bond_is_told_when_it_chose() {
    let group = Group::plain(3);
    let pins = [Pin { deployment: "gone", bond: Bond::Session }, Pin { deployment: "2", bond: Bond::Prompt }];
    let inquiry = Inquiry { affinity: Affinity { pins: &pins, ..Affinity::default() }, ..Inquiry::default() };
    let decision = group.decide(&inquiry, 0);
    assert_eq!((decision.chosen, decision.bond), (Some(2), Some(Bond::Prompt)));
    assert_eq!(decision.verdicts[0].refusal(), Some(Refusal::Bound(Bond::Prompt)));
}
