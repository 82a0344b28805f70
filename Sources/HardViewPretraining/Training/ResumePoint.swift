import Checkpoints
import RunRecords
import Safetensors

/// Where a run goes on: the newest checkpoint that is whole.
struct ResumePoint {
  /// The checkpoint; nil where the run was stopped before its first one.
  let checkpoint: Checkpoint?
  /// Newer checkpoints that are damaged, with the reason.
  let damaged: [(path: String, reason: String)]
  /// What there was when it was looked for.
  let found: [RunDirectory.SavedCheckpoint]

  /// Looks through a run's checkpoints, newest first; changes nothing.
  /// - Throws: `NoWholeCheckpointError` when all are damaged; `SafetensorsError` when the disk refuses to read one.
  init(in directory: RunDirectory) throws {
    found = directory.savedCheckpoints()
    var damaged: [(path: String, reason: String)] = []
    for saved in found {
      do throws(SafetensorsError) {
        checkpoint = try Checkpoint(path: saved.path)
        self.damaged = damaged
        return
      } catch {
        if case .file = error.problem { throw error }
        damaged.append((saved.path, "\(error)"))
      }
    }
    guard damaged.isEmpty else {
      throw NoWholeCheckpointError(path: directory.path, reasons: damaged.map(\.reason))
    }
    checkpoint = nil
    self.damaged = []
  }
}

/// Every checkpoint of a run is damaged.
public struct NoWholeCheckpointError: Error, CustomStringConvertible {
  /// The run folder.
  public let path: String
  /// What is wrong with each checkpoint, newest first.
  public let reasons: [String]

  /// One paragraph.
  public var description: String {
    "\(path) cannot be resumed: each of its checkpoints is damaged. \(reasons.joined(separator: " "))"
  }
}
