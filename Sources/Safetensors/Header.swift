/// The header of a safetensors file: what tensors there are and where, and free text beside them.
struct Header {
  /// The longest header that readers of the format accept, in bytes.
  static let longest = 100_000_000
  private static let metadataName = "__metadata__"

  /// The tensors in the order of their bytes.
  private(set) var entries: [TensorEntry]
  let metadata: [String: String]

  /// Reads and checks a header.
  /// - Parameters:
  ///   - bytes: The JSON text.
  ///   - bodyCount: Bytes that follow the header.
  ///   - path: The file, for errors.
  init(_ bytes: UnsafeRawBufferPointer, bodyCount: Int, path: String) throws(SafetensorsError) {
    let root: HeaderValue
    do throws(HeaderSyntaxError) {
      root = try HeaderParser.parse(bytes)
    } catch {
      throw SafetensorsError(path: path, problem: .malformedHeader("\(error.reason) at byte \(error.offset)"))
    }
    guard case .object(let items) = root else {
      throw SafetensorsError(path: path, problem: .malformedHeader("it is not an object"))
    }
    var metadata: [String: String]?
    var names = Set<String>()
    entries = []
    for item in items {
      let name = item.key
      guard name != Self.metadataName else {
        guard metadata == nil, let text = Self.text(item.value) else {
          throw SafetensorsError(
            path: path, problem: .malformedHeader("\(Self.metadataName) is not one object of unique keys with text"))
        }
        metadata = text
        continue
      }
      guard names.insert(name).inserted else {
        throw SafetensorsError(path: path, tensor: name, problem: .duplicateName)
      }
      do throws(Mistake) {
        entries.append(try Self.entry(name, item.value, bodyCount: bodyCount))
      } catch {
        throw SafetensorsError(path: path, tensor: name, problem: error.problem)
      }
    }
    self.metadata = metadata ?? [:]
    try orderEntries(bodyCount: bodyCount, path: path)
  }

  private struct Mistake: Error {
    let problem: SafetensorsError.Problem
  }

  private static func text(_ value: HeaderValue) -> [String: String]? {
    guard case .object(let items) = value else { return nil }
    var text: [String: String] = [:]
    for item in items {
      guard case .string(let string) = item.value, text.updateValue(string, forKey: item.key) == nil else { return nil }
    }
    return text
  }

  private static func entry(_ name: String, _ value: HeaderValue, bodyCount: Int) throws(Mistake) -> TensorEntry {
    guard case .object(let fields) = value else { throw Mistake(problem: .malformedHeader("it is not an object")) }
    func field(_ key: String) throws(Mistake) -> HeaderValue {
      let values = fields.filter { $0.key == key }
      guard values.count == 1 else {
        throw Mistake(problem: .malformedHeader("\(key) \(values.isEmpty ? "is missing" : "is given twice")"))
      }
      return values[0].value
    }
    func integers(_ key: String) throws(Mistake) -> [Int] {
      guard case .list(let elements) = try field(key) else {
        throw Mistake(problem: .malformedHeader("\(key) is not a list"))
      }
      return try elements.map { element throws(Mistake) in
        guard case .integer(let integer) = element, integer >= 0 else {
          throw Mistake(problem: .malformedHeader("\(key) holds something else than integers from 0"))
        }
        return integer
      }
    }
    guard case .string(let typeName) = try field("dtype") else {
      throw Mistake(problem: .malformedHeader("dtype is not text"))
    }
    guard let type = ScalarType(rawValue: typeName) else { throw Mistake(problem: .unknownType(typeName)) }
    let shape = try integers("shape")
    let offsets = try integers("data_offsets")
    guard offsets.count == 2 else {
      throw Mistake(problem: .malformedHeader("data_offsets has \(offsets.count) numbers instead of 2"))
    }
    guard offsets[0] <= offsets[1], offsets[1] <= bodyCount else {
      throw Mistake(problem: .outOfRange(begin: offsets[0], end: offsets[1], limit: bodyCount))
    }
    guard let byteCount = type.byteCount(of: shape) else { throw Mistake(problem: .shapeTooLarge(shape)) }
    guard offsets[1] - offsets[0] == byteCount else {
      throw Mistake(problem: .wrongByteCount(offsets[1] - offsets[0], expected: byteCount))
    }
    return TensorEntry(name: name, type: type, shape: shape, bytes: offsets[0]..<offsets[1])
  }

  /// Sorts the tensors by their bytes and checks that these fill the file without gaps and overlaps.
  private mutating func orderEntries(bodyCount: Int, path: String) throws(SafetensorsError) {
    entries.sort { ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound) }
    var end = 0
    for entry in entries {
      guard entry.bytes.lowerBound == end else {
        throw SafetensorsError(
          path: path, tensor: entry.name, problem: .misplaced(begin: entry.bytes.lowerBound, expected: end))
      }
      end = entry.bytes.upperBound
    }
    guard end == bodyCount else { throw SafetensorsError(path: path, problem: .trailingBytes(bodyCount - end)) }
  }

  /// The JSON text of a header, padded with spaces so that the data after it is aligned to 8 bytes.
  static func text(entries: [TensorEntry], metadata: [String: String]) -> [UInt8] {
    var items: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }
        .map { "\($0.key.quotedForHeader):\($0.value.quotedForHeader)" }
      items.append("\"\(metadataName)\":{\(pairs.joined(separator: ","))}")
    }
    for entry in entries {
      let shape = entry.shape.map(String.init).joined(separator: ",")
      items.append(
        "\(entry.name.quotedForHeader):{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(entry.bytes.lowerBound),\(entry.bytes.upperBound)]}")
    }
    var bytes = Array("{\(items.joined(separator: ","))}".utf8)
    while bytes.count % 8 != 0 { bytes.append(UInt8(ascii: " ")) }
    return bytes
  }

  /// Whether a tensor may have this name.
  static func isReserved(_ name: String) -> Bool { name == metadataName }
}
