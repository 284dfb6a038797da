/// The number of a page of a ``PagePool``.
@frozen
public struct PageIndex: Equatable, Sendable {
  public let rawValue: UInt32
  @inlinable public init(_ rawValue: UInt32) { self.rawValue = rawValue }
  /// No page.
  @inlinable public static var none: PageIndex { PageIndex(UInt32.max) }
  @inlinable public var isNone: Bool { rawValue == UInt32.max }
}

/// A list of pages, each with a run of bytes, that one owner holds: a packet, or bytes waiting to be read.
///
/// A chain has no deinitialiser, since only its pool can take the pages back: give it to
/// ``PagePool/release(_:)`` or append it to another chain.
@frozen
public struct PageChain: ~Copyable {
  @usableFromInline var first: PageIndex
  @usableFromInline var last: PageIndex
  @usableFromInline var octets: Int

  /// An empty chain: it holds no page.
  @inlinable
  public init() {
    first = .none
    last = .none
    octets = 0
  }

  /// The octets in the chain.
  @inlinable public var count: Int { octets }
  @inlinable public var isEmpty: Bool { octets == 0 }
  /// The page in which the chain begins.
  package var firstPage: PageIndex { first }
}

extension PageChain {
  /// A chain put aside in a collection that can't hold what can't be copied. Exactly one chain must be made of it again.
  @frozen
  public struct Parked: BitwiseCopyable {
    @usableFromInline let first: PageIndex
    @usableFromInline let last: PageIndex
    public let count: Int

    @usableFromInline
    init(first: PageIndex, last: PageIndex, count: Int) {
      self.first = first
      self.last = last
      self.count = count
    }
  }

  /// Puts the chain aside.
  @inlinable
  public consuming func parked() -> Parked {
    Parked(first: first, last: last, count: octets)
  }

  /// The chain that was put aside.
  @inlinable
  public init(_ parked: Parked) {
    first = parked.first
    last = parked.last
    octets = parked.count
  }

  /// Takes what the chain holds and leaves it empty.
  @inlinable
  public mutating func take() -> PageChain {
    var taken = PageChain()
    swap(&taken, &self)
    return taken
  }
}
