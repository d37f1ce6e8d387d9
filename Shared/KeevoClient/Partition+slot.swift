extension Partition {
  /// Where the partition lies, by which the store tells partitions apart that have changed from those that have not: CRC-32C over
  /// the app's number (4 bytes, big-endian) and the partition's name.
  public var place: UInt32 {
    var checksum = CRC32C()
    withUnsafeBytes(of: app.bigEndian) { checksum.update($0) }
    checksum.update(name)
    return checksum.value
  }

  /// The same of app and name as they stand in a stored key, one behind the other.
  public static func place(of appAndName: UnsafeRawBufferPointer) -> UInt32 {
    var checksum = CRC32C()
    checksum.update(appAndName)
    return checksum.value
  }

  /// The slot this partition lies in, 0…4,095: its place modulo `Topology.slots` (B1).
  public var slot: UInt32 { place % Topology.slots }
}
