import Jobs
import ServiceKit

/// `worker dead-letters`: jobs that failed too often, to be looked at, tried again or thrown away (realtime R130).
func deadLettersCommand() -> ServiceSpecification.Command {
  .onStore(
    name: "dead-letters", of: "worker",
    summary: "list|show|replay|drop [NAME…|--all] [--app ID] [--kind KIND] [--limit N] [--output json]: jobs put aside",
    complain: { StandardError.print("worker dead-letters: \($0)") },
    read: { words throws(CommandOptions.Misuse) in try DeadLettersOptions(words) },
    work: { options, store in await DeadLettersRun(letters: DeadLetters(store), options: options).run() })
}
