// What could be said about an image without looking at it, by somebody who knows the training set: the bar that a model must
// take before its numbers mean anything (no LibTorch).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/data/prediction.h"
#include "glid/data/prepared.h"

namespace glid {

inline constexpr int64_t kBlindSamples = 1000;  // that it learns from, at most

// Depth: the mean at each place. Semantic and panoptic: the most frequent class at each place, a segment each. Boxes (masks
// are filled boxes): the centres of kBlindBoxes clusters, every class with its share of all objects in the cluster. Poses:
// the mean joints in a person's box. Labels: the classes' shares. Places are the cells of kBlindGrid x kBlindGrid over the
// image, whatever its size.
inline constexpr const char* kBlindStem = "blind";  // of its file in a checkpoint
std::filesystem::path blind_file(const std::filesystem::path& checkpoint);
inline constexpr int64_t kBlindGrid = 64, kBlindBoxes = 20;

class BlindPredictor {
 public:
  // From kBlindSamples samples of the set (all of a smaller one), chosen and clustered by the seed. Samples that can't be
  // read are passed over; throws DataError when all of them are.
  static BlindPredictor learn(const AnnotatedDataset& data, uint64_t seed);

  // Of an image of that size, in its pixels. Of a person: the mean joints in their box, and nothing where there is no box.
  Prediction predict(int64_t height, int64_t width, const std::optional<Person>& person = {}) const;

  // For files: numbers by name.
  using State = std::map<std::string, Array>;
  const State& state() const { return state_; }
  explicit BlindPredictor(State state) : state_(std::move(state)) {}
  // For other ranks of the program, to the bit.
  std::string to_text() const;
  static BlindPredictor of_text(std::string_view text);
  // A safetensors file of them; throws DataError.
  static BlindPredictor read(const std::filesystem::path& file);

 private:
  const Array* find(const std::string& name) const;
  void add_detections(Prediction& prediction) const;
  void add_pose(const Person& person, Prediction& prediction) const;

  State state_;
};

}  // namespace glid
