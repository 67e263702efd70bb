#include "glid/data/filtered_dataset.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "glid/core/counted.h"
#include "glid/core/cpus.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/parallel_for.h"
#include "glid/core/rng.h"
#include "glid/data/blocks.h"
#include "glid/data/partly_read.h"

namespace glid {
namespace {

class FilteredDataset : public AnnotatedDataset, public PartReader, public InBlocks {
 public:
  FilteredDataset(std::shared_ptr<const AnnotatedDataset> all, std::vector<int64_t> ids)
      : all_(std::move(all)), ids_(std::move(ids)) {}

  int64_t size() const override { return std::ssize(ids_); }
  Sample get(int64_t id) const override { return renumbered(all_->get(of_all(id)), id); }
  Sample get_part(int64_t id, const PartOfImage& part) const override {
    return renumbered(glid::get_part(*all_, of_all(id), part), id);
  }
  Targets targets(int64_t id) const override { return all_->targets(of_all(id)); }
  std::string name(int64_t id) const override { return all_->name(of_all(id)); }
  Fingerprint fingerprint() const override {
    Fingerprint print = all_->fingerprint();
    for (const int64_t id : ids_) print.names = stable_hash(std::to_string(id), print.names);
    return print;
  }
  const Vocabulary& vocabulary() const override { return all_->vocabulary(); }
  ImageId image_id(int64_t id) const override { return all_->image_id(of_all(id)); }
  std::string image_name(int64_t id) const override { return all_->image_name(of_all(id)); }
  void inspect(int64_t id, Inspection& inspection) const override { all_->inspect(of_all(id), inspection); }
  Blocks blocks() const override {
    Blocks blocks = blocks_of(*all_);
    for (int64_t& end : blocks.ends) end = std::ranges::lower_bound(ids_, end) - ids_.begin();
    return blocks;
  }

 private:
  static Sample renumbered(Sample sample, int64_t id) {
    sample.id = id;
    return sample;
  }
  int64_t of_all(int64_t id) const { return ids_.at(static_cast<size_t>(id)); }

  std::shared_ptr<const AnnotatedDataset> all_;
  std::vector<int64_t> ids_;
};

bool is_wanted(const AnnotatedDataset& dataset, int64_t id, const std::function<bool(const Targets&)>& keep) {
  try {
    return keep(dataset.targets(id));
  } catch (const DataError&) {
    return true;
  }
}

// The first sample of each image; those of one follow each other.
std::vector<int64_t> first_samples(const AnnotatedDataset& dataset) {
  std::vector<int64_t> firsts;
  for (int64_t id = 0; id < dataset.size(); ++id)
    if (id == 0 || dataset.image_id(id) != dataset.image_id(id - 1)) firsts.push_back(id);
  return firsts;
}

}  // namespace

std::shared_ptr<const AnnotatedDataset> samples_of(std::shared_ptr<const AnnotatedDataset> dataset,
                                                   std::vector<int64_t> ids) {
  return std::make_shared<FilteredDataset>(std::move(dataset), std::move(ids));
}

std::shared_ptr<const AnnotatedDataset> filtered(std::shared_ptr<const AnnotatedDataset> dataset,
                                                 const std::function<bool(const Targets&)>& keep) {
  if (!keep) return dataset;
  std::vector<char> wanted(static_cast<size_t>(dataset->size()));
  parallel_for(dataset->size(), num_cpus(),
               [&](int64_t id, int64_t) { wanted[static_cast<size_t>(id)] = is_wanted(*dataset, id, keep); });
  std::vector<int64_t> ids;
  for (int64_t id = 0; id < dataset->size(); ++id)
    if (wanted[static_cast<size_t>(id)]) ids.push_back(id);
  log_info("{} of {} have what the task trains on", ids.size(), counted(dataset->size(), "image"));
  if (ids.empty())
    throw DataError("data", "has no image that the task can train on", counted(dataset->size(), "image"),
                    "do its annotations have what the task needs?");
  return std::make_shared<FilteredDataset>(std::move(dataset), std::move(ids));
}

int64_t images_of_fraction(int64_t images, double fraction) {
  constexpr double kRounding = 1e-9;  // 0.29 * 100 is a little less than 29
  return std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(images) * fraction + kRounding));
}

std::shared_ptr<const AnnotatedDataset> fraction_of(std::shared_ptr<const AnnotatedDataset> dataset, double fraction,
                                                    uint64_t seed) {
  if (fraction == 1) return dataset;
  const std::vector<int64_t> firsts = first_samples(*dataset);
  std::vector<int64_t> images(firsts.size());
  std::iota(images.begin(), images.end(), int64_t{0});
  Rng rng(seed, 0, 0, RandomOp::kSubset);
  shuffle(images, rng);
  images.resize(static_cast<size_t>(images_of_fraction(std::ssize(images), fraction)));
  std::ranges::sort(images);
  std::vector<int64_t> ids;
  for (const int64_t image : images) {
    const auto next = static_cast<size_t>(image + 1);
    const int64_t end = next < firsts.size() ? firsts[next] : dataset->size();
    for (int64_t id = firsts[next - 1]; id < end; ++id) ids.push_back(id);
  }
  log_info("data.fraction {}: {} of {} training images", fraction, images.size(), firsts.size());
  return std::make_shared<FilteredDataset>(std::move(dataset), std::move(ids));
}

}  // namespace glid
