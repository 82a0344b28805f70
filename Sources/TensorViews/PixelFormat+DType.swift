import Torch
import Views

extension DType {
  /// The type of a tensor that holds rendered views.
  package init(_ format: PixelFormat) {
    self =
      switch format {
      case .float32: .float32
      case .bfloat16: .bfloat16
      case .uint8: .uint8
      }
  }
}

extension PixelFormat {
  /// The format of views for networks that compute in `dtype`: the first convolution would convert them anyway.
  package init(_ dtype: DType) { self = dtype == .bfloat16 ? .bfloat16 : .float32 }
}
