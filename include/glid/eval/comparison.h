// Two evaluations of the same images, from their JSON: what differs, and how surely (no LibTorch).
#pragma once

#include <filesystem>
#include <string>

#include "glid/core/json.h"
#include "glid/metrics/bootstrap.h"

namespace glid {

// The member "bootstrap" of a report's JSON: {"samples", "seed", "images", "image_hash", "lower_is_better": [NAME, ..],
// "values": {NAME: [..]}}, null for a sample that had nothing to measure.
Json json_of(const Bootstrap& bootstrap);

// Of a report as glid_eval --json writes it; without samples where it has none. Throws DataError for anything else.
Bootstrap bootstrap_of(const Json& report);

// A report of glid_eval. Throws DataError naming the file when it isn't one.
Json read_report(const std::filesystem::path& file);

// "+0.02 [+0.01, +0.03] better": "better" and "worse" where the interval says so; empty where one has no value.
std::string shown_difference(const MetricDifference& difference);

// "AP  0.41  0.43  +0.02 [+0.01, +0.03] better": every number of both with its difference, the interval where both have
// samples, and what the interval says. Throws DataError unless both are of one task, of one protocol and of the same images.
std::string comparison_table(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace glid
