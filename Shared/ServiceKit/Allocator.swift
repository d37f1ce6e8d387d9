import CJemalloc

/// jemalloc, which stands in for the C library's allocator in every service: its figures.
enum Allocator {
  /// Bytes by name, as jemalloc counts them (jemalloc.net, `stats.*`): `allocated` by the program, `active` in pages that
  /// hold some of it. `nil` when the library gives none.
  static func bytes(_ name: String) -> Double? {
    // The figures are those of the last epoch: begin a new one.
    var epoch: UInt64 = 1
    guard mallctl("epoch", nil, nil, &epoch, MemoryLayout<UInt64>.size) == 0 else { return nil }
    var value = 0
    var length = MemoryLayout<Int>.size
    guard mallctl("stats.\(name)", &value, &length, nil, 0) == 0 else { return nil }
    return Double(value)
  }
}
