extension Partition {
  /// The slot this partition lies in, 0…4,095: CRC-32C over the app's number (4 bytes, big-endian) and the partition's
  /// name, modulo `Topology.slots` (B1).
  public var slot: UInt32 {
    var checksum = CRC32C()
    withUnsafeBytes(of: app.bigEndian) { checksum.update($0) }
    checksum.update(name)
    return checksum.value % Topology.slots
  }
}
