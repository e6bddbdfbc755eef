//! What a change did to access: gained, lost, and one grant short.
//!
//! Two [`Picture`]s of the same slice are compared pair by pair. A gain is a request that may be allowed now and was not
//! for sure before; the comparison is by implication of the residual formulas, so that a widened condition (a prefix
//! that grew, a condition that was dropped) is a gain as well. A removed Deny is a gain like an added Allow.

use crate::access::{self, Answer, Asker, Evidence, Lock, Protection, Slice};
use crate::estate::Estate;
use crate::model::{Access, Formula, Principal, Reach, Resource, Verdict};
use std::collections::{BTreeMap, BTreeSet};

/// The answers to all questions about a slice.
#[derive(Debug, Clone, Default)]
pub struct Picture(BTreeMap<Question, Answer>);

/// Who, which access, to what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// To what.
    pub resource: Resource,
    /// Who.
    pub principal: Principal,
    /// Which access.
    pub access: Access,
}

/// Access that somebody has now and did not have before.
#[derive(Debug, Clone, PartialEq)]
pub struct Gain {
    /// Who gained what on which resource.
    pub question: Question,
    /// What was allowed before.
    pub before: Formula,
    /// What is allowed now.
    pub after: Formula,
    /// What opens each lock now.
    pub evidence: Vec<Evidence>,
    /// How far the principal stands from the owner.
    pub reach: Reach,
    /// What protects the resource, before or after.
    pub protection: Protection,
}

/// Access that somebody had before and has no longer, or under narrower conditions.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    /// Who lost what on which resource.
    pub question: Question,
    /// What was allowed before.
    pub before: Formula,
    /// What is allowed now.
    pub after: Formula,
    /// The storage path is still open: the data went dark because the storage service cannot use its key.
    pub darkened: bool,
}

/// One lock was opened, the other is still closed.
#[derive(Debug, Clone, PartialEq)]
pub struct Latent {
    /// Who is one grant short of what.
    pub question: Question,
    /// Which lock is still closed.
    pub missing: Lock,
    /// How far the principal stands from the owner.
    pub reach: Reach,
    /// What protects the resource.
    pub protection: Protection,
}

/// The difference between two pictures.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Difference {
    /// Gained access.
    pub gained: Vec<Gain>,
    /// Lost access.
    pub lost: Vec<Loss>,
    /// Newly one grant short.
    pub latent: Vec<Latent>,
    /// Keys that somebody could administer before and nobody can now.
    pub ungoverned: Vec<Resource>,
}

impl Picture {
    /// Asks all questions about a slice.
    #[must_use]
    pub fn take(estate: &Estate, slice: &Slice) -> Self {
        let mut answers = BTreeMap::new();
        let mut asker = Asker::new(estate);
        for (resource, principal) in slice.iter() {
            for access in resource.kind.accesses() {
                let answer = asker.evaluate(principal, *access, resource);
                let question = Question {
                    resource: resource.clone(),
                    principal: principal.clone(),
                    access: *access,
                };
                answers.insert(question, answer);
            }
        }
        Self(answers)
    }

    /// The answer to one question; a question that was not asked is answered *no*.
    #[must_use]
    pub fn answer(&self, question: &Question) -> Answer {
        self.0.get(question).cloned().unwrap_or_else(Answer::never)
    }

    /// All questions with their answers.
    pub fn iter(&self) -> impl Iterator<Item = (&Question, &Answer)> {
        self.0.iter()
    }
}

/// The difference in access between two estates: everybody who may have access in one of them is asked in both.
#[must_use]
pub fn between(before: &Estate, after: &Estate) -> Difference {
    let mut slice = access::everything(before);
    slice.join(access::everything(after));
    let protection: BTreeMap<Resource, Protection> =
        slice.resources().map(|r| (r.clone(), access::protection(before, r))).collect();
    compare(&Picture::take(before, &slice), &Picture::take(after, &slice), after, &protection)
}

/// Compares two pictures of one slice. `after` is the estate of the second picture, `protection` what protected the
/// resources before.
#[must_use]
pub fn compare(
    before: &Picture,
    later: &Picture,
    after: &Estate,
    protection: &BTreeMap<Resource, Protection>,
) -> Difference {
    let mut difference = Difference::default();
    let protection_of = |resource: &Resource| {
        let earlier = protection.get(resource).copied().unwrap_or_default();
        access::protection(after, resource).or(earlier)
    };
    for (question, is) in later.iter() {
        let was = before.answer(question);
        let gained = !is.allowed.implies(&was.allowed);
        if gained {
            difference.gained.push(Gain {
                question: question.clone(),
                before: was.allowed.clone(),
                after: is.allowed.clone(),
                evidence: Vec::new(),
                reach: access::reach(after, &question.principal, &question.resource),
                protection: protection_of(&question.resource),
            });
        }
        // What was unknown before was not had for sure: finding out that it is closed is no loss.
        let had = matches!(was.verdict(), Verdict::Yes | Verdict::Conditional);
        if had && !was.allowed.implies(&is.allowed) {
            let darkened = is.allowed.is_never() && !is.storage.is_never() && is.key.is_none();
            difference.lost.push(Loss {
                question: question.clone(),
                before: was.allowed.clone(),
                after: is.allowed.clone(),
                darkened,
            });
        }
        // No key ever opens for a request without identity: that one is never a grant away.
        let named = question.principal != Principal::Public;
        if let Some(missing) = newly_short(&was, is).filter(|_| named) {
            difference.latent.push(Latent {
                question: question.clone(),
                missing,
                reach: access::reach(after, &question.principal, &question.resource),
                protection: protection_of(&question.resource),
            });
        }
    }
    difference.ungoverned = ungoverned(before, later, after, &difference.lost);
    difference.without_echoes();
    for gain in &mut difference.gained {
        let (_, evidence) = access::explain(
            after,
            &gain.question.principal,
            gain.question.access,
            &gain.question.resource,
        );
        gain.evidence = evidence;
    }
    difference
}

/// Keys among the losses that have no administrator left. The pictures show those whom the change touched; before a key
/// is called ungoverned, everybody who may have power over it is asked.
fn ungoverned(before: &Picture, later: &Picture, after: &Estate, lost: &[Loss]) -> Vec<Resource> {
    let keys: BTreeSet<&Resource> = lost
        .iter()
        .filter(|l| l.question.access == Access::KeyAdminister)
        .map(|l| &l.question.resource)
        .collect();
    let governed = |picture: &Picture, key: &Resource| {
        picture.iter().any(|(q, a)| {
            q.access == Access::KeyAdminister && q.resource == *key && !a.allowed.is_never()
        })
    };
    let mut asker = Asker::new(after);
    let mut by_anybody = |key: &Resource| {
        access::candidates(after, key).iter().any(|principal| {
            !asker.evaluate(principal, Access::KeyAdminister, key).allowed.is_never()
        })
    };
    keys.into_iter()
        .filter(|k| governed(before, k) && !governed(later, k) && !by_anybody(k))
        .cloned()
        .collect()
}

/// The lock that is missing now, when this change opened the other one.
fn newly_short(was: &Answer, is: &Answer) -> Option<Lock> {
    let missing = is.one_short()?;
    let opened = match missing {
        Lock::Key => !is.storage.implies(&was.storage),
        Lock::Storage => {
            let earlier = was.key.clone().unwrap_or_else(Formula::never);
            !is.key.as_ref()?.implies(&earlier)
        }
    };
    // Somebody who could read before has lost something; that is told as a loss.
    (opened && was.allowed.is_never()).then_some(missing)
}

impl Difference {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gained.is_empty() && self.lost.is_empty() && self.latent.is_empty()
    }

    /// Takes out what follows from another entry: what everyone gained, each single principal gained; what happened to a
    /// storage account happened to its containers.
    fn without_echoes(&mut self) {
        let everyone: Vec<(Question, Formula)> = self
            .gained
            .iter()
            .filter(|g| !matches!(g.question.principal, Principal::Named(_)))
            .map(|g| (g.question.clone(), g.after.clone()))
            .collect();
        self.gained.retain(|g| {
            let follows = |(q, after): &(Question, Formula)| {
                q.resource == g.question.resource
                    && q.access == g.question.access
                    && g.after.implies(after)
            };
            match g.question.principal {
                Principal::Named(_) => !everyone.iter().any(follows),
                // Who may go without identity may go with any.
                Principal::AnyAuthenticated => {
                    !everyone.iter().any(|e| e.0.principal == Principal::Public && follows(e))
                }
                Principal::Public => true,
            }
        });
        let whole: Vec<(Question, Formula, Formula)> = self
            .gained
            .iter()
            .map(|g| (g.question.clone(), g.before.clone(), g.after.clone()))
            .collect();
        self.gained.retain(|g| {
            !whole.iter().any(|(q, before, after)| {
                is_inside(&g.question, q) && *before == g.before && *after == g.after
            })
        });
        let whole: Vec<(Question, Formula, Formula)> = self
            .lost
            .iter()
            .map(|l| (l.question.clone(), l.before.clone(), l.after.clone()))
            .collect();
        self.lost.retain(|l| {
            !whole.iter().any(|(q, before, after)| {
                is_inside(&l.question, q) && *before == l.before && *after == l.after
            })
        });
    }
}

/// Whether the first question is the second one about a part of its resource.
fn is_inside(part: &Question, whole: &Question) -> bool {
    let below = || {
        let (part, whole) =
            (part.resource.name().to_lowercase(), whole.resource.name().to_lowercase());
        part.strip_prefix(&whole).is_some_and(|rest| rest.starts_with('/'))
    };
    part.principal == whole.principal
        && part.access == whole.access
        && part.resource.cloud == whole.resource.cloud
        && below()
}
