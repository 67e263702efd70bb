// One function a metric; make_result_files picks.
#pragma once

#include <functional>
#include <ostream>

#include "glid/data/coco_records.h"
#include "glid/eval/image_hash.h"
#include "glid/eval/result_files.h"

namespace glid {

std::unique_ptr<ResultFiles> result_files_of(const BoxSettings& settings, const AnnotatedDataset& dataset,
                                             const std::filesystem::path& folder, const ResultFormat& format);
std::unique_ptr<ResultFiles> result_files_of(const MaskSettings& settings, const AnnotatedDataset& dataset,
                                             const std::filesystem::path& folder, const ResultFormat& format);
std::unique_ptr<ResultFiles> result_files_of(const KeypointSettings& settings, const AnnotatedDataset& dataset,
                                             const std::filesystem::path& folder, const ResultFormat& format);
std::unique_ptr<ResultFiles> result_files_of(const PanopticSettings& settings, const AnnotatedDataset& dataset,
                                             const std::filesystem::path& folder, const ResultFormat& format);
std::unique_ptr<ResultFiles> result_files_of(const SemanticSettings& settings, const AnnotatedDataset& dataset,
                                             const std::filesystem::path& folder, const ResultFormat& format);
std::unique_ptr<ResultFiles> result_files_of(const DepthSettings& settings, const AnnotatedDataset& dataset,
                                             const std::filesystem::path& folder, const ResultFormat& format);

std::vector<CocoClass> coco_classes(const Vocabulary& vocabulary);
// <folder>/<task>.json, a list of what `put_results` writes with commas between, and the truth of the same name if there is
// one.
void put_coco(const std::filesystem::path& folder, std::string_view task,
              const std::function<void(std::ostream&)>& put_results, const std::string& truth);

// Writes <folder>/<stem><extension>; a stem may have folders in it.
void put_map(const std::filesystem::path& folder, const std::string& stem, const char* extension, std::string_view bytes);

}  // namespace glid
