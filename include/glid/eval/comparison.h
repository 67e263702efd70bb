// Two evaluations of the same images, from their JSON: what differs, and how surely (no LibTorch).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "glid/core/json.h"
#include "glid/metrics/bootstrap.h"

namespace glid {

// The member "bootstrap" of a report's JSON: {"samples", "seed", "images", "key_hash": 16 hexadecimal digits of
// Bootstrap::images, "keys": "names", "lower_is_better": [NAME, ..], "values": {NAME: [..]}}, null for a sample that had
// nothing to measure.
Json json_of(const Bootstrap& bootstrap);

// Of a report as glid_eval --json writes it, or wrote it: without "keys", when images were told apart by their places in a
// set, and with a number "image_hash" in the place of key_hash; without samples where it has none. Throws DataError for
// anything else.
Bootstrap bootstrap_of(const Json& report);

// A report of glid_eval. Throws DataError naming the file when it isn't one.
Json read_report(const std::filesystem::path& file);

// One fact of its member "model": "checkpoint", "step", "weights", ..; empty where it has none, as reports of files have.
std::string model_fact(const Json& report, const std::string& name);
// The checkpoint's step; of older reports, which don't say it, by the checkpoint's name.
std::optional<int64_t> evaluated_step(const Json& report);

// differences() of what two reports have. Throws DataError for reports that are known to be of other images.
std::vector<MetricDifference> report_differences(const Json& a, const Json& b);
// Why numbers of two reports may differ for another reason than the models: images that can't be known to be the same, other
// classes. Empty where both say that these are the same.
std::vector<std::string> comparison_doubts(const Json& a, const Json& b);

// "+0.02 [+0.01, +0.03] better": "better" and "worse" where the interval says so; empty where one has no value.
std::string shown_difference(const MetricDifference& difference);

// "AP  0.41  0.43  +0.02 [+0.01, +0.03] better": every number of both with its difference, the interval where both have
// samples, and what the interval says; above them which checkpoint, step and weights each is of. Throws DataError unless
// both are of one task and of one protocol, and where they are known to be of other images.
std::string comparison_table(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace glid
