import Foundation

/// What libFuzzer calls with each input. Each target defines `Target.run(_:)`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  Tally.inputs += 1
  Target.run(UnsafeRawBufferPointer(start: start, count: count))
  return 0
}

/// What libFuzzer calls once, before the first input.
@_cdecl("LLVMFuzzerInitialize")
public func fuzzInitialize(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>>>
) -> Int32 {
  atexit { Tally.print() }
  return 0
}
