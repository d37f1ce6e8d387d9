// PubSub
