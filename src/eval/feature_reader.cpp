#include "feature_reader.h"

#include <ATen/Parallel.h>

#include <chrono>
#include <limits>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/progress_bar.h"
#include "glid/data/loader.h"
#include "glid/nn/window_plan.h"

namespace glid {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kBetweenLines{60};

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

// How far the images are, for people.
class Pace {
 public:
  Pace(std::string what, int64_t total) : what_(std::move(what)), total_(total) {}

  void show(int64_t done) {
    const Clock::time_point now = Clock::now();
    const double images_per_s = static_cast<double>(done) / seconds_between(begin_, now);
    const std::string numbers = format("{:.1f} images/s", images_per_s);
    log_status(format("{} {}  {}", progress_bar(done, total_), what_, numbers));
    if (log_is_terminal() || now - last_line_ < kBetweenLines) return;
    last_line_ = now;
    log_info("{}: {} of {}, {}", what_, done, total_, numbers);
  }
  void end(int64_t done) const {
    log_status("");
    const double seconds = seconds_between(begin_, Clock::now());
    log_info("{}: {} images in {:.1f} s, {:.1f} images/s", what_, done, seconds, static_cast<double>(done) / seconds);
  }

 private:
  std::string what_;
  int64_t total_;
  Clock::time_point begin_ = Clock::now(), last_line_ = begin_;
};

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
    throw DataError("--max-bad-files", format("{} images can't be read", count), {},
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
