import Foundation
import Processors

/// The filters of many views along one axis, with the weights that `ViewRenderer` applies.
package struct FilterTable {
  /// The axis of an image.
  package enum Axis {
    /// Along y.
    case rows
    /// Along x, in reverse order where a view is mirrored.
    case columns
  }

  /// Weights of each output, unused ones 0.
  package let tapCount: Int
  /// `[view][output]`: the first pixel of the box that a weight belongs to.
  package private(set) var starts: [Int]
  /// `[view][output][tap]` in 2⁻²²ths.
  package private(set) var weights: [Int32]

  /// Filters of resamplings to views of `size` × `size` pixels, made by several threads.
  package init(_ axis: Axis, of resamplings: [Resampling], size: Int) {
    let tapCount = resamplings.map { ResamplingTaps.tapCount(axis, of: $0) }.max() ?? 0
    self.tapCount = tapCount
    starts = Array(repeating: 0, count: resamplings.count * size)
    weights = Array(repeating: 0, count: resamplings.count * size * tapCount)
    let pieces = min(resamplings.count, ProcessInfo.processInfo.usableProcessorCount)
    starts.withUnsafeMutableBufferPointer { starts in
      weights.withUnsafeMutableBufferPointer { weights in
        nonisolated(unsafe) let (starts, weights) = (starts.baseAddress!, weights.baseAddress!)
        DispatchQueue.concurrentPerform(iterations: pieces) { piece in
          let buffers = RenderScratch().buffers
          for view in (resamplings.count * piece / pieces)..<(resamplings.count * (piece + 1) / pieces) {
            let taps =
              axis == .rows
              ? ResamplingTaps(rowsOf: resamplings[view], buffers: buffers)
              : ResamplingTaps(columnsOf: resamplings[view], buffers: buffers)
            (starts + view * size).update(from: taps.starts, count: size)
            for output in 0..<size {
              (weights + (view * size + output) * tapCount).update(
                from: taps.weights + output * taps.tapCount, count: taps.tapCount)
            }
          }
        }
      }
    }
  }
}
