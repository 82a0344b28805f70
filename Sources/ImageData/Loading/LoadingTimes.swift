/// Where the time of making a batch went, in seconds.
public struct LoadingTimes: Sendable, Equatable {
  /// Opening images: reading files and headers, summed over threads.
  public var reading = 0.0
  /// Turning encoded images into pixels, summed over threads.
  public var decoding = 0.0
  /// Turning pixels into views, summed over threads.
  public var rendering = 0.0
  /// Waiting of the one who asked for the batch; the whole of its making where the loader has no threads.
  public var waiting = 0.0

  /// No time.
  public init() {}

  /// Both together.
  public static func + (first: LoadingTimes, second: LoadingTimes) -> LoadingTimes {
    var sum = first
    sum.reading += second.reading
    sum.decoding += second.decoding
    sum.rendering += second.rendering
    sum.waiting += second.waiting
    return sum
  }
}

/// Seconds from one stop to the next.
struct Stopwatch {
  private var last = ContinuousClock.now

  /// Seconds since the last lap, or since the start.
  mutating func lap() -> Double {
    let now = ContinuousClock.now
    defer { last = now }
    return (now - last) / .seconds(1)
  }
}
