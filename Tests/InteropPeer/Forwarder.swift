import Foundation
import Martinet

/// Joins a connection with our stack to one that the kernel has with a server of the loopback address.
struct Forwarder {
  let port: UInt16

  func serve(_ socket: Socket) throws {
    let kernel = try connect()
    defer { close(kernel) }
    let input = try socket.inputStream
    let onward = Thread {
      // Either end may end the other: what is left then is to pass the end on.
      while let octets = try? input.read(upTo: 1 << 17), Forwarder.write(octets, to: kernel) {}
      shutdown(kernel, Int32(SHUT_WR))
    }
    onward.start()
    let output = try socket.outputStream
    var piece = [UInt8](repeating: 0, count: 1 << 17)
    while true {
      let count = read(kernel, &piece, piece.count)
      guard count > 0 else { break }
      try output.write(piece[..<count])
    }
    try socket.shutdownOutput()
    while !onward.isFinished { Thread.sleep(forTimeInterval: 0.005) }
    socket.close()
  }

  private func connect() throws -> Int32 {
    let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else {
      let code = errno
      close(descriptor)
      throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO)
    }
    return descriptor
  }

  private static func write(_ octets: [UInt8], to descriptor: Int32) -> Bool {
    var position = 0
    while position < octets.count {
      let count = octets.withUnsafeBytes {
        send(descriptor, $0.baseAddress! + position, $0.count - position, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return false }
      position += count
    }
    return true
  }
}
