//! Ten thousand requests over two deployments of unequal weight.
//!
//! `cargo run -p llm-router --example weights`

use llm_router::{
    Candidate, DeploymentId, DeploymentSettings, Policy, SeededEntropy, Session, Snapshot, Step,
};
use llm_types::UnixMs;

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() {
    let weight = |weight| DeploymentSettings { weight: Some(weight), ..DeploymentSettings::default() };
    let (large, small) = (weight(70.0), weight(30.0));
    let (azure, openai) = (DeploymentId::new("azure"), DeploymentId::new("openai"));
    let candidates = [Candidate::new(&azure, &large), Candidate::new(&openai, &small)];
    let view = Snapshot { group: "gpt-4o", candidates: &candidates };

    let mut entropy = SeededEntropy::new(1);
    let mut to_azure = 0;
    for _ in 0..10_000 {
        let mut session = Session::new(Policy::default());
        if let Step::Send { deployment, .. } = session.next(&view, UnixMs(0), &mut entropy) {
            to_azure += u32::from(deployment == azure);
        }
    }
    println!("azure: {:.1} %", f64::from(to_azure) / 100.0);
}
