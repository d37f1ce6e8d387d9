// FeedAPIService
