import Synchronization

/// Makes a struct that holds it be used where it stands.
///
/// A large struct of plain fields is a value to Swift 6.3, which it copies to the stack for many a call of a method, whatever the method
/// reads: two kilobytes for each question to a connection. A struct with an anchor has an address, and its methods are given that. The atomic inside is never
/// used; it is the one type of the standard library that has this effect.
@frozen
public struct Anchor: ~Copyable, Sendable {
  @usableFromInline let place = Atomic<UInt8>(0)

  @inlinable
  public init() {}
}
