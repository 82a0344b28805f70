#if _endian(big)
  #error("Values are copied as they lie in the file, which is little-endian.")
#endif

extension SafetensorsFile {
  /// A tensor's values in row-major order, rounded to single precision; truth values are 0 and 1.
  /// - Throws: `SafetensorsError` when there is no such tensor.
  public func floats(_ name: String) throws(SafetensorsError) -> [Float] {
    let entry = try entry(named: name)
    switch entry.type {
    case .float16: return values(of: entry, as: Float16.self).map(Float.init)
    case .bfloat16: return values(of: entry, as: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
    case .float32: return values(of: entry, as: Float.self)
    case .float64: return values(of: entry, as: Double.self).map(Float.init)
    case .bool, .uint8, .int8, .int16, .int32, .int64: return try integers(name).map(Float.init)
    }
  }

  /// A tensor's values in row-major order; truth values are 0 and 1.
  /// - Throws: `SafetensorsError` when there is no such tensor, or its elements are not integers.
  public func integers(_ name: String) throws(SafetensorsError) -> [Int] {
    let entry = try entry(named: name)
    switch entry.type {
    case .bool: return values(of: entry, as: UInt8.self).map { $0 == 0 ? 0 : 1 }
    case .uint8: return values(of: entry, as: UInt8.self).map(Int.init)
    case .int8: return values(of: entry, as: Int8.self).map(Int.init)
    case .int16: return values(of: entry, as: Int16.self).map(Int.init)
    case .int32: return values(of: entry, as: Int32.self).map(Int.init)
    case .int64: return values(of: entry, as: Int64.self).map(Int.init)
    case .float16, .bfloat16, .float32, .float64:
      throw SafetensorsError(path: path, tensor: name, problem: .notIntegers(entry.type))
    }
  }

  private func values<Value: BitwiseCopyable>(of entry: TensorEntry, as type: Value.Type) -> [Value] {
    withBytes(of: entry) { bytes in
      Array(unsafeUninitializedCapacity: bytes.count / MemoryLayout<Value>.size) { buffer, count in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
        count = buffer.count
      }
    }
  }
}
