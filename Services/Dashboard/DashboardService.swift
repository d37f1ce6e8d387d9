// DashboardService
