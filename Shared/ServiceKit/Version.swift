/// The version of all seven executables; they are built and shipped together.
public enum Version {
  public static let current = "0.1.0"
}
