//! Small random estates with requests on them.
//!
//! One to three accounts, in one organisation or not, with a few users, groups and roles, buckets and keys. The words that
//! policies are made of are few, so that policies and requests meet often. Where the documentation leaves a case open
//! (`NotPrincipal` without the account, plain operators on multivalued keys, network keys in a call that S3 makes to KMS),
//! the case is not made.

mod condition;
mod policy;
mod request;
mod world;

use super::estate::Estate;
use super::question::Request;
use crate::random::Random;
use world::World;

/// Which cases to make.
#[derive(Debug, Clone)]
pub struct Options {
    /// Requests on each estate.
    pub requests: usize,
    /// KMS grants and conditions on the encryption context, service-linked roles, keys that AWS manages.
    pub beyond_policies: bool,
    /// Attributes that no service has, to reach `BinaryEquals`.
    pub invented_keys: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { requests: 5, beyond_policies: true, invented_keys: true }
    }
}

/// An estate and requests on it.
#[derive(Debug, Clone)]
pub struct Case {
    /// The files.
    pub estate: Estate,
    /// What is asked.
    pub requests: Vec<Request>,
}

/// The case of a seed.
#[must_use]
pub fn case(seed: u64, options: &Options) -> Case {
    let mut random = Random::new(seed);
    let world = World::new(&mut random, options);
    let estate = world.estate(&mut random);
    let requests =
        (0..options.requests).map(|_| request::request(&mut random, &world, &estate)).collect();
    Case { estate, requests }
}
