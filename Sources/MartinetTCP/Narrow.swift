/// A number that is never negative and never large, in the memory that it needs: an idle connection consists of such. What does not fit stays at the nearest
/// number that does.
@propertyWrapper
struct Narrow<Storage: FixedWidthInteger & UnsignedInteger> {
  private var storage: Storage

  @inline(__always)
  init(wrappedValue: Int) { storage = Storage(clamping: wrappedValue) }

  var wrappedValue: Int {
    @inline(__always) get { Int(storage) }
    @inline(__always) set { storage = Storage(clamping: newValue) }
  }
}
