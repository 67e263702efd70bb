// Steps that the datasets of files share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/data/inspection.h"
#include "glid/formats/depth_map.h"
#include "glid/formats/other_images.h"

namespace glid {

// "train" or "val".
const char* split_name(Split split);

// The image, of the size that its annotation says where that is known. Throws DataError.
Image read_image_of_size(const std::filesystem::path& file, const SizePx& declared);

// Throws DataError when an annotation is not of its image's size.
void require_size(const std::filesystem::path& annotation, const SizePx& size, const Image& image);

// Metres of a 16-bit PNG as Targets::depth. Throws DataError, also when it is not of its image's size.
std::vector<float> read_depth(const std::filesystem::path& file, double depth_scale, const Image& image);
std::vector<float> to_floats(const DepthMap& depth);
// What is wrong with such a file.
void check_depth_file(const std::filesystem::path& file, double depth_scale, const SizePx& image, Inspection& inspection);

// Adds a file: the name by which it is told from others, and its size.
void add_named(Fingerprint& print, std::string_view name, uint64_t bytes);
void add_named_file(Fingerprint& print, const std::string& name, const std::filesystem::path& file);
// The same by its path below `root`.
void add_file(Fingerprint& print, const std::filesystem::path& file, const std::filesystem::path& root);

// Says that images of formats that aren't read are left out, if there are any.
void add_others(const std::filesystem::path& folder, const OtherImages& others, Inspection& inspection);

// One finding for each of the files that an earlier sample has too.
void add_repeated(const std::vector<std::filesystem::path>& files, Inspection& inspection);

// Says in the log, or as findings, which categories of the file `where` have one name.
void warn_of_repeated_names(const std::string& where, const std::vector<Vocabulary::Class>& classes);
void add_repeated_names(const std::string& where, const std::vector<Vocabulary::Class>& classes, Inspection& inspection);

// Classes named in order, their ids from 0.
std::vector<Vocabulary::Class> numbered_classes(const std::vector<std::string>& names);

// The tenth of `count` names with the smallest hashes (at least one), or the others; ascending. Throws DataError naming the
// folder when there are fewer than two.
std::vector<int64_t> places_by_hash(const std::filesystem::path& folder, int64_t count,
                                    const std::function<std::string_view(int64_t)>& name, Split split);
// The same of files, which stay in their order.
std::vector<std::string> split_by_hash(const std::filesystem::path& folder, const std::vector<std::string>& files,
                                       Split split);

}  // namespace glid
