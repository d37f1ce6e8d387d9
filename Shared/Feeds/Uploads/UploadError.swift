import ObjectStorage

/// Why an upload could not be kept, read or deleted.
public enum UploadError: Error, Sendable {
  case feed(FeedError)
  case storage(ObjectStorageError)
  /// The app may not hold so many bytes (insight D53).
  case full(bytesMax: Int)
}
