/// An operation on views of one's own: what is random about it, and what it does to pixels.
///
/// Applied behind all others but the erasing. Operations of one recipe are applied in its order.
public protocol ViewOperation: Sendable {
  /// Draws what is random about one view, to be recorded; nil where the view is left as it is.
  func draw(using random: inout ViewRandom) -> [Double]?
  /// Changes the pixels of a view; a pure function of them and of what was drawn.
  func apply(_ drawn: [Double], to pixels: ViewPixels)
}

/// The pixels of one view while it is made: whole numbers from 0 to 255 in rows of each channel.
///
/// Valid during the call that hands it out.
public struct ViewPixels {
  private let planes: PixelPlanes
  /// Width in pixels.
  public var width: Int { planes.width }
  /// Height in pixels.
  public var height: Int { planes.height }
  /// 1 (gray) or 3 (red, green, blue).
  public var channels: Int { planes.channelCount }
  /// The view's side as a share of the recipe's, below 1 where it is scored small: the unit of whatever is in pixels.
  public let scale: Double

  init(_ planes: PixelPlanes, scale: Double) {
    self.planes = planes
    self.scale = scale
  }

  /// One row of a channel, to be read and written; values are rounded and kept from 0 to 255 afterwards.
  public func row(_ channel: Int, _ y: Int) -> UnsafeMutableBufferPointer<Float> {
    precondition(channel < channels && y < height, "there is no row \(y) of channel \(channel)")
    return UnsafeMutableBufferPointer(start: planes.row(channel, y), count: width)
  }

  /// Every row of every channel, one after the other.
  public func forEachRow(_ body: (UnsafeMutableBufferPointer<Float>) -> Void) {
    for channel in 0..<channels {
      for y in 0..<height { body(row(channel, y)) }
    }
  }

  func clamp() {
    forEachRow { row in
      for x in row.indices { row[x] = min(max(row[x].rounded(.toNearestOrEven), 0), 255) }
    }
  }
}

/// An operation of one's own with the name and settings that a configuration gives it.
public struct NamedViewOperation: Sendable, Equatable {
  /// The name in configurations.
  public let name: String
  /// Its settings, as text: what tells two operations of a name apart.
  public let settings: String
  /// The operation.
  public let operation: any ViewOperation

  /// Names an operation.
  public init(_ operation: any ViewOperation, name: String, settings: String) {
    self.operation = operation
    self.name = name
    self.settings = settings
  }

  /// Whether both have the same name and settings.
  public static func == (left: NamedViewOperation, right: NamedViewOperation) -> Bool {
    left.name == right.name && left.settings == right.settings
  }
}

/// The drawn parameters of a custom operation.
public struct DrawnViewOperation: Codable, Sendable, Equatable {
  /// The operation's name.
  public var name: String
  /// The drawn parameters.
  public var values: [Double]
}
