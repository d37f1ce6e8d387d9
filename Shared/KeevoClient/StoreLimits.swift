/// Limits of the store's calls. Past them: `StoreError.invalid`, never a truncation.
public enum StoreLimits {
  /// Bytes of a key's `rest` plus its partition's name.
  public static let keyBytesMax = 1_024
  public static let valueBytesMax = 1 << 20
  /// Bytes of all keys and values of a write.
  public static let batchBytesMax = 8 << 20
  public static let subBatchesMax = 10_000
  public static let operationsMax = 65_535
  public static let scanRowsMax = 10_000
  public static let multiGetKeysMax = 10_000
  public static let multiScanMax = 1_000
  /// Places that one call may ask about.
  public static let unchangedPlacesMax = 16_384
  public static let putManyTargetsMax = 10_000
  public static let partitionBytesMax = 600
  /// Bytes of keys and values after which a page of a scan ends early, with a cursor to go on from.
  public static let pageBytesMax = 4 << 20
  /// Bytes of values that one `multiGet` may answer.
  public static let multiGetBytesMax = 16 << 20
  /// Bytes that the scans after the sub-batches of one write may answer, and rows of each.
  public static let scanAfterBytesMax = 1 << 20
  /// Rows that one `deleteRange` may remove.
  public static let deleteRangeRowsMax = 100_000
}
