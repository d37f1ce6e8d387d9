import Foundation

/// The Go program under Oracle/, which has etcd/raft in it. It is built once per process, with Debian's packages
/// `golang-go` and `golang-etcd-server-dev`, and is part of no product.
struct Oracle {
  struct Unavailable: Error, CustomStringConvertible {
    var description: String
  }

  let program: String

  static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Oracle")
  static let libraries = "/usr/share/gocode"

  /// Whether both packages are installed. Where the full set of tests runs (`MILLRACE_RAFT_SCHEDULES` is set) they must be.
  static var isInstalled: Bool {
    FileManager.default.fileExists(atPath: libraries + "/src/go.etcd.io/etcd/raft/raft.go")
      && FileManager.default.isExecutableFile(atPath: "/usr/bin/go")
  }

  static func build() throws -> Oracle {
    let folder = URL(filePath: NSTemporaryDirectory()).appending(path: "millrace-raft-oracle-\(getuid())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let program = folder.appending(path: "oracle-\(UUID().uuidString)").path
    let go = Process()
    go.executableURL = URL(filePath: "/usr/bin/go")
    // Without debugging tables: they would name a type that the linked variable has only by layout.
    go.arguments = ["build", "-ldflags=-w", "-o", program, "."]
    go.currentDirectoryURL = sources
    go.environment = ProcessInfo.processInfo.environment.merging([
      "GO111MODULE": "off", "GOPATH": libraries, "GOFLAGS": "", "GOCACHE": folder.appending(path: "cache").path,
    ]) { $1 }
    let complaints = Pipe()
    go.standardError = complaints
    try go.run()
    let text = String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    go.waitUntilExit()
    guard go.terminationStatus == 0 else { throw Unavailable(description: "go build failed: \(text)") }
    return Oracle(program: program)
  }

  /// Feeds schedules to the oracle while they are made; returns what it says at the end.
  func run(verbose: Bool = false, feed: (FileHandle) throws -> Void) throws -> (equal: Bool, says: String) {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = verbose ? ["--verbose"] : []
    let input = Pipe()
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    process.standardError = output
    try process.run()
    // The oracle ends at the first difference; what is written to it after that is lost, and no reason to die.
    signal(SIGPIPE, SIG_IGN)
    do {
      try feed(input.fileHandleForWriting)
    } catch let error as NSError where error.domain == NSPOSIXErrorDomain || error.domain == NSCocoaErrorDomain {
      // It says why below.
    }
    try? input.fileHandleForWriting.close()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus == 0, text)
  }
}
