use http::HeaderMap;
use llm_provider_core::Call;
use llm_testkit::corpus::corpus;
use llm_testkit::fuzz::{SEED, mutate};
use llm_testkit::{Random, laws};
use llm_types::ChatRequest;
use crate::corpus::EQUIVALENCES;
use crate::spoken::Spoken;
#[test]
fn scratch_losses() {
    let all: Vec<&[u8]> = corpus().iter().map(|case| case.json.as_bytes()).collect();
    let headers = HeaderMap::new();
    let mut seen = std::collections::BTreeMap::new();
    for turn in 0..40000_u64 {
        let mut random = Random::new(SEED ^ turn.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let data = mutate(&all, &mut random);
        let Ok(request) = llm_types::from_slice::<ChatRequest>(&data) else { continue };
        for model in [crate::CLAUDE, crate::NOVA, crate::LLAMA] {
            let call = Call::new(model, &headers);
            if let Ok(encoded) = llm_provider_core::Translator::<llm_provider_core::Chat>::encode(&Spoken, &request, &call) {
                for loss in laws::losses(&request, &encoded, EQUIVALENCES) {
                    let key: String = loss.path.chars().filter(|c| !c.is_ascii_digit()).collect();
                    seen.entry(key).or_insert((model, loss.value.to_string(), turn));
                }
            }
        }
    }
    for (k, v) in seen { println!("{k}: {v:?}"); }
}
