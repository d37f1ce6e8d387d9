import Glibc

/// SIGTERM and SIGINT, taken one at a time by the main thread instead of interrupting whatever runs.
enum ProcessSignals {
  /// Keeps both from interrupting this thread and every thread it makes later. Call before any thread is made.
  static func block() {
    signal(SIGPIPE, SIG_IGN)  // a peer that left is an error of its write, not the end of the process
    var set = stopSignals()
    pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// Waits for one of them; `nil` when `seconds` passed without one.
  static func wait(seconds: Int? = nil) -> Int32? {
    var set = stopSignals()
    guard let seconds else {
      while true {
        var number: Int32 = 0
        if sigwait(&set, &number) == 0 { return number }
      }
    }
    let end = monotonicSeconds() + Double(seconds)
    while true {
      let left = end - monotonicSeconds()
      guard left > 0 else { return nil }
      var timeout = timespec(tv_sec: Int(left), tv_nsec: Int((left - left.rounded(.down)) * 1e9))
      let number = sigtimedwait(&set, nil, &timeout)
      if number > 0 { return number }
      if errno != EINTR { return nil }
    }
  }

  static func name(_ number: Int32) -> String { number == SIGINT ? "SIGINT" : "SIGTERM" }

  private static func stopSignals() -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGTERM)
    sigaddset(&set, SIGINT)
    return set
  }

  private static func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// Raises the limit of open files as far as this process may: a connection each costs one. Gives the limit.
@discardableResult
func raiseDescriptorLimit() -> UInt {
  var limit = rlimit()
  guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
  if limit.rlim_cur < limit.rlim_max {
    var raised = limit
    raised.rlim_cur = limit.rlim_max
    if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
  }
  return limit.rlim_cur
}

/// The cores this process may run on.
func coreCount() -> Int {
  max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
}
