//! The whole picture of an estate: who has which access to what, for bulk questions.
//!
//! Per resource and kind of access the matrix holds two sets of principals as bits: those who have it *surely* and those who
//! *perhaps* have it; the residual conditions stand beside, for those in the second set only. Building asks only principals
//! that may have access at all ([`super::candidates`]); everybody else has none. After an edit only what the edit touches is asked again
//! ([`super::slice()`]); that the result is the one of a fresh build is a law that tests hold.
//!
//! ```
//! use keyfence_analysis::access::Matrix;
//! use keyfence_analysis::estate::Estate;
//! let matrix = Matrix::build(&Estate::default());
//! assert_eq!(matrix.questions(), 0);
//! ```
//!
//! A change is judged without it: a function that judges one event looks at the touched slice alone.

use super::scope::is_listed;
use super::{Asker, Slice, candidates, slice};
use crate::change::Edit;
use crate::estate::Estate;
use crate::model::{Access, Formula, Principal, Resource, Verdict};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Who has which access to what.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    principals: Numbers,
    rows: BTreeMap<(Resource, Access), Row>,
    questions: usize,
}

/// Principals by number.
#[derive(Debug, Clone, Default)]
struct Numbers {
    by_principal: HashMap<Principal, usize>,
    principals: Vec<Principal>,
}

/// One kind of access to one resource.
#[derive(Debug, Clone, Default)]
struct Row {
    surely: Bits,
    perhaps: Bits,
    /// What is left open, for those who perhaps have access.
    residuals: BTreeMap<usize, Formula>,
}

/// A set of numbers.
#[derive(Debug, Clone, Default)]
struct Bits(Vec<u64>);

/// One answer that an edit changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// To what.
    pub resource: Resource,
    /// Which access.
    pub access: Access,
    /// Who.
    pub principal: Principal,
    /// What was allowed before.
    pub before: Formula,
    /// What is allowed now.
    pub after: Formula,
}

/// Those who stand for everyone.
static EVERYONE: [Principal; 2] = [Principal::Public, Principal::AnyAuthenticated];

/// What everyone has.
#[derive(Debug, Clone)]
struct Open([Formula; 2]);

/// A resource about which a slice asks again.
struct Again {
    resource: Resource,
    open: Vec<(Access, Open)>,
    /// Those who may have more than everyone has.
    candidates: BTreeSet<Principal>,
    /// Whether it is listed.
    is_there: bool,
}

impl Open {
    /// What one of those has who stand for everyone; none for anybody else.
    fn of(&self, principal: &Principal) -> Option<Formula> {
        EVERYONE.iter().zip(&self.0).find(|(p, _)| *p == principal).map(|(_, has)| has.clone())
    }

    /// What a principal has beyond what everyone has.
    fn beyond(&self, principal: &Principal, allowed: Formula) -> Formula {
        let open: &[Formula] = match principal {
            Principal::Public => &[],
            Principal::AnyAuthenticated => self.0.get(..1).unwrap_or_default(),
            Principal::Named(_) => &self.0,
        };
        if open.iter().any(|open| !open.is_never() && allowed.implies(open)) {
            Formula::never()
        } else {
            allowed
        }
    }
}

impl Numbers {
    fn number(&mut self, principal: &Principal) -> usize {
        if let Some(number) = self.by_principal.get(principal) {
            return *number;
        }
        let number = self.principals.len();
        self.principals.push(principal.clone());
        self.by_principal.insert(principal.clone(), number);
        number
    }
}

impl Bits {
    fn has(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    fn set(&mut self, number: usize, there: bool) {
        let word = number / 64;
        if self.0.len() <= word {
            if !there {
                return;
            }
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            let bit = 1 << (number % 64);
            if there { *word |= bit } else { *word &= !bit }
        }
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                left &= left.checked_sub(1)?;
                Some(at * 64 + bit)
            })
        })
    }

    fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }
}

impl Row {
    fn get(&self, number: usize) -> Formula {
        if self.surely.has(number) {
            Formula::always()
        } else {
            self.residuals.get(&number).cloned().unwrap_or_else(Formula::never)
        }
    }

    fn put(&mut self, number: usize, allowed: &Formula) {
        self.surely.set(number, allowed.is_always());
        self.perhaps.set(number, !allowed.is_never());
        if allowed.is_never() || allowed.is_always() {
            self.residuals.remove(&number);
        } else {
            self.residuals.insert(number, allowed.clone());
        }
    }

    fn is_empty(&self) -> bool {
        self.perhaps.0.iter().all(|word| *word == 0)
    }
}

impl Matrix {
    /// Asks everything once.
    #[must_use]
    pub fn build(estate: &Estate) -> Self {
        let mut matrix = Self::default();
        let mut asker = Asker::of_allowed(estate);
        for resource in super::resources(estate) {
            let candidates = candidates(estate, &resource);
            for access in resource.kind.accesses() {
                let mut row = Row::default();
                let open = matrix.open(&mut asker, *access, &resource);
                let others = candidates.iter().filter(|p| !EVERYONE.contains(p));
                for principal in EVERYONE.iter().chain(others) {
                    let allowed = matrix.beyond(&mut asker, principal, *access, &resource, &open);
                    if !allowed.is_never() {
                        row.put(matrix.principals.number(principal), &allowed);
                    }
                }
                if !row.is_empty() {
                    matrix.rows.insert((resource.clone(), *access), row);
                }
            }
        }
        matrix
    }

    /// Applies an edit to the estate, asks again what it touches, and tells which answers changed.
    pub fn apply(&mut self, estate: &mut Estate, edit: &Edit) -> Vec<Changed> {
        let mut touched = slice(estate, edit);
        let inverse = estate.apply(edit);
        // An edit may bring in principals and resources, or take them away.
        touched.join(slice(estate, edit));
        touched.join(slice(estate, &inverse));
        self.refresh(estate, &touched)
    }

    /// What somebody has beyond what everyone has; what everyone has is asked once.
    fn beyond(
        &mut self,
        asker: &mut Asker<'_>,
        principal: &Principal,
        access: Access,
        resource: &Resource,
        open: &Open,
    ) -> Formula {
        let allowed = open.of(principal).unwrap_or_else(|| {
            self.questions += 1;
            asker.evaluate(principal, access, resource).allowed
        });
        open.beyond(principal, allowed)
    }

    fn open(&mut self, asker: &mut Asker<'_>, access: Access, resource: &Resource) -> Open {
        self.questions += 2;
        Open(EVERYONE.each_ref().map(|p| asker.evaluate(p, access, resource).allowed))
    }

    /// Asks a slice again. Where what everyone has has changed, all others have more or less beyond it: they are asked too.
    fn refresh(&mut self, estate: &Estate, touched: &Slice) -> Vec<Changed> {
        let mut changed = Vec::new();
        let mut asker = Asker::of_allowed(estate);
        for (resource, principals) in touched.by_resource() {
            let again = self.again(estate, &mut asker, resource);
            let (everyone, others): (Vec<&Principal>, Vec<&Principal>) =
                principals.iter().partition(|p| EVERYONE.contains(p));
            let before = changed.len();
            for principal in everyone {
                self.ask_again(&mut asker, &again, principal, &mut changed);
            }
            if changed.len() == before {
                for principal in others {
                    self.ask_again(&mut asker, &again, principal, &mut changed);
                }
                continue;
            }
            let mut all: BTreeSet<Principal> = others.into_iter().cloned().collect();
            all.extend(again.candidates.iter().filter(|p| !EVERYONE.contains(p)).cloned());
            all.extend(self.holders(resource).filter(|p| !EVERYONE.contains(p)).cloned());
            for principal in &all {
                self.ask_again(&mut asker, &again, principal, &mut changed);
            }
        }
        changed
    }

    fn again(&mut self, estate: &Estate, asker: &mut Asker<'_>, resource: &Resource) -> Again {
        let each = resource.kind.accesses().iter();
        let open = each.map(|a| (*a, self.open(asker, *a, resource))).collect();
        Again {
            open,
            candidates: candidates(estate, resource),
            is_there: is_listed(estate, resource),
            resource: resource.clone(),
        }
    }

    /// Everybody who has, or may have, something on a resource.
    fn holders(&self, resource: &Resource) -> impl Iterator<Item = &Principal> {
        let rows = resource.kind.accesses().iter();
        let rows = rows.filter_map(|access| self.rows.get(&(resource.clone(), *access)));
        let numbers = rows.flat_map(|row| row.perhaps.iter());
        numbers.filter_map(|number| self.principals.principals.get(number))
    }

    fn ask_again(
        &mut self,
        asker: &mut Asker<'_>,
        again: &Again,
        principal: &Principal,
        changed: &mut Vec<Changed>,
    ) {
        let number = self.principals.number(principal);
        let resource = &again.resource;
        // Who is no candidate has nothing beyond what everyone has, and nobody has anything of what is not there any more; so
        // says a fresh build too.
        let may = EVERYONE.contains(principal) || again.candidates.contains(principal);
        for (access, open) in &again.open {
            let after = if again.is_there && may {
                self.beyond(asker, principal, *access, resource, open)
            } else {
                Formula::never()
            };
            let place = (resource.clone(), *access);
            let before = self.rows.get(&place).map_or_else(Formula::never, |row| row.get(number));
            if before == after {
                continue;
            }
            let row = self.rows.entry(place.clone()).or_default();
            row.put(number, &after);
            if row.is_empty() {
                self.rows.remove(&place);
            }
            let (resource, access) = place;
            let principal = principal.clone();
            changed.push(Changed { resource, access, principal, before, after });
        }
    }

    /// What is allowed: what everyone has, and what the principal has beyond.
    #[must_use]
    pub fn allowed(&self, principal: &Principal, access: Access, resource: &Resource) -> Formula {
        let Some(row) = self.rows.get(&(resource.clone(), access)) else { return Formula::never() };
        let of = |principal: &Principal| {
            let number = self.principals.by_principal.get(principal);
            number.map_or_else(Formula::never, |number| row.get(*number))
        };
        match principal {
            Principal::Public => of(principal),
            Principal::AnyAuthenticated => of(&Principal::Public).or(of(principal)),
            Principal::Named(_) => Formula::any(EVERYONE.iter().map(of)).or(of(principal)),
        }
    }

    /// Everybody who has, or may have, a kind of access to a resource: everyone, and by name who has more.
    pub fn who_can(
        &self,
        access: Access,
        resource: &Resource,
    ) -> impl Iterator<Item = (&Principal, Verdict)> {
        let row = self.rows.get(&(resource.clone(), access));
        row.into_iter().flat_map(move |row| {
            row.perhaps.iter().filter_map(move |number| {
                let verdict = row.get(number).verdict();
                Some((self.principals.principals.get(number)?, verdict))
            })
        })
    }

    /// How many questions were asked so far.
    #[must_use]
    pub const fn questions(&self) -> usize {
        self.questions
    }

    /// How many answers are *yes*, and how many are open.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let surely: usize = self.rows.values().map(|row| row.surely.len()).sum();
        let perhaps: usize = self.rows.values().map(|row| row.perhaps.len()).sum();
        (surely, perhaps - surely)
    }

    /// All answers that are not *no*, by resource, access and principal.
    pub fn iter(&self) -> impl Iterator<Item = (&Resource, Access, &Principal, Formula)> {
        self.rows.iter().flat_map(move |((resource, access), row)| {
            row.perhaps.iter().filter_map(move |number| {
                let principal = self.principals.principals.get(number)?;
                Some((resource, *access, principal, row.get(number)))
            })
        })
    }
}

/// The same answers, whatever the order in which they were asked.
impl PartialEq for Matrix {
    fn eq(&self, other: &Self) -> bool {
        let all = |matrix: &Self| -> BTreeSet<(Resource, Access, Principal, Formula)> {
            matrix.iter().map(|(r, a, p, f)| (r.clone(), a, p.clone(), f)).collect()
        };
        all(self) == all(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_are_a_set(numbers in proptest::collection::btree_set(0_usize..300, 0..40), out in 0_usize..300) {
            let mut bits = Bits::default();
            numbers.iter().for_each(|n| bits.set(*n, true));
            bits.set(out, false);
            let expected: Vec<usize> = numbers.into_iter().filter(|n| *n != out).collect();
            prop_assert_eq!(bits.len(), expected.len());
            prop_assert!(expected.iter().all(|n| bits.has(*n)) && !bits.has(out));
            prop_assert_eq!(bits.iter().collect::<Vec<_>>(), expected);
        }
    }
}
