import CTorch

/// An n-dimensional array of numbers that libtorch computes with.
///
/// A tensor is an immutable value: no public operation changes its storage, and `x += y` binds `x` to a new tensor.
/// Storage changes only through `Parameter` and `Buffer`. A mistake in shapes or element types traps and names the
/// operator, its arguments' shapes and libtorch's reason; running out of memory can be caught with
/// `throwingExhaustion(_:)`.
public struct Tensor: @unchecked Sendable {
  let handle: TensorHandle

  init(_ handle: TensorHandle) {
    self.handle = handle
  }

  var pointer: OpaquePointer { handle.pointer }

  /// What operators return after the machine ran out, until the scope that catches it ends.
  ///
  /// Five dimensions of size one, so that code which asks for sizes on its way out finds some. Made without an operator,
  /// since none runs once the machine ran out.
  static let undefined: Tensor = {
    let zero = UnsafeMutablePointer<Float>.allocate(capacity: 1)
    zero.initialize(to: 0)
    var pointer: ht_tensor?
    guard ht_tensor_borrow(zero, [1, 1, 1, 1, 1], 5, DType.float32.rawValue, nil, nil, &pointer) == HT_OK, let pointer
    else { fatalError("libtorch cannot wrap one number: \(lastMessage())") }
    return Tensor(TensorHandle(adopting: pointer))
  }()
}

// MARK: - Description

extension Tensor {
  /// The sizes of all dimensions, outermost first.
  public var shape: [Int] {
    (0..<ht_tensor_dimensions(pointer)).map { Int(ht_tensor_size(pointer, $0)) }
  }

  /// The number of dimensions.
  public var rank: Int { ht_tensor_dimensions(pointer) }

  /// The number of elements.
  public var elementCount: Int { shape.reduce(1, *) }

  /// The type of the elements.
  public var dtype: DType {
    let code = ht_tensor_dtype(pointer)
    guard let dtype = DType(rawValue: code) else { fatalError("libtorch dtype \(code) is not supported") }
    return dtype
  }

  /// Whether gradients flow to this tensor.
  public var requiresGradient: Bool { ht_tensor_requires_gradient(pointer) }

  /// Whether a 4-dimensional tensor lies in memory as batch, height, width, channels.
  public var isChannelsLast: Bool { ht_tensor_is_channels_last(pointer) }

  var signature: String { "\(dtype)\(shape)" + (device == .cpu ? "" : " on \(device)") }

  /// The number of tensor handles alive in this process; constant in a loop that does not leak.
  package static var liveHandleCount: Int { TensorHandle.liveCount }
}

extension Tensor: CustomStringConvertible {
  /// The element type and shape, and the values of a small tensor.
  public var description: String {
    guard elementCount <= 16 else { return signature }
    return "\(signature) \(scalars(as: Double.self))"
  }
}

// MARK: - From and to Swift

extension Tensor {
  /// Copies scalars into a new tensor on the current device.
  /// - Parameters:
  ///   - scalars: The elements in row-major order.
  ///   - shape: Sizes whose product is the number of scalars.
  public init<Scalar: TensorScalar>(_ scalars: [Scalar], shape: [Int]) {
    precondition(
      shape.reduce(1, *) == scalars.count, "\(scalars.count) scalars do not fill a tensor of shape \(shape)")
    self = scalars.withUnsafeBytes { bytes in
      Tensor(copying: bytes, shape: shape, dtype: Scalar.dtype)
    }
  }

  /// Copies scalars into a new one-dimensional tensor on the current device.
  public init<Scalar: TensorScalar>(_ scalars: [Scalar]) {
    self.init(scalars, shape: [scalars.count])
  }

  /// Copies raw bytes, laid out row-major, into a new tensor on the current device.
  public init(copying bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType) {
    let borrowed = Tensor.borrow(bytes.baseAddress, shape: shape, dtype: dtype, release: nil, context: nil)
    precondition(
      bytes.count == borrowed.elementCount * ht_tensor_element_size(borrowed.pointer),
      "\(bytes.count) bytes do not fill \(borrowed.signature)")
    self = Device.current == .cpu ? Operator.clone(.tensor(borrowed)) : borrowed.placed()
  }

  /// A tensor on the current device whose elements `body` writes.
  ///
  /// What goes to a GPU is written to page-locked memory, from where the GPU fetches it while the program goes on.
  /// - Parameters:
  ///   - shape: The sizes of all dimensions.
  ///   - dtype: The type of the elements.
  ///   - body: Writes every byte, row-major; not called where memory has run out.
  public init(_ shape: [Int], dtype: DType, writtenBy body: (UnsafeMutableRawBufferPointer) -> Void) {
    let host = Operator.emptyTensor(
      .ints(shape), .dtype(dtype), .none, .device(.cpu), .bool(Device.current == .cuda))
    guard !isExhausted() else {
      self = .undefined
      return
    }
    body(
      UnsafeMutableRawBufferPointer(
        start: ht_tensor_data(host.pointer), count: host.elementCount * ht_tensor_element_size(host.pointer)))
    self = host.placed()
  }

  /// Wraps memory without a copy and keeps its owner alive as long as libtorch uses it.
  ///
  /// The memory must not change while the tensor lives. Where the current device is not the CPU, its elements are sent
  /// there instead, and the owner is released at once.
  /// - Parameters:
  ///   - bytes: The elements, row-major.
  ///   - shape: The sizes of all dimensions.
  ///   - dtype: The type of the elements, which fill the bytes.
  ///   - owner: Frees the memory when it is released.
  public init(borrowing bytes: UnsafeMutableRawBufferPointer, shape: [Int], dtype: DType, owner: AnyObject) {
    let context = Unmanaged.passRetained(owner).toOpaque()
    let borrowed = Tensor.borrow(
      bytes.baseAddress, shape: shape, dtype: dtype, release: { Unmanaged<AnyObject>.fromOpaque($0!).release() },
      context: context)
    precondition(
      bytes.count == borrowed.elementCount * ht_tensor_element_size(borrowed.pointer),
      "\(bytes.count) bytes do not fill \(borrowed.signature)")
    self = borrowed.placed()
  }

  private static func borrow(
    _ base: UnsafeRawPointer?, shape: [Int], dtype: DType,
    release: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?,
    context: UnsafeMutableRawPointer?
  ) -> Tensor {
    var pointer: ht_tensor?
    let status = ht_tensor_borrow(
      UnsafeMutableRawPointer(mutating: base), shape.map(Int64.init), shape.count, dtype.rawValue, release, context,
      &pointer)
    guard check(status, in: "from_blob", arguments: "\(dtype)\(shape)"), let pointer else { return .undefined }
    return Tensor(TensorHandle(adopting: pointer))
  }

  /// Bytes of one element.
  package var elementSize: Int { ht_tensor_element_size(pointer) }

  /// The elements in row-major order, converted to a Swift type.
  public func scalars<Scalar: TensorScalar>(as type: Scalar.Type = Scalar.self) -> [Scalar] {
    converted(to: Scalar.dtype).withBytes { Array($0.bindMemory(to: Scalar.self)) }
  }

  /// The elements of a matrix, row by row, converted to a Swift type.
  public func rows<Scalar: TensorScalar>(as type: Scalar.Type = Scalar.self) -> [[Scalar]] {
    let (values, shape) = (scalars(as: type), shape)
    guard shape.count == 2 else { return [] }
    return (0..<shape[0]).map { Array(values[$0 * shape[1]..<($0 + 1) * shape[1]]) }
  }

  /// The single element of a one-element tensor; waits for the computation that makes it.
  public var number: Double {
    HostReads.note()
    var result = 0.0
    _ = check(ht_tensor_number(pointer, &result), in: "item", arguments: signature)
    return result
  }

  /// Calls `body` with the elements' bytes in row-major order; waits for the computation that makes them.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    HostReads.note()
    let source = (ht_tensor_is_contiguous(pointer) ? self : contiguous()).moved(to: .cpu)
    return try withExtendedLifetime(source.handle) {
      try body(
        UnsafeRawBufferPointer(
          start: ht_tensor_data(source.pointer), count: elementCount * ht_tensor_element_size(source.pointer)))
    }
  }
}
