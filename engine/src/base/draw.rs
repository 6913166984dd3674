//! Keys and draws. Every draw is a function of a key and a purpose, and of nothing else.
//!
//! An event's key mixes its lineage: a root's key comes from the seed, its source and the number of
//! the candidate, a child's from its parent's key, the effect and its ordinal. A draw seeds a PCG
//! generator from (key, purpose), takes one value and throws the generator away, so nothing that
//! happens to other events can shift it.
//!
//! ```
//! use causeflow_engine::base::draw::{Key, purpose};
//! let root = Key::new(42, purpose("customer.tutor.search"));
//! let child = root.child(purpose("booking.requested"), 0);
//! assert_eq!(child, root.child(purpose("booking.requested"), 0));
//! assert_ne!(child, root.child(purpose("booking.requested"), 1));
//! let u = child.uniform(purpose("delay"));
//! assert!(0.0 < u && u < 1.0);
//! ```

use rand_core::Rng;
use rand_pcg::Mcg128Xsl64;
use serde::{Deserialize, Serialize};

/// The identity of an event, an entity or a process, from its lineage alone: 63 bits and never 0, so that every reader
/// can take it for a positive signed number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key(pub u64);

/// What a draw is for: the hash of a name, so that positions in a model do not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purpose(pub u64);

/// An odd constant without pattern (the golden ratio in 64 bits).
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Mixes 64 bits so that each input bit flips each output bit with probability near one half.
/// A bijection. Source: Pelle Evensen, "moremur" (2019), a successor of MurmurHash3's finaliser.
#[inline(always)]
pub fn mix(mut x: u64) -> u64 {
    x ^= x >> 27;
    x = x.wrapping_mul(0x3C79_AC49_2BA7_B653);
    x ^= x >> 33;
    x = x.wrapping_mul(0x1C69_B3F7_4AC4_AE35);
    x ^ (x >> 27)
}

/// Takes [`mix`] back.
#[inline(always)]
pub fn unmix(mut x: u64) -> u64 {
    // The factors are the inverses of those of `mix` modulo 2^64.
    x ^= x >> 27 ^ x >> 54;
    x = x.wrapping_mul(0xC47C_8F6B_6BAF_B41D);
    x ^= x >> 33;
    x = x.wrapping_mul(0xC09C_5FE5_BD6D_FDDB);
    x ^ x >> 27 ^ x >> 54
}

/// The bits of a key.
const KEY_BITS: u64 = u64::MAX >> 1;

/// [`mix`] for 63 bits: each of its steps is a bijection of numbers of any width, once what is multiplied is cut to that.
#[inline(always)]
fn mix_key(mut x: u64) -> u64 {
    x ^= x >> 27;
    x = x.wrapping_mul(0x3C79_AC49_2BA7_B653) & KEY_BITS;
    x ^= x >> 33;
    x = x.wrapping_mul(0x1C69_B3F7_4AC4_AE35) & KEY_BITS;
    x ^ (x >> 27)
}

/// Takes [`mix_key`] back.
#[inline(always)]
fn unmix_key(mut x: u64) -> u64 {
    x ^= x >> 27 ^ x >> 54;
    x = x.wrapping_mul(0xC47C_8F6B_6BAF_B41D) & KEY_BITS;
    x ^= x >> 33;
    x = x.wrapping_mul(0xC09C_5FE5_BD6D_FDDB) & KEY_BITS;
    x ^ x >> 27 ^ x >> 54
}

/// Hashes a name to a purpose: FNV-1a over its bytes, then mixed.
pub const fn purpose(name: &str) -> Purpose {
    let bytes = name.as_bytes();
    let mut hash: u64 = 0xCBF2_9CE4_8422_2325;
    let mut i = 0;
    while i < bytes.len() {
        hash ^= bytes[i] as u64;
        hash = hash.wrapping_mul(0x0000_0100_0000_01B3);
        i += 1;
    }
    // The finaliser of `mix`, written out because it must be const.
    hash ^= hash >> 27;
    hash = hash.wrapping_mul(0x3C79_AC49_2BA7_B653);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0x1C69_B3F7_4AC4_AE35);
    Purpose(hash ^ (hash >> 27))
}

impl Purpose {
    /// A purpose within this one, such as the second draw of a field.
    pub fn part(self, ordinal: u64) -> Purpose {
        Purpose(mix(self.0.wrapping_add(GOLDEN.wrapping_mul(ordinal + 1))))
    }
}

impl Key {
    /// The key of a thing that has only a seed above it.
    #[inline]
    pub fn new(seed: u64, what: Purpose) -> Key {
        Key::of(mix(mix(seed.wrapping_add(GOLDEN)) ^ what.0) & KEY_BITS)
    }

    /// A key of these 63 bits. 0 stands for nobody, so its place is taken by 1.
    #[inline(always)]
    fn of(bits: u64) -> Key {
        Key(bits + u64::from(bits == 0))
    }

    /// Whether this is a key at all: 63 bits, and not 0.
    #[inline(always)]
    pub fn is_one(self) -> bool {
        self.0 != 0 && self.0 <= KEY_BITS
    }

    /// The key of the `ordinal`-th thing that follows from this one through `what`.
    /// Children of one key through one purpose are all different.
    #[inline(always)]
    pub fn child(self, what: Purpose, ordinal: u64) -> Key {
        let place = (self.0 ^ what.0).wrapping_add(ordinal.wrapping_mul(GOLDEN));
        Key::of(mix_key(place & KEY_BITS))
    }

    /// As which child of `parent` through `what` this key would have been made: the `ordinal` of [`Key::child`]. What
    /// is no such child gives a number that no child has.
    #[inline(always)]
    pub fn ordinal(self, parent: Key, what: Purpose) -> u64 {
        // The inverse of the golden ratio's constant modulo 2^64, and so modulo 2^63.
        const INVERSE: u64 = 0xF1DE_83E1_9937_733D;
        let of = |bits: u64| {
            let steps = unmix_key(bits).wrapping_sub(parent.0 ^ what.0);
            steps.wrapping_mul(INVERSE) & KEY_BITS
        };
        match self.0 {
            // It may have taken the place of 0.
            1 => of(1).min(of(0)),
            _ if self.is_one() => of(self.0),
            _ => u64::MAX,
        }
    }

    /// The key of which this one is the first child through `what`; nothing if this is no key. (Of the key 1 there are two
    /// such, and this is one of them.)
    #[inline(always)]
    pub fn parent(self, what: Purpose) -> Option<Key> {
        self.is_one()
            .then(|| Key(unmix_key(self.0) ^ what.0 & KEY_BITS))
    }

    /// 64 random bits for this key and purpose.
    #[inline(always)]
    pub fn bits(self, what: Purpose) -> u64 {
        // One step of a multiplicative generator needs a well mixed state, hence the mix. It must be
        // the low half: one step does not carry anything from the high half into the low one, so
        // with the bare key there, draws for different purposes of one key would be correlated.
        let state = mix(self.0.wrapping_add(what.0));
        let mut generator = Mcg128Xsl64::new(u128::from(self.0) << 64 | u128::from(state));
        generator.next_u64()
    }

    /// A uniform number, strictly between 0 and 1, with 52 bits.
    #[inline(always)]
    pub fn uniform(self, what: Purpose) -> f64 {
        unit(self.bits(what))
    }
}

/// Turns random bits into a number strictly between 0 and 1: (k + 1/2) / 2^52, which is exact; with
/// 53 bits the half would be rounded away above one half.
#[inline(always)]
pub fn unit(bits: u64) -> f64 {
    // The integer becomes a float by the bits of one in which the lowest bit stands for 1: unlike a conversion, that
    // can be done for several numbers at once.
    const ALL_WHOLE: f64 = (1u64 << 52) as f64;
    let whole = f64::from_bits(bits >> 12 | ALL_WHOLE.to_bits()) - ALL_WHOLE;
    (whole + 0.5) * (1.0 / ALL_WHOLE)
}

/// A whole number below `below`, uniform for uniform bits (the high half of the product).
#[inline(always)]
pub fn scale_bits(bits: u64, below: u64) -> u64 {
    ((u128::from(bits) * u128::from(below)) >> 64) as u64
}

const CELL: Purpose = purpose("cell");

/// In which of so many cells an event takes place whose key draws it.
pub fn drawn_cell(key: Key, cells: u16) -> u16 {
    scale_bits(key.bits(CELL), u64::from(cells)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_stable() {
        // A change here changes every event of every run: bump the stream-stability version.
        let key = Key::new(42, purpose("customer.tutor.search"));
        assert_eq!(key.0, 0x03A9_B288_4DA4_F4C8);
        assert_eq!(
            key.child(purpose("booking.requested"), 3).0,
            0x7307_AC4F_0F78_A214
        );
        assert_eq!(key.bits(purpose("delay")), 0xE446_536E_D738_71C9);
    }

    #[test]
    fn uniform_numbers_are_the_upper_52_bits_and_a_half() {
        let ends = [0, 1, 4095, 4096, u64::MAX, u64::MAX - 4096, 1 << 63];
        for bits in (0..100_000).map(mix).chain(ends) {
            let converted = ((bits >> 12) as f64 + 0.5) / 4_503_599_627_370_496.0;
            assert_eq!(unit(bits).to_bits(), converted.to_bits());
        }
    }

    #[test]
    fn a_childs_key_tells_its_parent_and_its_ordinal() {
        for i in 0..2000u64 {
            assert_eq!(unmix(mix(i)), i);
            assert_eq!(mix(unmix(u64::MAX - i)), u64::MAX - i);
            let (parent, what) = (Key(mix_key(i + 1)), purpose("child"));
            assert_eq!(parent.child(what, i).ordinal(parent, what), i);
            assert_eq!(parent.child(what, 0).parent(what), Some(parent));
            let other = Key(parent.0 ^ 1);
            assert!(parent.child(what, i).ordinal(other, what) > 1 << 32);
        }
    }

    #[test]
    fn what_is_no_key_has_no_parent_and_no_place() {
        let (parent, what) = (Key::new(42, purpose("a")), purpose("child"));
        let child = parent.child(what, 7);
        assert!(child.is_one());
        for other in [0, child.0 | 1 << 63, u64::MAX] {
            assert!(!Key(other).is_one());
            assert_eq!(Key(other).parent(what), None);
            assert_eq!(Key(other).ordinal(parent, what), u64::MAX);
        }
    }

    #[test]
    fn nobody_has_the_key_0_and_who_would_have_it_is_found_all_the_same() {
        let what = purpose("child");
        // The parents whose first child has, or would have, these bits.
        for bits in [0, 1, 2, KEY_BITS] {
            let parent = Key(unmix_key(bits) ^ what.0 & KEY_BITS);
            let child = parent.child(what, 0);
            assert_eq!(child.0, bits.max(1));
            assert_eq!(child.ordinal(parent, what), 0);
        }
    }

    #[test]
    fn mixing_of_keys_is_a_bijection() {
        for i in (0..2000u64).chain(KEY_BITS - 2000..=KEY_BITS) {
            assert!(mix_key(i) <= KEY_BITS);
            assert_eq!(unmix_key(mix_key(i)), i);
            assert_eq!(mix_key(unmix_key(i)), i);
        }
    }

    #[test]
    fn each_input_bit_flips_about_half_of_a_childs_bits() {
        for bit in 0..63 {
            let flipped = |i: u64| {
                let bits = i * 0x5851_F42D % KEY_BITS;
                (mix_key(bits), mix_key(bits ^ (1 << bit)))
            };
            let flips: u32 = (0..4000u64)
                .map(flipped)
                .map(|(a, b)| (a ^ b).count_ones())
                .sum();
            let mean = f64::from(flips) / 4000.0;
            assert!((mean - 31.5).abs() < 1.5, "bit {bit}: {mean}");
        }
    }

    #[test]
    fn each_input_bit_flips_about_half_of_the_drawn_bits() {
        let what = purpose("field");
        for bit in 0..64 {
            let flips: u32 = (0..2000u64)
                .map(|i| {
                    let key = Key::new(i, what);
                    (key.bits(what) ^ Key(key.0 ^ (1 << bit)).bits(what)).count_ones()
                })
                .sum();
            let mean = f64::from(flips) / 2000.0;
            // The mean of 2000 binomial(64, 1/2) has a standard error of 0.09.
            assert!((mean - 32.0).abs() < 0.45, "bit {bit}: {mean}");
        }
    }

    /// Chi-square of pairs of octants against independence, 63 degrees of freedom. Over 4 million
    /// pairs a dependence of a tenth of a per cent shows.
    fn chi2_of_octants(pair: impl Fn(u64) -> (u64, u64)) -> f64 {
        const PAIRS: u64 = 4_000_000;
        let mut counts = [0u64; 64];
        for i in 0..PAIRS {
            let (a, b) = pair(i);
            counts[(a >> 61) as usize * 8 + (b >> 61) as usize] += 1;
        }
        let expected = PAIRS as f64 / 64.0;
        counts
            .iter()
            .map(|&n| (n as f64 - expected) * (n as f64 - expected) / expected)
            .sum()
    }

    #[test]
    fn draws_of_one_key_and_of_neighbouring_keys_are_independent() {
        // The 99.999 % quantile is 130; of ten tests, one in 10,000 seeds would fail by chance.
        for round in 0..5 {
            let names = [format!("purpose {round}"), format!("another {round}")];
            let (a, b) = (purpose(&names[0]), purpose(&names[1]));
            let root = Key::new(round, a);
            let key = |i| root.child(b, i);
            let purposes = chi2_of_octants(|i| (key(i).bits(a), key(i).bits(b)));
            assert!(purposes < 130.0, "two purposes of one key: chi2 {purposes}");
            let neighbours = chi2_of_octants(|i| (Key(i).bits(a), Key(i + 1).bits(a)));
            assert!(
                neighbours < 130.0,
                "one purpose of neighbouring keys: chi2 {neighbours}"
            );
        }
    }
}
