import ObjectStorage

extension Setting {
  /// Where objects lie, for the list of settings of a service that stores some; `objectStorage(_:)` reads them.
  public static let objectStorage: [Setting] = [
    Setting(
      "storage-dir", .path, default: "var/objects",
      help: "the folder for uploaded files and images, as long as s3-endpoint is not set"),
    Setting(
      "s3-endpoint", .text,
      help:
        "address of a service that speaks S3, such as https://s3.eu-central-1.amazonaws.com: it then holds what would "
        + "lie in storage-dir"),
    Setting("s3-region", .text, default: "us-east-1", help: "its region, as requests to it are signed for"),
    Setting("s3-bucket", .text, default: "millrace", help: "the bucket, which has to be there"),
    Setting("s3-access-key", .text, default: "", help: "the key that requests to it are signed with"),
    Setting("s3-secret-key", .text, default: "", help: "that key's secret", isSecret: true),
  ]
}

/// The object storage of the settings: a folder, or a bucket where `s3-endpoint` is given.
public func objectStorage(_ configuration: Configuration) -> any ObjectStorage {
  func text(_ name: String) -> String { configuration.string(name) ?? "" }
  var endpoint = text("s3-endpoint")[...]
  guard !endpoint.isEmpty else {
    return FolderStorage(root: configuration.string("storage-dir") ?? "var/objects")
  }
  while endpoint.hasSuffix("/") { endpoint.removeLast() }
  return S3Storage(
    S3Storage.Settings(
      endpoint: String(endpoint), region: text("s3-region"), bucket: text("s3-bucket"),
      accessKey: text("s3-access-key"), secretKey: text("s3-secret-key")))
}
