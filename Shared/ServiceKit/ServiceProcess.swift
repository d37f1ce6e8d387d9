import EventLoop
import Glibc
import Telemetry

/// One serving process: loops, logger, metrics, the second listener, and the end of all that.
enum ServiceProcess {
  static func serve(_ specification: ServiceSpecification, _ configuration: Configuration) -> Never {
    ProcessSignals.block()
    let descriptors = raiseDescriptorLimit()
    let logger = makeLogger(specification.name, configuration)
    let metrics = Metrics()
    let loops = EventLoopGroup(count: configuration.integer("loops") ?? coreCount(), name: specification.name)
    let state = ServiceState()
    let context = ServiceContext(configuration: configuration, loops: loops, logger: logger, metrics: metrics)
    let started = monotonicNanoseconds()
    registerProcessMetrics(metrics, started: started)
    logger.info(
      "starting",
      [
        ("version", Version.current), ("pid", "\(getpid())"), ("loops", "\(loops.loops.count)"),
        ("open_files", "\(descriptors)"),
      ])

    Task(executorPreference: loops.any()) {
      do {
        let admin = AdminHandler(service: specification.name, state: state, metrics: metrics)
        let listener = try await AdminListener.start(admin, context: context)
        state.keep(listener)
        logger.info("second listener open", [("admin_listen", "\(listener.address)")])
        let service = try await specification.build(context)
        guard state.started(service) else {
          await service.drain()
          ServiceMain.leave(0, "")
        }
        logger.info("started", [("milliseconds", "\((monotonicNanoseconds() - started) / 1_000_000)")])
      } catch {
        logger.error("could not start", [("reason", "\(error)")])
        ServiceMain.leave(1, "")
      }
    }

    let first = ProcessSignals.wait() ?? SIGTERM
    let seconds = configuration.integer("drain-seconds") ?? 10
    logger.info("draining", [("signal", ProcessSignals.name(first)), ("seconds_max", "\(seconds)")])
    let service = state.beginDraining()
    Task(executorPreference: loops.any()) {
      let begun = monotonicNanoseconds()
      await service?.drain()
      logger.info("stopped", [("drained_milliseconds", "\((monotonicNanoseconds() - begun) / 1_000_000)")])
      ServiceMain.leave(0, "")
    }
    if let second = ProcessSignals.wait(seconds: seconds) {
      logger.warning("ended at once by a second signal", [("signal", ProcessSignals.name(second))])
      ServiceMain.leave(128 + second, "")
    }
    logger.error("not drained in time: what was left is cut off", [("seconds", "\(seconds)")])
    ServiceMain.leave(1, "")
  }

  static func makeLogger(_ name: String, _ configuration: Configuration) -> Logger {
    let level = configuration.string("log-level").flatMap(Logger.Level.init(name:)) ?? .info
    let format =
      configuration.string("log-format").flatMap(Logger.Format.init(rawValue:))
      ?? (isatty(STDERR_FILENO) == 1 ? .plain : .json)
    return Logger(service: name, level: level, format: format)
  }

  private static func registerProcessMetrics(_ metrics: Metrics, started: UInt64) {
    metrics.gauge("process_uptime_seconds", help: "Since this process started") {
      Double(monotonicNanoseconds() - started) / 1e9
    }
    metrics.gauge("process_resident_bytes", help: "Resident memory") { residentBytes() }
    for name in ["allocated", "active"] {
      metrics.gauge("process_heap_\(name)_bytes", help: "Heap memory, as jemalloc counts it") {
        Allocator.bytes(name) ?? 0
      }
    }
    metrics.gauge("process_cpu_seconds", help: "User and system time used") {
      var time = timespec()
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
    metrics.gauge("millrace_build_info", labels: "version=\"\(Version.current)\"", help: "Always 1") { 1 }
  }

  private static func residentBytes() -> Double {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let words = line.prefix { $0 != 0 }.split(separator: 32)
    guard words.count > 1, let pages = Int(String(decoding: words[1].map { UInt8(bitPattern: $0) }, as: UTF8.self))
    else {
      return 0
    }
    return Double(pages * sysconf(Int32(_SC_PAGESIZE)))
  }
}
