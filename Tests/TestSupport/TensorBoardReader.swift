import Foundation

/// What TensorBoard's own reader finds in a folder; `scripts/test` installs it.
public enum TensorBoardReader {
  /// A number at a step.
  public struct Scalar: Decodable {
    /// Steps taken.
    public var step: Int
    /// The number; -1 where it is NaN or infinite.
    public var value: Double
  }

  /// A picture at a step.
  public struct Picture: Decodable {
    /// Steps taken.
    public var step: Int
    /// Pixels from left to right.
    public var width: Int
    /// Pixels from top to bottom.
    public var height: Int
    /// How long its file is.
    public var bytes: Int
  }

  /// Everything in a folder, by tag.
  public struct Content: Decodable {
    /// The numbers.
    public var scalars: [String: [Scalar]]
    /// The pictures.
    public var images: [String: [Picture]]
  }

  private static let site = {
    let environment = ProcessInfo.processInfo.environment
    let cache = environment["XDG_CACHE_HOME"] ?? "\(environment["HOME"] ?? "")/.cache"
    return "\(cache)/hardviews/tensorboard-2.20.0"
  }()

  /// Whether it is installed.
  public static let isThere = FileManager.default.fileExists(atPath: "\(site)/tensorboard")

  private static let script = """
    import json, math, sys
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0})
    events.Reload()
    tags = events.Tags()
    number = lambda value: value if math.isfinite(value) else -1
    print(json.dumps({
        "scalars": {tag: [{"step": e.step, "value": number(e.value)} for e in events.Scalars(tag)] for tag in tags["scalars"]},
        "images": {tag: [{"step": e.step, "width": e.width, "height": e.height, "bytes": len(e.encoded_image_string)}
                         for e in events.Images(tag)] for tag in tags["images"]},
    }))
    """

  /// Reads the event files of a folder.
  public static func read(_ folder: String) throws -> Content {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script, folder]
    process.environment = ProcessInfo.processInfo.environment.merging(["PYTHONPATH": site]) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return try JSONDecoder().decode(Content.self, from: output)
  }
}
