import ObjectStorage
import ServiceKit
import Testing

@Suite struct ObjectStorageSettingsTests {
  @Test func aFolderUnlessAnAddressIsGiven() {
    #expect(objectStorage(Configuration(values: [:])) is FolderStorage)
    #expect(objectStorage(Configuration(values: ["storage-dir": "/tmp/x", "s3-endpoint": ""])) is FolderStorage)
    #expect(objectStorage(Configuration(values: ["s3-endpoint": "http://127.0.0.1:1/"])) is S3Storage)
  }

  @Test func theSecretIsNeverShown() {
    #expect(Setting.objectStorage.first { $0.name == "s3-secret-key" }?.isSecret == true)
  }
}
