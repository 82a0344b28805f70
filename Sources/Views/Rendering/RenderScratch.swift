/// Working memory of a renderer, kept between views so that rendering does not allocate once it is warm.
///
/// Use one per thread: copies share their memory. What is in it never influences a result.
public struct RenderScratch {
  let buffers = Buffers()

  /// Working memory that grows when it is first used.
  public init() {}

  final class Buffers {
    var planes = ReusableBuffer<Float>()
    var sparePlanes = ReusableBuffer<Float>()
    var rowQuads = ReusableBuffer<UInt8>()
    var resampledRows = ReusableBuffer<Int32>()
    var blendedRow = ReusableBuffer<Float>()
    var sourceBytes = ReusableBuffer<UInt8>()
    var blendedBytes = ReusableBuffer<UInt8>()
    var sums = ReusableBuffer<Int32>()
    var columnStarts = ReusableBuffer<Int>()
    var columnWeights = ReusableBuffer<Int32>()
    var rowStarts = ReusableBuffer<Int>()
    var rowWeights = ReusableBuffer<Int32>()
    var filter = ReusableBuffer<Double>()
    var kernel = ReusableBuffer<Float>()
    var line = ReusableBuffer<Float>()
    var firstBoxLine = ReusableBuffer<UInt32>()
    var secondBoxLine = ReusableBuffer<UInt32>()
    /// Memory of a renderer of single channels.
    lazy var forOneChannel = RenderScratch()
  }
}

/// Memory for a number of values that grows but never shrinks.
struct ReusableBuffer<Element: BitwiseCopyable & ExpressibleByIntegerLiteral>: ~Copyable {
  private var memory: UnsafeMutableRawBufferPointer?

  /// Room for `count` values, which hold anything.
  mutating func reserve(_ count: Int) -> UnsafeMutablePointer<Element> {
    let bytes = count * MemoryLayout<Element>.stride
    if let memory, memory.count >= bytes { return memory.baseAddress!.assumingMemoryBound(to: Element.self) }
    memory?.deallocate()
    let grown = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes, 64), alignment: 64)
    grown.initializeMemory(as: UInt8.self, repeating: 0)
    memory = grown
    return grown.baseAddress!.bindMemory(to: Element.self, capacity: grown.count / MemoryLayout<Element>.stride)
  }

  deinit { memory?.deallocate() }
}
