/// Why a document could not be imported, or the command not run, in words for the person who typed it.
struct RSSFailure: Error, Hashable, Sendable, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
