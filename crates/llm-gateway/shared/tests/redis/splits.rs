//! Redis answers one replica and not another: what the other may use was set aside for it.

use llm_gateway_shared::{Account, Address, Answers, Asks, LeaseAsk, Reserve, Store};
use llm_router::Rate;

use crate::server::Server;
use crate::{MINUTE, replica};

const LIMIT: u64 = 100;

/// One replica: what it holds, what it has used, and its way to Redis.
struct Replica {
    store: Store,
    account: Account,
    reserve: Reserve,
    minute: i64,
    left: u64,
    used: u64,
    elapsed_ms: u64,
}

impl Replica {
    async fn new(server: &Server, name: &str) -> Self {
        let store = replica(Address::single(server.url()), name).await;
        let (account, reserve) = (Account::default(), Reserve::default());
        Self { store, account, reserve, minute: MINUTE, left: 0, used: 0, elapsed_ms: 0 }
    }

    fn at(&mut self, minute: i64) {
        self.elapsed_ms += 600;
        if minute != self.minute {
            (self.minute, self.account, self.left, self.used) = (minute, Account::default(), 0, 0);
        }
    }

    /// A round of which the answer is heard.
    async fn hears(&mut self, replicas: usize, needed: u64, others_use_it: bool) {
        let answers = self.asks(replicas, needed, others_use_it).await;
        if let Some(reserve) = answers.reserve {
            self.reserve.told(reserve, self.minute);
        }
        for answer in answers.leases {
            self.left += self.account.grant(answer.granted, answer.left);
        }
    }

    async fn asks(&mut self, replicas: usize, needed: u64, others_use_it: bool) -> Answers {
        let lease = LeaseAsk {
            deployment: "d".to_owned(),
            rate: Rate::Tokens,
            minute: self.minute,
            limit: LIMIT,
            granted: self.account.granted(),
            unused: self.left,
            needed,
            firm: self.account.firm(others_use_it),
        };
        self.account.asks(self.elapsed_ms);
        let reserve = self.reserve.ask(replicas, true, self.elapsed_ms);
        self.store.round(&Asks { leases: vec![lease], replicas, reserve, ..Asks::default() }).await.unwrap()
    }

    /// Redis does not answer this one.
    fn alone(&mut self, replicas: usize) {
        self.left += self.account.take_alone(LIMIT, replicas, self.reserve.of(LIMIT, self.minute));
    }

    fn uses(&mut self, amount: u64) {
        let amount = amount.min(self.left);
        self.left -= amount;
        self.used += amount;
    }
}

async fn server() -> Server {
    let server = Server::start();
    // What was here is not lost, but has never been: nobody holds anything.
    assert_eq!(server.ask("SET {test}:since 1"), "+OK");
    server
}

/// Replicas that have their even parts.
async fn met(server: &Server, names: &[&str]) -> Vec<Replica> {
    let mut replicas = Vec::new();
    for name in names {
        replicas.push(Replica::new(server, name).await);
    }
    for _ in 0..2 {
        for one in &mut replicas {
            one.elapsed_ms += 600;
            let reserve = one.reserve.ask(names.len(), true, one.elapsed_ms);
            let asks = Asks { reserve, replicas: names.len(), ..Asks::default() };
            one.reserve.told(one.store.round(&asks).await.unwrap().reserve.unwrap(), MINUTE);
        }
    }
    replicas
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn one_is_cut_off_and_the_other_wants_everything() {
    let server = server().await;
    let mut two = met(&server, &["a", "b"]).await;
    let [a, b] = &mut two[..] else { unreachable!() };
    // Nobody has heard of this minute: half is set aside.
    for _ in 0..20 {
        b.hears(2, LIMIT, true).await;
        b.uses(LIMIT);
    }
    a.alone(2);
    a.uses(LIMIT);
    assert_eq!((a.used, b.used), (50, 50));

    // In the next one both are heard, and what one does not need goes to the other.
    for one in [&mut *a, &mut *b] {
        one.at(MINUTE + 1);
        for _ in 0..2 {
            one.hears(2, 5, true).await;
            one.uses(5);
        }
    }
    for _ in 0..20 {
        b.hears(2, LIMIT, true).await;
        b.uses(LIMIT);
    }
    let held = a.account.granted();
    assert!(held < 50 && b.used == LIMIT - held, "{held} {}", b.used);
    // Cut off now, it has what it holds.
    a.alone(2);
    a.uses(LIMIT);
    assert_eq!(a.used + b.used, LIMIT);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn who_joins_and_who_leaves_are_counted() {
    let server = server().await;
    let mut one = met(&server, &["a"]).await;
    let [a] = &mut one[..] else { unreachable!() };
    assert_eq!(a.reserve.of(LIMIT, MINUTE), Some(LIMIT), "nobody else is there");
    a.hears(1, 80, false).await;
    a.uses(LIMIT);
    let mut b = Replica::new(&server, "b").await;
    b.at(MINUTE);
    b.hears(2, 0, true).await;
    assert_eq!(b.reserve.of(LIMIT, MINUTE), Some(0), "it is all another's");
    a.hears(2, 0, true).await;
    b.at(MINUTE);
    b.hears(2, 0, true).await;
    let parts = [MINUTE, MINUTE + 1].map(|minute| b.reserve.of(LIMIT, minute));
    assert_eq!(parts, [Some(0), Some(50)], "of this minute it was handed out");
    assert_eq!(a.reserve.of(LIMIT, MINUTE), Some(50));
    // Whoever says goodbye leaves its part to the others.
    let news = Some(llm_gateway_shared::News { bye: true, ..Default::default() });
    b.store.round(&Asks { news, ..Asks::default() }).await.unwrap();
    a.hears(1, 0, false).await;
    a.at(MINUTE + 1);
    a.hears(1, 0, false).await;
    assert_eq!(a.reserve.of(LIMIT, MINUTE + 2), Some(LIMIT));
}

/// Replicas come to Redis, do not, or do not hear what it says, as chance has it.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn however_it_splits_the_limit_holds() {
    let server = server().await;
    let mut replicas = met(&server, &["a", "b", "c"]).await;
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut below = |most: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % most
    };
    let (mut most, mut cut_off, mut all) = (0, 0, 0);
    for minute in MINUTE + 1..MINUTE + 60 {
        // In some minutes one is cut off from beginning to end.
        let gone = below(4) as usize;
        for _ in 0..10 {
            for (index, one) in replicas.iter_mut().enumerate() {
                one.at(minute);
                let (needed, others_use_it) = (below(40), below(2) == 0);
                match below(6) {
                    _ if index == gone => one.alone(3),
                    0 => one.alone(3),
                    1 => {
                        let _lost = one.asks(3, needed, others_use_it).await;
                        one.alone(3);
                    }
                    _ => one.hears(3, needed, others_use_it).await,
                }
                let surplus = one.account.surplus(one.left, 3);
                one.left -= surplus;
                one.account.give_back(surplus);
                one.uses(below(LIMIT));
            }
            let used: u64 = replicas.iter().map(|one| one.used).sum();
            assert!(used <= LIMIT, "{used} in minute {}", minute - MINUTE);
        }
        let used: u64 = replicas.iter().map(|one| one.used).sum();
        most = most.max(used);
        all += used;
        cut_off += replicas.get(gone).map_or(0, |one| one.used);
    }
    assert!(most > LIMIT * 9 / 10 && all > 59 * LIMIT / 2, "{most} at most, {all} in all: it is of use, too");
    assert!(cut_off > 0, "who was cut off went on");
}
