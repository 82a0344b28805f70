import Testing
import Torch

@Suite(.enabled(if: Engine.hasInt8Convolutions)) struct QuantizedConvolutionTests {
  typealias Scale = QuantizedConvolution.Scale

  /// What a convolution gives, by its definition, in steps of the output's scale.
  private struct Reference {
    let batch = 2
    let inputs = 3
    let outputs = 4
    let size = 5
    let kernel = 3
    let stride: Int
    let padding: Int
    let weight: [Float]
    /// Of either sign, and nothing.
    let gain: [Float] = [1.5, -0.7, 0, 0.2]
    let bias: [Float] = [0.3, -1, 2, 0]
    let input: [UInt8]
    let read: Scale

    var resultSize: Int { (size + 2 * padding - kernel) / stride + 1 }

    func result(_ output: Scale, isRectified: Bool, adding other: (image: [UInt8], scale: Scale)?) -> [Double] {
      var values: [Double] = []
      for image in 0..<batch {
        for row in 0..<resultSize {
          for column in 0..<resultSize {
            for channel in 0..<outputs {
              let all = weight[channel * inputs * kernel * kernel..<(channel + 1) * inputs * kernel * kernel]
              let step = Double(all.map(abs).max()!) / 127
              var sum = 0.0
              for (index, weight) in all.enumerated() {
                let (source, place) = (index / (kernel * kernel), index % (kernel * kernel))
                let (y, x) = (row * stride - padding + place / kernel, column * stride - padding + place % kernel)
                guard 0..<size ~= y, 0..<size ~= x else { continue }
                let pixel = input[((image * size + y) * size + x) * inputs + source]
                sum += (Double(weight) / step).rounded(.toNearestOrEven) * Double(Int(pixel) - read.zero)
              }
              sum *= step * Double(gain[channel]) * read.step
              sum += Double(bias[channel])
              if let other {
                sum += Double(Int(other.image[values.count]) - other.scale.zero) * other.scale.step
              }
              if isRectified { sum = max(sum, 0) }
              values.append(min(max((sum / output.step).rounded(.toNearestOrEven) + Double(output.zero), 0), 255))
            }
          }
        }
      }
      return values
    }
  }

  @Test(arguments: [(1, 1), (2, 1), (1, 0)], [true, false])
  func convolvesByTheDefinition(geometry: (stride: Int, padding: Int), isRectified: Bool) {
    let generator = Generator(seed: 4)
    func bytes(_ count: Int) -> [UInt8] {
      Tensor.uniform([count], in: 0...255, using: generator).converted(to: .uint8).scalars()
    }
    for read in [Scale(step: 0.02), Scale(step: 0.013, zero: 128)] {
      let weight = Tensor.normal([4, 3, 3, 3], using: generator)
      let reference = Reference(
        stride: geometry.stride, padding: geometry.padding, weight: weight.scalars(), input: bytes(2 * 5 * 5 * 3),
        read: read)
      func image(_ bytes: [UInt8], size: Int, channels: Int) -> Tensor {
        Tensor(bytes, shape: [2, size, size, channels]).permuted([0, 3, 1, 2])
      }
      let input = image(reference.input, size: 5, channels: 3)
      let convolution = QuantizedConvolution(
        weight: weight.channelsLast(), gain: Tensor(reference.gain), bias: Tensor(reference.bias),
        stride: geometry.stride, padding: geometry.padding, shape: input.shape, input: read)
      let size = reference.resultSize
      let other = (image: bytes(2 * size * size * 4), scale: Scale(step: 0.05, zero: 128))
      let output = isRectified ? Scale(step: 0.04) : Scale(step: 0.06, zero: 128)
      for added in [nil, other] {
        let result = convolution(
          input, output: output, isRectified: isRectified,
          adding: added.map { (image($0.image, size: size, channels: 4), $0.scale) })
        #expect(result.dtype == .uint8 && result.shape == [2, 4, size, size])
        let expected = reference.result(output, isRectified: isRectified, adding: added)
        let numbers = result.permuted([0, 2, 3, 1]).scalars(as: UInt8.self)
        // A sum that lies between two integers may be rounded either way.
        #expect(zip(numbers, expected).allSatisfy { abs(Double($0) - $1) <= 1 })
        #expect(zip(numbers, expected).filter { Double($0) != $1 }.count <= numbers.count / 20)
      }
    }
  }
}
