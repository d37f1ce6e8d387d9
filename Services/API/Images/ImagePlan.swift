/// The steps by which an image of one size becomes one of another (feeds M6, M9). Pure arithmetic.
struct ImagePlan: Hashable, Sendable {
  struct Size: Hashable, Sendable {
    var width: Int
    var height: Int
    var pixels: Int { width.multipliedReportingOverflow(by: height).overflow ? .max : width * height }
  }
  struct Part: Hashable, Sendable {
    var left: Int
    var top: Int
    var size: Size
  }

  /// Cut out of the source first, so that nothing larger than the result is ever made.
  var part: Part?
  /// Scaled to exactly this.
  var scaled: Size
  /// Padded to this.
  var canvas: Size?

  /// The size of the result.
  var size: Size { canvas ?? scaled }

  /// - Parameter sideMax: no side is made larger than this, unless the source's is.
  init(_ source: Size, _ request: ImageRequest, sideMax: Int) {
    let roof = Size(width: max(sideMax, source.width), height: max(sideMax, source.height))
    let width = request.width.map { min($0, roof.width) }
    let height = request.height.map { min($0, roof.height) }
    guard let width, let height else {
      // One side alone, or none: the other follows by the ratio, in every mode.
      let factor = min(
        width.map { Double($0) / Double(source.width) } ?? Double(roof.width) / Double(source.width),
        height.map { Double($0) / Double(source.height) } ?? Double(roof.height) / Double(source.height))
      scaled = width == nil && height == nil ? source : Self.scaled(source, by: factor, within: roof)
      return
    }
    let box = Size(width: width, height: height)
    let (across, down) = (Double(width) / Double(source.width), Double(height) / Double(source.height))
    switch request.resize ?? .clip {
    case .scale: scaled = box
    case .clip: scaled = Self.scaled(source, by: min(across, down), within: box)
    case .fill:
      scaled = Self.scaled(source, by: min(across, down), within: box)
      canvas = box
    case .crop:
      let factor = max(across, down)
      // What of the source makes the box.
      let size = Size(
        width: Self.rounded(Double(width) / factor, max: source.width),
        height: Self.rounded(Double(height) / factor, max: source.height))
      part = Part(
        left: Self.start(request.horizontal, of: size.width, in: source.width),
        top: Self.start(request.vertical, of: size.height, in: source.height), size: size)
      scaled = box
    }
  }

  private static func scaled(_ source: Size, by factor: Double, within box: Size) -> Size {
    Size(
      width: rounded(Double(source.width) * factor, max: box.width),
      height: rounded(Double(source.height) * factor, max: box.height))
  }

  private static func rounded(_ value: Double, max limit: Int) -> Int {
    value >= Double(limit) ? limit : max(1, Int(value.rounded()))
  }

  private static func start(_ side: ImageRequest.Side, of length: Int, in whole: Int) -> Int {
    switch side {
    case .start: 0
    case .middle: (whole - length) / 2
    case .end: whole - length
    }
  }
}
