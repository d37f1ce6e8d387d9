import CZlib

/// Makes gzip members (RFC 1952) of whole bodies, by zlib. Its state of some 270 KB is used again.
///
/// The one file of this module that touches zlib.
/// Sound because `BodyCompressor` hands a state to one caller at a time.
final class GzipCompressor: @unchecked Sendable {
  /// Between speed and size: about a fifth larger than the best, three times as fast.
  static let level: Int32 = 4

  /// On the heap, because zlib notes its address.
  private let stream: UnsafeMutablePointer<z_stream>

  /// `nil` if there is no memory for it.
  init?() {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    if millrace_gzip_start(stream, Self.level) != Z_OK {
      stream.deallocate()
      return nil
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// The compressed body; `nil` if it would not be smaller.
  func compress(_ body: [UInt8]) -> [UInt8]? {
    guard body.count < Int(UInt32.max), deflateReset(stream) == Z_OK else { return nil }
    let compressed = [UInt8](unsafeUninitializedCapacity: body.count) { output, count in
      body.withUnsafeBufferPointer { input in
        // Both buffers outlive the call; zlib reads the input and does not change it, though its type says otherwise.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = UInt32(output.count)
        count = deflate(stream, Z_FINISH) == Z_STREAM_END ? output.count - Int(stream.pointee.avail_out) : 0
      }
    }
    return compressed.isEmpty ? nil : compressed
  }
}
