/// The workers that train one network together; a single process is a group of one.
///
/// Every worker must make the same calls in the same order, with tensors of the same shapes. Where others do not answer,
/// those that compute with tensors are to be called within `throwingExhaustion(_:)`.
public protocol Communicator: Sendable {
  /// This worker's number, from 0.
  var rank: Int { get }
  /// How many workers there are.
  var count: Int { get }
  /// How long this worker has waited for tensors of others so far, in seconds.
  var waitedSeconds: Double { get }
  /// Whether the others are not there, and what they send is made up.
  var isPretended: Bool { get }
  /// The sum over workers, element by element, the same on each; gradients of all workers flow back to each.
  func sum(_ tensor: Tensor) -> Tensor
  /// The rows of all workers, `[count · rows, …]`, in the order of their numbers; gradients of all workers flow back to
  /// the one that a row came from.
  func gathered(_ rows: Tensor) -> Tensor
  /// Runs a backward pass; the leaves' gradients are then their means over workers, whatever they were before included.
  func averagingGradients(of leaves: [Tensor], _ backward: () -> Void)
  /// Whether any worker answers true; the same on every worker.
  /// - Throws: `TorchError` where others do not answer.
  func anyAgrees(_ own: Bool) throws -> Bool
  /// The texts of all workers in the order of their numbers.
  /// - Throws: `TorchError` where others do not answer.
  func gathered(_ text: String) throws -> [String]
}

extension Communicator {
  /// They are there.
  public var isPretended: Bool { false }

  /// Whether this worker is the one that writes.
  public var isFirst: Bool { rank == 0 }

  /// The mean over workers, element by element, the same on each; gradients of all workers flow back to each.
  public func mean(_ tensor: Tensor) -> Tensor {
    count == 1 ? tensor : sum(tensor) / Double(count)
  }

  /// Runs `body` on every worker; where it fails on one, it fails on all.
  ///
  /// - Parameter body: Must not wait for other workers.
  /// - Throws: What `body` throws; `OtherWorkerError` where it does elsewhere; `TorchError` where others do not answer.
  public func agreeing<Result>(_ body: () throws -> Result) throws -> Result {
    let result = Swift.Result { try body() }
    let failure = try firstFailure(of: result)
    let value = try result.get()
    if let failure { throw failure }
    return value
  }

  /// The first failure among the results of all workers, the same on each; nil where there is none, or no other worker.
  /// - Throws: `TorchError` where others do not answer.
  public func firstFailure<Value>(of result: Result<Value, any Error>) throws -> OtherWorkerError? {
    guard count > 1 else { return nil }
    var failure = ""
    if case .failure(let error) = result { failure = "\(error)" }
    let failures = try gathered(failure)
    return failures.firstIndex { !$0.isEmpty }.map { OtherWorkerError(worker: $0, reason: failures[$0]) }
  }

  /// Compares a text with the first worker's, line by line.
  ///
  /// - Parameter subject: What it is, for errors, such as "data".
  /// - Throws: `WorkersDisagreeError` with the first difference, on every worker; `TorchError` where others do not answer.
  public func requireAgreement(on subject: String, _ text: @autoclosure () throws -> String) throws {
    guard count > 1 else { return }
    let texts = try gathered(text())
    for (worker, other) in texts.enumerated() where other != texts[0] {
      let (first, second) = (texts[0].split(separator: "\n"), other.split(separator: "\n"))
      let place = zip(first, second).enumerated().first { $1.0 != $1.1 }?.offset ?? min(first.count, second.count)
      func line(_ lines: [Substring]) -> String { place < lines.count ? String(lines[place]) : "nothing" }
      throw WorkersDisagreeError(subject: subject, worker: worker, first: line(first), other: line(second))
    }
  }
}

/// A group of one.
public struct SingleWorker: Communicator {
  /// The only one.
  public init() {}
  /// The first.
  public var rank: Int { 0 }
  /// One.
  public var count: Int { 1 }
  /// None.
  public var waitedSeconds: Double { 0 }
  /// The tensor.
  public func sum(_ tensor: Tensor) -> Tensor { tensor }
  /// The rows.
  public func gathered(_ rows: Tensor) -> Tensor { rows }
  /// A mean over one worker is what it was.
  public func averagingGradients(of leaves: [Tensor], _ backward: () -> Void) { backward() }
  /// Its own answer.
  public func anyAgrees(_ own: Bool) -> Bool { own }
  /// Its own text.
  public func gathered(_ text: String) -> [String] { [text] }
}

/// Another worker could not do what all were to do.
public struct OtherWorkerError: Error, CustomStringConvertible {
  /// Its number.
  public let worker: Int
  /// What it says.
  public let reason: String

  /// Describes what a worker said.
  public init(worker: Int, reason: String) {
    self.worker = worker
    self.reason = reason
  }

  /// One paragraph.
  public var description: String { "Worker \(worker) ended: \(reason)" }
}

/// Workers were not started alike.
public struct WorkersDisagreeError: Error, CustomStringConvertible {
  /// What they disagree on.
  public let subject: String
  /// The worker that differs from the first.
  public let worker: Int
  /// What the first one has where they differ.
  public let first: String
  /// What the other one has there.
  public let other: String

  /// One sentence: who, what, and what to do.
  public var description: String {
    "The workers do not agree on the \(subject): worker 0 has '\(first.trimmingSpaces)', worker \(worker) has "
      + "'\(other.trimmingSpaces)'. Start all of them with the same program, the same settings and the same images."
  }
}

extension String {
  fileprivate var trimmingSpaces: String { String(drop { $0 == " " }) }
}

/// The workers of the current scope.
public enum Workers {
  /// Those of the innermost `withWorkers(_:_:)`, else this process alone.
  public static var current: any Communicator { scope }

  @TaskLocal fileprivate static var scope: any Communicator = SingleWorker()
}

/// Runs `body` as one of several workers.
public func withWorkers<Result>(_ workers: any Communicator, _ body: () throws -> Result) rethrows -> Result {
  try Workers.$scope.withValue(workers) { try body() }
}
