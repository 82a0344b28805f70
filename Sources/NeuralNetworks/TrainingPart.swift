import Torch

/// A part of a training that a checkpoint saves and restores; a checkpoint is the sum of its parts.
public protocol TrainingPart: AnyObject {
  /// Of which form the state is; counts up when older checkpoints can no longer be read. 1 by default.
  var stateVersion: Int { get }
  /// Whether a checkpoint without the part fits, such as one of a program that had no such part yet; only for parts
  /// without tensors. False by default.
  var mayBeMissing: Bool { get }
  /// Called before the first of several workers saves the state, by all of them. Nothing by default.
  /// - Throws: Where others do not answer, or memory runs out.
  func prepareForSaving() throws
  /// Tensors by name, alive: a checkpoint is loaded into them.
  var tensors: [(name: String, value: Tensor)] { get }
  /// Everything else, as text.
  var values: [String: String] { get }
  /// Goes on from a checkpoint whose tensors were just loaded.
  /// - Parameter values: The text that `values` gave, which may be of an older version of the program.
  func restore(_ values: [String: String]) throws
}

extension TrainingPart {
  /// The first form.
  public var stateVersion: Int { 1 }
  /// A checkpoint without it is another program's.
  public var mayBeMissing: Bool { false }
  /// Everything is here.
  public func prepareForSaving() throws {}
  /// No tensors.
  public var tensors: [(name: String, value: Tensor)] { [] }
  /// No text.
  public var values: [String: String] { [:] }
  /// Nothing beyond the tensors.
  public func restore(_ values: [String: String]) throws {}
}
