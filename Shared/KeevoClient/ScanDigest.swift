import Model

/// What tells two answers to one `scanJoin` apart, so that an unchanged one need not be sent again: of each row its key
/// and version, of what it points at and of the rows read beside the version, and where the page ends. Versions never
/// recur, so equal digests mean equal bytes. The first 16 bytes of SHA-256.
public struct ScanDigest: Sendable {
  public static let count = 16

  private var bytes: [UInt8] = []

  public init(reserving rows: Int) { bytes.reserveCapacity(rows * 8 + Self.count) }

  /// The part that the partition's own rows make.
  public static func part(rows: [Row], next: [UInt8]) -> [UInt8] {
    var part = ScanDigest(reserving: rows.count * 10)
    for row in rows {
      part.add(UInt64(row.key.rest.count))
      part.bytes += row.key.rest
      part.add(row.version.rawValue)
    }
    part.bytes += next
    return part.digest
  }

  public mutating func add(part: [UInt8]) { bytes += part }

  /// A row that is pointed at or read beside; `nil`: there is none.
  public mutating func add(version: Stamp?) { add((version ?? .zero).rawValue) }

  public var digest: [UInt8] { Array(SHA256Digest.of(bytes).prefix(Self.count)) }

  private mutating func add(_ number: UInt64) {
    withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
  }
}
