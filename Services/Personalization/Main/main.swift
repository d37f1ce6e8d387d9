import PersonalizationService
import ServiceKit

ServiceMain.run(personalizationSpecification())
