import Foundation
import Synchronization
import Torch

/// Runs `body` on threads that are workers of one group; returns what each returned, in the order of their numbers.
public func onWorkers<Result: Sendable>(
  _ count: Int, timeout: Double = 60, _ body: @escaping @Sendable (any Communicator) throws -> Result
) throws -> [Result] {
  let port = freePort()
  let name = UUID().uuidString
  let results = Mutex<[Int: Swift.Result<Result, any Error>]>([:])
  let group = DispatchGroup()
  for rank in 0..<count {
    group.enter()
    let thread = Thread {
      // Of this thread alone: workers share the processors.
      Engine.setThreadCount(1)
      let result = Swift.Result {
        let worker = try WorkerGroup(
          WorkerGroup.Meeting(name: name, host: "127.0.0.1", port: port, rank: rank, count: count, timeout: timeout))
        return try withWorkers(worker) { try body(worker) }
      }
      results.withLock { $0[rank] = result }
      group.leave()
    }
    thread.stackSize = 16 << 20
    thread.start()
  }
  group.wait()
  return try (0..<count).map { rank in try results.withLock { $0[rank]! }.get() }
}

/// A TCP port that nobody uses at the moment.
public func freePort() -> Int {
  let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(socket) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  var size = socklen_t(MemoryLayout<sockaddr_in>.size)
  return withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
      _ = bind(socket, pointer, size)
      _ = getsockname(socket, pointer, &size)
    }
    return Int(UInt16(bigEndian: pointer.pointee.sin_port))
  }
}
