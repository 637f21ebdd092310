use super::*;

const NOW: UnixMs = UnixMs(1_763_700_000_000);
const NEXT: UnixMs = UnixMs(NOW.0 + 60_000);

const fn limits(requests: u64, tokens: u64) -> Limits {
    Limits { requests: Some(requests), tokens: Some(tokens) }
}

fn divided() -> Arc<Live> {
    let live = Live::new();
    live.divide();
    Arc::new(live)
}

#[test]
fn alone_the_limit_itself_is_used_up() {
    let live = Arc::new(Live::new());
    let kept: Vec<_> = (0..3).map(|_| live.admit(limits(3, 1_000), 100, NOW).unwrap()).collect();
    let denied = live.admit(limits(3, 1_000), 100, NOW).unwrap_err();
    assert_eq!(denied, Denied { rate: Rate::Requests, amount: 1, limit: 3, more_may_come: false });
    assert_eq!(live.vitals(NOW).room, Room::default(), "nobody else has a share");
    drop(kept);
    assert!(live.admit(limits(3, 1_000), 0, NOW).is_err(), "requests were sent, whatever became of them");
    assert!(live.admit(limits(3, 1_000), 0, NEXT).is_ok());
    assert!(live.admit(Limits::default(), 1 << 30, NOW).is_ok(), "no limit");
}

#[test]
fn tokens_are_reserved_and_settled() {
    let live = Arc::new(Live::new());
    let left = |live: &Live| live.shares.tokens.purse.left(1_000, NOW);
    let limits = Limits { requests: None, tokens: Some(1_000) };
    let short = live.admit(limits, 600, NOW).unwrap();
    assert_eq!(live.admit(limits, 500, NOW).unwrap_err().rate, Rate::Tokens);
    short.settle(100, NOW);
    assert_eq!(left(&live), 900);
    live.admit(limits, 200, NOW).unwrap().settle(300, NOW);
    assert_eq!(left(&live), 600, "it took more than was thought");
    drop(live.admit(limits, 200, NOW));
    assert_eq!(left(&live), 600, "nobody was asked");
    live.admit(limits, 200, NOW).unwrap().forfeit();
    assert_eq!(left(&live), 400, "nobody knows");
    live.admit(limits, 100, NOW).unwrap().settle(900, NOW);
    assert_eq!((left(&live), live.share(Rate::Tokens, NOW).overdrawn), (0, 500));
    live.admit(limits, 5_000, NEXT).unwrap().settle(10, NEXT.plus(60_000));
    assert_eq!(live.shares.tokens.purse.left(1_000, NEXT), 0, "a large one has the minute for itself");
}

#[test]
fn a_refused_request_leaves_its_tokens() {
    let live = Arc::new(Live::new());
    live.admit(limits(1, 1_000), 100, NOW).unwrap().forfeit();
    assert_eq!(live.admit(limits(1, 1_000), 100, NOW).unwrap_err().rate, Rate::Requests);
    assert_eq!(live.shares.tokens.purse.left(1_000, NOW), 900);
}

#[test]
fn of_a_shared_limit_only_what_was_granted_is_used() {
    let (live, limits) = (divided(), limits(10, 1_000));
    let first = live.admit(limits, 50, NOW).unwrap_err();
    assert!(first.more_may_come, "nobody has said yet what there is");
    assert_eq!(live.vitals(NOW).room, Room::default());
    live.grant(Rate::Tokens, 400, NOW);
    live.grant(Rate::Requests, 2, NOW);
    (0..2).for_each(|_| live.want(&first));
    assert_eq!(live.share(Rate::Tokens, NOW).wanted, 100);
    live.ungranted(Rate::Tokens, 600, NOW);
    live.ungranted(Rate::Requests, 8, NOW);
    assert_eq!(live.vitals(NOW).room, Room { requests: Some(10), tokens: Some(1_000) });
    let share = live.share(Rate::Tokens, NOW);
    assert_eq!((share.left, share.wanted, share.asked), (400, 0, Some(NOW)));
    for _ in 0..2 {
        live.admit(limits, 50, NOW).unwrap().forfeit();
    }
    let denied = live.admit(limits, 50, NOW).unwrap_err();
    assert_eq!(denied, Denied { rate: Rate::Requests, amount: 1, limit: 10, more_may_come: true });
    assert_eq!(live.share(Rate::Tokens, NOW).left, 300);
    live.ungranted(Rate::Requests, 0, NOW);
    assert!(!live.admit(limits, 50, NOW).unwrap_err().more_may_come);
    assert_eq!(live.vitals(NOW).room.requests, Some(0));
    assert_eq!(live.vitals(NEXT).room, Room::default(), "of the next minute nothing is known");

    assert_eq!(live.take_back(Rate::Tokens, 500, NOW), 300);
    live.grant(Rate::Requests, 5, NEXT);
    assert_eq!(live.share(Rate::Requests, NEXT).left, 5, "ahead of time");
}
