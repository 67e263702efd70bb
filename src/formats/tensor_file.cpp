#include "glid/formats/tensor_file.h"

#include "glid/formats/safetensors.h"

namespace glid {

struct TensorFile::Content {
  explicit Content(const std::filesystem::path& path) : file(path), files{path} {}
  SafetensorsFile file;
  std::string form = "safetensors";
  std::vector<std::filesystem::path> files;
};
TensorFile::TensorFile(const std::filesystem::path& file) : content_(std::make_unique<Content>(file)) {}
TensorFile::TensorFile(TensorFile&&) noexcept = default;
TensorFile& TensorFile::operator=(TensorFile&&) noexcept = default;
TensorFile::~TensorFile() = default;
const std::vector<std::string>& TensorFile::names() const { return content_->file.names(); }
const TensorInfo* TensorFile::find(std::string_view name) const { return content_->file.find(name); }
const std::map<std::string, std::string>& TensorFile::metadata() const { return content_->file.metadata(); }
const std::string& TensorFile::form() const { return content_->form; }
const std::vector<std::filesystem::path>& TensorFile::files() const { return content_->files; }

}  // namespace glid
