// A miniature of a real dataset: generated scenes in its layout, and the scenes themselves.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "glid/core/error.h"
#include "glid/data/data_config.h"
#include "glid/data/make_demo.h"
#include "glid/data/scenes.h"
#include "support/temporary_folder.h"

namespace glid {

class DemoFolder {
 public:
  static constexpr int64_t kCount = 11, kSize = 64;  // 11 to train on, 1 to validate

  explicit DemoFolder(DemoLayout layout) { make_demo({root(), kCount, kSize, 5, layout}); }

  std::filesystem::path root() const { return folder_.path() / "demo"; }
  template <class Dataset>
  Dataset dataset() const {
    Dataset dataset;
    dataset.root = root().string();
    return dataset;
  }
  template <class Dataset>
  std::shared_ptr<const AnnotatedDataset> open(Split split = Split::kTrain) const {
    return open_images({dataset<Dataset>()}, split);
  }
  static Scenes scenes(Split split = Split::kTrain) { return {{5, kCount, kSize}, split}; }

 private:
  TemporaryFolder folder_;
};

inline std::string data_error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const DataError& error) {
    return error.what();
  }
  return "no DataError";
}

}  // namespace glid
