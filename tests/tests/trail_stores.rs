//! The same trail on memory, a local folder, S3 (moto), Azure Blob (Azurite), and Cloud Storage (a fake of its XML API).

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use keyfence_tests::emulator::Emulator;
use keyfence_tests::fakes::CloudStorage;
use keyfence_tests::tools;
use keyfence_tests::trail::conforms;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::{ClientOptions, RetryConfig};
use serde_json::json;
use std::path::Path;
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

/// Requests are repeated by the trail, which reads back, and not blindly by the client.
fn no_retry() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
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
        .with_retry(no_retry());
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

fn build() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

#[tokio::test]
async fn s3() {
    let Some(python) = tools::python(build(), "moto") else { return };
    let moto = Emulator::moto(&python);
    let builder = AmazonS3Builder::new()
        .with_endpoint(&moto.url)
        .with_allow_http(true)
        .with_region("us-east-1")
        .with_access_key_id("test")
        .with_secret_access_key("test")
        .with_bucket_name("audit")
        .with_retry(no_retry());
    let put = [
        "PUT",
        "/audit",
        "Content-Length: 0\r\nAuthorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n",
    ];
    assert!(request(&moto.url, put).starts_with("HTTP/1.1 200"), "the bucket");
    conforms(Arc::new(builder.build().unwrap())).await;
}

#[tokio::test]
async fn azure_blob() {
    let Some(installed) = tools::npm(build(), "azurite", &[]) else { return };
    let azurite = Emulator::azurite(&installed);
    // A signature over the whole account by the emulator's well-known key.
    let signature = "sv=2020-12-06&ss=b&srt=sco&sp=rwdlac&se=2099-01-01T00%3A00%3A00Z&sig=N5uz2Xeys0I28PmqjyjbsCHaHaD7oWInzBEyCFTa6O8%3D";
    let container = format!("/devstoreaccount1/audit?restype=container&{signature}");
    let put = ["PUT", &container, "Content-Length: 0\r\n"];
    assert!(request(&azurite.url, put).starts_with("HTTP/1.1 201"), "the container");
    let builder = MicrosoftAzureBuilder::new()
        .with_endpoint(format!("{}/devstoreaccount1", azurite.url))
        .with_allow_http(true)
        .with_account("devstoreaccount1")
        .with_access_key(
            "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
        )
        .with_container_name("audit")
        .with_retry(no_retry());
    conforms(Arc::new(builder.build().unwrap())).await;
}

/// One request by hand: method, path, further headers. The head of the answer.
fn request(url: &str, [method, path, headers]: [&str; 3]) -> String {
    use std::io::{Read as _, Write as _};
    let address = url.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
