import Foundation
import RunRecords
import TestSupport
import Testing

@Suite struct StepLogTests {
  private struct Line: Codable, Equatable {
    var step: Int
  }

  /// A disk that is away: the folder is missing, and comes back.
  @Test func linesThatTheDiskRefusesAreKeptUntilItTakesThem() throws {
    try withTemporaryDirectory { folder in
      let log = StepLog(path: folder + "/away/log.jsonl", counts: .stepsTaken)
      #expect(throws: RecordError.self) { try log.append(Line(step: 1)) }
      // Said once; the lines wait.
      try log.append(Line(step: 2))
      #expect(throws: RecordError.self) { try log.flush() }
      try FileManager.default.createDirectory(atPath: folder + "/away", withIntermediateDirectories: false)
      try log.append(Line(step: 3))
      #expect(try JSONLines.read(Line.self, from: log.path).map(\.step) == [1, 2, 3])
    }
  }
}
