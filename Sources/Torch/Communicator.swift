/// The workers that train one network together; a single process is a group of one.
public protocol Communicator: Sendable {
  /// This worker's number, from 0.
  var rank: Int { get }
  /// How many workers there are.
  var count: Int { get }
  /// Replaces each tensor's elements by their mean over the workers.
  func average(_ tensors: [Tensor])
  /// Whether any worker answers true; the same on every worker.
  func anyAgrees(_ own: Bool) -> Bool
}

/// A group of one.
public struct SingleWorker: Communicator {
  /// The only one.
  public init() {}
  /// The first.
  public var rank: Int { 0 }
  /// One.
  public var count: Int { 1 }
  /// A mean over one worker is what it was.
  public func average(_ tensors: [Tensor]) {}
  /// Its own answer.
  public func anyAgrees(_ own: Bool) -> Bool { own }
}
