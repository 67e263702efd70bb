#include "feature_reader.h"

#include <ATen/Parallel.h>

#include <limits>
#include <utility>

#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/pace.h"
#include "glid/data/loader.h"
#include "glid/nn/window_plan.h"

namespace glid {
namespace {

std::vector<PreparedImage> prepare(const Sample& sample, const FeatureOptions& options) {
  const Image& image = sample.image;
  const Placement placement = place_for_features(image.height, image.width, options);
  return {PreparedImage{.image = place_image(image, placement, Filter::kBicubic),
                        .placement = placement,
                        .targets = {.label = sample.targets.label}}};
}

// The log has named them.
void require_few_bad_files(int64_t count, int64_t most) {
  if (count > most)
    throw DataError("--max-bad-files", format("{} can't be read", counted(count, "image")), {},
                    format("repair them or raise the limit of {}", most));
}

}  // namespace

ImagesRead for_each_batch(std::shared_ptr<const Dataset> images, const FeatureOptions& options, int64_t unit_px,
                          const std::string& what, const std::function<void(Batch batch)>& each) {
  unit_grid(options.size_px, options.size_px, unit_px, "--size");
  const int64_t total = images->size();
  const auto plan = std::make_shared<ValidationPlan>(total, /*seed=*/0, ValidationPlan::Share{.batch_size = options.batch});
  const LoaderOptions loading{
      .unit_px = unit_px, .workers = at::get_num_threads(), .max_bad_files = std::numeric_limits<int64_t>::max()};
  Loader loader(std::move(images), plan, loading, [options](const Sample& sample, const SampleKey&, const BatchPosition&) {
    return prepare(sample, options);
  });
  Pace pace(what, total);
  ImagesRead read;
  for (std::vector<Batch> batches = loader.next(); !batches.empty(); batches = loader.next())
    for (Batch& batch : batches) {
      read.images += batch.size();
      const int64_t seen = batch.images.back().key.id + 1;  // with those that were left out
      require_few_bad_files(seen - read.images, options.max_bad_files);
      each(std::move(batch));
      pace.show(seen);
    }
  read.bad_files = total - read.images;
  require_few_bad_files(read.bad_files, options.max_bad_files);
  pace.end(read.images);
  return read;
}

}  // namespace glid
