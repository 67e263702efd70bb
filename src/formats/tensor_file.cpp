#include "glid/formats/tensor_file.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <system_error>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/json.h"
#include "glid/core/mapped_file.h"
#include "glid/core/utf8.h"
#include "glid/formats/safetensors.h"
#include "tensor_table.h"
#include "torch_file.h"

namespace glid {
namespace {

constexpr size_t kSafetensorsHeader = 8;  // where its JSON begins
constexpr size_t kTarMagic = 257;
// A hundred thousand tensors, by some hundred bytes each. JSON, once it is parsed, takes up to fifty times its bytes.
constexpr size_t kMaxIndexBytes = 10'000'000;

// Of other programs, and what to do.
struct OtherForm {
  std::string_view beginning, what, hint;
};
constexpr std::array<OtherForm, 7> kOtherForms{{
    {"version https://git-lfs", "is a pointer of git-lfs, not the file itself", "fetch the file: git lfs pull"},
    {"\x89HDF\r\n\x1a\n", "is an HDF5 file", "write its arrays to a .safetensors file in Python"},
    {"\x93NUMPY", "is a single numpy array", "write it to a .safetensors file under its name in Python"},
    {"GGUF", "is a GGUF file", "take the .safetensors file that it was made of"},
    {"\x1f\x8b", "is packed by gzip", "unpack it: gunzip FILE"},
    {"BZh", "is packed by bzip2", "unpack it: bunzip2 FILE"},
    {"\xfd\x37zXZ", "is packed by xz", "unpack it: unxz FILE"},
}};

// A length that is believable, then JSON: no other form begins so.
bool is_safetensors(std::string_view text) {
  return text.size() > kSafetensorsHeader && text[kSafetensorsHeader] == '{' &&
         text.substr(4, 4) == std::string_view("\0\0\0\0", 4);
}

bool is_index(std::string_view text) { return text.starts_with('{') && !is_safetensors(text); }

bool is_html(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text[0]))) text.remove_prefix(1);
  return text.starts_with('<');
}

void refuse_other_forms(std::string_view text, const std::string& where) {
  if (text.empty()) throw DataError(where, "is empty");
  for (const OtherForm& form : kOtherForms)
    if (text.starts_with(form.beginning)) throw DataError(where, std::string(form.what), {}, std::string(form.hint));
  if (is_html(text))
    throw DataError(where, "is a web page, not the file itself", {},
                    "its address needs a login or leads to a page about it");
  if (text.size() > kTarMagic && text.substr(kTarMagic).starts_with("ustar"))
    throw DataError(where, "is a tar file, as PyTorch wrote them until 2016", {}, "load and save it with a newer PyTorch");
}

TensorTable read_safetensors(const std::filesystem::path& file) {
  auto opened = std::make_shared<const SafetensorsFile>(file);
  TensorTable table{.form = "safetensors", .files = {file}, .names = opened->names(), .metadata = opened->metadata()};
  for (const std::string& name : table.names) table.tensors.emplace(name, *opened->find(name));
  table.owners.push_back(std::move(opened));
  return table;
}

// Whether it is called as one of several, "model-00001-of-00003.safetensors", and their index lies beside it.
bool is_one_of_several(const std::filesystem::path& file) {
  constexpr size_t kNumber = 6, kCount = 9;  // "-00001" and "-of-00003"
  const std::string name = file.filename().string();
  const size_t of = name.rfind("-of-");
  if (of == std::string::npos || of < kNumber || name.size() < of + kCount) return false;
  const std::string whole = name.substr(0, of - kNumber) + name.substr(of + kCount);
  std::error_code unreachable;
  return std::filesystem::exists(file.parent_path() / (whole + ".index.json"), unreachable);
}

// Anything but an index.
TensorTable read_one(const std::filesystem::path& file, std::shared_ptr<const MappedFile> mapped) {
  const std::string_view text = mapped->text();
  if (is_safetensors(text)) return read_safetensors(file);
  refuse_other_forms(text, file.string());
  if (text.starts_with("PK\3\4") || text.starts_with("PK\5\6")) return read_torch_zip(file, std::move(mapped));
  if (text[0] == '\x80' && text.size() > 1 && text[1] >= 2 && text[1] <= 5)
    return read_torch_pickle(file, std::move(mapped));
  throw DataError(file.string(), "is no file of weights that is known here", {},
                  "known are safetensors, PyTorch's .pth and .bin, and the .index.json of several");
}

// The files of an index, in its order: {"metadata": {...}, "weight_map": {name: file}}.
class ShardedFile {
 public:
  ShardedFile(const std::filesystem::path& index, std::string_view text)
      : index_(index), where_(index.string()), json_(Json::parse(text, where_)) {}

  TensorTable read() {
    const auto places = listed_places();
    for (const auto& [tensor, file] : places) add_file(file);
    for (const auto& [tensor, file] : places) check_place(tensor, file);
    add_metadata();
    table_.form += format(", {} file{}", table_.files.size(), table_.files.size() == 1 ? "" : "s");
    return std::move(table_);
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& value = {}, const std::string& hint = {}) const {
    throw DataError(where_, what, value, hint);
  }

  // Of each tensor the file.
  std::vector<std::pair<std::string, std::string>> listed_places() const {
    const Json* map = json_.find("weight_map");
    if (!map || !map->is_object())
      fail("is JSON, but no index of weights: it has no weight_map", {}, "give the file of weights itself");
    std::vector<std::pair<std::string, std::string>> places;
    try {
      for (const auto& [tensor, file] : map->as_object()) places.emplace_back(tensor, file.as_string());
    } catch (const DataError&) {
      fail("has a weight_map of other things than names of files");
    }
    if (places.empty()) fail("lists no tensor: its weight_map is empty", {}, "give the file of weights itself");
    for (const auto& [tensor, file] : places) check_beside(file);
    return places;
  }

  void check_beside(const std::string& name) const {
    const bool is_name = !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
                         name.find('\0') == std::string::npos;
    if (!is_name) fail("names a file that isn't beside it", name);
  }

  void add_file(const std::string& name) {
    if (!seen_.insert(name).second) return;
    const std::filesystem::path file = index_.parent_path() / name;
    std::error_code unreachable;  // a name may be too long for any file
    if (!std::filesystem::exists(file, unreachable))
      fail("names a file that is missing", name, "fetch all files of the index");
    auto mapped = std::make_shared<const MappedFile>(file);
    if (is_index(mapped->text())) fail("names a file that is an index itself", name);
    TensorTable shard = read_one(file, std::move(mapped));
    if (table_.form.empty()) table_.form = shard.form;
    table_.files.push_back(file);
    for (const std::string& tensor : shard.names) add_tensor(tensor, std::move(shard.tensors.at(tensor)), name);
    table_.metadata.merge(shard.metadata);
    if (shard.left_out.count > 0 && table_.left_out.count == 0) table_.left_out.first = shard.left_out.first;
    table_.left_out.count += shard.left_out.count;
    std::move(shard.owners.begin(), shard.owners.end(), std::back_inserter(table_.owners));
  }

  void add_tensor(const std::string& tensor, TensorInfo info, const std::string& file) {
    const auto [place, is_new] = places_.emplace(tensor, file);
    if (!is_new) fail(format("has two files with the tensor {}", tensor), place->second + ", " + file);
    table_.tensors.emplace(tensor, std::move(info));
    table_.names.push_back(tensor);
  }

  void check_place(const std::string& tensor, const std::string& file) {
    if (!listed_.insert(tensor).second) fail(format("lists the tensor {} twice", tensor));
    const auto found = places_.find(tensor);
    if (found == places_.end() || found->second != file)
      fail(format("lists the tensor {}, which its file lacks", tensor), file);
  }

  void add_metadata() {
    const Json* metadata = json_.find("metadata");
    if (!metadata || !metadata->is_object()) return;
    for (const auto& [key, value] : metadata->as_object()) {
      const std::string text = value.dump();
      table_.metadata.emplace(key, text.starts_with('"') ? value.as_string() : text);
    }
  }

  std::filesystem::path index_;
  std::string where_;
  Json json_;
  TensorTable table_;
  std::set<std::string> seen_;
  std::set<std::string_view> listed_;
  std::map<std::string, std::string, std::less<>> places_;  // tensor to file
};

TensorTable read_any(const std::filesystem::path& file) {
  auto mapped = std::make_shared<const MappedFile>(file);
  if (!is_index(mapped->text())) {
    TensorTable table = read_one(file, std::move(mapped));
    if (is_one_of_several(file)) table.form += "; one of several files, whose index is beside it";
    return table;
  }
  if (mapped->size() > kMaxIndexBytes)
    throw DataError(file.string(), "is JSON of too many bytes", std::to_string(mapped->size()));
  return ShardedFile(file, mapped->text()).read();
}

}  // namespace

TensorFile::TensorFile(const std::filesystem::path& file) : content_(new Content{read_any(file)}) {
  if (!names().empty() || left_out().count == 0) return;
  throw DataError(file.string(), "has no tensor of a kind that is read: " + printable(left_out().line("left out")));
}
TensorFile::TensorFile(TensorFile&&) noexcept = default;
TensorFile& TensorFile::operator=(TensorFile&&) noexcept = default;
TensorFile::~TensorFile() = default;

const std::vector<std::string>& TensorFile::names() const { return content_->names; }

const TensorInfo* TensorFile::find(std::string_view name) const {
  const auto found = content_->tensors.find(name);
  return found == content_->tensors.end() ? nullptr : &found->second;
}

const std::map<std::string, std::string>& TensorFile::metadata() const { return content_->metadata; }
const Tally& TensorFile::left_out() const { return content_->left_out; }
const std::string& TensorFile::form() const { return content_->form; }
const std::vector<std::filesystem::path>& TensorFile::files() const { return content_->files; }

}  // namespace glid
