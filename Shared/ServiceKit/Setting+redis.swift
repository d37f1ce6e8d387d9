extension Setting {
  /// Where services that publish or listen find Redis.
  public static let redis = Setting(
    "redis", .address, default: "127.0.0.1:6379",
    help: "Redis, for what should arrive at once; without it the same arrives a little later")
}
