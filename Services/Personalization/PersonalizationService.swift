// PersonalizationService
