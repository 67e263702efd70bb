// The images of a data set as features see them, batch after batch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "glid/data/batch.h"
#include "glid/data/dataset.h"
#include "glid/eval/feature_options.h"

namespace glid {

struct ImagesRead {
  int64_t images = 0;
  int64_t bad_files = 0;
};

// Calls each(batch) with at most options.batch pictures in the order of their ids (BatchImage::key); reading goes on beside
// it. Files that can't be read are named in the log and left out. On a terminal a bar shows the pace, elsewhere a line now
// and then; `what` names the images there. Throws UsageError for a size that units don't divide, DataError for more than
// options.max_bad_files bad files.
ImagesRead for_each_batch(std::shared_ptr<const Dataset> images, const FeatureOptions& options, int64_t unit_px,
                          const std::string& what, const std::function<void(Batch batch)>& each);

}  // namespace glid
