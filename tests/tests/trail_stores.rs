//! The same trail on memory, a local folder, S3 (moto), Azure Blob (Azurite), and Cloud Storage (a fake of its XML API).

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use keyfence_tests::fakes::CloudStorage;
use keyfence_tests::trail::conforms;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::{ClientOptions, RetryConfig};
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn memory() {
    conforms(Arc::new(InMemory::new())).await;
}

#[tokio::test]
async fn a_local_folder() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
    conforms(Arc::new(store.with_fsync(true))).await;
}

async fn cloud_storage(lies: Option<u64>) -> CloudStorage {
    let fake = CloudStorage::start(lies).await;
    let account = json!({
        "gcs_base_url": format!("http://{}", fake.address), "disable_oauth": true,
        "client_email": "", "private_key": "", "private_key_id": "",
    });
    let builder = GoogleCloudStorageBuilder::new()
        .with_bucket_name("audit")
        .with_service_account_key(account.to_string())
        .with_client_options(ClientOptions::new().with_allow_http(true))
        // Repeated by the trail, which reads back, and not blindly by the client.
        .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() });
    conforms(Arc::new(builder.build().unwrap())).await;
    fake
}

#[tokio::test]
async fn cloud_storage_by_its_xml_api() {
    cloud_storage(None).await;
}

#[tokio::test]
async fn cloud_storage_that_answers_503_to_what_it_did() {
    let fake = cloud_storage(Some(5)).await;
    assert!(fake.writes() > 400);
}
