#include "frame.h"

#include <ATen/record_function.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "glid/core/error.h"
#include "glid/data/partly_read.h"

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

Sample read_sample(const Dataset& dataset, const SampleKey& key) {
  RECORD_USER_SCOPE("read");
  const auto* partly_read = dynamic_cast<const PartlyRead*>(&dataset);
  return partly_read ? partly_read->get(key) : dataset.get(key.id);
}

}  // namespace

void SampleReader::fill(Frame& frame, size_t i) const {
  Slot& slot = frame.slots[i];
  try {
    read(slot);
  } catch (...) {
    slot.error = named_exception(slot.name);
  }
}

void SampleReader::read(Slot& slot) const {
  // One file more than the limit ends the run, so nothing beyond it needs to be tried.
  for (int64_t attempt = 0; attempt <= options.max_bad_files; ++attempt) {
    const auto key = index_plan->key(slot.place, attempt);
    if (!key) return;
    if (!try_read(*key, slot)) continue;
    slot.key = key;
    return;
  }
}

// The pictures of the sample, or a bad file more.
bool SampleReader::try_read(const SampleKey& key, Slot& slot) const {
  slot.name = dataset->name(key.id);
  try {
    const Sample sample = read_sample(*dataset, key);
    RECORD_USER_SCOPE("prepare");
    slot.images = prepare(sample, key, index_plan->in_batch(slot.place));
    if (slot.images.empty()) throw DataError(slot.name, "gives no picture");
    return true;
  } catch (const DataError& error) {
    const std::string reason = error.what();
    slot.bad_files.push_back({key.id, reason.starts_with(slot.name) ? reason : slot.name + ": " + reason});
    return false;
  }
}

void SampleReader::complete(Frame& frame, const Allocate& allocate) const {
  const auto failed = std::find_if(frame.slots.begin(), frame.slots.end(), [](const Slot& slot) { return slot.error; });
  if (failed != frame.slots.end()) {
    frame.error = failed->error;
    return;
  }
  RECORD_USER_SCOPE("pack");
  try {
    std::vector<NamedPicture> pictures;
    for (Slot& slot : frame.slots)
      for (PreparedImage& image : slot.images) pictures.push_back({*slot.key, slot.name, std::move(image)});
    if (!pictures.empty()) frame.batch = make_batch(std::move(pictures), options.unit_px, allocate);
    for (const Slot& slot : frame.slots) frame.batch.bad_files += std::ssize(slot.bad_files);
  } catch (...) {
    frame.error = std::current_exception();
  }
}

}  // namespace glid
