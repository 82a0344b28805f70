/// One image that could not be decoded: which one, and why.
public struct ImageError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The problem with the image.
  public enum Problem: Equatable, Sendable {
    /// The operating system refused to open or read the file; its own words.
    case unreadable(String)
    /// The path names a folder, a device or a pipe.
    case notAFile
    /// The file holds no bytes.
    case empty
    /// The file is larger than any image that would be read: its size and the limit, in bytes.
    case tooManyBytes(Int, limit: Int)
    /// The first bytes are those of no format that is read.
    case unknownFormat(firstBytes: [UInt8])
    /// The image has channels that are not wanted, or too few.
    case wrongChannels(Int, wanted: Int)
    /// The header announces more pixels than the limit allows.
    case tooManyPixels(width: Int, height: Int, limit: Int)
    /// The data end early or contradict themselves; the codec's own words.
    case corrupt(format: String, reason: String)
    /// The file is whole, but of a kind that is not read; which.
    case unsupported(format: String, kind: String)
    /// It cannot be written in this format; the codec's own words.
    case notEncodable(format: String, reason: String)
  }

  /// The file's path, or the image's name in its dataset (`train-images-idx3-ubyte.gz#17`).
  public let path: String
  /// The problem.
  public let problem: Problem

  /// Creates the error for the image named `path`.
  public init(path: String, problem: Problem) {
    self.path = path
    self.problem = problem
  }

  /// The problem, without the image's name.
  public var reason: String {
    switch problem {
    case .unreadable(let reason):
      "it could not be read (\(reason)); check that it exists and that its permissions allow reading"
    case .notAFile:
      "it is not an ordinary file but a folder, device or pipe; remove it or rename it"
    case .empty:
      "the file is empty (0 bytes); fetch it again or remove it"
    case .tooManyBytes(let size, let limit):
      "the file has \(size) bytes, more than the \(limit) that are read for one image; remove it or re-encode it"
    case .unknownFormat(let bytes):
      "it is no \(ImageFormats.listOfNames): its first bytes are \(bytes.hexadecimal); convert it or remove it"
    case .wrongChannels(let found, let wanted):
      "it has \(quantity(found, "channel")) and \(wanted) are wanted (backbone.channels), which cannot be made "
        + "of them; remove it, or train on images of one kind"
    case .tooManyPixels(let width, let height, let limit):
      "its header announces \(width)x\(height) pixels, more than the limit of \(limit); scale it down, "
        + "remove it, or raise the limit (data.megapixel_limit)"
    case .notEncodable(let format, let reason):
      "it cannot be encoded as \(format) (\(reason)); choose another encoding or scale it down"
    case .unsupported(let format, let kind):
      "\(kind) are not read from \(format) files; convert it to 8 or 16 bits without compression, or to PNG"
    case .corrupt(let format, let reason):
      "its \(format) data are damaged or cut short (\(reason)); fetch it again or remove it"
    }
  }

  /// The whole message, on one line.
  public var description: String { "Cannot decode the image '\(path)': \(reason)." }
}

extension Sequence<UInt8> {
  /// The bytes in base 16, as in `ff d8 ff`.
  var hexadecimal: String {
    map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}
