import CTorch

/// The operators of libtorch that this package uses, by schema name and overload.
///
/// A case's raw value is `name` or `name.overload` in the `aten` namespace, or names another namespace before `::`.
package enum Operator: String, CaseIterable {
  case absolute = "abs"
  case add = "add.Tensor"
  case addInPlace = "add_.Tensor"
  case addScalar = "add.Scalar"
  case checkAndUnscaleInPlace = "_amp_foreach_non_finite_check_and_unscale_"
  case updateScaleInPlace = "_amp_update_scale_"
  case allGather = "_c10d_functional::all_gather_into_tensor"
  case allReduce = "_c10d_functional::all_reduce"
  case allReduceInPlace = "_c10d_functional::all_reduce_"
  case arange
  case argmax
  case batchNorm = "batch_norm"
  case batchNormStatistics = "batch_norm_update_stats"
  case bernoulliInPlace = "bernoulli_.float"
  case bicubic = "upsample_bicubic2d"
  case cat
  case clamp
  case clampInPlace = "clamp_"
  case clone
  case contiguous
  case convolution2d = "conv2d"
  case copyInPlace = "copy_"
  case cosine = "cos"
  case cosineSimilarity = "cosine_similarity"
  case crossEntropy = "cross_entropy_loss"
  case cumulativeSum = "cumsum"
  case detach
  case divide = "div.Tensor"
  case emptyTensor = "empty.memory_format"
  case elementwiseMinimum = "minimum"
  case equal = "eq.Tensor"
  case erfInverseInPlace = "erfinv_"
  case exp
  case expand
  case floor
  case foreachAddInPlace = "_foreach_add_.List"
  case foreachAddProductInPlace = "_foreach_addcmul_.Scalar"
  case foreachAddTensorInPlace = "_foreach_add_.Tensor"
  case foreachLerpInPlace = "_foreach_lerp_.Scalar"
  case foreachLerpByTensorsInPlace = "_foreach_lerp_.List"
  case foreachMultiplyByTensorsInPlace = "_foreach_mul_.List"
  case foreachMultiplyInPlace = "_foreach_mul_.Scalar"
  case foreachNorm = "_foreach_norm.Scalar"
  case full
  case fusedAdamWInPlace = "_fused_adamw_"
  case fusedSGDInPlace = "_fused_sgd_"
  case gather
  case gelu
  case greater = "gt.Scalar"
  case identity = "eye"
  case indexCopy = "index_copy"
  case indexSelect = "index_select"
  case isFinite = "isfinite"
  case layerNorm = "layer_norm"
  case less = "lt.Scalar"
  case linear
  case logAddExp = "logaddexp"
  case logDeterminant = "linalg_slogdet"
  case logSoftmax = "log_softmax.int"
  case logSumExp = "logsumexp"
  case maskedFill = "masked_fill.Scalar"
  case maskedFillInPlace = "masked_fill_.Scalar"
  case matmul
  case maximum = "amax"
  case maxPool2d = "max_pool2d"
  case mean
  case meanAlong = "mean.dim"
  case minimum = "amin"
  case multiply = "mul.Tensor"
  case multiplyScalar = "mul.Scalar"
  case narrow
  case nativeBatchNorm = "native_batch_norm"
  case nativeBatchNormGradient = "native_batch_norm_backward"
  case normalInPlace = "normal_"
  case normalize = "linalg_vector_norm"
  case oneHot = "one_hot"
  case packQuantizedConvolution = "onednn::qconv_prepack"
  case permute
  case pinMemory = "pin_memory"
  case quantizedConvolution2d = "onednn::qconv2d_pointwise"
  case quantizedConvolution2dAdding = "onednn::qconv2d_pointwise.binary"
  case reduceScatter = "_c10d_functional::reduce_scatter_tensor"
  case relu
  case reluInPlace = "relu_"
  case reshape
  case round
  case roundInPlace = "round_"
  case scaledDotProductAttention = "scaled_dot_product_attention"
  case scatterAdd = "scatter_add"
  case sine = "sin"
  case singularValues = "linalg_svdvals"
  case solve = "linalg_solve"
  case slice = "slice.Tensor"
  case softmax = "softmax.int"
  case sort
  case squareRoot = "sqrt"
  case stack
  case standardDeviation = "std.correction"
  case subtract = "sub.Tensor"
  case sum
  case sumAlong = "sum.dim_IntList"
  case toCopy = "_to_copy"
  case toDType = "to.dtype"
  case topK = "topk"
  case truncate = "trunc"
  case transpose = "transpose.int"
  case uniformInPlace = "uniform_"
  case unsqueeze
  case waitForWorkers = "_c10d_functional::wait_tensor"
  case whereCondition = "where.self"
  case zeroInPlace = "zero_"

  nonisolated(unsafe) private static let handles: [Operator: OpaquePointer] = Dictionary(
    uniqueKeysWithValues: allCases.compactMap { operation in operation.find().map { (operation, $0) } })

  /// Namespace, name and overload.
  package var name: String { rawValue.contains("::") ? rawValue : "aten::\(rawValue)" }

  private func find() -> OpaquePointer? {
    let parts = name.split(separator: ".", maxSplits: 1)
    return ht_operator_find(String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
  }

  var handle: OpaquePointer {
    guard let handle = Self.handles[self] else {
      fatalError("libtorch \(String(cString: ht_version())) has no \(name)")
    }
    return handle
  }

  /// The operator's schema as libtorch prints it; nil when this libtorch lacks the operator.
  package var schema: String? {
    Self.handles[self].map { String(cString: ht_operator_schema($0)) }
  }
}

/// One argument of an operator.
package enum Argument {
  case none
  case tensor(Tensor)
  case int(Int)
  case double(Double)
  case bool(Bool)
  case ints([Int])
  case tensors([Tensor])
  case generator(Generator)
  case dtype(DType)
  case device(Device)
  case text(StaticString)
  case group(WorkerGroup)

  static func optional(_ tensor: Tensor?) -> Argument {
    tensor.map(Argument.tensor) ?? .none
  }
}

extension Operator {
  /// Calls the operator and returns its tensors in order.
  ///
  /// Arguments left out at the end take the defaults of the operator's schema.
  func call(_ arguments: [Argument], results capacity: Int) -> [Tensor] {
    var integers: [Int64] = []
    var tensors: [ht_tensor?] = []
    for argument in arguments {
      switch argument {
      case .ints(let values): integers.append(contentsOf: values.map(Int64.init))
      case .tensors(let values): tensors.append(contentsOf: values.map(\.pointer))
      default: break
      }
    }
    return withExtendedLifetime(arguments) {
      integers.withUnsafeBufferPointer { integers in
        tensors.withUnsafeBufferPointer { tensors in
          call(Self.values(arguments, integers: integers, tensors: tensors), arguments, capacity)
        }
      }
    }
  }

  private static func values(
    _ arguments: [Argument], integers: UnsafeBufferPointer<Int64>, tensors: UnsafeBufferPointer<ht_tensor?>
  ) -> [ht_value] {
    var nextInteger = 0
    var nextTensor = 0
    return arguments.map { argument in
      var value = ht_value()
      switch argument {
      case .none: value.tag = HT_NONE
      case .tensor(let tensor):
        value.tag = HT_TENSOR
        value.value.pointer = UnsafeRawPointer(tensor.pointer)
      case .int(let number):
        value.tag = HT_INT
        value.value.integer = Int64(number)
      case .dtype(let dtype):
        value.tag = HT_INT
        value.value.integer = Int64(dtype.rawValue)
      case .device(let device):
        value.tag = HT_DEVICE
        value.value.pointer = UnsafeRawPointer(device.name.utf8Start)
      case .text(let text):
        value.tag = HT_TEXT
        value.value.pointer = UnsafeRawPointer(text.utf8Start)
      case .group(let group):
        value.tag = HT_TEXT
        value.value.pointer = UnsafeRawPointer(group.name)
      case .double(let number):
        value.tag = HT_DOUBLE
        value.value.number = number
      case .bool(let flag):
        value.tag = HT_BOOL
        value.value.integer = flag ? 1 : 0
      case .generator(let generator):
        value.tag = HT_GENERATOR
        value.value.pointer = UnsafeRawPointer(generator.pointer)
      case .ints(let list):
        value.tag = HT_INT_LIST
        value.count = Int64(list.count)
        value.value.pointer = UnsafeRawPointer(integers.baseAddress.map { $0 + nextInteger })
        nextInteger += list.count
      case .tensors(let list):
        value.tag = HT_TENSOR_LIST
        value.count = Int64(list.count)
        value.value.pointer = UnsafeRawPointer(tensors.baseAddress.map { $0 + nextTensor })
        nextTensor += list.count
      }
      return value
    }
  }

  private func call(_ values: [ht_value], _ arguments: [Argument], _ capacity: Int) -> [Tensor] {
    guard !isExhausted() else { return Array(repeating: .undefined, count: capacity) }
    return withUnsafeTemporaryAllocation(of: ht_tensor?.self, capacity: max(capacity, 1)) { results in
      results.initialize(repeating: nil)
      var count = 0
      let status = ht_operator_call(handle, values, values.count, results.baseAddress, capacity, &count)
      guard check(status, in: name, arguments: arguments.map(Self.describe).joined(separator: ", "))
      else {
        return Array(repeating: .undefined, count: capacity)
      }
      return results.prefix(count).map { Tensor(TensorHandle(adopting: $0!)) }
    }
  }

  /// Calls an operator that returns one tensor.
  func callAsFunction(_ arguments: Argument...) -> Tensor {
    call(arguments, results: 1)[0]
  }

  /// Calls an operator for its effect on its first argument.
  func run(_ arguments: Argument...) {
    _ = call(arguments, results: 1)
  }

  private static func describe(_ argument: Argument) -> String {
    switch argument {
    case .none: "none"
    case .tensor(let tensor): tensor.signature
    case .tensors(let tensors): "[" + tensors.map(\.signature).joined(separator: ", ") + "]"
    case .int(let number): "\(number)"
    case .double(let number): "\(number)"
    case .bool(let flag): "\(flag)"
    case .ints(let list): "\(list)"
    case .generator: "generator"
    case .dtype(let dtype): "\(dtype)"
    case .device(let device): "\(device)"
    case .text(let text): "\(text)"
    case .group(let group): "\(group.count) workers"
    }
  }
}
