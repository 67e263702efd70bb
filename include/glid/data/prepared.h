// What a task makes of a sample in the decode threads: pictures for the network, with everything that losses and metrics
// need of them (no LibTorch).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "glid/data/epoch_plan.h"
#include "glid/data/placement.h"
#include "glid/data/sample.h"
#include "glid/nn/window_plan.h"

namespace glid {

// Numbers that travel with a picture: [n, ..], where only n may differ from picture to picture. Maps of the picture's size
// travel as [height * width], because sizes differ too: the placement has them. A picture without an array that others of
// its batch have counts as n = 0; a batch has none that no picture has.
struct Array {
  std::vector<int64_t> shape;
  std::variant<std::vector<float>, std::vector<int64_t>, std::vector<uint8_t>> values;
};

// One view of a sample. Several of them (flips, scales) follow each other in the batch.
struct PreparedImage {
  Image image;
  Placement placement;                   // from the original's pixels to the picture's, and back
  Targets targets;                       // of the picture, as far as anybody reads them
  std::map<std::string, Array> arrays;   // what losses compare with, rasterised at the size they need
  std::shared_ptr<const Targets> truth;  // of the original, for metrics
  std::optional<SamplePlan> plan;        // of a masked picture; none: all of it is seen
  int64_t group = 0;                     // pictures of a group lie together in a micro-batch: one task's of several
};

// A function of the sample, its key and its place in the global batch, called in many threads. Throws DataError for a sample
// that can't be used: it counts as a bad file.
using Prepare =
    std::function<std::vector<PreparedImage>(const Sample& sample, const SampleKey& key, const BatchPosition& position)>;

}  // namespace glid
