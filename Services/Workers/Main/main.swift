import ServiceKit
import WorkerService

ServiceMain.run(workerSpecification())
