import KeevoService
import ServiceKit

ServiceMain.run(keevoSpecification())
