/// What a fuzz target does with an input: 0, or it does not come back.
public typealias FuzzTarget = @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32

/// libFuzzer's driver, under the name its own `main` calls it by.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
  _ count: UnsafeMutablePointer<Int32>,
  _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>, _ target: FuzzTarget
) -> Int32

/// Runs libFuzzer over the target with the words of its command line, and gives the exit code.
public func drive(
  _ count: Int32, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, _ target: FuzzTarget
) -> Int32 {
  var count = count
  var words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = words
  return runFuzzer(&count, &words, target)
}
