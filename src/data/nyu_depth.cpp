#include "glid/data/nyu_depth.h"

#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/rng.h"
#include "glid/data/inspection.h"
#include "sample_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMatFile = "nyu_depth_v2_labeled.mat";
constexpr const char* kSplitsFile = "splits.mat";

fs::path list_file(const NyuDepthV2::Config& config, Split split) {
  return fs::path(config.root) / (split == Split::kTrain ? config.train_list : config.val_list);
}

fs::path frames_folder(const fs::path& root, Split split) {
  const fs::path folder = root / (split == Split::kTrain ? "sync" : "official_splits/test");
  return fs::is_directory(folder) ? folder : root;
}

}  // namespace

NyuDepthV2::NyuDepthV2(const Config& config, Split split)
    : list_file_(list_file(config, split)), folder_(frames_folder(config.root, split)), depth_scale_(config.depth_scale) {
  vocabulary_.has_depth = true;
  if (fs::exists(list_file_)) {
    list_ = read_nyu_list(list_file_);
    return;
  }
  const fs::path root = config.root;
  if (!fs::exists(root / kMatFile))
    throw DataError(list_file_.string(), "is not there", {},
                    format("data.root holds the list and its frames (data.train_list, data.val_list), or {} with {}",
                           kMatFile, kSplitsFile));
  folder_ = root;
  mat_.emplace(root / kMatFile);
  NyuSplits splits = read_nyu_splits(root / kSplitsFile, mat_->size());
  frames_ = std::move(split == Split::kTrain ? splits.train : splits.test);
}

bool NyuDepthV2::has(const Config& config, Split split) {
  return fs::exists(list_file(config, split)) || fs::exists(fs::path(config.root) / kMatFile);
}

int64_t NyuDepthV2::size() const { return mat_ ? std::ssize(frames_) : std::ssize(list_.pairs); }

Sample NyuDepthV2::get(int64_t id) const {
  Sample sample{id, name(id), {}, {}};
  if (mat_) {
    const int64_t frame = frames_.at(static_cast<size_t>(id));
    sample.image = mat_->rgb(frame);
    sample.targets.depth = to_floats(mat_->depth(frame, NyuDepth::kRaw));
    return sample;
  }
  sample.image = read_image_of_size(file(pair(id).rgb), {});
  sample.targets.depth = read_depth(file(pair(id).depth), depth_scale_, sample.image);
  return sample;
}

std::string NyuDepthV2::name(int64_t id) const {
  if (!mat_) return file(pair(id).rgb).string();
  return format("{}: frame {}", (folder_ / kMatFile).string(), frames_.at(static_cast<size_t>(id)) + 1);
}

Fingerprint NyuDepthV2::fingerprint() const {
  Fingerprint print;
  if (mat_) add_file(print, folder_ / kMatFile, folder_);
  for (const int64_t frame : frames_) print.names = stable_hash(std::to_string(frame), print.names);
  for (const NyuPair& pair : list_.pairs)
    for (const std::string* listed : {&pair.rgb, &pair.depth}) add_file(print, file(*listed), folder_);
  return print;
}

void NyuDepthV2::inspect(int64_t id, Inspection& inspection) const {
  if (!mat_) return inspect_pair(pair(id), inspection);
  try {
    const Sample sample = get(id);
    const SizePx size{sample.image.height, sample.image.width};
    inspection.count_image(size);
    inspection.check_depth(sample.targets.depth, size, size, name(id));
  } catch (const DataError& error) {
    inspection.add_reason(Defect::kUnreadableImage, name(id), error.what());
  }
}

void NyuDepthV2::inspect_pair(const NyuPair& pair, Inspection& inspection) const {
  const SizePx size = inspection.check_image(file(pair.rgb), {});
  const fs::path depth_file = file(pair.depth);
  if (!fs::exists(depth_file)) return inspection.add(Defect::kMissingAnnotation, depth_file.string());
  check_depth_file(depth_file, depth_scale_, size, inspection);
}

void NyuDepthV2::inspect_list(Inspection& inspection) const {
  if (list_.num_without_depth > 0)
    inspection.add_reason(Defect::kLeftOut, list_file_.string(),
                          format("{} without a depth map", counted(list_.num_without_depth, "line")));
  std::vector<fs::path> images;
  for (const NyuPair& pair : list_.pairs) images.push_back(file(pair.rgb));
  add_repeated(images, inspection);
}

}  // namespace glid
