//! Faithful stand-ins for services that have no emulator. They are test equipment: no product code knows them.

mod cloud_storage;

pub use cloud_storage::CloudStorage;
