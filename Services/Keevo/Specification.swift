import ServiceKit

/// The service `keevo`: one node of the store.
public func keevoSpecification() -> ServiceSpecification {
  ServiceSpecification(
    name: "keevo", summary: "the store: an ordered, durable key-value store",
    settings: KeevoSettings.all,
    build: { context in try await KeevoProcess.start(context) })
}
