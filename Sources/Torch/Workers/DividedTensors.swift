/// Tensors of which each worker has some, and which others want.
package struct DividedTensors {
  /// The shapes of each worker's tensors, which are float32, cut into what is sent at a time.
  private let rounds: [[Range<Int>]]
  private let shapes: [[[Int]]]
  private let workers: any Communicator

  /// Values of a worker that are sent at a time, but for a larger tensor.
  private static let capacity = GradientBuckets.capacity / 4

  /// Describes tensors; every worker knows the shapes of all.
  ///
  /// - Parameter shapes: Of the tensors of each worker.
  package init(shapes: [[[Int]]], of workers: any Communicator) {
    precondition(shapes.count == workers.count, "shapes of \(shapes.count) workers for \(workers.count)")
    self.shapes = shapes
    self.workers = workers
    rounds = shapes.map { shapes in
      var (cuts, count) = ([0], 0)
      for (place, shape) in shapes.enumerated() {
        count += shape.reduce(1, *)
        if count >= Self.capacity || place == shapes.count - 1 {
          cuts.append(place + 1)
          count = 0
        }
      }
      return zip(cuts, cuts.dropFirst()).map { $0..<$1 }
    }
  }

  /// Sends this worker's tensors to the others and hands theirs over, without gradients.
  ///
  /// - Parameter receive: Given another worker's number, the number of its tensor, and the values. Called for none where
  ///   the others are pretended.
  package func exchange(_ own: [Tensor], receive: (_ worker: Int, _ place: Int, _ values: Tensor) -> Void) {
    withoutGradients {
      for round in 0..<(rounds.map(\.count).max() ?? 0) {
        let parts = rounds.map { round < $0.count ? $0[round] : 0..<0 }
        let lengths = zip(parts, shapes).map { part, shapes in part.reduce(0) { $0 + shapes[$1].reduce(1, *) } }
        let longest = lengths.max()!
        let padding = Tensor.zeros([longest - lengths[workers.rank]])
        let flat = Tensor.concatenated(parts[workers.rank].map { own[$0].reshaped([-1]) } + [padding])
        let all = workers.gathered(flat.expandingDimension(at: 0))
        for worker in parts.indices where worker != workers.rank && !workers.isPretended {
          let values = all.narrowed(along: 0, from: worker, count: 1).reshaped([-1])
          var start = 0
          for place in parts[worker] {
            let shape = shapes[worker][place]
            let count = shape.reduce(1, *)
            receive(worker, place, values.narrowed(along: 0, from: start, count: count).reshaped(shape))
            start += count
          }
        }
      }
    }
  }
}
