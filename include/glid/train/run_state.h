// What a run knows of itself beside its tensors: the state.json of a checkpoint (no LibTorch).
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "glid/core/json.h"
#include "glid/data/dataset.h"

namespace glid {

struct RunState {
  static constexpr int64_t kFormat = 4;  // of state.json; another one is refused

  // The best model so far, by a value of the validation.
  struct Best {
    std::string name;
    double value = std::nan("");
    int64_t step = -1;

    template <class V>
    void fields(V& v) {
      v("name", name);
      v("value", value);
      v("step", step);
    }
    bool operator==(const Best&) const = default;
  };
  // The next sample in the order of the training data.
  struct Loader {
    int64_t epoch = 0, position = 0;

    template <class V>
    void fields(V& v) {
      v("epoch", epoch);
      v("position", position);
    }
  };
  struct Scaler {
    double factor = 1, good_steps = 0;

    template <class V>
    void fields(V& v) {
      v("factor", factor);
      v("good_steps", good_steps);
    }
  };
  struct Dataset {
    std::string names, sizes;  // its fingerprint
    int64_t images = 0;

    template <class V>
    void fields(V& v) {
      v("names", names);
      v("sizes", sizes);
      v("images", images);
    }
    bool operator==(const Dataset&) const = default;
  };

  int64_t format = kFormat;
  int64_t step = 0;            // completed updates
  int64_t finished_step = -1;  // the last one whose validation and picture, if due, are done
  uint64_t seed = 0;
  Loader loader;
  Scaler scaler;
  int64_t ranks = 1, threads = 1;
  int64_t skipped_updates = 0, nonfinite_in_a_row = 0;
  double loss = std::nan("");  // as last logged
  Best best;
  Dataset dataset;
  Vocabulary vocabulary;  // of the data that was trained on
  std::string git;

  template <class V>
  void fields(V& v) {
    v("format", format);
    v("step", step);
    v("finished_step", finished_step);
    v("seed", seed);
    v("loader", loader);
    v("scaler", scaler);
    v("ranks", ranks);
    v("threads", threads);
    v("skipped_updates", skipped_updates);
    v("nonfinite_in_a_row", nonfinite_in_a_row);
    v("loss", loss);
    v("best", best);
    v("dataset", dataset);
    v("vocabulary", vocabulary);
    v("git", git);
  }
};

Json write_state(const RunState& state);

// Throws DataError naming `where` for a state of another format, or one that lacks a key.
RunState read_state(const Json& json, const std::string& where);

}  // namespace glid
