import Foundation
import RunRecords
import TestSupport
import Testing

private struct Record: Codable, Equatable {
  var step = 0
  var imagesPerSecond = 0.5
  var top1: Float = 0.1
  var note: String?
}

@Suite struct JSONLinesTests {
  private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  @Test func linesHaveSortedSnakeCaseKeys() throws {
    try withTemporaryDirectory { folder in
      let writer = try JSONLinesWriter(path: "\(folder)/x.jsonl")
      try writer.append(Record())
      try writer.append(Record(step: 1, imagesPerSecond: .infinity, top1: .nan, note: "a/b\n\"ü\""))
      #expect(
        try text("\(folder)/x.jsonl") == """
          {"images_per_second":0.5,"step":0,"top1":0.1}
          {"images_per_second":"Infinity","note":"a/b\\n\\"ü\\"","step":1,"top1":"NaN"}

          """)
    }
  }

  @Test func recordsAreReadAsTheyWereWritten() throws {
    try withTemporaryDirectory { folder in
      let path = "\(folder)/x.jsonl"
      let records = (0..<100).map {
        Record(step: $0, imagesPerSecond: 1 / Double($0), top1: Float($0) / 3, note: "\r\n")
      }
      for half in [records[..<50], records[50...]] {
        let writer = try JSONLinesWriter(path: path)
        for record in half { try writer.append(record) }
      }
      #expect(try JSONLines.read(Record.self, from: path) == records)
    }
  }

  @Test func aLineCutOffNeverCounts() throws {
    try withTemporaryDirectory { folder in
      let path = "\(folder)/x.jsonl"
      try JSONLinesWriter(path: path).append(Record(note: "größer"))
      let whole = try Data(contentsOf: URL(filePath: path))
      for count in 0...whole.count {
        // Cuts also fall between the two bytes of a letter.
        try (whole + whole.prefix(count)).write(to: URL(filePath: path))
        let expected = count == whole.count ? 2 : 1
        #expect(try JSONLines.read(Record.self, from: path).count == expected)
        try JSONLinesWriter(path: path).append(Record(step: 9))
        #expect(try JSONLines.read(Record.self, from: path).map(\.step) == Array(repeating: 0, count: expected) + [9])
        try JSONLines.rewrite(path) { _ in true }
        #expect(try JSONLines.read(Record.self, from: path).count == expected + 1)
      }
    }
  }

  @Test func rewritingDropsLines() throws {
    try withTemporaryDirectory { folder in
      let path = "\(folder)/x.jsonl"
      let writer = try JSONLinesWriter(path: path)
      for step in 0..<5 { try writer.append(Record(step: step)) }
      try JSONLines.rewrite(path) { !$0.contains("\"step\":3") }
      #expect(try JSONLines.read(Record.self, from: path).map(\.step) == [0, 1, 2, 4])
      try JSONLines.rewrite(path) { _ in false }
      #expect(try text(path) == "")
      try JSONLines.rewrite("\(folder)/missing.jsonl") { _ in false }
      let files = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(files == ["x.jsonl"])
    }
  }

  /// Runs may share one file, and a run that starts must not take the line that another is writing for a cut one.
  @Test func linesOfManyWritersStayWhole() throws {
    try withTemporaryDirectory { folder in
      let path = "\(folder)/x.jsonl"
      DispatchQueue.concurrentPerform(iterations: 4) { thread in
        for step in 0..<500 {
          let note = String(repeating: "x", count: 9_000)
          try? JSONLinesWriter(path: path).append(Record(step: thread * 500 + step, note: note))
        }
      }
      let steps = try JSONLines.read(Record.self, from: path).map(\.step)
      #expect(Set(0..<2000).subtracting(steps).isEmpty)
      #expect(steps.count == 2000)
    }
  }

  @Test func linesOfAnotherKindAreNamed() throws {
    try withTemporaryDirectory { folder in
      let path = "\(folder)/x.jsonl"
      try JSONLinesWriter(path: path).append(Record())
      try JSONLinesWriter(path: path).append(["step": "one"])
      let error = #expect(throws: RecordError.self) { try JSONLines.read(Record.self, from: path) }
      #expect(
        error?.description
          == "\(path), line 2: is not a record of this version. Remove the line, or read the file with the version "
          + "that wrote it.")
    }
  }

  @Test func aFullDiskIsAnError() throws {
    let writer = try JSONLinesWriter(path: "/dev/full")
    let error = #expect(throws: RecordError.self) { try writer.append(Record()) }
    #expect(
      error?.description
        == "/dev/full: could not write it (No space left on device). Free some space, or use a folder on another disk.")
    let missing = #expect(throws: RecordError.self) { try JSONLinesWriter(path: "/nowhere/x.jsonl") }
    #expect(
      missing?.description
        == "/nowhere/x.jsonl: could not write it (No such file or directory). Check that the path is right.")
  }

  @Test func aDiskThatFillsUpLeavesWholeLines() async {
    await #expect(processExitsWith: .success) {
      try withTemporaryDirectory { folder in
        let path = "\(folder)/x.jsonl"
        let record = Record(note: String(repeating: "x", count: 1000))
        let writer = try JSONLinesWriter(path: path)
        // A limit on the size of files stands for a disk that fills up half-way through a line.
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit(rlim_cur: 1 << 20, rlim_max: 1 << 20)
        precondition(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
        var count = 0
        let error = #expect(throws: RecordError.self) {
          while count < 10_000 {
            try writer.append(record)
            count += 1
          }
        }
        #expect(error?.path == path)
        #expect(count > 900)
        #expect(try JSONLines.read(Record.self, from: path).count == count)
        #expect(try Data(contentsOf: URL(filePath: path)).last == UInt8(ascii: "\n"))
      }
    }
  }
}
