/// Does the jobs of some kinds.
///
/// A handler works in steps that may be repeated: each begins where the cursor stands, and saves the cursor when its
/// effects are durable. It ends by finishing or releasing the lease, or throws.
public protocol JobHandler: Sendable {
  var kinds: [JobKind] { get }
  func run(_ lease: JobLease) async throws(JobError)
}
