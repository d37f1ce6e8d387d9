import Jobs
import KeevoClient
import Model
import Synchronization

/// Flat pages as they were read last, each with the digest of the one answer of the store that it was made of (B4). The
/// store still says at each read whether that answer stands: a page from here is as fresh as any, and costs neither the
/// sending of its rows nor their decoding.
final class PageMemory: Sendable {
  struct Page: Sendable {
    var digest: [UInt8]
    var page: FlatPage
    /// The feed's row for its last read, which the digest covers too (B12).
    var lastRead: VersionedValue?
  }

  /// What a page and each of its items cost beside their bytes.
  private static let overheadBytes = 320
  private static let itemOverheadBytes = 240

  private let pages: Mutex<GenerationCache<Page>>

  init(bytesMax: Int) { pages = Mutex(GenerationCache(bytesMax: bytesMax)) }

  func page(_ key: ByteKey) -> Page? {
    // The garbage is let go outside the lock.
    pages.withLock { $0.value(key) }.value
  }

  func keep(_ key: ByteKey, _ page: Page) {
    let bytes = page.page.items.reduce(Self.overheadBytes + key.bytes.count) {
      $0 + $1.activity.body.count + Self.itemOverheadBytes
    }
    _ = pages.withLock { $0.keep(key, page, bytes: bytes) }
  }

  /// What a page without a filter depends on beside the rows of its feed.
  static func key(_ feed: [UInt8], _ app: AppID, _ page: PageRequest) -> ByteKey {
    var writer = ByteWriter()
    writer.integer(app.rawValue)
    writer.integer(UInt32(clamping: page.limit))
    writer.integer(UInt32(clamping: page.offset))
    for bound in [page.idLessThan, page.idLessThanOrEqual, page.idGreaterThan, page.idGreaterThanOrEqual] {
      writer.integer(UInt8(bound == nil ? 0 : 1))
      if let bound {
        writer.integer(bound.ticks)
        writer.integer(bound.low)
      }
    }
    return ByteKey(writer.bytes + feed)
  }
}
