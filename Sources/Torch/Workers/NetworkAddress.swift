import Foundation

/// Addresses of machines.
enum NetworkAddress {
  /// The address by which this machine sends to another one, which is the one that others can answer to; nil where the
  /// other is not known.
  static func ownTowards(_ host: String) -> String? {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, "9", &hints, &found) == 0, let first = found else { return nil }
    defer { freeaddrinfo(found) }
    var candidate: UnsafeMutablePointer<addrinfo>? = first
    while let info = candidate?.pointee {
      if let address = own(towards: info) { return address }
      candidate = info.ai_next
    }
    return nil
  }

  /// Connecting a datagram socket sends nothing, and shows which address would.
  private static func own(towards info: addrinfo) -> String? {
    let descriptor = socket(info.ai_family, Int32(SOCK_DGRAM.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    guard connect(descriptor, info.ai_addr, info.ai_addrlen) == 0 else { return nil }
    var own = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &own) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getsockname(descriptor, pointer, &size) == 0,
          getnameinfo(pointer, size, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) == 0
        else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      }
    }
  }
}
