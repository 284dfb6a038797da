/// How a datagram is cut into fragments (RFC 791 section 3.2, RFC 8200 section 4.5): one behind the other without overlap, each
/// but the last a multiple of eight octets.
@frozen
public struct FragmentPlan: Equatable, Sendable {
  /// One fragment of a plan.
  @frozen
  public struct Piece: Equatable, Sendable {
    /// Where the piece belongs in the datagram's payload, in octets.
    public let offset: Int
    public let count: Int
    public let hasMoreFragments: Bool
  }

  private let payload: Int
  private let room: Int

  /// The most octets that a datagram can hold behind its header.
  public static let maximumPayload = 65535

  /// A plan for `payload` octets in packets of at most `mtu` octets, of which `headerLength` repeat in each; nil if there is
  /// no room for eight octets, or the datagram is larger than IP allows.
  public init?(payload: Int, mtu: Int, headerLength: Int) {
    guard payload >= 0 && payload <= FragmentPlan.maximumPayload else { return nil }
    guard headerLength >= 0 && mtu >= headerLength + 8 else { return nil }
    self.payload = payload
    room = (mtu - headerLength) & ~7
  }

  /// The number of fragments: at least one.
  public var count: Int { payload == 0 ? 1 : (payload - 1) / room + 1 }

  /// The piece with `index`, 0 ..< ``count``.
  public subscript(index: Int) -> Piece {
    precondition(index >= 0 && index < count, "a fragment plan has no such piece")
    let offset = index * room
    return Piece(offset: offset, count: min(room, payload - offset), hasMoreFragments: index < count - 1)
  }
}

extension IPv4Header {
  /// The header of one piece of the datagram that this header begins; nil if it must not be fragmented.
  public func fragment(_ piece: FragmentPlan.Piece) -> IPv4Header? {
    guard !doesNotFragment else { return nil }
    var header = self
    header.fragmentOffset = fragmentOffset + piece.offset
    header.hasMoreFragments = hasMoreFragments || piece.hasMoreFragments
    header.totalLength = IPv4Header.minimumLength + piece.count
    return header
  }
}
