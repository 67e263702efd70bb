// The files that scripts/parity/make_format_goldens.py made, and ways to break a file.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "glid/formats/image.h"

namespace glid {

inline const std::filesystem::path kGoldenFormats = std::filesystem::path(GLID_TEST_GOLDEN) / "formats";

// Sorted, with this extension (".png").
std::vector<std::filesystem::path> golden_files(std::string_view extension);

// Expects `image` to have the pixels that lie beside `file` in a .rgb file.
void expect_golden_pixels(const std::filesystem::path& file, const Image& image);

// Expects `read` to throw DataError for every proper beginning of `bytes`.
void expect_error_when_cut(const std::string& bytes, const std::function<void(const std::string&)>& read);

// Calls `read` with `num_trials` copies of `bytes` that have some bytes changed; it may succeed or throw DataError.
void survive_mutations(const std::string& bytes, int num_trials, const std::function<void(const std::string&)>& read);

}  // namespace glid
