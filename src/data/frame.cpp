#include "frame.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "glid/core/error.h"
#include "glid/data/transforms.h"

namespace glid {
namespace {

// The exception being handled, with the sample's name in front.
std::exception_ptr named_exception(const std::string& name) {
  try {
    throw;
  } catch (const Error& error) {
    return std::make_exception_ptr(Error(error.code(), name, error.what()));
  } catch (const std::exception& error) {
    return std::make_exception_ptr(std::runtime_error(name + ": " + error.what()));
  } catch (...) {
    return std::current_exception();
  }
}

}  // namespace

void SampleReader::fill(Frame& frame, size_t i) const {
  Slot& slot = frame.slots[i];
  try {
    read(slot, frame.pixels + static_cast<int64_t>(i) * sample_bytes());
  } catch (...) {
    slot.error = named_exception(slot.name);
  }
}

void SampleReader::read(Slot& slot, uint8_t* pixels) const {
  // One file more than the limit ends the run, so nothing beyond it needs to be tried.
  for (int64_t attempt = 0; attempt <= options.max_bad_files; ++attempt) {
    const auto key = index_plan->key(slot.place, attempt);
    if (!key) return;
    const auto sample = try_read(*key, slot);
    if (!sample) continue;
    std::memcpy(pixels, sample->image.pixels.data(), static_cast<size_t>(sample_bytes()));
    slot.targets.label = sample->targets.label;
    if (make_plan) slot.plan = make_plan(*key, options.size_px, options.size_px);
    slot.key = key;
    return;
  }
}

// The transformed sample, or a bad file more.
std::optional<Sample> SampleReader::try_read(const SampleKey& key, Slot& slot) const {
  slot.name = dataset->name(key.id);
  try {
    Sample sample = dataset->get(key.id);
    sample.image =
        options.augment ? train_image(sample.image, key, options.size_px) : eval_image(sample.image, options.size_px);
    return sample;
  } catch (const DataError& error) {
    const std::string reason = error.what();
    slot.bad_files.push_back({key.id, reason.starts_with(slot.name) ? reason : slot.name + ": " + reason});
    return std::nullopt;
  }
}

void SampleReader::complete(Frame& frame) const {
  const auto failed = std::find_if(frame.slots.begin(), frame.slots.end(), [](const Slot& slot) { return slot.error; });
  if (failed != frame.slots.end()) {
    frame.error = failed->error;
    return;
  }
  try {
    collate_frame(frame);
  } catch (...) {
    frame.error = std::current_exception();
  }
}

void SampleReader::collate_frame(Frame& frame) const {
  std::vector<SamplePlan> plans;
  uint8_t* out = frame.pixels;
  for (size_t i = 0; i < frame.slots.size(); ++i) {
    if (!frame.slots[i].key) continue;
    const uint8_t* in = frame.pixels + static_cast<int64_t>(i) * sample_bytes();
    if (in != out) std::memcpy(out, in, static_cast<size_t>(sample_bytes()));
    out += sample_bytes();
    plans.push_back(std::move(frame.slots[i].plan));
  }
  if (make_plan && !plans.empty()) frame.plan = std::make_shared<const WindowPlan>(collate(plans, options.windows));
}

}  // namespace glid
