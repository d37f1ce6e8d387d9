import FeedAPIService
import ServiceKit

ServiceMain.run(feedAPISpecification())
