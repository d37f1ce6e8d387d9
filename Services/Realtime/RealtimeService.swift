// RealtimeService
