import AnalyticsService
import ServiceKit

ServiceMain.run(analyticsSpecification())
