import Glibc

/// The last snapshot on disk, sealed with the master key, for a start without PostgreSQL (B20).
///
/// The file: `MRSC` ‖ format byte 1 ‖ length of the master key's id (1 byte) ‖ that id ‖ sealed bytes.
struct SnapshotCache: Sendable {
  enum Failure: Error, CustomStringConvertible {
    case notOurs
    case masterKey(MasterKey.Failure)
    case content(SnapshotCodec.Failure)
    case disk(String)
    var description: String {
      switch self {
      case .notOurs: "it is no snapshot file"
      case .masterKey(let error): "\(error)"
      case .content(let error): "\(error)"
      case .disk(let reason): reason
      }
    }
  }

  static let magic = Array("MRSC".utf8) + [1]
  static let context = "the configuration snapshot on disk"
  /// A snapshot larger than this is not kept on disk: some 300,000 apps.
  static let bytesMax = 256 << 20

  let path: String
  let masterKey: MasterKey

  /// The stored snapshot; `nil` if there is none yet.
  func load() throws(Failure) -> ConfigurationSnapshot? {
    guard let bytes = FileBytes.read(path: path, bytesMax: Self.bytesMax) else {
      if errno == ENOENT { return nil }
      throw .disk(errorText())
    }
    return try decode(bytes)
  }

  func store(_ snapshot: ConfigurationSnapshot) throws(Failure) {
    let bytes = try encode(snapshot)
    guard bytes.count <= Self.bytesMax else {
      throw .disk("the snapshot has \(bytes.count) bytes, over \(Self.bytesMax)")
    }
    guard FileBytes.replace(path, with: bytes) else { throw .disk(errorText()) }
  }

  func encode(_ snapshot: ConfigurationSnapshot) throws(Failure) -> [UInt8] {
    do {
      let sealed = try masterKey.seal(SnapshotCodec.encode(snapshot), context: Self.context)
      let id = Array(sealed.keyID.utf8.prefix(255))
      return Self.magic + [UInt8(id.count)] + id + sealed.bytes
    } catch { throw .masterKey(error) }
  }

  func decode(_ bytes: [UInt8]) throws(Failure) -> ConfigurationSnapshot {
    guard bytes.starts(with: Self.magic), let length = bytes.dropFirst(Self.magic.count).first.map({ Int($0) }),
      bytes.count > Self.magic.count + 1 + length
    else { throw .notOurs }
    let rest = bytes.dropFirst(Self.magic.count + 1)
    let sealed = SealedSecret(
      keyID: String(decoding: rest.prefix(length), as: UTF8.self), bytes: Array(rest.dropFirst(length)))
    let clear: [UInt8]
    do { clear = try masterKey.open(sealed, context: Self.context) } catch { throw .masterKey(error) }
    do { return try SnapshotCodec.decode(clear) } catch { throw .content(error) }
  }
}
