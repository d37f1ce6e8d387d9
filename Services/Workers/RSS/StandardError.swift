import Glibc

/// Lines for the person at the terminal, apart from what a command prints.
enum StandardError {
  static func print(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    var start = 0
    // write(2) only reads the array, inside the closure.
    while start < bytes.count {
      let count = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress?.advanced(by: start), $0.count - start) }
      guard count > 0 else { return }
      start += count
    }
  }
}
