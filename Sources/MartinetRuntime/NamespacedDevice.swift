import CMartinetLinux
import MartinetLinks

/// A TUN device in a network namespace, as the command line says it: `[NETNS/]TUN[,mtu=N]`.
///
/// NETNS is a name of `ip netns`, or, with a slash in it, the path of the file that stands for the namespace.
public struct NamespacedDevice: Hashable, Sendable, CustomStringConvertible {
  /// The text form.
  public let description: String
  /// nil: the namespace of the process.
  public let namespace: NetworkNamespace?
  public let device: LinkSpecification

  /// Reads the text form.
  /// - Throws: ``LinkError/malformed(_:reason:)``.
  public init(parsing text: String) throws(LinkError) {
    description = text
    guard let slash = text.lastIndex(of: "/") else {
      namespace = nil
      device = try NamespacedDevice.tun(text[...], of: text)
      return
    }
    let place = String(text[..<slash])
    guard !place.isEmpty else { throw .malformed(text, reason: "the namespace before the slash is missing") }
    namespace = place.contains("/") ? NetworkNamespace(path: place) : NetworkNamespace(named: place)
    device = try NamespacedDevice.tun(text[text.index(after: slash)...], of: text)
  }

  private static func tun(_ name: Substring, of text: String) throws(LinkError) -> LinkSpecification {
    do throws(LinkError) {
      let device = try LinkSpecification(parsing: "tun:" + name)
      if device.offload != nil { throw .malformed(text, reason: "a wire carries packets one by one, without offload") }
      return device
    } catch {
      guard case .malformed(_, let reason) = error else { throw error }
      throw .malformed(text, reason: reason)
    }
  }

  /// A device that was opened.
  public struct Opened: Sendable {
    public let link: any Link
    /// Whether there was none before; then it vanishes with the link.
    public let isNew: Bool
  }

  /// Opens the device, creates it where there is none, and switches it on.
  public func open() throws(LinkError) -> Opened {
    var device = device
    device.offload = false
    let wanted = device
    guard let namespace else { return try NamespacedDevice.open(wanted) }
    return try namespace.perform { () throws(LinkError) in try NamespacedDevice.open(wanted) }
  }

  private static func open(_ device: LinkSpecification) throws(LinkError) -> Opened {
    guard case .tun(let name) = device.medium else {
      throw .malformed("\(device)", reason: "a TUN device is wanted")
    }
    let isNew = martinet_device_index(name) < 0
    let link = try device.open()
    do {
      try link.attach([])
    } catch {
      link.close()
      throw error
    }
    return Opened(link: link, isNew: isNew)
  }
}
