// KeevoService
