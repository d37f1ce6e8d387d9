/// Why a format gave no key for an activity: the key is then empty (feeds J8).
struct FormatRunError: Error, Hashable, Sendable {
  var message: String
  init(_ message: String) { self.message = message }
}
