//! The next `order` of the same group.

use super::*;

fn orders(orders: &[i64], settings: Value) -> World {
    let order = |order| DeploymentSettings { order: Some(order), ..DeploymentSettings::default() };
    world_of(orders.iter().copied().map(order).collect(), settings)
}

#[test]
fn the_next_order_comes_before_any_other_group() {
    let fallbacks = json!({"num_retries": 0, "fallbacks": [{"main": ["b"]}]});
    let way = orders(&[1, 2, 3], fallbacks.clone()).way(Wishes::default(), internal);
    assert_eq!(way, "main-0 main-1 main-2 >b b-0");
    // So it does after failures that are not tried again.
    let way = orders(&[1, 2], fallbacks).way(Wishes::default(), |_| ErrorKind::NotFound);
    assert_eq!(way, "main-0 main-1 >b b-0");
}

#[test]
fn retries_go_to_the_next_order_as_soon_as_this_one_is_used_up() {
    let way = orders(&[1, 2], json!({"num_retries": 2})).way(Wishes::default(), internal);
    assert_eq!(way, "main-0 main-1 wait main-0");
}
