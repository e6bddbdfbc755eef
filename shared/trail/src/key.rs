//! Keys: who signs checkpoints, the statements by which keys follow each other, and which key counts for which checkpoint.

use crate::error::Error;
use crate::layout::Place;
use crate::record::{Moment, canonical, random};
use crate::store::Trail;
use crate::{Created, sha256_hex};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use signed_note::Signer as _;
use std::fmt;

/// Who signs: a key in a file, in memory, or held by a service that signs on request (Ed25519).
#[async_trait::async_trait]
pub trait Signer: Send + Sync {
    /// The key by which others verify: `<origin>+<8 hex>+<base64>`, as C2SP signed-note encodes it.
    fn vkey(&self) -> &str;

    /// The 64 bytes of an Ed25519 signature.
    ///
    /// # Errors
    /// When the key cannot be used.
    async fn sign(&self, message: &[u8]) -> Result<[u8; 64], Error>;
}

/// A key that the process holds itself: `PRIVATE+KEY+<origin>+<8 hex>+<base64>`, one line, as C2SP signed-note encodes it.
pub struct FileKey {
    signer: signed_note::StandardSigner,
    vkey: String,
    text: String,
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the private part.
        f.debug_struct("FileKey").field("vkey", &self.vkey).finish_non_exhaustive()
    }
}

/// The version of Ed25519 in encoded keys.
const ED25519: u8 = 1;

impl FileKey {
    /// A new key for a log. The origin is the name of the log, best a host and a path that belong to it.
    ///
    /// # Errors
    /// When the origin has white space or a plus sign, or the system gives no random numbers.
    pub fn generate(origin: &str) -> Result<Self, Error> {
        Self::from_seed(origin, &random()?)
    }

    fn from_seed(origin: &str, seed: &[u8; 32]) -> Result<Self, Error> {
        if !signed_note::is_key_name_valid(origin) || origin.chars().any(char::is_control) {
            return Err(Error::Key(format!("`{origin}` cannot be the name of a log")));
        }
        let public = SigningKey::from_bytes(seed).verifying_key();
        let id = signed_note::key_id(origin, &[&[ED25519], public.as_bytes().as_slice()].concat());
        let private = BASE64_STANDARD.encode([&[ED25519], seed.as_slice()].concat());
        Self::parse(&format!("PRIVATE+KEY+{origin}+{id:08x}+{private}"))
    }

    /// Reads the line of a key file.
    ///
    /// # Errors
    /// When it is no such line. The message does not repeat it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let signer = signed_note::StandardSigner::new(text).map_err(|_| {
            Error::Key("the file holds no signing key (`PRIVATE+KEY+name+id+base64`)".to_owned())
        })?;
        let seed = text.splitn(5, '+').nth(4).and_then(|t| BASE64_STANDARD.decode(t).ok());
        let seed: Option<[u8; 32]> = seed.and_then(|s| s.get(1..).and_then(|s| s.try_into().ok()));
        let seed = seed.ok_or_else(|| Error::Key("the key has another length".to_owned()))?;
        let public = SigningKey::from_bytes(&seed).verifying_key();
        let vkey = signed_note::new_ed25519_verifier_key(signer.name(), &public);
        Ok(Self { signer, vkey, text: text.to_owned() })
    }

    /// The line for a file that nobody else may read.
    #[must_use]
    pub fn to_secret_text(&self) -> &str {
        &self.text
    }
}

#[async_trait::async_trait]
impl Signer for FileKey {
    fn vkey(&self) -> &str {
        &self.vkey
    }

    async fn sign(&self, message: &[u8]) -> Result<[u8; 64], Error> {
        let signed = self.signer.sign(message).ok().and_then(|s| s.try_into().ok());
        signed.ok_or_else(|| Error::Key("the key does not sign".to_owned()))
    }
}

/// Whether a text is a verifier key.
#[must_use]
pub fn is_vkey(text: &str) -> bool {
    Public::parse(text).is_some()
}

/// A public key with its name.
#[derive(Debug, Clone)]
pub(crate) struct Public {
    pub(crate) origin: String,
    pub(crate) id: u32,
    key: VerifyingKey,
}

impl Public {
    pub(crate) fn parse(vkey: &str) -> Option<Self> {
        let mut parts = vkey.splitn(3, '+');
        let (origin, id, key) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = BASE64_STANDARD.decode(key).ok()?;
        let (&ED25519, public) = bytes.split_first()? else { return None };
        let key = VerifyingKey::from_bytes(public.try_into().ok()?).ok()?;
        let id = u32::from_str_radix(id, 16).ok().filter(|_| id.len() == 8)?;
        let named = signed_note::is_key_name_valid(origin);
        (named && id == signed_note::key_id(origin, &bytes)).then(|| Self {
            origin: origin.to_owned(),
            id,
            key,
        })
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

/// The statement of a key: that it is one of the trail's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The version of the format.
    pub v: u8,
    /// 1, 2, 3, …
    pub number: u32,
    /// The name of the log.
    pub origin: String,
    /// The key.
    pub vkey: String,
    /// When it was made.
    pub created: Moment,
    /// For the first: the hash of the text for people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub readme: Option<String>,
    /// For later ones: the size of the newest checkpoint then. What this key signs is larger.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<u64>,
    /// For later ones: the hash of the statement of the key before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub previous: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    signatures: Option<Signatures>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signatures {
    own: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    previous: Option<String>,
}

impl Statement {
    fn unsigned(number: u32, signer: &dyn Signer, created: Moment) -> Result<Self, Error> {
        let public = Public::parse(signer.vkey()).ok_or_else(|| {
            Error::Key("the verifier key of the signer cannot be read".to_owned())
        })?;
        Ok(Self {
            v: 1,
            number,
            origin: public.origin,
            vkey: signer.vkey().to_owned(),
            created,
            readme: None,
            from: None,
            previous: None,
            signatures: None,
        })
    }

    /// The statement of the first key, as it is written.
    pub(crate) async fn first(
        signer: &dyn Signer,
        at: Moment,
        readme: &str,
    ) -> Result<Vec<u8>, Error> {
        let mut statement = Self::unsigned(1, signer, at)?;
        statement.readme = Some(readme.to_owned());
        statement.signed(signer, None).await
    }

    async fn signed(
        mut self,
        own: &dyn Signer,
        previous: Option<&dyn Signer>,
    ) -> Result<Vec<u8>, Error> {
        let message = canonical(&self)?;
        let by_previous = match previous {
            Some(previous) => Some(BASE64_STANDARD.encode(previous.sign(&message).await?)),
            None => None,
        };
        let own = BASE64_STANDARD.encode(own.sign(&message).await?);
        self.signatures = Some(Signatures { own, previous: by_previous });
        Ok(canonical(&self)?)
    }

    /// Reads a statement and checks what can be told from it and the one before it.
    fn parse(bytes: &[u8], number: u32, before: Option<(&Self, &[u8])>) -> Result<Self, String> {
        let statement: Self =
            serde_json::from_slice(bytes).map_err(|e| format!("no statement of a key: {e}"))?;
        if canonical(&statement).map_err(|e| e.0)? != bytes {
            return Err("the statement is not in canonical form".to_owned());
        }
        if statement.v != 1 || statement.number != number {
            return Err("the statement is that of another key".to_owned());
        }
        let public = Public::parse(&statement.vkey).ok_or("`vkey` is no verifier key")?;
        if public.origin != statement.origin {
            return Err("the key has another name than the log".to_owned());
        }
        let signatures = statement.signatures.clone().ok_or("the statement is not signed")?;
        let message =
            canonical(&Self { signatures: None, ..statement.clone() }).map_err(|e| e.0)?;
        let holds = |public: &Public, signature: &str| {
            BASE64_STANDARD.decode(signature).is_ok_and(|s| public.verifies(&message, &s))
        };
        if !holds(&public, &signatures.own) {
            return Err("the key did not sign its statement".to_owned());
        }
        match (before, signatures.previous, statement.from, &statement.previous) {
            (None, None, None, None) if statement.readme.is_some() => {}
            (Some((before, bytes)), Some(vouched), Some(from), Some(previous)) => {
                let by = Public::parse(&before.vkey).ok_or("the key before cannot be read")?;
                if statement.origin != before.origin || *previous != sha256_hex(bytes) {
                    return Err("the statement follows another one".to_owned());
                }
                if statement.readme.is_some() || before.from.is_some_and(|f| from < f) {
                    return Err("a member of the statement has another form".to_owned());
                }
                if !holds(&by, &vouched) {
                    return Err("the key before did not vouch for this one".to_owned());
                }
            }
            (_, _, _, _) => return Err("a member of the statement has another form".to_owned()),
        }
        Ok(statement)
    }
}

/// The keys of a trail, in order.
#[derive(Debug, Clone)]
pub struct KeyRing {
    statements: Vec<Statement>,
    publics: Vec<Public>,
    /// The hashes of the statements as they are written.
    pub(crate) hashes: Vec<String>,
    last: Vec<u8>,
}

/// Which key signed a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyIndex(pub(crate) usize);

impl KeyRing {
    /// The keys of a trail; `None` where there is no trail.
    ///
    /// # Errors
    /// When the store fails, or a statement is not what it should be.
    pub async fn load(trail: &Trail) -> Result<Option<Self>, Error> {
        let mut ring: Option<Self> = None;
        for number in 1.. {
            let place = Place::Key(number);
            let Some(bytes) = trail.get(&place).await? else { break };
            let before =
                ring.as_ref().and_then(|r| Some((r.statements.last()?, r.last.as_slice())));
            let read = Statement::parse(&bytes, number, before)
                .map_err(|problem| Error::damaged(&place, problem))?;
            let public = Public::parse(&read.vkey)
                .ok_or_else(|| Error::damaged(&place, "`vkey` is no verifier key"))?;
            if ring.as_ref().is_some_and(|r| r.statements.iter().any(|s| s.vkey == read.vkey)) {
                return Err(Error::damaged(&place, "the key is that of an earlier statement"));
            }
            let ring = ring.get_or_insert_with(|| Self {
                statements: Vec::new(),
                publics: Vec::new(),
                hashes: Vec::new(),
                last: Vec::new(),
            });
            ring.statements.push(read);
            ring.publics.push(public);
            ring.hashes.push(sha256_hex(&bytes));
            ring.last = bytes.to_vec();
        }
        Ok(ring)
    }

    /// The keys of a trail that was begun.
    ///
    /// # Errors
    /// As above; and where there is no trail.
    pub async fn of(trail: &Trail) -> Result<Self, Error> {
        let missing = || Error::Missing { place: Place::Key(1).to_string() };
        Self::load(trail).await?.ok_or_else(missing)
    }

    /// The statements, the first key's first.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.statements.first().map_or("", |s| &s.origin)
    }

    /// Which of the keys this is.
    pub(crate) fn index_of(&self, vkey: &str) -> Result<KeyIndex, Error> {
        let found = self.statements.iter().position(|s| s.vkey == vkey);
        found.map(KeyIndex).ok_or_else(|| {
            Error::Key("the trail belongs to another key: sign with that one".to_owned())
        })
    }

    /// Whether a key may sign the next checkpoint: the newest one only.
    ///
    /// # Errors
    /// When it is another one.
    pub fn may_sign(&self, vkey: &str) -> Result<(), Error> {
        let KeyIndex(index) = self.index_of(vkey)?;
        if index + 1 == self.statements.len() {
            Ok(())
        } else {
            Err(Error::Key(format!(
                "key {} was followed by key {}: sign with that one",
                index + 1,
                self.statements.len()
            )))
        }
    }

    /// What verifies the signatures of all keys.
    pub(crate) fn verifiers(&self) -> signed_note::VerifierList {
        let all = self.statements.iter().filter_map(|s| {
            let verifier = signed_note::StandardVerifier::new(&s.vkey).ok()?;
            Some(Box::new(verifier) as Box<dyn signed_note::Verifier>)
        });
        signed_note::VerifierList::new(all.collect())
    }

    /// The key with an id.
    pub(crate) fn with_id(&self, id: u32) -> Option<KeyIndex> {
        self.publics.iter().position(|p| p.id == id).map(KeyIndex)
    }

    /// Where the reign of a key begins: what it signs is larger.
    pub(crate) fn begins(&self, key: KeyIndex) -> u64 {
        self.statements.get(key.0).and_then(|s| s.from).unwrap_or_default()
    }

    /// Lets a new key follow. The one before vouches for it; from now on only the new one signs.
    ///
    /// # Errors
    /// When the store fails, the signer is not the newest key, or another key followed at the same moment.
    pub async fn rotate(
        trail: &Trail,
        old: &dyn Signer,
        new: &dyn Signer,
        at: Moment,
    ) -> Result<u32, Error> {
        let ring = Self::of(trail).await?;
        ring.may_sign(old.vkey())?;
        let number = u32::try_from(ring.statements.len() + 1)
            .map_err(|_| Error::Key("there are too many keys".to_owned()))?;
        let mut statement = Statement::unsigned(number, new, at)?;
        if statement.origin != ring.origin() {
            return Err(Error::Key(format!("the new key must be named `{}`", ring.origin())));
        }
        // What cannot be undone is not begun.
        if ring.index_of(new.vkey()).is_ok() {
            return Err(Error::Key("the new key is one that the trail had before".to_owned()));
        }
        let newest = crate::checkpoint::newest(trail, &ring).await?;
        statement.from = Some(newest.map_or(0, |checkpoint| checkpoint.size));
        statement.previous = Some(sha256_hex(&ring.last));
        let bytes = statement.signed(new, Some(old)).await?;
        let before = ring.statements.last().map(|last| (last, ring.last.as_slice()));
        Statement::parse(&bytes, number, before).map_err(Error::Key)?;
        match trail.create(&Place::Key(number), bytes.into()).await? {
            Created::Here => Ok(number),
            Created::Taken(_) => {
                Err(Error::Key("another key was made at the same moment".to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_line() {
        let key = FileKey::from_seed("example.org/audit", &[7; 32]).unwrap();
        let again = FileKey::parse(&format!("{}\n", key.to_secret_text())).unwrap();
        assert_eq!(again.vkey(), key.vkey());
        assert!(key.vkey().starts_with("example.org/audit+"));
        assert!(!format!("{key:?}").contains("PRIVATE"));
    }

    #[test]
    fn a_damaged_key_is_not_repeated() {
        let error = FileKey::parse("PRIVATE+KEY+secret").unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
        assert!(FileKey::generate("two words").is_err());
    }

    #[test]
    fn verifier_keys() {
        let key = FileKey::from_seed("a", &[7; 32]).unwrap();
        assert!(Public::parse(key.vkey()).is_some());
        assert!(Public::parse(&key.vkey().replace('a', "b")).is_none());
        assert!(Public::parse("a+00000000+").is_none());
    }
}
