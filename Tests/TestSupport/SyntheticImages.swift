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

  /// Writes a folder of BMP files, in a subfolder for each class, whose images are stripes as above.
  ///
  /// - Parameter classes: For each class its name, how many images it has, and which of the four stripes they are.
  /// - Returns: The folder.
  public static func writeFolder(
    _ name: String, in folder: String, classes: [(name: String, count: Int, stripes: Int)], side: Int = 16
  ) throws -> String {
    for (label, count, stripes) in classes {
      let path = "\(folder)/\(name)/\(label)"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      for image in 0..<count {
        let gray = (0..<side * side).map { pixel($0 / side, $0 % side, image: image, label: stripes) }
        try Data(bitmap(gray, side: side)).write(to: URL(filePath: "\(path)/\(image).bmp"))
      }
    }
    return "\(folder)/\(name)"
  }

  /// A BMP file of 24 bits a pixel; `side` is a multiple of four, so that rows need no padding.
  private static func bitmap(_ gray: [UInt8], side: Int) -> [UInt8] {
    func little(_ value: Int, _ bytes: Int) -> [UInt8] { (0..<bytes).map { UInt8(value >> (8 * $0) & 255) } }
    let size = 3 * side * side
    return Array("BM".utf8) + little(54 + size, 4) + little(0, 4) + little(54, 4) + little(40, 4) + little(side, 4)
      + little(side, 4) + little(1, 2) + little(24, 2) + little(0, 4) + little(size, 4) + little(0, 16)
      + gray.flatMap { [$0, $0, $0] }
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
