import Model
import Testing

@Suite struct ActivityIDTextTests {
  @Test func textAndBytesRoundTrip() throws {
    let text = "9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b"
    let id = try #require(ActivityID(text))
    #expect(id.version == 1)
    #expect(id.low == 0x8F3A_6B0F_0E1D_2C3B)
    #expect(id.ticks == 0x1F1_C5CD_9B8F_3C00)
    #expect(id.description == text)
    #expect(ActivityID(bytes: id.bytes) == id)
  }

  @Test func otherVersionsAndUpperCaseAreRead() throws {
    let id = try #require(ActivityID("F47AC10B-58CC-4372-A567-0E02B2C3D479"))
    #expect(id.version == 4)
    #expect(id.description == "f47ac10b-58cc-4372-a567-0e02b2c3d479")
  }

  @Test(arguments: [
    "", "9b8f3c00c5cd11f18f3a6b0f0e1d2c3b", "9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3",
    "9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3g",
    "9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b0", "{b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b",
    "9b8f3c0-0c5cd-11f1-8f3a-6b0f0e1d2c3b",
  ])
  func whatIsNoUUIDIsRefused(text: String) {
    #expect(ActivityID(text) == nil)
  }

  @Test func orderOfIdsIsOrderOfTime() throws {
    let earlier = ActivityID(ticks: try #require(ActivityTime("2026-11-21T10:00:00.000001")).ticks, low: .max)
    let later = ActivityID(ticks: try #require(ActivityTime("2026-11-21T10:00:00.000002")).ticks, low: 0)
    #expect(earlier < later)
    // Text order is another: `time_low` comes first in it.
    let wrapped = ActivityID(ticks: 0x1_0000_0000, low: 0)
    let before = ActivityID(ticks: 0xFFFF_FFFF, low: 0)
    #expect(before < wrapped)
    #expect(before.description > wrapped.description)
  }
}
