//! façade
use llm_provider_core::*;
/// x
pub fn ingress(_d: Dialect) -> &'static dyn Ingress { unimplemented!() }
