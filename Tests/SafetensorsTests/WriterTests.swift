import AtomicFiles
import Foundation
import Safetensors
import TestSupport
import Testing

@Suite struct WriterTests {
  private func tensor(_ name: String, _ values: [Float], shape: [Int]? = nil) -> SafetensorsTensor {
    SafetensorsTensor(name: name, type: .float32, shape: shape ?? [values.count]) { values.withUnsafeBytes($0) }
  }

  @Test func keepsTheOrderOfTensorsOfOneType() throws {
    try withTemporaryDirectory { folder in
      let path = "\(folder)/x.safetensors"
      try Safetensors.write(
        [tensor("z", [1]), tensor("a", []), tensor("m", [2, 3])], metadata: ["k": "\n\"v\""], to: path)
      let file = try SafetensorsFile(path: path)
      #expect(file.names == ["z", "a", "m"])
      #expect(file.metadata == ["k": "\n\"v\""])
      #expect(try file.floats("m") == [2, 3])
    }
  }

  @Test func alignsEveryTensorToItsElements() throws {
    let one = [UInt8](repeating: 1, count: 8)
    let tensors = (1...20).map { number in
      let type = ScalarType.allCases[number % ScalarType.allCases.count]
      return SafetensorsTensor(name: String(repeating: "n", count: number), type: type, shape: []) { body in
        one.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<type.byteCount])) }
      }
    }
    try withTemporaryDirectory { folder in
      let path = "\(folder)/x.safetensors"
      try Safetensors.write(tensors, to: path)
      let headerCount = try Data(contentsOf: URL(filePath: path))[0]
      #expect(headerCount % 8 == 0)
      for entry in try SafetensorsFile(path: path).entries {
        #expect(entry.bytes.lowerBound % entry.type.byteCount == 0)
      }
    }
  }

  @Test func refusesWhatCannotBeReadBack() throws {
    try withTemporaryDirectory { folder in
      let path = "\(folder)/x.safetensors"
      func error(_ tensors: SafetensorsTensor...) -> SafetensorsError.Problem? {
        #expect(throws: SafetensorsError.self) { try Safetensors.write(tensors, to: path) }?.problem
      }
      #expect(error(tensor("a", [1]), tensor("a", [1])) == .duplicateName)
      #expect(error(tensor("__metadata__", [1])) == .reservedName)
      #expect(error(tensor("a", [], shape: [.max, 2])) == .shapeTooLarge([.max, 2]))
      #expect(error(tensor("a", [], shape: [-1])) == .shapeTooLarge([-1]))
      #expect(error(tensor("a", [1, 2], shape: [3])) == .wrongByteCount(8, expected: 12))
      let files = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(files == [])
    }
  }

  @Test func failureKeepsTheOldFileAndLeavesNothingElse() throws {
    try withTemporaryDirectory { folder in
      let path = "\(folder)/x.safetensors"
      try Safetensors.write([tensor("old", [1])], to: path)
      #expect(throws: SafetensorsError.self) {
        try Safetensors.write([tensor("a", [1]), tensor("b", [1], shape: [2])], to: path)
      }
      #expect(try SafetensorsFile(path: path).names == ["old"])
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["x.safetensors"])
    }
  }

  @Test func fullDiskKeepsTheOldFileAndLeavesNothingElse() async {
    await #expect(processExitsWith: .success) {
      try withTemporaryDirectory { folder in
        let path = "\(folder)/x.safetensors"
        let old = [Float](repeating: 1, count: 4)
        let new = [Float](repeating: 2, count: 1 << 20)
        func write(_ values: [Float]) throws {
          let tensor = SafetensorsTensor(name: "a", type: .float32, shape: [values.count]) {
            values.withUnsafeBytes($0)
          }
          try Safetensors.write([tensor], to: path)
        }
        try write(old)
        // A limit on the size of files stands for a disk that fills up half-way.
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit(rlim_cur: 1 << 20, rlim_max: 1 << 20)
        precondition(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
        let expected = SafetensorsError(
          path: path, problem: .file(FileError(path: path, action: .write, code: EFBIG)))
        #expect(throws: expected) { try write(new) }
        #expect(try SafetensorsFile(path: path).floats("a") == old)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["x.safetensors"])
      }
    }
  }

  @Test func missingFolderIsAnError() {
    let path = "/nowhere/x.safetensors"
    let expected = SafetensorsError(path: path, problem: .file(FileError(path: path, action: .write, code: ENOENT)))
    #expect(throws: expected) { try Safetensors.write([tensor("a", [1])], to: path) }
    #expect(
      expected.description
        == "/nowhere/x.safetensors: could not write it (No such file or directory). Check that the path is right.")
  }

  @Test func unknownAndUnfitTensorsAreErrors() throws {
    try withTemporaryDirectory { folder in
      let path = "\(folder)/x"
      try Safetensors.write((0..<7).map { tensor("t\($0)", [0.5]) }, to: path)
      let file = try SafetensorsFile(path: path)
      let missing = #expect(throws: SafetensorsError.self) { try file.floats("x") }
      #expect(
        missing?.description == "\(path), tensor \"x\": not in the file, which has t0, t1, t2, t3, t4, and 2 more.")
      let floats = #expect(throws: SafetensorsError.self) { try file.integers("t0") }
      #expect(floats?.description == "\(path), tensor \"t0\": has elements of type F32, not integers.")
    }
  }
}
