use super::*;

const NOW: UnixMs = UnixMs(1_763_700_000_000);
const DAY_MS: u64 = 86_400_000;

#[test]
fn a_day_has_its_bound_and_the_next_one_a_new_one() {
    let checks = Checks::default();
    let half = Usd::from_nanos(500_000_000);
    assert!(checks.may_spend(1.0, NOW));
    checks.spend(half, NOW);
    assert!(checks.may_spend(1.0, NOW) && !checks.may_spend(0.5, NOW));
    checks.spend(half, NOW);
    assert!(!checks.may_spend(1.0, NOW) && checks.may_spend(1.5, NOW));
    assert_eq!(checks.spent(NOW), Usd::from_nanos(1_000_000_000));
    assert!(checks.may_spend(1.0, NOW.plus(DAY_MS)));
    assert_eq!(checks.spent(NOW.plus(DAY_MS)), Usd::ZERO);
    assert!(!checks.may_spend(0.0, NOW.plus(DAY_MS)), "nothing may be spent");
}
