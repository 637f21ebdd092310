//! Copies of requests for others: who gets one, and of which requests.

use crate::settings::{DeploymentSettings, RouterSettings};

/// Who gets copies of requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mirror<'a> {
    /// A model group, or a deployment by its id.
    pub to: &'a str,
    /// The share of requests that are copied, `0.0..=1.0`.
    pub share: f64,
}

impl RouterSettings {
    /// Who gets copies of requests that go to this deployment of this group first; `None` if nobody does.
    pub fn mirror_of<'a>(&'a self, group: &str, deployment: &'a DeploymentSettings) -> Option<Mirror<'a>> {
        match &deployment.silent_model {
            Some(to) => Some(Mirror { to, share: deployment.silent_share.unwrap_or(1.0) }),
            None => self.mirrors.get(group).map(|mirror| Mirror { to: &mirror.to, share: mirror.share }),
        }
    }
}

impl Mirror<'_> {
    /// Whether a request of this name belongs to the share: always the same for the same name.
    pub fn draws(&self, id: &str) -> bool {
        // FNV-1a, and the end of SplitMix64, as names made one after the other are alike.
        let hash = id.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        let hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((hash ^ (hash >> 31)) >> 11) as f64 / ((1_u64 << 53) as f64) < self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_drawn(id: &str, share: f64) -> bool {
        Mirror { to: "other", share }.draws(id)
    }

    #[test]
    fn a_share_is_a_share_and_the_same_name_always_belongs_or_never() {
        for share in [0.0, 0.05, 0.3, 1.0] {
            let drawn = (0..100_000).filter(|number| is_drawn(&format!("request-{number}"), share)).count();
            let expected = share * 100_000.0;
            assert!(
                (drawn as f64 - expected).abs() <= 600.0 * share.min(1.0 - share).sqrt(),
                "{share}: {drawn}"
            );
        }
        assert!((0..100).all(|_| is_drawn("a", 0.7) == is_drawn("a", 0.7)));
        // Whoever belongs to a share belongs to every larger one.
        let grows = |id: &str| !is_drawn(id, 0.2) || is_drawn(id, 0.4);
        assert!((0..1_000).all(|number| grows(&number.to_string())));
    }

    #[test]
    fn a_deployments_own_mirror_goes_before_its_groups() {
        let settings: RouterSettings =
            serde_json::from_str(r#"{"mirrors": {"a": {"to": "x", "share": 0.5}}}"#).unwrap();
        let plain = DeploymentSettings::default();
        let own = DeploymentSettings { silent_model: Some("y".to_owned()), ..DeploymentSettings::default() };
        assert_eq!(settings.mirror_of("a", &plain), Some(Mirror { to: "x", share: 0.5 }));
        assert_eq!(settings.mirror_of("a", &own), Some(Mirror { to: "y", share: 1.0 }));
        assert_eq!(settings.mirror_of("b", &plain), None);
    }
}
