import CZstd

/// Makes zstd frames (RFC 8878) of whole bodies, by libzstd. Its state is used again.
///
/// The one file of this module that touches libzstd.
/// Sound because `BodyCompressor` hands a state to one caller at a time.
final class ZstdCompressor: @unchecked Sendable {
  static let level: Int32 = 3

  private let context: OpaquePointer

  /// `nil` if there is no memory for it.
  init?() {
    guard let context = ZSTD_createCCtx() else { return nil }
    self.context = context
  }

  deinit { ZSTD_freeCCtx(context) }

  /// The compressed body; `nil` if it would not be smaller.
  func compress(_ body: [UInt8]) -> [UInt8]? {
    let compressed = [UInt8](unsafeUninitializedCapacity: body.count) { output, count in
      // Both buffers outlive the call; a result that does not fit is an error code.
      let size = body.withUnsafeBytes {
        ZSTD_compressCCtx(context, output.baseAddress, output.count, $0.baseAddress, $0.count, Self.level)
      }
      count = ZSTD_isError(size) == 0 ? min(size, output.count) : 0
    }
    return compressed.isEmpty ? nil : compressed
  }
}
