// Losses of decoder layers before the last: keys of tasks that have them on demand.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "glid/config/fields.h"
#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {

// For TaskSpec, of a task that has its losses after every one of so many layers.
inline std::vector<int64_t> every_layer(int64_t num_layers) {
  std::vector<int64_t> layers(static_cast<size_t>(num_layers));
  std::iota(layers.begin(), layers.end(), int64_t{1});
  return layers;
}

struct AuxiliaryConfig {
  std::vector<std::array<double, 2>> auxiliary;

  template <class V>
  void fields(V& v) {
    v("auxiliary", auxiliary, "[layer, weight] of decoder layers before the last that have a loss too", config::positive());
  }
  void check(config::Problems& problems) const {
    for (size_t i = 0; i < auxiliary.size(); ++i)
      if (auxiliary[i][0] != std::floor(auxiliary[i][0]) || (i > 0 && auxiliary[i][0] <= auxiliary[i - 1][0]))
        problems.add("auxiliary", "must have whole layers, ascending");
  }

  // A layer that has a loss, as LossTerm names it.
  struct Layer {
    int64_t number = 0;  // from 1; 0: the last
    double weight = 1;
  };
  // In the order of the answers' layers.
  std::vector<Layer> layers() const {
    std::vector<Layer> layers;
    for (const auto& [number, weight] : auxiliary) layers.push_back({static_cast<int64_t>(number), weight});
    layers.push_back({});
    return layers;
  }
  // For TaskSpec, of a decoder of so many layers. Throws UsageError for a layer that isn't before its last.
  std::vector<int64_t> supervised(int64_t num_layers) const {
    std::vector<int64_t> numbers;
    if (auxiliary.empty()) return numbers;
    if (const auto last = static_cast<int64_t>(auxiliary.back()[0]); last >= num_layers)
      throw UsageError("task.auxiliary", "must name layers before the decoder's last", std::to_string(last),
                       format("the decoder has {}", num_layers));
    for (const Layer& layer : layers()) numbers.push_back(layer.number == 0 ? num_layers : layer.number);
    return numbers;
  }
};

}  // namespace glid
