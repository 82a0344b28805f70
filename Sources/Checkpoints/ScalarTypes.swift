import Safetensors
import Torch

extension DType {
  var scalarType: ScalarType {
    switch self {
    case .uint8: .uint8
    case .int8: .int8
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .float16: .float16
    case .float32: .float32
    case .float64: .float64
    case .bool: .bool
    case .bfloat16: .bfloat16
    }
  }
}

extension ScalarType {
  var dtype: DType {
    guard let dtype = DType.allCases.first(where: { $0.scalarType == self }) else {
      preconditionFailure("libtorch has no \(rawValue)")
    }
    return dtype
  }
}
