// What accumulators keep of each image. Every image arrives once, and sums go through the records in key order, so that
// results are bit-equal whatever the split among threads and ranks and whatever the order of arrival.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/metrics/metric.h"

namespace glid {

// Of an image that a number tells apart; sorts as the number.
inline std::string image_key(int64_t image) { return format("{:012}", image); }

template <typename Record>
class ImageRecords {
 public:
  size_t size() const { return records_.size(); }
  bool contains(std::string_view image) const { return records_.contains(image); }
  // Pairs of key and record, ascending by the key's bytes.
  auto begin() const { return records_.begin(); }
  auto end() const { return records_.end(); }

  std::vector<std::string> keys() const {
    std::vector<std::string> keys;
    for (const auto& [image, record] : records_) keys.push_back(image);
    return keys;
  }

  // Calls each(record, how often it counts) in that order, for those that do. Throws std::invalid_argument for times of
  // another number of images.
  template <typename Each>
  void for_each(Times times, Each each) const {
    if (!times.empty() && times.size() != records_.size()) throw std::invalid_argument("times of other images");
    size_t i = 0;
    for (const auto& [image, record] : records_) {
      const int32_t count = times.empty() ? 1 : times[i++];
      if (count > 0) each(record, count);
    }
  }

  // Throws DataError when the image is there already.
  void require_new(std::string_view image) const {
    if (contains(image)) throw DataError(format("image {}", image), "arrives twice");
  }

  void add(std::string_view image, Record record) {
    require_new(image);
    records_.emplace(image, std::move(record));
  }

  // Takes all records of `other`; none when both have an image (DataError).
  void merge(const ImageRecords& other) {
    for (const auto& [image, record] : other) require_new(image);
    records_.insert(other.begin(), other.end());
  }

  // Throws DataError naming the first image of `expected` (no repeats) that is missing, or one that is not in it.
  void expect(std::span<const std::string> expected) const {
    std::set<std::string_view> known;
    for (const std::string& image : expected) {
      if (!contains(image)) throw DataError(format("image {}", image), "was not evaluated");
      known.insert(image);
    }
    for (const auto& [image, record] : records_) {
      if (!known.contains(image)) throw DataError(format("image {}", image), "was evaluated but not expected");
    }
  }

 private:
  std::map<std::string, Record, std::less<>> records_;
};

}  // namespace glid
