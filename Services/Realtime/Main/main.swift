import RealtimeService
import ServiceKit

ServiceMain.run(realtimeSpecification())
