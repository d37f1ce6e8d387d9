import CNGHTTP2

/// Header fields on their way to nghttp2, gathered in one buffer. nghttp2 copies them when they are submitted.
struct HeaderBlock {
  private struct Field {
    let nameStart: Int
    let nameEnd: Int
    let valueEnd: Int
    /// Values that differ from call to call must not push the others out of HPACK's table.
    let indexed: Bool
  }
  private var bytes: [UInt8] = []
  private var fields: [Field] = []

  init() {}

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    fields.removeAll(keepingCapacity: true)
  }

  mutating func add(_ name: StaticString, _ value: StaticString) {
    add(name) { $0.append(contentsOf: UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount)) }
  }

  mutating func add(_ name: StaticString, indexed: Bool = true, value: (inout [UInt8]) -> Void) {
    let start = bytes.count
    bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    let middle = bytes.count
    value(&bytes)
    fields.append(Field(nameStart: start, nameEnd: middle, valueEnd: bytes.count, indexed: indexed))
  }

  mutating func add(_ name: String, _ value: String, indexed: Bool) {
    let start = bytes.count
    bytes += name.utf8
    let middle = bytes.count
    bytes += value.utf8
    fields.append(Field(nameStart: start, nameEnd: middle, valueEnd: bytes.count, indexed: indexed))
  }

  mutating func add(_ metadata: GRPCMetadata) {
    for field in metadata.fields { add(field.name, field.value, indexed: false) }
  }

  /// Gives `body` the fields in nghttp2's form, valid inside it only.
  func withFields<Result>(_ body: (UnsafeMutablePointer<nghttp2_nv>, Int) -> Result) -> Result {
    bytes.withUnsafeBufferPointer { bytes in
      withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: max(1, fields.count)) { list in
        // nghttp2 takes mutable pointers and does not write through them; the block always has bytes.
        let base = UnsafeMutablePointer(mutating: bytes.baseAddress!)
        for (index, field) in fields.enumerated() {
          let flags = field.indexed ? NGHTTP2_NV_FLAG_NONE.rawValue : NGHTTP2_NV_FLAG_NO_INDEX.rawValue
          list.initializeElement(
            at: index,
            to: nghttp2_nv(
              name: base + field.nameStart, value: base + field.nameEnd, namelen: field.nameEnd - field.nameStart,
              valuelen: field.valueEnd - field.nameEnd, flags: UInt8(truncatingIfNeeded: flags)))
        }
        return body(list.baseAddress!, fields.count)
      }
    }
  }
}
