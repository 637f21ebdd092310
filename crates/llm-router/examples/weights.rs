//! Ten thousand requests over two deployments of unequal weight.
//!
//! `cargo run -p llm-router --example weights`

use llm_router::{
    Candidate, DeploymentId, DeploymentSettings, Facts, Hedged, Inquiry, Pace, Policy, SeededEntropy,
    Session, Snapshot, Step, Vitals, Wishes,
};
use llm_types::UnixMs;

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() {
    let weight = |weight| DeploymentSettings { weight: Some(weight), ..DeploymentSettings::default() };
    let (large, small) = (weight(70.0), weight(30.0));
    let (azure, openai) = (DeploymentId::new("azure"), DeploymentId::new("openai"));
    let (facts, policy) = (Facts::default(), Policy::default());
    let candidate = |(id, settings)| Candidate { id, settings, facts: &facts, vitals: Vitals::default() };
    let candidates = [(&azure, &large), (&openai, &small)].map(candidate);
    let view = Snapshot {
        group: "gpt-4o",
        policy: &policy,
        candidates: &candidates,
        pace: Pace::default(),
        turn: 0,
        hedging: Hedged::default(),
    };

    let mut entropy = SeededEntropy::new(1);
    let mut to_azure = 0;
    for _ in 0..10_000 {
        let mut session = Session::new(Wishes::default());
        let step = session.next(&view, &Inquiry::default(), UnixMs(0), &mut entropy);
        if let Step::Send { deployment, .. } = step {
            to_azure += u32::from(deployment == azure);
        }
    }
    println!("azure: {:.1} %", f64::from(to_azure) / 100.0);
}
