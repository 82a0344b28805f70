import AtomicFiles
@testable import Encoders
import Foundation
import TestSupport
import Testing

/// Tables in Apache Parquet.
@Suite struct ParquetTests {
  /// The bytes that scripts/check-export reads with pyarrow, which finds these values in them.
  @Test func bytesAreThoseThatPyarrowReads() throws {
    try withTemporaryDirectory { folder in
      let path = folder + "/table.parquet"
      try AtomicFile.write(to: path) { output throws(FileError) in
        var file = ParquetFile(output, width: 3, isLabelled: true)
        file.append(
          indices: [0, 2], names: ["a.jpg", "photos/ü, \"b\".jpg"], labels: [1, 0],
          features: [0.5, -1.25, 1e-30, 3, 4, .infinity])
        file.append(indices: [], names: [], labels: [], features: [])
        file.append(indices: [300], names: [String(repeating: "c", count: 200)], labels: [7], features: [1, 2, 3])
        file.finish(metadata: ["source": "a test", "data": "none"])
      } orThrow: {
        $0
      }
      let expected = try Data(contentsOf: URL(filePath: Fixtures.path("exports/table.parquet")))
      #expect(try Data(contentsOf: URL(filePath: path)) == expected)
    }
  }
}
