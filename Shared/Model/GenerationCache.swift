/// A bounded map that forgets what was not used lately. Two generations bound it: when the young one holds half of the
/// bytes, it becomes the old one, and the former old one goes. What is found in the old one is young again.
///
/// `Garbage` is what had to go: a caller that holds a lock lets go of it outside.
public struct GenerationCache<Value: Sendable>: Sendable {
  public typealias Garbage = [ByteKey: Held]

  public struct Held: Sendable {
    @usableFromInline let value: Value
    @usableFromInline let bytes: Int
    @inlinable init(value: Value, bytes: Int) {
      self.value = value
      self.bytes = bytes
    }
  }

  @usableFromInline var young: [ByteKey: Held] = [:]
  @usableFromInline var old: [ByteKey: Held] = [:]
  @usableFromInline var youngBytes = 0
  @usableFromInline var oldBytes = 0
  @usableFromInline let generationBytesMax: Int

  @inlinable public init(bytesMax: Int) { generationBytesMax = bytesMax / 2 }

  /// Bytes held, as their givers counted them.
  @inlinable public var bytes: Int { youngBytes + oldBytes }

  @inlinable public mutating func value(_ key: ByteKey) -> (value: Value?, garbage: Garbage) {
    if let held = young[key] { return (held.value, [:]) }
    guard let held = old.removeValue(forKey: key) else { return (nil, [:]) }
    oldBytes -= held.bytes
    return (held.value, add(key, held))
  }

  /// In place of what was there; nothing of more than half of the bytes is kept.
  @inlinable public mutating func keep(_ key: ByteKey, _ value: Value, bytes: Int) -> Garbage {
    remove(key)
    guard bytes <= generationBytesMax else { return [:] }
    return add(key, Held(value: value, bytes: bytes))
  }

  @inlinable public mutating func remove(_ key: ByteKey) {
    if let held = young.removeValue(forKey: key) { youngBytes -= held.bytes }
    if !old.isEmpty, let held = old.removeValue(forKey: key) { oldBytes -= held.bytes }
  }

  @inlinable mutating func add(_ key: ByteKey, _ held: Held) -> Garbage {
    var gone: Garbage = [:]
    if youngBytes + held.bytes > generationBytesMax {
      gone = old
      old = young
      oldBytes = youngBytes
      young = [:]
      youngBytes = 0
    }
    young[key] = held
    youngBytes += held.bytes
    return gone
  }
}
