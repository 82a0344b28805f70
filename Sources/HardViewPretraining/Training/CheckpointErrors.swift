/// A file that should be a run's checkpoint is something else.
public struct NotACheckpointError: Error, CustomStringConvertible {
  /// The file.
  public let path: String

  /// One paragraph.
  public var description: String {
    "\(path) holds tensors but no training position, so it is no checkpoint of a run. Name a run folder that "
      + "`hardviews pretrain` wrote."
  }
}

/// The data is not what it was when the checkpoint was written.
public struct ChangedDataError: Error, CustomStringConvertible {
  /// The checkpoint.
  public let path: String
  /// How many there were then.
  public let before: Int
  /// How many there are now.
  public let now: Int
  /// What is counted, such as `images`.
  public let unit: String
  /// The data, in words.
  public let data: String

  /// One paragraph.
  public var description: String {
    "\(path) was written with \(before) \(unit); with \(data) there are \(now). Resume with the data and batch size "
      + "that the run began with (--data where they have moved), or start a new run from its weights with --init."
  }
}

/// A checkpoint has other parts than the program that is to go on from it.
public struct PartsError: Error, CustomStringConvertible, Equatable {
  /// The checkpoint.
  public let path: String
  /// The parts in the checkpoint, with the versions of their states.
  public let saved: [String: Int]
  /// The parts here.
  public let present: [String: Int]

  /// One paragraph: what differs, which files exist, what to do.
  public var description: String {
    let lacking = saved.keys.filter { present[$0] == nil }.sorted()
    let missing = present.keys.filter { saved[$0] == nil }.sorted()
    let changed = saved.keys.filter { present[$0] != nil && present[$0] != saved[$0] }.sorted()
    var parts: [String] = []
    if !lacking.isEmpty { parts.append("this program lacks \(lacking.joined(separator: ", "))") }
    if !missing.isEmpty { parts.append("the checkpoint lacks \(missing.joined(separator: ", "))") }
    parts += changed.map { "\($0) was saved in version \(saved[$0]!) and is version \(present[$0]!) here" }
    return
      "\(path) does not fit: \(parts.joined(separator: "; ")). It holds \(list(saved)); here are \(list(present)). "
      + "Continue with the program and components that wrote it."
  }

  private func list(_ parts: [String: Int]) -> String {
    parts.sorted { $0.key < $1.key }.map { "\($0.key) (version \($0.value))" }.joined(separator: ", ")
  }
}

/// The disk refused a checkpoint.
public struct CheckpointNotWrittenError: Error, CustomStringConvertible, Equatable {
  /// Steps taken when it should have been written.
  public let step: Int
  /// Why not, and what to do.
  public let reason: String

  /// One paragraph.
  public var description: String { "The checkpoint after step \(step) could not be written. \(reason)" }
}
