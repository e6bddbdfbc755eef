//! The actions of S3 and KMS, in lower case, so that a misspelt one is told.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html>

/// Whether AWS has an action of this name (any case).
#[must_use]
pub fn is_known(action: &str) -> bool {
    let action = action.to_lowercase();
    let (names, name) = match action.split_once(':') {
        Some(("s3", name)) => (S3, name),
        Some(("kms", name)) => (KMS, name),
        Some(_) | None => return false,
    };
    names.split_ascii_whitespace().any(|known| known == name)
}

const S3: &str = "
    abortmultipartupload associateaccessgrantsidentitycenter bypassgovernanceretention createaccessgrant
    createaccessgrantsinstance createaccessgrantslocation createaccesspoint createaccesspointforobjectlambda createbucket
    createbucketmetadatatableconfiguration createjob createmultiregionaccesspoint createstoragelensgroup
    deleteaccessgrant deleteaccessgrantsinstance deleteaccessgrantsinstanceresourcepolicy deleteaccessgrantslocation
    deleteaccesspoint deleteaccesspointforobjectlambda deleteaccesspointpolicy deleteaccesspointpolicyforobjectlambda
    deletebucket deletebucketmetadatatableconfiguration deletebucketownershipcontrols deletebucketpolicy
    deletebucketwebsite deletejobtagging deletemultiregionaccesspoint deleteobject deleteobjecttagging
    deleteobjectversion deleteobjectversiontagging deletestoragelensconfiguration
    deletestoragelensconfigurationtagging deletestoragelensgroup describejob describemultiregionaccesspointoperation
    dissociateaccessgrantsidentitycenter getaccelerateconfiguration getaccessgrant getaccessgrantsinstance
    getaccessgrantsinstanceforprefix getaccessgrantsinstanceresourcepolicy getaccessgrantslocation getaccesspoint
    getaccesspointconfigurationforobjectlambda getaccesspointforobjectlambda getaccesspointpolicy
    getaccesspointpolicyforobjectlambda getaccesspointpolicystatus getaccesspointpolicystatusforobjectlambda
    getaccountpublicaccessblock getanalyticsconfiguration getbucketabac getbucketacl getbucketcors getbucketlocation
    getbucketlogging getbucketmetadatatableconfiguration getbucketnotification getbucketobjectlockconfiguration
    getbucketownershipcontrols getbucketpolicy getbucketpolicystatus getbucketpublicaccessblock
    getbucketrequestpayment getbuckettagging getbucketversioning getbucketwebsite getdataaccess
    getencryptionconfiguration getintelligenttieringconfiguration getinventoryconfiguration getjobtagging
    getlifecycleconfiguration getmetricsconfiguration getmultiregionaccesspoint getmultiregionaccesspointpolicy
    getmultiregionaccesspointpolicystatus getmultiregionaccesspointroutes getobject getobjectacl getobjectattributes
    getobjectlegalhold getobjectretention getobjecttagging getobjecttorrent getobjectversion getobjectversionacl
    getobjectversionattributes getobjectversionforreplication getobjectversiontagging getobjectversiontorrent
    getreplicationconfiguration getstoragelensconfiguration getstoragelensconfigurationtagging getstoragelensdashboard
    getstoragelensgroup initiatereplication listaccessgrants listaccessgrantsinstances listaccessgrantslocations
    listaccesspoints listaccesspointsforobjectlambda listallmybuckets listbucket listbucketmultipartuploads
    listbucketversions listcalleraccessgrants listjobs listmultipartuploadparts listmultiregionaccesspoints
    liststoragelensconfigurations liststoragelensgroups listtagsforresource objectowneroverridetobucketowner
    pausereplication putaccelerateconfiguration putaccessgrantsinstanceresourcepolicy
    putaccesspointconfigurationforobjectlambda putaccesspointpolicy putaccesspointpolicyforobjectlambda
    putaccesspointpublicaccessblock putaccountpublicaccessblock putanalyticsconfiguration putbucketabac putbucketacl
    putbucketcors putbucketlogging putbucketnotification putbucketobjectlockconfiguration putbucketownershipcontrols
    putbucketpolicy putbucketpublicaccessblock putbucketrequestpayment putbuckettagging putbucketversioning
    putbucketwebsite putencryptionconfiguration putintelligenttieringconfiguration putinventoryconfiguration
    putjobtagging putlifecycleconfiguration putmetricsconfiguration putmultiregionaccesspointpolicy putobject
    putobjectacl putobjectlegalhold putobjectretention putobjecttagging putobjectversionacl putobjectversiontagging
    putreplicationconfiguration putstoragelensconfiguration putstoragelensconfigurationtagging replicatedelete
    replicateobject replicatetags restoreobject submitmultiregionaccesspointroutes tagresource untagresource
    updateaccessgrantslocation updatejobpriority updatejobstatus updatestoragelensgroup";

const KMS: &str = "
    cancelkeydeletion connectcustomkeystore createalias createcustomkeystore creategrant createkey decrypt deletealias
    deletecustomkeystore deleteimportedkeymaterial derivesharedsecret describecustomkeystores describekey disablekey
    disablekeyrotation disconnectcustomkeystore enablekey enablekeyrotation encrypt generatedatakey generatedatakeypair
    generatedatakeypairwithoutplaintext generatedatakeywithoutplaintext generatemac generaterandom getkeypolicy
    getkeyrotationstatus getparametersforimport getpublickey importkeymaterial listaliases listgrants listkeypolicies
    listkeyrotations listkeys listresourcetags listretirablegrants putkeypolicy reencryptfrom reencryptto replicatekey
    retiregrant revokegrant rotatekeyondemand schedulekeydeletion sign synchronizemultiregionkey tagresource
    untagresource updatealias updatecustomkeystore updatekeydescription updateprimaryregion verify verifymac";
