//! Chance by name: every number of the simulation follows from the seed and from what it is drawn for, never from the order
//! in which things happen. So the same job, step and worker meet the same luck at every fault rate, in both runs of a
//! comparison, under the virtual clock and in the real daemon.

/// What a number is drawn for, as a hash that grows part by part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// The same for a part of it.
    pub(crate) fn of(self, part: &str) -> Self {
        let hash = part.bytes().fold(self.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(mix(hash))
    }

    /// The same for a number of it.
    pub(crate) fn at(self, number: u64) -> Self {
        Self(mix(self.0 ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// In [0, 1).
    pub(crate) fn unit(self) -> f64 {
        (mix(self.0) >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn between(self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// From `low` to `high`, both included.
    pub(crate) fn whole(self, low: u64, high: u64) -> u64 {
        low + (self.unit() * (high - low + 1) as f64) as u64
    }

    pub(crate) fn chance(self, share: f64) -> bool {
        self.unit() < share
    }

    /// One of these, by weight.
    pub(crate) fn weighted<T: Copy>(self, these: &[(T, f64)]) -> T {
        let sum: f64 = these.iter().map(|(_, weight)| weight).sum();
        let mut left = self.unit() * sum;
        for (item, weight) in these {
            left -= weight;
            if left < 0.0 {
                return *item;
            }
        }
        these[these.len() - 1].0
    }

    /// Log-normal with median 1: most near it, a few far above.
    pub(crate) fn spread(self, sigma: f64) -> f64 {
        let (one, other) = (self.at(1).unit().max(1e-12), self.at(2).unit());
        (sigma * (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos()).exp()
    }
}

/// splitmix64's finish.
fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
