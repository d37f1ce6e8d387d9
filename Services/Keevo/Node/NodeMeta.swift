import KeevoClient

/// Who a data directory belongs to and how it is laid out: file `NODE`, text, one `name=value` a line, the last one the
/// CRC-32C of the lines before it. Written once.
struct NodeMeta: Equatable, Sendable {
  static let format = 1

  var nodeID: UInt64
  var shards: Int
  /// Mixed into the checksums of the log.
  var salt: UInt64

  var text: String {
    let lines = "format=\(Self.format)\nnode-id=\(nodeID)\nshards=\(shards)\nsalt=\(String(salt, radix: 16))\n"
    return lines + "crc32c=\(String(CRC32C.of(Array(lines.utf8)), radix: 16))\n"
  }

  static func parse(_ text: String) throws(StoreError) -> NodeMeta {
    var values: [Substring: Substring] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else { throw .failed("the file NODE is damaged: \(line)") }
      values[parts[0]] = parts[1]
    }
    guard let formatText = values["format"], let found = Int(formatText) else {
      throw .failed("the file NODE is damaged: it names no format")
    }
    guard found == format else {
      throw .unknownFormat("NODE has format \(found), this version knows \(format): a newer version wrote it")
    }
    guard let node = values["node-id"].flatMap({ UInt64($0) }), let shards = values["shards"].flatMap({ Int($0) }),
      let salt = values["salt"].flatMap({ UInt64($0, radix: 16) })
    else { throw .failed("the file NODE is damaged: a line is missing") }
    let meta = NodeMeta(nodeID: node, shards: shards, salt: salt)
    guard meta.text == text else { throw .failed("the file NODE is damaged: its checksum is wrong") }
    return meta
  }

  /// Reads the directory's file, or makes one. Any other node's data are refused.
  static func load(
    _ disk: any Disk, _ directory: String, nodeID: UInt64, shards: Int, newSalt: UInt64
  ) throws(StoreError) -> NodeMeta {
    let path = "\(directory)/NODE"
    do throws(DiskError) {
      let names = try disk.list(directory)
      if !names.contains("NODE") {
        guard !names.contains(where: { $0.hasPrefix("shard-") || $0 == "log" }) else {
          throw DiskError(operation: "open", path: path, reason: "missing, though there is data beside it")
        }
        // What a crash left of an earlier try may be longer.
        if names.contains("NODE.new") { try disk.remove("\(path).new") }
        let meta = NodeMeta(nodeID: nodeID, shards: shards, salt: newSalt)
        let file = try disk.open("\(path).new", create: true)
        try file.write(Array(meta.text.utf8), at: 0)
        try file.sync()
        file.close()
        try disk.rename("\(path).new", to: path)
        try disk.syncDirectory(directory)
        return meta
      }
    } catch { throw .failed("\(error)") }
    let bytes: [UInt8]
    do throws(DiskError) {
      let file = try disk.open(path, create: false)
      bytes = try file.read(at: 0, count: try file.size())
      file.close()
    } catch { throw .failed("\(error)") }
    let meta = try parse(String(decoding: bytes, as: UTF8.self))
    guard meta.nodeID == nodeID else {
      throw .invalid("\(directory) holds the data of node \(meta.nodeID), this is node \(nodeID)")
    }
    guard meta.shards == shards else {
      throw .invalid("\(directory) was made with \(meta.shards) shards, not \(shards)")
    }
    return meta
  }
}
