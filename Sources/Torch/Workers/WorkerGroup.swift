import CTorch
import Foundation
import Synchronization

/// Workers that speak through libtorch's c10d: processes, or threads of one.
public final class WorkerGroup: Communicator, BucketCarrier, @unchecked Sendable {
  /// Where workers meet, and as who.
  public struct Meeting: Sendable, Equatable {
    /// The same for all of them, and another one for each attempt.
    public var name: String
    /// The host of the store that all of them reach.
    public var host: String
    /// The store's port.
    public var port: Int
    /// Whether this worker opens the store.
    public var hostsStore: Bool
    /// This worker's number, from 0.
    public var rank: Int
    /// How many workers there are.
    public var count: Int
    /// How long one waits for the others, in seconds.
    public var timeout: Double

    /// Describes a meeting; by default the first worker opens the store.
    public init(
      name: String, host: String, port: Int, hostsStore: Bool? = nil, rank: Int, count: Int, timeout: Double = 600
    ) {
      self.name = name
      self.host = host
      self.port = port
      self.hostsStore = hostsStore ?? (rank == 0)
      self.rank = rank
      self.count = count
      self.timeout = timeout
    }
  }

  /// This worker's number, from 0.
  public var rank: Int { meeting.rank }
  /// How many workers there are.
  public var count: Int { meeting.count }
  /// How long this worker waits for others, in seconds.
  public var timeout: Double { meeting.timeout }
  private let meeting: Meeting
  private let handle: OpaquePointer
  /// The name by which operators find the group.
  let name: UnsafePointer<CChar>
  private let buckets: GradientBuckets
  private let waited = Atomic(0)

  /// Waits for the other workers.
  /// - Throws: `WorkersError` where they do not come, or the store cannot be opened or reached.
  public init(_ meeting: Meeting) throws(WorkersError) {
    guard let address = NetworkAddress.ownTowards(meeting.host) else {
      throw WorkersError(meeting, reason: "the name \(meeting.host) is not known")
    }
    let interface = ProcessInfo.processInfo.environment["GLOO_SOCKET_IFNAME"]
    let words: [String] = [meeting.name, meeting.host, address, interface ?? ""]
    let texts = words.map { strdup($0)! }
    defer { for text in texts { free(text) } }
    var place = ht_meeting(
      name: texts[0], host: texts[1], port: UInt16(meeting.port), hosts_store: meeting.hostsStore,
      rank: Int32(meeting.rank), count: Int32(meeting.count),
      network_interface: interface == nil ? nil : UnsafePointer(texts[3]), address: texts[2],
      timeout_seconds: meeting.timeout)
    var handle: OpaquePointer?
    let status = ht_group_join(&place, &handle)
    guard status == HT_OK, let handle else { throw WorkersError(meeting, reason: lastMessage()) }
    self.meeting = meeting
    self.handle = handle
    name = ht_group_name(handle)
    buckets = GradientBuckets()
    buckets.group = self
  }

  deinit { ht_group_leave(handle) }

  /// The sum over workers.
  public func sum(_ tensor: Tensor) -> Tensor {
    reduced(tensor.detached()).withGradient(to: [tensor]) { [unowned self] in [reduced($0)] }
  }

  /// The rows of all workers.
  public func gathered(_ rows: Tensor) -> Tensor {
    let all = Operator.allGather(.tensor(rows.detached().contiguous()), .int(count), .group(self))
    return wait(for: all).withGradient(to: [rows]) { [unowned self] in
      let own = Operator.reduceScatter(.tensor($0.contiguous()), .text("sum"), .int(count), .group(self))
      return [wait(for: own)]
    }
  }

  /// Runs a backward pass, and sends gradients on their way while it runs.
  public func averagingGradients(of leaves: [Tensor], _ backward: () -> Void) {
    buckets.average(leaves, during: backward)
  }

  /// Whether any worker answers true.
  public func anyAgrees(_ own: Bool) throws -> Bool {
    try throwingExhaustion {
      withDevice(.cpu) {
        reduced(Tensor([own ? 1 : 0] as [Int32])).scalars(as: Int32.self).first.map { $0 > 0 } ?? false
      }
    }
  }

  /// The texts of all workers.
  public func gathered(_ text: String) throws -> [String] {
    try withDevice(.cpu) {
      let lengths = try throwingExhaustion { gathered(Tensor([text.utf8.count])).scalars(as: Int.self) }
      let longest = lengths.max() ?? 0
      guard longest > 0 else { return Array(repeating: "", count: count) }
      let padded = Array(text.utf8) + Array(repeating: 0, count: longest - text.utf8.count)
      let bytes = try throwingExhaustion { gathered(Tensor(padded)).scalars(as: UInt8.self) }
      return lengths.enumerated().map { worker, length in
        String(decoding: bytes[worker * longest..<worker * longest + length], as: UTF8.self)
      }
    }
  }

  /// The sum over workers, without gradients.
  private func reduced(_ tensor: Tensor) -> Tensor {
    wait(for: Operator.allReduce(.tensor(tensor.contiguous()), .text("sum"), .group(self)))
  }

  /// Begins to replace a tensor by its sum over workers; `wait(for:)` waits for it.
  func beginSum(_ tensor: Tensor) {
    Operator.allReduceInPlace.run(.tensor(tensor), .text("sum"), .group(self))
  }

  /// A tensor when the others have sent what it is made of.
  func wait(for tensor: Tensor) -> Tensor {
    let start = ContinuousClock.now
    defer { waited.add(Int((ContinuousClock.now - start) / .nanoseconds(1)), ordering: .relaxed) }
    return Operator.waitForWorkers(.tensor(tensor))
  }

  /// How long this worker has waited so far.
  public var waitedSeconds: Double { Double(waited.load(ordering: .relaxed)) / 1e9 }

  /// After a failure: says so to the others, and finds out who else does.
  ///
  /// - Parameters:
  ///   - text: What this worker knows.
  ///   - seconds: How long to wait for the others.
  /// - Returns: What the others say; nil where one says nothing, since it hangs, was killed, or cannot be reached.
  public func reports(after text: String, waiting seconds: Double) -> [String?] {
    let answers = Mutex([String?](repeating: nil, count: count))
    answers.withLock { $0[rank] = text }
    let asked = DispatchSemaphore(value: 0)
    // On a thread of its own, which may hang where the store cannot be reached any more.
    Thread.detachNewThread { [self] in
      _ = ht_group_post(handle, "failure/\(rank)", text)
      let end = ContinuousClock.now + .seconds(seconds)
      repeat {
        for worker in 0..<count where answers.withLock({ $0[worker] == nil }) {
          var answer: UnsafePointer<CChar>?
          guard ht_group_read(handle, "failure/\(worker)", 1, &answer) == HT_OK, let answer else { continue }
          answers.withLock { $0[worker] = String(cString: answer) }
        }
      } while answers.withLock { $0.contains(nil) } && ContinuousClock.now < end
      asked.signal()
    }
    _ = asked.wait(timeout: .now() + seconds + 1)
    return answers.withLock { $0 }
  }
}

/// Workers did not meet.
public struct WorkersError: Error, CustomStringConvertible {
  /// Where they were to meet.
  public let meeting: WorkerGroup.Meeting
  /// libtorch's own words.
  public let reason: String

  init(_ meeting: WorkerGroup.Meeting, reason: String) {
    self.meeting = meeting
    self.reason = reason
  }

  /// One paragraph: who, where, why, and what to do.
  public var description: String {
    let place = "\(meeting.host):\(meeting.port)"
    if reason.contains("EADDRINUSE") || reason.contains("address already in use") {
      return
        "Worker \(meeting.rank) of \(meeting.count) cannot open the store of the workers at \(place): the port is in "
        + "use. Another training may run there; name another port (MASTER_PORT, or --master-port of torchrun)."
    }
    return
      "Worker \(meeting.rank) of \(meeting.count) waited \(Int(meeting.timeout)) s for the others at \(place), and "
      + "they did not all come: \(reason.prefix { $0 != "\n" }). See that as many workers are started as were "
      + "announced, that all of them reach this address, and what the missing ones say in their own output."
  }
}
