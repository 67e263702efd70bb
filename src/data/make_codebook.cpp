#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <span>
#include <string>

#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/output_place.h"
#include "glid/core/parallel_for.h"
#include "glid/data/codebook.h"
#include "glid/data/image_folder.h"
#include "glid/data/kmeans.h"
#include "glid/data/transforms.h"
#include "glid/model/pixel_statistics.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFewestPictures = 32, kMostPictures = 128;  // of a batch
constexpr int64_t kPatchesOfAPicture = 32;                    // fewer of smaller ones
constexpr int64_t kRounds = 8;
constexpr int64_t kPatchesOfACode = 8;  // in a round, at least
constexpr double kVarianceFloor = 1e-6;

// In ImageNet's mean and deviation, then in the patch's own.
void put_normalised(const Image& picture, int64_t top, int64_t left, int64_t patch_px, float* out) {
  const int64_t width = 3 * patch_px * patch_px;
  float* value = out;
  for (int64_t y = top; y < top + patch_px; ++y) {
    const uint8_t* pixel = picture.row(y) + 3 * left;
    for (int64_t i = 0; i < 3 * patch_px; ++i, ++value) {
      const auto c = static_cast<size_t>(i % 3);
      *value = static_cast<float>((pixel[i] - kPixelMean[c]) / kPixelDeviation[c]);
    }
  }
  const std::span<float> patch(out, static_cast<size_t>(width));
  const double mean = std::accumulate(patch.begin(), patch.end(), 0.0) / static_cast<double>(width);
  double squares = 0;
  for (const float v : patch) squares += (v - mean) * (v - mean);
  const double deviation = std::sqrt(squares / static_cast<double>(width - 1) + kVarianceFloor);
  for (float& v : patch) v = static_cast<float>((v - mean) / deviation);
}

// Patches of pictures as they come in training, without an end: images in the order of epochs, the crops of those epochs.
class PatchStream {
 public:
  PatchStream(const ImageFolder& images, const CodebookOptions& options)
      : images_(images),
        options_(options),
        cells_a_side_(options.image_size_px / options.patch_px),
        pictures_of_batch_(
            std::clamp<int64_t>(kPatchesOfACode * options.size / patches_of_picture(), kFewestPictures, kMostPictures)) {}

  int64_t patches_of_batch() const { return pictures_of_batch_ * patches_of_picture(); }
  int64_t num_pictures() const { return next_; }
  int64_t num_bad() const { return num_bad_; }

  // About patches_of_batch() of them, [N, 3 P^2].
  std::vector<float> next() {
    std::vector<std::vector<float>> of_pictures(static_cast<size_t>(pictures_of_batch_));
    const std::vector<SampleKey> keys = next_keys();
    parallel_for(pictures_of_batch_, options_.num_threads, [&](int64_t i, int64_t) {
      of_pictures[static_cast<size_t>(i)] = patches_of(keys[static_cast<size_t>(i)]);
    });
    std::vector<float> all;
    for (const std::vector<float>& patches : of_pictures) all.insert(all.end(), patches.begin(), patches.end());
    if (all.empty()) throw DataError(options_.data.string(), format("{} images in a row can't be read", pictures_of_batch_));
    return all;
  }

 private:
  int64_t num_cells() const { return cells_a_side_ * cells_a_side_; }
  int64_t patches_of_picture() const { return std::min(kPatchesOfAPicture, num_cells()); }

  std::vector<SampleKey> next_keys() {
    std::vector<SampleKey> keys;
    for (int64_t i = 0; i < pictures_of_batch_; ++i, ++next_) {
      const int64_t epoch = next_ / images_.size();
      if (next_ % images_.size() == 0) order_ = order_of(epoch);
      keys.push_back({options_.seed, epoch, order_[static_cast<size_t>(next_ % images_.size())]});
    }
    return keys;
  }

  std::vector<int64_t> order_of(int64_t epoch) const {
    std::vector<int64_t> ids(static_cast<size_t>(images_.size()));
    std::iota(ids.begin(), ids.end(), 0);
    Rng rng(options_.seed, static_cast<uint64_t>(epoch), 0, RandomOp::kPermutation);
    shuffle(ids, rng);
    return ids;
  }

  std::vector<float> patches_of(const SampleKey& key) {
    try {
      const Image image = images_.get(key.id).image;
      const Placement crop = pretraining_placement(image.height, image.width, key, options_.image_size_px);
      const Image picture = place_image(image, crop, Filter::kBicubic);
      std::vector<int64_t> cells(static_cast<size_t>(num_cells()));
      std::iota(cells.begin(), cells.end(), 0);
      Rng rng(key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.id), RandomOp::kSubset);
      shuffle(cells, rng);
      cells.resize(std::min<size_t>(cells.size(), kPatchesOfAPicture));
      const int64_t width = 3 * options_.patch_px * options_.patch_px;
      std::vector<float> patches(cells.size() * static_cast<size_t>(width));
      for (size_t i = 0; i < cells.size(); ++i)
        put_normalised(picture, cells[i] / cells_a_side_ * options_.patch_px, cells[i] % cells_a_side_ * options_.patch_px,
                       options_.patch_px, &patches[i * static_cast<size_t>(width)]);
      return patches;
    } catch (const DataError& error) {
      if (num_bad_++ == 0) log_warning("{}; such images are passed over", error.what());
      return {};
    }
  }

  const ImageFolder& images_;
  const CodebookOptions& options_;
  int64_t cells_a_side_, pictures_of_batch_;
  int64_t next_ = 0;
  std::vector<int64_t> order_;
  std::atomic<int64_t> num_bad_ = 0;
};

// How well the codes do on patches that they have not seen.
struct Judgement {
  std::vector<int64_t> counts;
  double explained = 0;  // of the patches' squares
  double entropy = 0;    // of the names, in nats
};

class CodebookMaker {
 public:
  CodebookMaker(const ImageFolder& images, const CodebookOptions& options)
      : options_(options), width_(3 * options.patch_px * options.patch_px), stream_(images, options) {}

  // Random patches to start with; rounds of batches to learn from, each with new patches; and one to count.
  void make() {
    KMeans codes(first_codes(), width_);
    for (int64_t round = 0; round < kRounds; ++round) learn(codes, round);
    write(codes, judge(codes));
  }

 private:
  int64_t batches_of_round() const {
    return (kPatchesOfACode * options_.size + stream_.patches_of_batch() - 1) / stream_.patches_of_batch();
  }
  void say(int64_t batch) { log_status(format("{} of {} batches of patches", batch, (kRounds + 1) * batches_of_round())); }

  std::vector<float> first_codes() {
    std::vector<float> patches, codes;
    while (std::ssize(patches) < options_.size * width_) {
      const std::vector<float> batch = stream_.next();
      patches.insert(patches.end(), batch.begin(), batch.end());
    }
    std::vector<int64_t> chosen(patches.size() / static_cast<size_t>(width_));
    std::iota(chosen.begin(), chosen.end(), 0);
    Rng rng(options_.seed, 0, 0, RandomOp::kSubset);
    shuffle(chosen, rng);
    for (int64_t k = 0; k < options_.size; ++k) {
      const auto patch = patches.begin() + chosen[static_cast<size_t>(k)] * width_;
      codes.insert(codes.end(), patch, patch + width_);
    }
    return codes;
  }

  void learn(KMeans& codes, int64_t round) {
    std::vector<float> patches;
    for (int64_t batch = 0; batch < batches_of_round(); ++batch) {
      say(round * batches_of_round() + batch);
      patches = stream_.next();
      codes.learn(patches, options_.num_threads);
    }
    if (round + 1 == kRounds) return;  // nothing would be learned of what is mended now
    Rng rng(options_.seed, static_cast<uint64_t>(round + 1), 0, RandomOp::kSubset);
    codes.mend(patches, options_.num_threads, rng);
  }

  Judgement judge(const KMeans& codes) {
    Judgement judgement{std::vector<int64_t>(static_cast<size_t>(codes.size()))};
    double squares = 0, errors = 0, total = 0;
    for (int64_t batch = 0; batch < batches_of_round(); ++batch) {
      say(kRounds * batches_of_round() + batch);
      const std::vector<float> patches = stream_.next();
      const KMeans::Nearest found = codes.nearest(patches, options_.num_threads);
      for (const int64_t code : found.centres) ++judgement.counts[static_cast<size_t>(code)];
      for (const double distance : found.distances) errors += distance;
      for (const float value : patches) squares += static_cast<double>(value) * value;
      total += static_cast<double>(found.centres.size());
    }
    log_status("");
    judgement.explained = squares > 0 ? 1 - errors / squares : 0;
    for (const int64_t count : judgement.counts)
      if (count > 0) judgement.entropy -= static_cast<double>(count) / total * std::log(static_cast<double>(count) / total);
    return judgement;
  }

  void write(const KMeans& codes, const Judgement& judgement) const {
    write_codebook(options_.out, {options_.patch_px, codes.centres(), judgement.counts},
                   {{"made_by", "k-means of normalised patches, a stand-in for the dVAE of BEiT"},
                    {"image_size", std::to_string(options_.image_size_px)},
                    {"seed", std::to_string(options_.seed)}});
    if (stream_.num_bad() > 0)
      log_warning("{} of {} could not be read", stream_.num_bad(), counted(stream_.num_pictures(), "picture"));
    log_info("wrote {}: {} of {} px, k-means of patches of {} (a stand-in for BEiT's dVAE)", options_.out.string(),
             counted(codes.size(), "code"), options_.patch_px, counted(stream_.num_pictures(), "picture"));
    log_info(
        "of other patches they explain {:.1f} %; the loss of guessing by their frequencies is {:.3f} (by chance {:.3f})",
        100 * judgement.explained, judgement.entropy, std::log(static_cast<double>(codes.size())));
  }

  const CodebookOptions& options_;
  int64_t width_;
  PatchStream stream_;
};

void check(const CodebookOptions& options) {
  if (options.image_size_px % options.patch_px != 0)
    throw UsageError("--patch", "must divide --image-size", std::to_string(options.patch_px),
                     format("--image-size is {}", options.image_size_px));
  require_file("--out", options.out);
}

}  // namespace

void make_codebook(const CodebookOptions& options) {
  check(options);
  const ImageFolder images = open_folder(options.data, Split::kTrain);
  const int64_t side = options.image_size_px / options.patch_px, num_patches = images.size() * side * side;
  if (num_patches < options.size)
    throw UsageError("--size", "must be at most the number of patches", std::to_string(options.size),
                     format("{} of {} px have {} of {} px", counted(images.size(), "image"), options.image_size_px,
                            counted(num_patches, "patch", "patches"), options.patch_px));
  CodebookMaker(images, options).make();
}

}  // namespace glid
