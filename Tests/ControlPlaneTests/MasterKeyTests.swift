import Foundation
import Testing

@testable import ControlPlane

@Suite struct MasterKeyTests {
  @Test func firstStartMakesAFileThatOnlyItsOwnerReads() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("master.key")
    let made = try MasterKey.load(path: path)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let again = try MasterKey.load(path: path)
    #expect(again.sealingID == made.sealingID)
    let sealed = try made.seal([1, 2, 3], context: "here")
    #expect(try again.open(sealed, context: "here") == [1, 2, 3])
    // Nothing but the key itself is left behind.
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["master.key"])
  }

  @Test(arguments: [0o644, 0o640, 0o604, 0o660, 0o601])
  func aFileOpenToOthersIsRefusedAndSaysHowToMendIt(mode: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("master.key")
    _ = try MasterKey.load(path: path)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    let error = #expect(throws: MasterKey.Failure.self) { try MasterKey.load(path: path) }
    #expect(error == .openToOthers(path: path, mode: String(mode, radix: 8)))
    #expect(error?.description.contains("chmod 600 \(path)") == true)
  }

  @Test func processesThatStartTogetherAgreeOnOneKey() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("master.key")
    let ids = await withTaskGroup(of: String.self) { group in
      for _ in 0..<16 { group.addTask { (try? MasterKey.load(path: path).sealingID) ?? "failed" } }
      return await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(ids.count == 1 && !ids.contains("failed"))
  }

  @Test func whereSecretsAreSealedNoOtherKeyWillDo() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/key"
    #expect(throws: MasterKey.Failure.wrongFile(path: path, missing: ["ab"])) {
      try MasterKey.load(path: path, opening: ["ab"])
    }
    #expect(FileBytes.read(path: path, bytesMax: 1) == nil, "nothing was made")
    let key = try MasterKey.load(path: path, opening: [])
    #expect(try MasterKey.load(path: path, opening: [key.sealingID]).sealingID == key.sealingID)
    #expect(throws: MasterKey.Failure.wrongFile(path: path, missing: ["ab"])) {
      try MasterKey.load(path: path, opening: ["ab", key.sealingID])
    }
  }

  @Test func aFolderThatIsNotThereIsSaid() {
    let error = #expect(throws: MasterKey.Failure.self) { try MasterKey.load(path: "/nonexistent/folder/master.key") }
    #expect(error?.description.contains("/nonexistent/folder/master.key") == true)
  }

  static let old = "aa " + String(repeating: "11", count: 32)
  static let new = "bb " + String(repeating: "22", count: 32)

  @Test func theFirstKeySealsAndOlderOnesStillOpen() throws {
    let before = try MasterKey(text: Self.old)
    let after = try MasterKey(text: "# keys\n\(Self.new)\n\(Self.old)\n")
    let sealed = try before.seal([7], context: "c")
    #expect(sealed.keyID == "aa")
    #expect(try after.open(sealed, context: "c") == [7])
    #expect(try after.seal([7], context: "c").keyID == "bb")
    let tooNew = try after.seal([7], context: "c")
    #expect(throws: MasterKey.Failure.unknownKey(id: "bb", context: "c")) { try before.open(tooNew, context: "c") }
  }

  @Test func aSecretMovedToAnotherPlaceDoesNotOpen() throws {
    let key = try MasterKey(text: Self.old)
    let sealed = try key.seal([7], context: APIKey.sealingContext(key: "aaaaaaaaaaaa"))
    let elsewhere = APIKey.sealingContext(key: "bbbbbbbbbbbb")
    #expect(throws: MasterKey.Failure.doesNotOpen(context: elsewhere)) { try key.open(sealed, context: elsewhere) }
  }

  @Test func anUnknownFormatIsSaid() throws {
    let key = try MasterKey(text: Self.old)
    var sealed = try key.seal([7], context: "c")
    sealed.bytes[0] = 9
    #expect(throws: MasterKey.Failure.unknownFormat(context: "c")) { try key.open(sealed, context: "c") }
  }

  @Test(arguments: ["", "# only a comment\n", "aa 11", "aa", "aa \(String(repeating: "1", count: 63))g", "\(old) more"])
  func malformedFilesAreRefused(text: String) {
    #expect(throws: MasterKey.Failure.self) { try MasterKey(text: text) }
  }

  @Test func keysAreDerivedForOnePurposeEach() throws {
    let (zeroes, ones) = (String(repeating: "00", count: 32), String(repeating: "11", count: 32))
    let key = try MasterKey(text: "b \(ones)\na \(zeroes)\n")
    let derived = key.derived(for: "p")
    // HMAC-SHA256 of "p" under 32 zero bytes, as Python's hmac gives it.
    #expect(
      derived.count == 2
        && derived[1] == Hexadecimal.bytes("a1d75fa8dc0d1a84cf6df6f0e55cb52d89d44acb26e786c9329cf8dc8804a94e"))
    #expect(
      try MasterKey(text: "a \(zeroes)").derived(for: "p") == [derived[1]], "the same after a new key came on top")
    #expect(key.derived(for: "q")[1] != derived[1] && derived[0] != derived[1])
  }
}
