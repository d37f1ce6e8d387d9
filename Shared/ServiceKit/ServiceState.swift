import Synchronization

/// Where a process is in its life, as `/readyz` tells it.
final class ServiceState: Sendable {
  enum Phase: Sendable {
    case starting
    case running(any RunningService)
    case draining
  }

  private let phase = Mutex(Phase.starting)
  private let listener = Mutex<AdminListener?>(nil)

  /// Holds the second listener as long as the process lives.
  func keep(_ listener: AdminListener) { self.listener.withLock { $0 = listener } }

  func started(_ service: any RunningService) -> Bool {
    phase.withLock { phase in
      // A signal may have come while the service was built: then it must not seem ready any more.
      guard case .starting = phase else { return false }
      phase = .running(service)
      return true
    }
  }

  /// Turns to draining and gives what ran until now; `nil` when nothing did.
  func beginDraining() -> (any RunningService)? {
    phase.withLock { phase in
      defer { phase = .draining }
      guard case .running(let service) = phase else { return nil }
      return service
    }
  }

  /// `nil` when the service can do its work now.
  func notReadyReason() async -> String? {
    switch phase.withLock({ $0 }) {
    case .starting: return "starting"
    case .draining: return "draining"
    case .running(let service): return await service.notReadyReason()
    }
  }
}
