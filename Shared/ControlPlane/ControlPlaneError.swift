/// Why a change of the control plane was not made.
public enum ControlPlaneError: Error, CustomStringConvertible {
  case postgres(PostgresError)
  case masterKey(MasterKey.Failure)
  /// What was named is not there.
  case notFound(String)
  /// Somebody else changed it in between, or a name is taken.
  case conflict(String)
  /// The change is not allowed as things stand.
  case refused(String)

  public var description: String {
    switch self {
    case .postgres(let error): "\(error)"
    case .masterKey(let error): "\(error)"
    case .notFound(let what), .conflict(let what), .refused(let what): what
    }
  }

  /// What any error inside the module means at its border.
  static func wrapping(_ error: any Error) -> ControlPlaneError {
    switch error {
    case let error as ControlPlaneError: error
    case let error as PostgresError:
      error.isDuplicate ? .conflict("somebody else made the same thing just now; try again") : .postgres(error)
    case let error as MasterKey.Failure: .masterKey(error)
    default: .postgres(.unexpectedAnswer("\(error)"))
    }
  }
}
