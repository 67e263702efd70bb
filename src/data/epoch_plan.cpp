#include "glid/data/epoch_plan.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {

TrainingPlan::TrainingPlan(int64_t dataset_size, uint64_t seed, const BatchLayout& layout, const Blocks& blocks)
    : dataset_size_(dataset_size), seed_(seed), layout_(layout), order_(make_epoch_order(dataset_size, seed, blocks)) {
  if (layout.global_batch < 1 || layout.global_batch % (layout.world_size * layout.micro_batches) != 0) {
    throw UsageError("train.batch_size",
                     format("is divided by {} ranks x {} micro-batches", layout.world_size, layout.micro_batches),
                     std::to_string(layout.global_batch), "choose a multiple of that product");
  }
  if (dataset_size < layout.global_batch) {
    throw DataError("data", format("has too few training images for one batch of {}", layout.global_batch),
                    std::to_string(dataset_size), "lower train.batch_size or add images");
  }
}

Place TrainingPlan::first_place(int64_t step) const {
  return {step / steps_per_epoch(), step % steps_per_epoch() * layout_.global_batch};
}

std::vector<Place> TrainingPlan::places(int64_t step, int64_t micro) const {
  const int64_t size = layout_.micro_batch_size();
  Place place = first_place(step);
  place.position += (layout_.rank * layout_.micro_batches + micro) * size;
  std::vector<Place> places;
  for (int64_t i = 0; i < size; ++i, ++place.position) places.push_back(place);
  return places;
}

std::optional<SampleKey> TrainingPlan::key(const Place& place, int64_t attempt) const {
  if (attempt >= dataset_size_) throw DataError("data", "has no readable image", std::to_string(dataset_size_) + " tried");
  return SampleKey{seed_, place.epoch, order_->id(place.epoch, (place.position + attempt) % dataset_size_)};
}

BatchPosition TrainingPlan::in_batch(const Place& place) const {
  return {place.epoch * steps_per_epoch() + place.position / layout_.global_batch, place.position % layout_.global_batch};
}

ValidationPlan::ValidationPlan(int64_t dataset_size, uint64_t seed, const Share& share)
    : dataset_size_(dataset_size), seed_(seed), batch_size_(share.batch_size) {
  if (!(share.fraction > 0 && share.fraction <= 1)) {
    throw UsageError("eval.fraction", "lies above 0 and up to 1", format("{}", share.fraction));
  }
  chosen_ = std::max<int64_t>(1, std::llround(share.fraction * static_cast<double>(dataset_size)));
  const int64_t batches = (chosen_ + batch_size_ - 1) / batch_size_;
  const auto first_of = [&](int64_t rank) { return std::min(chosen_, batches * rank / share.world_size * batch_size_); };
  begin_ = first_of(share.rank);
  end_ = first_of(share.rank + 1);
}

std::vector<Place> ValidationPlan::places(int64_t step, int64_t /*micro*/) const {
  std::vector<Place> places;
  const int64_t first = begin_ + step * batch_size_;
  for (int64_t j = first; j < std::min(first + batch_size_, end_); ++j) places.push_back({0, j});
  return places;
}

std::optional<SampleKey> ValidationPlan::key(const Place& place, int64_t attempt) const {
  if (attempt > 0) return std::nullopt;
  return SampleKey{seed_, 0, place.position * dataset_size_ / chosen_};
}

}  // namespace glid
