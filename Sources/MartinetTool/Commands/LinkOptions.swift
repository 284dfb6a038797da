import ArgumentParser
import MartinetLinks
import MartinetWire

/// The options of every command that opens a link.
struct LinkOptions: ParsableArguments {
  @Option(
    name: .customLong("link"),
    help: ArgumentHelp(
      "hub:HOST:PORT, udp:HOST:PORT, tun:NAME or tap:NAME, each with an optional ,mtu=N, devices with ,offload=off.",
      discussion: "Without it the programs find each other on 127.0.0.1:7707; http has a server of its own.",
      valueName: "LINK"),
    transform: LinkOptions.link)
  var specification: LinkSpecification?

  @Option(
    name: .customLong("address"), parsing: .singleValue,
    help: ArgumentHelp("An address of ours on the link; may be given several times.", valueName: "A/PREFIX"),
    transform: LinkOptions.prefix)
  var addresses: [IPPrefix] = []

  @Option(
    name: .customLong("gateway"),
    help: ArgumentHelp("Where packets go that are for no prefix of ours.", valueName: "A"),
    transform: LinkOptions.address)
  var gateway: IPAddress?

  @Option(
    name: .customLong("capture"),
    help: ArgumentHelp("Record all packets of the link in a pcapng file.", valueName: "PATH"))
  var capture: String?

  private static func link(_ text: String) throws -> LinkSpecification {
    do throws(LinkError) {
      return try LinkSpecification(parsing: text)
    } catch {
      if case .malformed(_, let reason) = error { throw ValidationError(reason) }
      throw ValidationError("\(error)")
    }
  }

  private static func prefix(_ text: String) throws -> IPPrefix {
    guard let prefix = IPPrefix(parsing: text), prefix.length > 0 else {
      throw ValidationError("an address with its prefix length is wanted, as in 10.77.0.2/24 or fd77::2/64")
    }
    return prefix
  }

  private static func address(_ text: String) throws -> IPAddress {
    guard let address = IPAddress(parsing: text) else {
      throw ValidationError("an IPv4 or IPv6 address is wanted")
    }
    return address
  }

  func validate() throws {
    guard addresses.isEmpty else { return }
    switch specification?.medium {
    case .tun, .tap: throw ValidationError("--address A/PREFIX is needed with a TUN or TAP device")
    default: break
    }
  }
}
