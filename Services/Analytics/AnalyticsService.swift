// AnalyticsService
