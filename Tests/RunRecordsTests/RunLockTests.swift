import Foundation
@testable import RunRecords
import TestSupport
import Testing

@Suite struct RunLockTests {
  @Test func oneAtATimeAndTheSecondIsToldWho() throws {
    try withTemporaryDirectory { folder in
      let run = RunDirectory(path: folder)
      var first: RunLock? = try RunLock(run)
      let error = #expect(throws: RecordError.self) { try RunLock(run) }
      let holder = RunLock.Holder.current
      #expect(
        error?.reason.hasPrefix(
          "is being trained by process \(getpid()) on \(holder.host) since \(holder.since.prefix(10))")
          == true)
      #expect(error?.description.contains("kill \(getpid())") == true)
      withExtendedLifetime(first) {}
      first = nil
      #expect(!FileManager.default.fileExists(atPath: run.lockPath))
      let second = try RunLock(run)
      #expect(FileManager.default.fileExists(atPath: run.lockPath))
      withExtendedLifetime(second) {}
    }
  }

  /// What a process leaves that was killed: the file, without the system's lock.
  @Test func theLockOfADeadProcessIsTakenOver() throws {
    try withTemporaryDirectory { folder in
      let run = RunDirectory(path: folder)
      let dead = RunLock.Holder(host: RunLock.Holder.current.host, process: 1, since: "2020-01-01T00:00:00Z")
      for content in [JSONLines.encode(dead), Data(), Data("torn {".utf8)] {
        try content.write(to: URL(filePath: run.lockPath))
        let lock = try RunLock(run)
        let text = try String(contentsOfFile: run.lockPath, encoding: .utf8)
        #expect(text.contains("\"process\":\(getpid())"))
        withExtendedLifetime(lock) {}
      }
    }
  }

  /// The system's lock counts, whatever the file says, and is free when its process has been killed.
  @Test func anotherProcessHoldsItUntilItDies() throws {
    try withTemporaryDirectory { folder in
      let run = RunDirectory(path: folder)
      try Data().write(to: URL(filePath: run.lockPath))
      let process = Process()
      process.executableURL = URL(filePath: "/bin/sh")
      process.arguments = ["-c", "exec 9<> \"$0\"; flock 9; echo locked; exec sleep 60", run.lockPath]
      let output = Pipe()
      process.standardOutput = output
      try process.run()
      _ = output.fileHandleForReading.availableData
      let error = #expect(throws: RecordError.self) { try RunLock(run) }
      #expect(error?.reason == "is being trained by another process")
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      let lock = try RunLock(run)
      withExtendedLifetime(lock) {}
    }
  }
}
