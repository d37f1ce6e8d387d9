import DashboardService
import ServiceKit

ServiceMain.run(dashboardSpecification())
