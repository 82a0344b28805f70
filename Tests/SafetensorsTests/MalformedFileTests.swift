import Foundation
import Safetensors
import TestSupport
import Testing

/// Files that break one rule of the format each.
@Suite struct MalformedFileTests {
  typealias Problem = SafetensorsError.Problem

  /// What is wrong with a file of a header and so many bytes of data.
  private func error(_ header: String, bodyCount: Int = 0, headerCount: UInt64? = nil) throws -> SafetensorsError? {
    try withTemporaryDirectory { folder in
      let count = headerCount ?? UInt64(header.utf8.count)
      let bytes = withUnsafeBytes(of: count.littleEndian) { Data($0) } + Data(header.utf8) + Data(count: bodyCount)
      try bytes.write(to: URL(filePath: "\(folder)/x"))
      do {
        _ = try SafetensorsFile(path: "\(folder)/x")
        return nil
      } catch var error as SafetensorsError {
        error.path = "x"
        return error
      }
    }
  }

  private func expect(
    _ header: String, bodyCount: Int = 0, tensor: String? = nil, _ problem: Problem,
    location: SourceLocation = #_sourceLocation
  ) throws {
    #expect(
      try error(header, bodyCount: bodyCount) == SafetensorsError(path: "x", tensor: tensor, problem: problem),
      sourceLocation: location)
  }

  private func entry(_ dtype: String, _ shape: String, _ offsets: String) -> String {
    "{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
  }

  @Test func wellFormedFilesAreRead() throws {
    #expect(try error("{}") == nil)
    #expect(try error("{\"a\":\(entry("F32", "[2]", "[0,8]"))}  \n", bodyCount: 8) == nil)
    #expect(try error("{\"a\":\(entry("U8", "[0,9223372036854775807,3]", "[0,0]"))}") == nil)
    #expect(
      try error(
        "{\"\\u00e4\\ud83d\\ude00\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1],\"x\":null}}", bodyCount: 1)
        == nil)
  }

  @Test func lengthsMustFit() throws {
    #expect(try error("{}", headerCount: 3)?.problem == .headerTooLong(3, limit: 2))
    #expect(try error("{}", headerCount: .max)?.problem == .headerTooLong(.max, limit: 2))
    try expect("{}", bodyCount: 3, .trailingBytes(3))
    try withTemporaryDirectory { folder in
      let path = "\(folder)/short"
      try Data([1, 2, 3]).write(to: URL(filePath: path))
      #expect(throws: SafetensorsError(path: path, problem: .tooShort(byteCount: 3))) {
        try SafetensorsFile(path: path)
      }
    }
  }

  @Test(arguments: [
    ("", "expected a value at byte 0"), ("[]", "it is not an object"), ("{", "expected '\"' at byte 1"),
    ("{\"a\"}", "expected ':' at byte 4"), ("{} x", "unexpected text after the value at byte 3"),
    ("{\"a\":\"\\x\"}", "unknown escape at byte 8"), ("{\"a\":\"\\ud800\"}", "half a surrogate pair at byte 12"),
    ("{\"a\":tru}", "expected a value at byte 5"), ("{\"a\":1,}", "expected '\"' at byte 7"),
    ("{\"a\":" + String(repeating: "[", count: 100_000), "nested too deeply at byte 36"),
    ("{\"__metadata__\":{\"a\":1}}", "__metadata__ is not one object of unique keys with text"),
    ("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", "__metadata__ is not one object of unique keys with text"),
  ])
  func headersMustBeJSON(header: String, reason: String) throws {
    try expect(header, .malformedHeader(reason))
  }

  @Test func headersMustBeUTF8() throws {
    try withTemporaryDirectory { folder in
      let path = "\(folder)/latin1"
      try Data([5, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x22, 0xE4, 0x22, 0x7D]).write(to: URL(filePath: path))
      #expect(throws: SafetensorsError(path: path, problem: .malformedHeader("text is not UTF-8 at byte 4"))) {
        try SafetensorsFile(path: path)
      }
    }
  }

  @Test func entriesMustBeComplete() throws {
    func expect(_ entry: String, _ reason: String, location: SourceLocation = #_sourceLocation) throws {
      try self.expect("{\"a\":\(entry)}", tensor: "a", .malformedHeader(reason), location: location)
    }
    try expect("3", "it is not an object")
    try expect("{\"shape\":[],\"data_offsets\":[0,0]}", "dtype is missing")
    try expect("{\"dtype\":\"U8\",\"dtype\":\"U8\"}", "dtype is given twice")
    try expect("{\"dtype\":8,\"shape\":[]}", "dtype is not text")
    try expect(entry("U8", "7", "[0,0]"), "shape is not a list")
    try expect(entry("U8", "[-1]", "[0,0]"), "shape holds something else than integers from 0")
    try expect(entry("U8", "[1.5]", "[0,0]"), "shape holds something else than integers from 0")
    try expect(entry("U8", "[99999999999999999999]", "[0,0]"), "shape holds something else than integers from 0")
    try expect(entry("U8", "[]", "[0]"), "data_offsets has 1 numbers instead of 2")
  }

  @Test func entriesMustFitTheData() throws {
    try expect("{\"a\":\(entry("F8_E4M3", "[]", "[0,1]"))}", bodyCount: 1, tensor: "a", .unknownType("F8_E4M3"))
    try expect(
      "{\"a\":\(entry("U8", "[9]", "[0,9]"))}", bodyCount: 8, tensor: "a", .outOfRange(begin: 0, end: 9, limit: 8))
    try expect(
      "{\"a\":\(entry("U8", "[1]", "[2,1]"))}", bodyCount: 8, tensor: "a", .outOfRange(begin: 2, end: 1, limit: 8))
    try expect(
      "{\"a\":\(entry("F32", "[2]", "[0,7]"))}", bodyCount: 7, tensor: "a", .wrongByteCount(7, expected: 8))
    try expect(
      "{\"a\":\(entry("F64", "[4611686018427387904,4]", "[0,8]"))}", bodyCount: 8, tensor: "a",
      .shapeTooLarge([4_611_686_018_427_387_904, 4]))
  }

  @Test func tensorsMustFillTheDataOnce() throws {
    let a = entry("U8", "[4]", "[0,4]")
    try expect("{\"a\":\(a),\"a\":\(a)}", bodyCount: 4, tensor: "a", .duplicateName)
    try expect(
      "{\"a\":\(a),\"b\":\(entry("U8", "[4]", "[3,7]"))}", bodyCount: 7, tensor: "b", .misplaced(begin: 3, expected: 4))
    try expect(
      "{\"a\":\(a),\"b\":\(entry("U8", "[4]", "[5,9]"))}", bodyCount: 9, tensor: "b", .misplaced(begin: 5, expected: 4))
    try expect(
      "{\"a\":\(a),\"b\":\(a)}", bodyCount: 4, tensor: "b", .misplaced(begin: 0, expected: 4))
    try expect("{\"a\":\(a)}", bodyCount: 6, .trailingBytes(2))
  }

  @Test func errorsSayWhereWhatAndWhatToDo() throws {
    let damaged = "The file is damaged or was not written completely; write or fetch it again."
    #expect(
      try #require(try error("{\"a.b\":\(entry("F32", "[2]", "[0,7]"))}", bodyCount: 7)).description
        == "x, tensor \"a.b\": has 7 bytes where its type and shape ask for 8. \(damaged)")
    #expect(
      try #require(try error("{")).description
        == "x: not a safetensors file: its header is malformed: expected '\"' at byte 1. \(damaged)")
    #expect(throws: Never.self) {
      do {
        _ = try SafetensorsFile(path: "/nowhere/x.safetensors")
      } catch let error as SafetensorsError {
        #expect(
          error.description
            == "/nowhere/x.safetensors: could not read it (No such file or directory). Check that the path is right.")
      }
    }
    #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: "/") }
  }
}
