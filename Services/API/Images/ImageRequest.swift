/// What a request wants made of an image (feeds M6).
struct ImageRequest: Hashable, Sendable {
  enum Resize: String, Hashable, Sendable, CaseIterable { case clip, crop, scale, fill }
  /// Which end stays when something is cut off.
  enum Side: String, Hashable, Sendable { case start, middle, end }

  var width: Int?
  var height: Int?
  var resize: Resize?
  var horizontal = Side.middle
  var vertical = Side.middle

  /// Whether nothing is to be changed.
  var isPlain: Bool { width == nil && height == nil }

  init(width: Int? = nil, height: Int? = nil, resize: Resize? = nil) {
    self.width = width
    self.height = height
    self.resize = resize
  }

  /// Each parameter is checked even when it has no effect.
  init(_ query: RequestQuery) throws(APIError) {
    width = try Self.side("w", query)
    height = try Self.side("h", query)
    if let text = try query.scalar("resize") {
      guard let known = Resize(rawValue: text) else { throw .input("resize must be clip, crop, scale or fill") }
      resize = known
    }
    let crop = query.list("crop")
    if let crop { try read(crop) }
    if width == nil, height == nil, resize != nil || crop != nil {
      throw .input("w or h must be given with resize and crop")
    }
  }

  private static func side(_ name: String, _ query: RequestQuery) throws(APIError) -> Int? {
    guard let text = try query.scalar(name) else { return nil }
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      throw .input("\(name) must be a positive integer")
    }
    // More digits than a number has mean more than any limit.
    let value = Int(text) ?? .max
    guard value > 0 else { throw .input("\(name) must be a positive integer") }
    return value
  }

  private mutating func read(_ crop: [String]) throws(APIError) {
    guard (1...2).contains(crop.count) else { throw Self.cropForm }
    var across: Side?
    var down: Side?
    for name in crop {
      switch name {
      case "left" where across == nil: across = .start
      case "right" where across == nil: across = .end
      case "top" where down == nil: down = .start
      case "bottom" where down == nil: down = .end
      case "center": break
      default: throw Self.cropForm
      }
    }
    horizontal = across ?? .middle
    vertical = down ?? .middle
  }

  private static let cropForm = APIError.input(
    "crop must be one or two of top, bottom, left, right and center, one for each direction")

  /// The same text for the same result.
  var name: String {
    "\(width ?? 0)x\(height ?? 0) \((resize ?? .clip).rawValue) \(horizontal.rawValue) \(vertical.rawValue)"
  }
}
