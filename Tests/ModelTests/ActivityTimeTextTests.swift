import Model
import Testing

@Suite struct ActivityTimeTextTests {
  @Test(arguments: [
    ("2026-11-21T10:00:00.123456", "2026-11-21T10:00:00.123456"),
    ("2026-11-21 10:00:00", "2026-11-21T10:00:00.000000"),
    ("2026-11-21T10:00:00.1", "2026-11-21T10:00:00.100000"),
    ("2026-11-21T10:00:00.123456789", "2026-11-21T10:00:00.123456"),
    ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00.000000"),
    ("2026-11-21T10:00:00.5+02:00", "2026-11-21T08:00:00.500000"),
    ("2026-11-21T10:00:00+1200", "2026-11-20T22:00:00.000000"),
    ("2026-11-21T23:59:59-08", "2026-11-22T07:59:59.000000"),
    ("2026-11-21", "2026-11-21T00:00:00.000000"),
    ("2024-02-29", "2024-02-29T00:00:00.000000"),
    ("1969-12-31T23:59:59.999999", "1969-12-31T23:59:59.999999"),
    ("1582-10-15", "1582-10-15T00:00:00.000000"),
    ("5236-03-31T21:21:00.684697", "5236-03-31T21:21:00.684697"),
  ])
  func formsOfT3AreRead(text: String, printed: String) throws {
    let time = try #require(ActivityTime(text))
    #expect(time.description == printed)
    #expect(time.text(zone: true) == printed + "Z")
    #expect(ActivityTime(ticks: time.ticks) == time)
  }

  @Test(arguments: [
    "", "now", "1795000000", "2026-11-21T", "2026-11-21T10:00", "2026-11-21T24:00:00", "2026-11-21T10:60:00",
    "2026-11-21T10:00:60", "2026-13-01", "2026-00-01", "2026-02-29", "2026-11-31", "2026-11-00", "26-11-21",
    "2026-11-21T10:00:00.", "2026-11-21T10:00:00.1234567890", "2026-11-21T10:00:00,5", "2026-11-21t10:00:00",
    "2026-11-21T10:00:00z", "2026-11-21T10:00:00 Z", "2026-11-21T10:00:00+2", "2026-11-21T10:00:00+24:00",
    "2026-11-21T10:00:00+02:60", "2026-11-21T10:00:00Z ", "2026-11-21Z", "1582-10-14T23:59:59", "5236-04-01",
    "２０２６-11-21", "-2026-11-21", "2026-11-21T10:00:00+02:", "2026-11-21T10:00:00+02:0",
  ])
  func anythingElseIsRefused(text: String) {
    #expect(ActivityTime(text) == nil)
  }

  @Test func daysOfFourCenturiesPrintThemselvesInOrder() throws {
    var time = try #require(ActivityTime("1600-01-01"))
    var previous = ""
    for _ in 0..<13_282 {  // 11 days a step meets every month, leap day and century
      let text = time.description
      try #require(ActivityTime(text) == time)
      try #require(text > previous)
      previous = text
      time = ActivityTime(microseconds: time.microseconds + 11 * 86_400_000_000)
    }
    #expect(time.description == "2000-01-06T00:00:00.000000")
  }
}
