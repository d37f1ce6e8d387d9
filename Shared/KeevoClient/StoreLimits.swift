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
  public static let putManyTargetsMax = 10_000
  public static let partitionBytesMax = 600
}
