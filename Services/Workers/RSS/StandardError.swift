import Glibc

/// Lines for the person at the terminal, apart from what a command prints.
enum StandardError {
  static func print(_ line: String) { write(line + "\n") }

  /// Text as it is, without an end of line.
  static func write(_ text: String) {
    let bytes = Array(text.utf8)
    var start = 0
    // write(2) only reads the array, inside the closure.
    while start < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(STDERR_FILENO, $0.baseAddress?.advanced(by: start), $0.count - start)
      }
      guard count > 0 else { return }
      start += count
    }
  }
}
