use super::*;

fn gate(most: usize, bound: usize) -> Arc<Gate> {
    Gate::new(most, bound)
}

#[tokio::test]
async fn so_many_are_inside_and_the_rest_wait_in_turn() {
    let gate = gate(1, 8);
    let first = gate.enter(0, UnixMs(0)).await.unwrap();
    let mut second = Box::pin(gate.enter(0, UnixMs(1)));
    let mut third = Box::pin(gate.enter(0, UnixMs(2)));
    assert!(futures_util::poll!(third.as_mut()).is_pending());
    assert!(futures_util::poll!(second.as_mut()).is_pending());
    assert_eq!(gate.waiting(), 2);
    assert!(gate.try_enter().is_none());
    drop(first);
    let pass = second.await.unwrap();
    assert!(futures_util::poll!(third.as_mut()).is_pending());
    drop(pass);
    drop(third.await.unwrap());
    let again = gate.enter(0, UnixMs(9)).await.unwrap();
    drop(again);
    let at_once = gate.try_enter().unwrap();
    assert_eq!(gate.inside(), 1);
    drop(at_once);
    assert_eq!(gate.state().inside, 0);
}

#[tokio::test]
async fn priority_goes_first_and_waiting_makes_up_for_it() {
    let gate = gate(1, 8);
    let first = gate.enter(0, UnixMs(0)).await.unwrap();
    let mut patient = Box::pin(gate.enter(10, UnixMs(0)));
    let mut urgent = Box::pin(gate.enter(1, UnixMs(500)));
    let mut late = Box::pin(gate.enter(1, UnixMs(950)));
    for waiting in [&mut patient, &mut urgent, &mut late] {
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    }
    drop(first);
    let pass = urgent.await.unwrap();
    drop(pass);
    // Ten steps of priority are worth a second: whoever came more than that earlier goes first.
    drop(patient.await.unwrap());
    drop(late.await.unwrap());
}

#[tokio::test]
async fn whoever_goes_away_gives_up_the_place() {
    let gate = gate(1, 1);
    let first = gate.enter(0, UnixMs(0)).await.unwrap();
    let mut gone = Box::pin(gate.enter(0, UnixMs(0)));
    assert!(futures_util::poll!(gone.as_mut()).is_pending());
    assert_eq!(gate.enter(0, UnixMs(0)).await.unwrap_err(), Crowded { waiting: 1 });
    drop(gone);
    let mut next = Box::pin(gate.enter(0, UnixMs(0)));
    assert!(futures_util::poll!(next.as_mut()).is_pending(), "the place in the queue is free again");
    drop(first);
    drop(next.await.unwrap());

    // Called and gone before looking: the pass goes on to the next.
    let first = gate.enter(0, UnixMs(0)).await.unwrap();
    let mut called = Box::pin(gate.enter(0, UnixMs(0)));
    assert!(futures_util::poll!(called.as_mut()).is_pending());
    drop(first);
    drop(called);
    assert_eq!(gate.state().inside, 0);
}
