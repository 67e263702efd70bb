// What a TensorFile holds, made by the reader of each form.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "glid/core/tally.h"
#include "glid/formats/tensor_file.h"
#include "glid/formats/tensor_info.h"

namespace glid {

struct TensorTable {
  std::string form;
  std::vector<std::filesystem::path> files;
  std::vector<std::string> names;
  std::map<std::string, TensorInfo, std::less<>> tensors;
  std::map<std::string, std::string> metadata;
  Tally left_out;
  std::vector<std::shared_ptr<const void>> owners;  // of the memory that the tensors lie in
};

struct TensorFile::Content : TensorTable {};

}  // namespace glid
