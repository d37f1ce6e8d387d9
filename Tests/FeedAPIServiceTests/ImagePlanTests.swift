import Testing

@testable import FeedAPIService

/// M6, M9: sizes, and what is asked for.
@Suite struct ImagePlanTests {
  private func plan(
    _ source: (Int, Int), _ query: String, sideMax: Int = 4_096
  ) throws -> String {
    let plan = ImagePlan(
      ImagePlan.Size(width: source.0, height: source.1), try ImageRequest(RequestQuery(query)), sideMax: sideMax)
    func text(_ size: ImagePlan.Size) -> String { "\(size.width)x\(size.height)" }
    let part = plan.part.map { "\(text($0.size))+\($0.left)+\($0.top) " } ?? ""
    return part + text(plan.scaled) + (plan.canvas.map { " in \(text($0))" } ?? "")
  }

  @Test(arguments: [
    ("w=75&h=50", "67x50"), ("w=75&h=50&resize=clip", "67x50"), ("w=50&h=75&resize=clip", "50x38"),
    ("w=75&h=50&resize=clip&crop=top", "67x50"), ("w=800&h=1200", "800x600"),
    ("w=75&h=50&resize=scale", "75x50"), ("w=75&h=50&resize=fill", "67x50 in 75x50"),
    ("w=75&h=50&resize=crop", "400x267+0+16 75x50"), ("w=75&h=50&resize=crop&crop=top", "400x267+0+0 75x50"),
    ("w=75&h=50&resize=crop&crop=bottom,right", "400x267+0+33 75x50"),
    ("w=50&h=50&resize=crop&crop=left", "300x300+0+0 50x50"),
    ("w=50&h=50&resize=crop&crop=right", "300x300+100+0 50x50"),
    ("w=50&h=50&resize=crop", "300x300+50+0 50x50"), ("w=50&h=50&resize=crop&crop=center", "300x300+50+0 50x50"),
    ("w=50&h=50&resize=crop&crop=center&crop=right", "300x300+100+0 50x50"),
    ("w=50&h=50&resize=crop&crop[]=top&crop[]=%20left", "300x300+0+0 50x50"),
    ("w=40", "40x30"), ("h=30&resize=scale", "40x30"), ("h=30&resize=crop&crop=top", "40x30"),
    ("w=40&resize=fill", "40x30"),
    ("w=1&h=1", "1x1"), ("", "400x300"),
  ])
  func sizesAreAsTheTableSays(query: String, expected: String) throws {
    #expect(try plan((400, 300), query) == expected)
  }

  @Test func theRatioOfNarrowImagesIsKeptAsFarAsPixelsGo() throws {
    #expect(try plan((1_000, 1), "w=10") == "10x1")
    #expect(try plan((1_000, 1), "w=10&h=10&resize=crop") == "1x1+499+0 10x10")
    #expect(try plan((1, 1_000), "h=10&resize=fill&w=3") == "1x10 in 3x10")
  }

  @Test(arguments: [
    ("w=5000&h=5000&resize=scale", "4096x4096"),
    ("w=99999999999999999999&h=5000&resize=fill", "4096x3072 in 4096x4096"),
    ("w=5000", "4096x3072"), ("h=5000", "4096x3072"), ("w=5000&h=5000&resize=crop", "300x300+50+0 4096x4096"),
  ])
  func noSideIsEnlargedBeyondTheLimit(query: String, expected: String) throws {
    #expect(try plan((400, 300), query) == expected)
  }

  @Test func aSideThatIsLongerAlreadyMayStaySo() throws {
    #expect(try plan((6_000, 3_000), "w=5000") == "5000x2500")
    #expect(try plan((6_000, 3_000), "w=9000&h=9000&resize=scale") == "6000x4096")
    #expect(try plan((10, 1_000), "w=100", sideMax: 50) == "10x1000")
  }

  @Test(arguments: [
    "w=0", "h=0", "w=-1", "w=1.5", "w=", "w=x", "w[]=5", "h=%2B5", "resize=crop", "resize=clip", "crop=top",
    "crop=center",
    "resize=other&w=5", "resize=&w=5", "resize[]=crop&w=5", "crop=&w=5", "crop=middle&w=5", "crop=top,bottom&w=5",
    "crop=left,right&w=5", "crop=top,left,center&w=5", "w=5&h=0", "w=5&h=5&crop=x",
  ])
  func eachParameterIsChecked(query: String) {
    #expect(throws: APIError.self, "\(query)") { try ImageRequest(RequestQuery(query)) }
  }
}
