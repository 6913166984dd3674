//! How much a client may ask for in a second.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::stage::now;

/// Addresses that are remembered, at most.
const ADDRESSES: usize = 10_000;

/// What a client may do in a second, on average: twice as much at once. 0 is as much as it likes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Requests from an address.
    pub requests: f64,
    /// Those of them that steer.
    pub commands: f64,
    /// Messages on a WebSocket.
    pub messages: f64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            requests: 1000.0,
            commands: 200.0,
            messages: 20.0,
        }
    }
}

/// What somebody may still do.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    per_s: f64,
    left: f64,
    seen: Instant,
}

impl Allowance {
    /// Of somebody who has done nothing.
    pub fn new(per_s: f64, now: Instant) -> Allowance {
        Allowance {
            per_s,
            left: most(per_s),
            seen: now,
        }
    }

    /// Does one thing, if it may be done.
    ///
    /// # Errors
    /// After how long it may be.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        if self.per_s <= 0.0 {
            return Ok(());
        }
        self.left = self.at(now);
        self.seen = now;
        if self.left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - self.left) / self.per_s));
        }
        self.left -= 1.0;
        Ok(())
    }

    fn at(&self, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.seen).as_secs_f64();
        (self.left + passed * self.per_s).min(most(self.per_s))
    }

    /// Whether it is what somebody has who has done nothing.
    fn is_whole(&self, now: Instant) -> bool {
        self.at(now) >= most(self.per_s)
    }
}

/// What may be done at once; one thing at least.
fn most(per_s: f64) -> f64 {
    (2.0 * per_s).max(1.0)
}

/// What each address may still ask for.
#[derive(Debug)]
pub struct Rates {
    limits: Limits,
    /// Requests, and those of them that steer.
    left: Mutex<BTreeMap<IpAddr, [Allowance; 2]>>,
}

impl Rates {
    /// Of addresses that have asked for nothing.
    pub fn new(limits: Limits) -> Rates {
        Rates {
            limits,
            left: Mutex::default(),
        }
    }

    /// A request from an address.
    ///
    /// # Errors
    /// After how long it may be made.
    pub fn take(&self, address: IpAddr, steers: bool) -> Result<(), Duration> {
        self.take_at(address, steers, now())
    }

    fn take_at(&self, address: IpAddr, steers: bool, now: Instant) -> Result<(), Duration> {
        let Limits {
            requests, commands, ..
        } = self.limits;
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let address = client(address);
        if left.len() >= ADDRESSES && !left.contains_key(&address) {
            left.retain(|_, of| !of.iter().all(|allowance| allowance.is_whole(now)));
            if left.len() >= ADDRESSES {
                let oldest = left.iter().min_by_key(|(_, of)| of[0].seen);
                if let Some(oldest) = oldest.map(|(address, _)| *address) {
                    left.remove(&oldest);
                }
            }
        }
        let whole = [requests, commands].map(|per_s| Allowance::new(per_s, now));
        let [all, steering] = left.entry(address).or_insert(whole);
        all.take(now)?;
        match steers {
            true => steering.take(now),
            false => Ok(()),
        }
    }
}

/// Who an address is of: whoever has one of version 6 has the whole network of it.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn in_no_stretch_of_time_there_is_more_than_is_allowed(
            per_s in 0.5f64..50.0, waits in prop::collection::vec(0u64..300, 1..300),
        ) {
            let begin = now();
            let (mut at, mut taken) = (begin, Vec::new());
            let mut allowance = Allowance::new(per_s, begin);
            for wait in waits {
                at += Duration::from_millis(wait);
                match allowance.take(at) {
                    Ok(()) => taken.push(at),
                    // Who waits so long may go on.
                    Err(wait) => {
                        let mut later = allowance;
                        prop_assert!(wait > Duration::ZERO);
                        prop_assert!(later.take(at + wait + Duration::from_micros(1)).is_ok());
                    }
                }
            }
            for (first, from) in taken.iter().enumerate() {
                for (count, to) in taken[first..].iter().enumerate() {
                    let allowed = most(per_s) + to.duration_since(*from).as_secs_f64() * per_s;
                    prop_assert!((count + 1) as f64 <= allowed + 1e-6);
                }
            }
        }
    }

    #[test]
    fn each_address_has_its_own_and_few_are_remembered() {
        let limits = Limits {
            requests: 2.0,
            commands: 0.5,
            messages: 0.0,
        };
        let (rates, now) = (Rates::new(limits), now());
        let one: IpAddr = "10.0.0.1".parse().expect("an address");
        let take = |address, steers| rates.take_at(address, steers, now).is_ok();
        assert!(take(one, true) && !take(one, true), "one command");
        assert!(take(one, false) && take(one, false) && !take(one, false));
        assert!(take("10.0.0.2".parse().expect("an address"), true));
        // The same network, and the same address written otherwise.
        for (a, b) in [
            ("2001:db8::1", "2001:db8::ffff"),
            ("10.0.0.9", "::ffff:10.0.0.9"),
        ] {
            assert!(take(a.parse().expect("an address"), true));
            assert!(!take(b.parse().expect("an address"), true));
        }
        for number in 0..30_000u32 {
            take(IpAddr::from(number.to_be_bytes()), false);
        }
        let left = rates.left.lock().expect("nobody has panicked");
        assert!(left.len() <= ADDRESSES);
    }

    #[test]
    fn nothing_is_no_limit() {
        let mut allowance = Allowance::new(0.0, now());
        assert!((0..100_000).all(|_| allowance.take(now()).is_ok()));
    }
}
