//! Actions by name, and those that keyfence asks about all the time.

/// An action in lower case (`s3:getobject`). The [`Known`] ones have a bit: each statement carries the bits of what it
/// speaks of, so that patterns are matched once, when a policy is read, and not at each question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Action<'a> {
    name: &'a str,
    known: Option<Known>,
}

macro_rules! known {
    ($($variant:ident $name:literal)*) => {
        /// An action that has a bit in the mask of a statement.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Known {
            $(#[doc = $name] $variant,)*
        }

        impl Known {
            /// All of them, in the order of their bits.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name, in lower case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

known! {
    GetObject "s3:getobject"
    PutObject "s3:putobject"
    DeleteObject "s3:deleteobject"
    PutBucketPolicy "s3:putbucketpolicy"
    PutBucketAcl "s3:putbucketacl"
    PutBucketPublicAccessBlock "s3:putbucketpublicaccessblock"
    PutBucketOwnershipControls "s3:putbucketownershipcontrols"
    PutAccessPointPolicy "s3:putaccesspointpolicy"
    Decrypt "kms:decrypt"
    ReEncryptFrom "kms:reencryptfrom"
    GenerateDataKey "kms:generatedatakey"
    PutKeyPolicy "kms:putkeypolicy"
    CreateGrant "kms:creategrant"
    ScheduleKeyDeletion "kms:schedulekeydeletion"
    DisableKey "kms:disablekey"
    AssumeRole "sts:assumerole"
    AssumeRoleWithSaml "sts:assumerolewithsaml"
    AssumeRoleWithWebIdentity "sts:assumerolewithwebidentity"
    PassRole "iam:passrole"
    PutUserPolicy "iam:putuserpolicy"
    PutRolePolicy "iam:putrolepolicy"
    PutGroupPolicy "iam:putgrouppolicy"
    AttachUserPolicy "iam:attachuserpolicy"
    AttachRolePolicy "iam:attachrolepolicy"
    AttachGroupPolicy "iam:attachgrouppolicy"
    CreatePolicyVersion "iam:createpolicyversion"
    SetDefaultPolicyVersion "iam:setdefaultpolicyversion"
    UpdateAssumeRolePolicy "iam:updateassumerolepolicy"
    AddUserToGroup "iam:addusertogroup"
    DeleteUserPermissionsBoundary "iam:deleteuserpermissionsboundary"
    DeleteRolePermissionsBoundary "iam:deleterolepermissionsboundary"
    PutUserPermissionsBoundary "iam:putuserpermissionsboundary"
    PutRolePermissionsBoundary "iam:putrolepermissionsboundary"
    CreateAccessKey "iam:createaccesskey"
    CreateLoginProfile "iam:createloginprofile"
    UpdateLoginProfile "iam:updateloginprofile"
    CreateFunction "lambda:createfunction"
    UpdateFunctionCode "lambda:updatefunctioncode"
    RunInstances "ec2:runinstances"
    RunTask "ecs:runtask"
    CreateGlueJob "glue:createjob"
    CreateStack "cloudformation:createstack"
    CreateNotebookInstance "sagemaker:createnotebookinstance"
    CreateProject "codebuild:createproject"
    CreateStateMachine "states:createstatemachine"
}

impl<'a> Action<'a> {
    /// An action by its name in lower case.
    #[must_use]
    pub fn new(name: &'a str) -> Self {
        Self { name, known: Known::ALL.iter().copied().find(|known| known.name() == name) }
    }

    /// The name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'a str {
        self.name
    }

    /// Its bit in the mask of a statement.
    #[must_use]
    pub fn bit(self) -> Option<u64> {
        self.known.map(Known::mask)
    }
}

impl Known {
    /// Whether a mask holds an action on buckets, objects or keys.
    #[must_use]
    pub const fn reaches_data(mask: u64) -> bool {
        mask & ((1 << Self::AssumeRole as u8) - 1) != 0
    }

    /// Whether a mask holds an action by which a principal becomes or changes another one.
    #[must_use]
    pub const fn reaches_principals(mask: u64) -> bool {
        mask & !((1 << Self::AssumeRole as u8) - 1) != 0
    }

    /// Its bit in the mask of a statement.
    #[must_use]
    pub const fn mask(self) -> u64 {
        1 << self as u8
    }
}

impl From<Known> for Action<'static> {
    fn from(known: Known) -> Self {
        Self { name: known.name(), known: Some(known) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_has_room_for_all_known_actions() {
        assert!(Known::ALL.len() <= 64);
        assert_eq!(Action::new("s3:getobject"), Known::GetObject.into());
        assert_eq!(Action::new("s3:getobject").bit(), Some(1));
        assert_eq!(Action::new("s3:listbucket").bit(), None);
        assert!(!Known::reaches_principals(Known::DisableKey.mask()));
        assert!(Known::reaches_principals(Known::AssumeRole.mask()));
        assert!(Known::reaches_principals(Known::CreateStateMachine.mask()));
    }
}
