extension JobError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .leaseLost: "somebody else has the job, or it is done"
    case .store(let error): "\(error)"
    case .format(let error): "the job's row cannot be read by this version: \(error)"
    case .impossible(let reason): "it can never succeed: \(reason)"
    }
  }
}
