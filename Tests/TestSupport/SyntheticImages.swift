import Foundation

/// Small labelled image files for tests, made without randomness from outside.
public enum SyntheticImages {
  /// Writes an IDX folder of grey images whose classes are stripes of different directions and widths.
  ///
  /// - Returns: The folder.
  public static func writeIDX(in folder: String, train: Int = 64, test: Int = 32, side: Int = 16) throws -> String {
    let path = folder + "/images"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (prefix, count) in [("train", train), ("t10k", test)] {
      var images = header([count, side, side])
      var labels = header([count])
      for index in 0..<count {
        labels.append(UInt8(index % 4))
        for row in 0..<side {
          for column in 0..<side { images.append(pixel(row, column, image: index, label: index % 4)) }
        }
      }
      try Data(images).write(to: URL(filePath: "\(path)/\(prefix)-images-idx3-ubyte"))
      try Data(labels).write(to: URL(filePath: "\(path)/\(prefix)-labels-idx1-ubyte"))
    }
    return path
  }

  private static func header(_ sizes: [Int]) -> [UInt8] {
    [0, 0, 8, UInt8(sizes.count)] + sizes.flatMap { size in (0..<4).map { UInt8(size >> (24 - 8 * $0) & 255) } }
  }

  private static func pixel(_ row: Int, _ column: Int, image: Int, label: Int) -> UInt8 {
    let phase = image * 7 % 5
    let position = [row, column, row + column, row - column + 64][label] + phase
    return UInt8(60 + 120 * (position / 2 % 2) + (row * 31 + column * 17 + image * 13) % 40)
  }
}
