extension StoreError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalid(let reason): "the store refused the request: \(reason)"
    case .overloaded(let reason): "the store has too much to do: \(reason)"
    case .wrongShard(let version): "the shard lies elsewhere, as map \(version) says"
    case .notLeader(let hint): "that node does not lead the shard\(hint.map { "; \($0) may" } ?? "")"
    case .unknown(let reason): "it is not known whether the write took effect: \(reason)"
    case .unavailable(let reason): "the store cannot be reached: \(reason)"
    case .deadlineExceeded: "the store did not answer in time"
    case .unknownFormat(let reason): "the store speaks a newer format: \(reason)"
    case .failed(let reason): "the store has stopped itself: \(reason)"
    }
  }
}
