import Objectives
import Torch
import Views

/// How much the crops of candidate views overlap.
enum Overlaps {
  /// Intersection over union of every pair of views, `[views, views, batch]`, ones on the diagonal.
  static func matrix(of boxes: [[CropBox]]) -> Tensor {
    let (views, batch) = (boxes.count, boxes[0].count)
    var values = [Float](repeating: 1, count: views * views * batch)
    for first in 0..<views {
      for second in first + 1..<views {
        for image in 0..<batch {
          let overlap = Float(boxes[first][image].intersectionOverUnion(with: boxes[second][image]))
          values[(first * views + second) * batch + image] = overlap
          values[(second * views + first) * batch + image] = overlap
        }
      }
    }
    return Tensor(values, shape: [views, views, batch])
  }

  /// The smallest overlap of two global views in each choice of them, `[choice][image]`, choices as in `space.globals`.
  static func smallest(in space: CandidateSpace, of boxes: [[CropBox]]) -> [[Float]] {
    space.globals.map { choice in
      boxes[0].indices.map { image in
        var smallest: Float = 1
        for (slot, first) in choice.enumerated() {
          for second in choice[(slot + 1)...] {
            smallest = min(smallest, Float(boxes[first][image].intersectionOverUnion(with: boxes[second][image])))
          }
        }
        return smallest
      }
    }
  }
}
