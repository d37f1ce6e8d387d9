/// Header or trailer fields of a call: lower-case names, in order. Names that begin with `grpc-` and `:` belong to the
/// transport and are not shown here.
public struct GRPCMetadata: Hashable, Sendable {
  public struct Field: Hashable, Sendable {
    public var name: String
    public var value: String
  }
  public private(set) var fields: [Field] = []

  public init() {}

  /// The name of the field that carries a trace (W3C Trace Context).
  public static let traceparent = "traceparent"

  /// The first value under this name.
  public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

  /// Adds a field. The name must be lower-case ASCII of `0-9 a-z _ - .`, the value printable ASCII: others are a fault of
  /// the program, so encode free text before (`percentEncoded`).
  public mutating func add(_ name: String, _ value: String) {
    precondition(Self.isName(name.utf8), "no metadata name: \(name)")
    precondition(value.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "metadata \(name) is not printable ASCII")
    fields.append(Field(name: name, value: value))
  }

  /// Adds what came over the wire, where HTTP/2's own rules have been checked.
  mutating func addReceived(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }

  private static func isName(_ bytes: some Collection<UInt8>) -> Bool {
    !bytes.isEmpty
      && bytes.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"),
          UInt8(ascii: "-"), UInt8(ascii: "."):
          true
        default: false
        }
      }
  }
}
